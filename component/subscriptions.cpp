#include "component/subscriptions.hpp"

#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/address.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

void Subscriptions::load() {
  for (auto& [person, node] : gateway_.store().settings().subscriptions(gateway_.id()))
    by_person_[person].insert(node);
}

void Subscriptions::on_presence(const Stanza& stanza, const Target& target) {
  const PersonId person{stanza.from.bare().str()};
  const std::string node = unescape_node(stanza.to.local);
  if (!target.where) {
    if (stanza.type != "error" && stanza.type != "unavailable")
      gateway_.refuse(stanza, item_not_found("There is no such address here."));
    return;
  }
  auto answer = [&](std::string_view type) {
    std::string out;
    XmlWriter(out)
        .open("presence")
        .attr("from", address(node))
        .attr("to", person.value())
        .attr("type", type)
        .close();
    gateway_.send(out);
  };
  if (stanza.type == "subscribe") {
    by_person_[person].insert(node);
    gateway_.store().settings().subscribe(gateway_.id(), person, node);
    answer("subscribed");
    tell(person, node);
  } else if (stanza.type == "unsubscribe") {
    if (auto found = by_person_.find(person); found != by_person_.end()) {
      found->second.erase(node);
      if (found->second.empty()) by_person_.erase(found);
    }
    gateway_.store().settings().unsubscribe(gateway_.id(), person, node);
    answer("unsubscribed");
  } else if (stanza.type == "probe" || stanza.type.empty()) {
    // Their client came online, or asks: what they subscribed to is told (an unsubscribed one hears nothing).
    auto found = by_person_.find(person);
    if (found != by_person_.end() && found->second.contains(node)) tell(person, node);
  }
  // subscribed, unsubscribed, unavailable and error need no answer.
}

bool Subscriptions::is_available(const PersonId& person, const std::string& node) const {
  auto where = gateway_.network().resolve(node);
  if (!where) return false;
  if (const auto* place = std::get_if<PlaceId>(&*where)) {
    if (node.empty() && place->empty()) return true;  // the gateway itself, while it runs
    Session* session = gateway_.network().find_session(person, *where);
    return session != nullptr && session->link() == Link::up;
  }
  if (const auto* user = std::get_if<UserId>(&*where)) {
    for (Muc* muc : gateway_.rooms_of(person)) {
      const std::string nick = gateway_.network().nick_of(*user);
      if (muc->room().is_in() && muc->room().members().contains(nick) &&
          gateway_.network().user_of(muc->room().id(), nick) == *user) {
        return true;
      }
    }
  }
  return false;
}

void Subscriptions::tell(const PersonId& to, const std::string& node, bool only_available) {
  const bool available = is_available(to, node);
  if (!available && only_available) return;
  std::string out;
  XmlWriter w(out);
  w.open("presence").attr("from", address(node)).attr("to", to.value());
  if (!available) w.attr("type", "unavailable");
  w.close();
  gateway_.send(out);
}

void Subscriptions::announce(const PersonId& person, const std::string& node) {
  auto found = by_person_.find(person);
  if (found != by_person_.end() && found->second.contains(node)) tell(person, node);
}

void Subscriptions::announce_all() {
  for (const auto& [person, nodes] : by_person_) {
    for (const std::string& node : nodes) tell(person, node, true);
  }
}

void Subscriptions::say_goodbye() {
  for (const auto& [person, nodes] : by_person_) {
    for (const std::string& node : nodes) {
      std::string out;
      XmlWriter(out)
          .open("presence")
          .attr("from", address(node))
          .attr("to", person.value())
          .attr("type", "unavailable")
          .close();
      gateway_.send(out);
    }
  }
}

std::string Subscriptions::address(const std::string& node) const {
  return node.empty() ? gateway_.domain() : escape_node(node) + "@" + gateway_.domain();
}

}  // namespace dragoman
