// XEP-0163 for those who ask, without a pubsub service: somebody's picture as the two nodes of XEP-0084, and
// what else is known of them.
#include <algorithm>
#include <deque>
#include <memory>

#include "bridges/net/base64.hpp"
#include "component/facets.hpp"
#include "component/looks.hpp"
#include "component/pictures.hpp"

namespace dragoman {

namespace {

// Who is told of a picture asks for it by its name next.
constexpr std::size_t remembered_pictures = 32;

class Recent {
 public:
  void put(std::string hash, Picture picture) {
    if (find(hash) != nullptr) return;
    pictures_.emplace_back(std::move(hash), std::move(picture));
    if (pictures_.size() > remembered_pictures) pictures_.pop_front();
  }
  const Picture* find(std::string_view hash) const {
    const auto found = std::find_if(pictures_.begin(), pictures_.end(),
                                    [&](const auto& entry) { return entry.first == hash; });
    return found == pictures_.end() ? nullptr : &found->second;
  }

 private:
  std::deque<std::pair<std::string, Picture>> pictures_;
};

std::string items(std::string_view node, const Picture* picture, std::string_view hash) {
  std::string out;
  XmlWriter w(out);
  w.open("pubsub", ns::pubsub).open("items").attr("node", node);
  if (picture != nullptr && node == ns::avatar_metadata) pictures::write_metadata(w, *picture, hash);
  if (picture != nullptr && node == ns::avatar_data) {
    w.open("item").attr("id", hash);
    w.element("data", net::base64(picture->bytes), ns::avatar_data).close();
  }
  w.close().close();
  return out;
}

void on_get(Gateway& gateway, Recent& recent, const Stanza& iq, const Element& query, const Target& target) {
  const Element* wanted = query.child("items");
  if (wanted == nullptr)
    return gateway.refuse(iq, feature_not_implemented("Only items can be asked for here."));
  const std::string node{wanted->attr_or("node")};
  if (target.user() != nullptr && (node == ns::vcard4_node || node == ns::nick))
    return answer_node(gateway, iq, *target.user(), node);
  if (target.user() == nullptr || (node != ns::avatar_metadata && node != ns::avatar_data))
    return gateway.refuse(iq, item_not_found("There is no such node here."));
  std::string id;
  if (const Element* item = wanted->child("item")) id = item->attr_or("id");
  if (const Picture* known = id.empty() ? nullptr : recent.find(id))
    return gateway.reply(iq, items(node, known, id));
  auto answer = [&gateway, &recent, iq, node, id](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply))
      return gateway.refuse(iq, to_error(failed->failure));
    const auto* profile = std::get_if<Profile>(&reply);
    if (profile == nullptr || !profile->picture || profile->picture->bytes.size() > pictures::most_bytes)
      return gateway.reply(iq, items(node, nullptr, {}));
    const std::string hash = pictures::hash_of(*profile->picture);
    recent.put(hash, *profile->picture);
    // Another than was asked for is none.
    gateway.reply(iq, items(node, id.empty() || id == hash ? &*profile->picture : nullptr, hash));
  };
  if (!ask_profile(gateway, PersonId{iq.from.bare().str()}, *target.user(), answer))
    gateway.reply(iq, items(node, nullptr, {}));
}

}  // namespace

void add_avatars(Gateway& gateway) {
  Router& router = gateway.router();
  auto recent = std::make_shared<Recent>();
  router.on_get(ns::pubsub, [&gateway, recent](const Stanza& iq, const Element& query, const Target& target) {
    on_get(gateway, *recent, iq, query, target);
  });
  router.on_set(ns::pubsub, [&gateway](const Stanza& iq, const Element&, const Target&) {
    gateway.refuse(iq, forbidden("Nothing can be published here."));
  });
}

}  // namespace dragoman
