#include "component/subscriptions.hpp"

#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/address.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_nodes = 1000;  // of one person

}  // namespace

void Subscriptions::load() {
  for (auto& [person, node] : gateway_.store().settings().subscriptions(gateway_.id()))
    by_person_[person].try_emplace(node);
}

void Subscriptions::on_presence(const Stanza& stanza, const Target& target) {
  const PersonId person{stanza.from.bare().str()};
  const std::string node = unescape_node(stanza.to.local);
  if (!target.where) {
    if (stanza.type != "error" && stanza.type != "unavailable")
      gateway_.refuse(stanza, item_not_found("There is no such address here."));
    return;
  }
  if (stanza.type == "subscribe") {
    Nodes& nodes = by_person_[person];
    if (nodes.size() >= most_nodes && !nodes.contains(node)) {
      return gateway_.refuse(
          stanza, {"wait", "resource-constraint", "You have too many contacts here. Remove one first."});
    }
    nodes.try_emplace(node);
    gateway_.store().settings().subscribe(gateway_.id(), person, node);
    send(person, node, "subscribed");
    tell(person, node);
  } else if (stanza.type == "unsubscribe") {
    if (auto found = by_person_.find(person); found != by_person_.end()) {
      found->second.erase(node);
      if (found->second.empty()) by_person_.erase(found);
    }
    gateway_.store().settings().unsubscribe(gateway_.id(), person, node);
    send(person, node, "unsubscribed");
  } else if (stanza.type == "probe" || stanza.type.empty()) {
    // Their client came online, or asks: what they subscribed to is told (an unsubscribed one hears nothing).
    auto found = by_person_.find(person);
    if (found != by_person_.end() && found->second.contains(node)) tell(person, node);
  }
  // subscribed, unsubscribed, unavailable and error need no answer.
}

std::string Subscriptions::presence_of(const PersonId& person, const std::string& node) const {
  constexpr const char* unavailable = " type='unavailable'/>";
  auto where = gateway_.network().resolve(node);
  if (!where) return unavailable;
  if (const auto* place = std::get_if<PlaceId>(&*where)) {
    if (node.empty() && place->empty()) return "/>";  // the gateway itself, while it runs
    Session* session = gateway_.network().find_session(person, *where);
    return session != nullptr && session->link() == Link::up ? "/>" : unavailable;
  }
  const auto* user = std::get_if<UserId>(&*where);
  if (user == nullptr) return unavailable;
  const std::string nick = gateway_.network().nick_of(*user);
  for (Muc* muc : gateway_.rooms_of(person)) {
    if (muc->room().state() != Room::State::in) continue;
    auto member = muc->room().members().find(nick);
    if (!member || gateway_.network().user_of(muc->room().id(), nick) != *user) continue;
    if (member->availability != Availability::away) return "/>";
    std::string out;
    XmlWriter w(out);
    w.element("show", "away");
    if (!member->status.empty()) w.element("status", member->status);
    return ">" + out + "</presence>";
  }
  return unavailable;
}

void Subscriptions::tell(const PersonId& to, const std::string& node, bool only_available) {
  std::string presence = presence_of(to, node);
  if (only_available && presence.starts_with(" type=")) return;
  gateway_.send("<presence from='" + xml_escaped(address(node)) + "' to='" + xml_escaped(to.value()) + "'" +
                presence);
  if (auto found = by_person_.find(to); found != by_person_.end()) {
    if (auto told = found->second.find(node); told != found->second.end()) told->second = std::move(presence);
  }
}

void Subscriptions::announce_people(const PersonId& person) {
  auto found = by_person_.find(person);
  if (found == by_person_.end()) return;
  for (const auto& [node, told] : found->second) announce_change(person, node, told);
}

void Subscriptions::announce_member(const PersonId& person, const std::string& node) {
  auto found = by_person_.find(person);
  if (found == by_person_.end()) return;
  if (auto told = found->second.find(node); told != found->second.end())
    announce_change(person, node, told->second);
}

void Subscriptions::announce_change(const PersonId& person, const std::string& node,
                                    const std::string& told) {
  auto where = gateway_.network().resolve(node);
  if (!where || !std::holds_alternative<UserId>(*where)) return;
  const std::string now = presence_of(person, node);
  // Never told is the same as unavailable.
  if (now != told && !(told.empty() && now.starts_with(" type="))) tell(person, node);
}

void Subscriptions::forget(const PersonId& person) {
  auto found = by_person_.extract(person);
  if (found.empty()) return;
  for (const auto& [node, told] : found.mapped()) {
    gateway_.store().settings().unsubscribe(gateway_.id(), person, node);
    if (node.empty()) continue;
    for (const char* type : {"unsubscribe", "unsubscribed", "unavailable"}) send(person, node, type);
  }
}

void Subscriptions::send(const PersonId& to, const std::string& node, std::string_view type) {
  std::string out;
  XmlWriter(out)
      .open("presence")
      .attr("from", address(node))
      .attr("to", to.value())
      .attr("type", type)
      .close();
  gateway_.send(out);
}

void Subscriptions::announce(const PersonId& person, const std::string& node) {
  auto found = by_person_.find(person);
  if (found != by_person_.end() && found->second.contains(node)) tell(person, node);
}

void Subscriptions::announce_all(bool again) {
  for (const auto& [person, nodes] : by_person_) {
    for (const auto& [node, told] : nodes) tell(person, node, !again);
  }
}

void Subscriptions::say_goodbye() {
  for (const auto& [person, nodes] : by_person_) {
    for (const auto& [node, told] : nodes) send(person, node, "unavailable");
  }
}

std::string Subscriptions::address(const std::string& node) const {
  return node.empty() ? gateway_.domain() : escape_node(node) + "@" + gateway_.domain();
}

}  // namespace dragoman
