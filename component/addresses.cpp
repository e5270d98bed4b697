#include "component/addresses.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "bridges/net/http_client.hpp"
#include "component/contact.hpp"
#include "component/content.hpp"
#include "component/fallback.hpp"
#include "component/gateway.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_addresses = 100;
constexpr std::size_t longest_description = 200;  // bytes

using Read = std::variant<std::vector<Addressee>, StanzaError>;

// Whom an <address/> names: "bob\40example.org@gw" or "mailto:bob@example.org".
std::variant<UserId, StanzaError> user_of(Gateway& gateway, const Element& address) {
  const std::string* jid = address.attr("jid");
  const std::string* uri = address.attr("uri");
  const std::string shown = jid != nullptr ? *jid : uri != nullptr ? *uri : std::string();
  if ((jid == nullptr) == (uri == nullptr))
    return StanzaError{"modify", "jid-malformed", "Each address has either a jid or a uri."};
  std::optional<Conversation> where;
  if (jid != nullptr) {
    const auto parsed = Jid::parse(*jid);
    if (!parsed) return StanzaError{"modify", "jid-malformed", "\"" + shown + "\" is no address."};
    if (parsed->domain != gateway.domain()) {
      return forbidden("\"" + shown + "\" is not of " + gateway.domain() +
                       ": only its own people are written to by way of it. Nothing was sent.");
    }
    where = gateway.locate(*parsed).where;
  } else {
    const auto plain = net::url_decoded(uri->substr(0, uri->find('?')));
    const auto node = plain ? gateway.network().node_from_prompt(*plain) : std::nullopt;
    if (uri->find(':') != std::string::npos && node) where = gateway.network().resolve(*node);
  }
  if (where && std::holds_alternative<UserId>(*where)) return std::get<UserId>(*where);
  return StanzaError{"modify", "jid-malformed", "\"" + shown + "\" is nobody's address here."};
}

Read read_addresses(Gateway& gateway, const Element& addresses) {
  std::vector<Addressee> all;
  for (const Element& address : addresses.children) {
    if (address.name != "address" || address.ns != ns::address) continue;
    const std::string_view type = address.attr_or("type");
    // XEP-0033 4.5: whoever has it already is not given it again.
    if (address.attr_or("delivered") == "true" || type == "noreply" || type == "replyto" ||
        type == "replyroom" || type == "ofrom")
      continue;
    if (type == "bcc") {
      return feature_not_implemented(
          "Nobody can be written to behind the backs of the others here. Write to them by themselves.");
    }
    if (type != "to" && type != "cc") return bad_request("An address is of the type to or cc.");
    auto user = user_of(gateway, address);
    if (auto* error = std::get_if<StanzaError>(&user)) return std::move(*error);
    if (all.size() >= most_addresses) return not_acceptable("These are too many people at once.");
    std::string name = display_clean(address.attr_or("desc"));
    name.resize(prefix_within(name, longest_description));
    const UserId& who = std::get<UserId>(user);
    const bool known = std::any_of(all.begin(), all.end(), [&](const Addressee& a) { return a.user == who; });
    if (!known) all.push_back({who, std::move(name), type == "cc"});
  }
  if (all.empty()) return bad_request("There is nobody in the list of addresses.");
  return all;
}

}  // namespace

bool takes_addresses(Gateway& gateway) {
  const Session* voice = gateway.network().find_session(PersonId{}, PlaceId{});
  return voice != nullptr && voice->features(PlaceId{}).addressing;
}

void on_addressed(Gateway& gateway, const Stanza& stanza, const Element& addresses) {
  auto read = read_addresses(gateway, addresses);
  if (const auto* error = std::get_if<StanzaError>(&read)) return gateway.refuse(stanza, *error);
  auto& people = std::get<std::vector<Addressee>>(read);
  const PersonId person{stanza.from.bare().str()};
  if (people.size() == 1) return gateway.contact(person, people.front().user).on_message(stanza);
  auto content = parse::content(stanza);
  auto* message = content ? std::get_if<Message>(&*content) : nullptr;
  if (message == nullptr) {
    if (stanza.root.child("body") == nullptr) return;  // of the moment: nobody waits for it
    return gateway.refuse(stanza,
                          not_acceptable("What was said to several is changed in the room with them."));
  }
  message->quote.reset();  // there is nothing in a room that begins
  message->addressed = std::move(people);
  Session& session = gateway.network().session_for(person, PlaceId{});
  for (Content& piece : degrade(*content, session.features(PlaceId{}), {})) {
    // No room has sent it: what becomes of it is told by what its token says.
    session.perform({PlaceId{}, gateway.new_untracked_token(stanza),
                     std::visit([](auto& c) { return Act{std::move(c)}; }, piece), MessageId{stanza.id}});
  }
}

void write_addresses(XmlWriter& w, const Gateway& gateway, const PersonId& person, const Message& message) {
  if (message.addressed.empty()) return;
  w.open("addresses", ns::address);
  for (const Addressee& one : message.addressed) {
    w.open("address").attr("type", one.copied ? "cc" : "to");
    w.attr("jid", one.user.empty() ? person.value() : gateway.address_of(one.user));
    w.attr_if("desc", one.name).attr("delivered", "true").close();
  }
  w.close();
}

}  // namespace dragoman
