#include "component/listing.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "component/rsm.hpp"

namespace dragoman::listing {

namespace {

Session* who_asks(Gateway& gateway, const PersonId& person, const Conversation& where) {
  Network& network = gateway.network();
  if (Session* own = network.find_session(person, where); own != nullptr && own->link() == Link::up)
    return own;
  return public_voice(gateway, person);
}

}  // namespace

Session* public_voice(Gateway& gateway, const PersonId& person) {
  Network& network = gateway.network();
  Session* voice = network.find_session(PersonId{}, PlaceId{});
  if (voice == nullptr || !voice->features(PlaceId{}).directory) return nullptr;
  // Who may not speak there may not look around there either.
  return network.session_for(person, PlaceId{}).features(PlaceId{}).directory ? voice : nullptr;
}

std::optional<Page> page_of(const Element& query) {
  Page page;
  const Element* set = query.child("set", ns::rsm);
  if (set == nullptr) return page;
  const auto wanted = rsm::parse(*set);
  if (!wanted) return std::nullopt;
  static constexpr std::size_t furthest = 1'000'000;
  const auto position = [](const std::string& id) {
    std::size_t n = 0;
    std::from_chars(id.data(), id.data() + id.size(), n);
    return std::min(n, furthest);
  };
  if (wanted->max) page.count = std::min(*wanted->max, most_items);
  if (wanted->index) page.offset = std::min(*wanted->index, furthest);
  if (wanted->after) page.offset = position(*wanted->after) + 1;
  if (wanted->before && !wanted->before->empty()) {
    const std::size_t end = position(*wanted->before);
    page.offset = end > page.count ? end - page.count : 0;
    page.count = std::min(page.count, end);
  }
  return page;
}

void write_page(XmlWriter& out, const Page& page, std::size_t shown, std::size_t total) {
  rsm::Page set{.count = std::max(total, page.offset + shown)};
  if (shown == 0) set.count = total;
  if (shown > 0) {
    set.first = std::to_string(page.offset);
    set.last = std::to_string(page.offset + shown - 1);
    set.first_index = page.offset;
  }
  rsm::write(out, set);
}

bool can_ask(Gateway& gateway, const PersonId& person, const Conversation& where) {
  return who_asks(gateway, person, where) != nullptr;
}

bool ask(Gateway& gateway, const PersonId& person, const Conversation& where, Search search,
         Questions::OnReply done) {
  Session* session = who_asks(gateway, person, where);
  if (session == nullptr) return false;
  const std::string id = std::visit([](const auto& what) { return what.value(); }, where);
  const std::string token = gateway.new_token();
  gateway.questions().ask_for(token, "listing " + session->person().value() + " " + id, std::move(done));
  session->perform({where, token, std::move(search)});
  return true;
}

}  // namespace dragoman::listing
