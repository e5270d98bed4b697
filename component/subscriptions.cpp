#include "component/subscriptions.hpp"

#include "component/blocking.hpp"
#include "component/datetime.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "component/pictures.hpp"
#include "mapping/address.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_nodes = 1000;     // of one person
constexpr std::size_t most_asking = 10'000;  // requests that wait for an answer

// What says how somebody looks, in an available presence.
void write_look(XmlWriter& w, const std::string& avatar, const std::string& name) {
  if (!name.empty()) w.element("nick", name, ns::nick);
  if (!avatar.empty()) w.open("x", ns::vcard_update).element("photo", avatar).close();
}

}  // namespace

void Subscriptions::load() {
  for (auto& [person, node] : gateway_.store().settings().subscriptions(gateway_.id())) add(person, node);
}

void Subscriptions::add(const PersonId& person, const std::string& node) {
  by_person_[person].try_emplace(node);
  by_node_[node].insert(person);
}

void Subscriptions::remove(const PersonId& person, const std::string& node) {
  if (auto found = by_person_.find(person); found != by_person_.end()) {
    found->second.erase(node);
    if (found->second.empty()) by_person_.erase(found);
  }
  if (auto found = by_node_.find(node); found != by_node_.end()) {
    found->second.erase(person);
    if (!found->second.empty()) return;
    by_node_.erase(found);
    seen_by_all_.erase(node);
  }
}

void Subscriptions::accept(const PersonId& person, const std::string& node) {
  add(person, node);
  gateway_.store().settings().subscribe(gateway_.id(), person, node);
  tell(person, node, true);
  ask_profile(person, node);
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
    const auto known = by_person_.find(person);
    if (known != by_person_.end() && known->second.size() >= most_nodes && !known->second.contains(node)) {
      return gateway_.refuse(
          stanza, {"wait", "resource-constraint", "You have too many contacts here. Remove one first."});
    }
    add(person, node);
    gateway_.store().settings().subscribe(gateway_.id(), person, node);
    send(person, node, "subscribed");
    // Their server tells those whom they let see it how they are; who has the gateway tells all by it.
    if (wants_presence() && !node.empty() && !has(person, {})) send(person, node, "subscribe");
    tell(person, node);
    ask_profile(person, node);
    let_in(person, *target.where);
  } else if (stanza.type == "unsubscribe") {
    remove(person, node);
    gateway_.store().settings().unsubscribe(gateway_.id(), person, node);
    send(person, node, "unsubscribed");
  } else if (stanza.type == "probe" || stanza.type.empty()) {
    // Their client came online, or asks: what they subscribed to is told (an unsubscribed one hears nothing).
    if (has(person, node)) {
      tell(person, node);
      ask_profile(person, node);
    }
  } else if (stanza.type == "subscribed") {
    asking_.erase({person, node});
    let_in(person, *target.where);
  } else if (stanza.type == "unsubscribed" && asking_.erase({person, node}) > 0) {
    // They don't want to talk to somebody who asked.
    gateway_.network().session_for(person, *target.where).perform({*target.where, {}, Leave{}});
  }
  // unavailable and error need no answer.
}

// Whom they have among their contacts, or let see them, may write to them.
void Subscriptions::let_in(const PersonId& person, const Conversation& with) {
  Session* voice = gateway_.network().find_session(PersonId{}, PlaceId{});
  if (voice == nullptr || !voice->features(PlaceId{}).consent || !std::holds_alternative<UserId>(with))
    return;
  gateway_.network().session_for(person, with).perform({with, {}, Join{}});
}

bool Subscriptions::wants_presence() const {
  Session* voice = gateway_.network().find_session(PersonId{}, PlaceId{});
  return voice != nullptr && voice->features(PlaceId{}).presence;
}

bool Subscriptions::has(const PersonId& person, const std::string& node) const {
  const auto found = by_person_.find(person);
  return found != by_person_.end() && found->second.contains(node);
}

std::string Subscriptions::told_of(const Presence& presence, const Look& look) {
  if (!presence.online) {
    // What they said when they went is worth telling (RFC 6121 4.5.2), how they look is not.
    if (presence.status.empty()) return " type='unavailable'/>";
    return " type='unavailable'><status>" + xml_escaped(presence.status) + "</status></presence>";
  }
  std::string out;
  XmlWriter w(out);
  if (presence.availability == Availability::away) w.element("show", "away");
  if (!presence.status.empty()) w.element("status", presence.status);
  if (presence.idle_since != Time{})
    w.open("idle", ns::idle).attr("since", format_datetime(presence.idle_since)).close();
  write_look(w, look.avatar, look.name);
  return out.empty() ? std::string("/>") : ">" + out + "</presence>";
}

const Subscriptions::Look* Subscriptions::look_of(const PersonId& person, const std::string& node) const {
  if (const auto found = by_person_.find(person); found != by_person_.end()) {
    if (const auto contact = found->second.find(node);
        contact != found->second.end() && contact->second.look.presence)
      return &contact->second.look;
  }
  const auto shared = seen_by_all_.find(node);
  return shared == seen_by_all_.end() ? nullptr : &shared->second;
}

Subscriptions::Look* Subscriptions::look_for(const PersonId& person, const std::string& node) {
  if (person.empty()) return by_node_.contains(node) ? &seen_by_all_[node] : nullptr;
  const auto found = by_person_.find(person);
  if (found == by_person_.end()) return nullptr;
  const auto contact = found->second.find(node);
  return contact == found->second.end() ? nullptr : &contact->second.look;
}

void Subscriptions::on_presence_of(const PersonId& person, const UserId& user, Presence presence) {
  const std::string node = gateway_.network().node_of(user);
  // Networks say how long ago, and each time a little else: to the minute it is the same.
  presence.idle_since = std::chrono::floor<std::chrono::minutes>(presence.idle_since);
  Look* look = look_for(person, node);
  if (look == nullptr || look->presence == presence) return;
  look->presence = presence;
  if (!presence.name.empty()) look->name = presence.name;
  if (!presence.avatar.empty() && presence.avatar != look->avatar) {
    look->avatar = presence.avatar;
    look->asked = false;  // the picture itself is another
  }
  if (!person.empty()) {
    ask_profile(person, node);
    return announce_member(person, node);
  }
  const std::set<PersonId> those = by_node_[node];
  if (!those.empty()) ask_profile(*those.begin(), node);
  for (const PersonId& one : those) announce_member(one, node);
}

void Subscriptions::on_profile(const PersonId& person, const UserId& user, const Profile& profile) {
  const std::string node = gateway_.network().node_of(user);
  // Who looked is of no account to how somebody looks, where all see them alike.
  const bool shared = person.empty() || seen_by_all_.contains(node);
  Look* look = look_for(shared ? PersonId{} : person, node);
  if (look == nullptr) return;
  look->asked = true;
  // Their presence, where there is one, is newer than what was asked for because of it.
  if (!profile.nick.empty() && !(look->presence && !look->presence->name.empty())) look->name = profile.nick;
  const std::string hash = profile.picture ? pictures::hash_of(*profile.picture) : std::string();
  const bool another = hash != look->shown_avatar;
  look->shown_avatar = hash;
  if (profile.picture || !look->presence || look->presence->avatar.empty()) look->avatar = hash;
  std::set<PersonId> those;
  if (shared) {
    those = by_node_[node];
  } else {
    those.insert(person);
  }
  for (const PersonId& one : those) {
    announce_member(one, node);
    if (another && profile.picture) tell_avatar(one, node, *profile.picture, hash);
  }
}

// The names and pictures of people, where the network has some: once, and when the picture is another.
void Subscriptions::ask_profile(const PersonId& person, const std::string& node) {
  auto where = gateway_.network().resolve(node);
  const auto* user = where ? std::get_if<UserId>(&*where) : nullptr;
  if (user == nullptr) return;
  Session* session = gateway_.network().find_session(PersonId{}, *user);
  const bool shared = session != nullptr;
  if (session == nullptr) session = gateway_.network().find_session(person, *user);
  if (session == nullptr || !session->features(PlaceId{}).profiles) return;
  Look* look = look_for(shared ? PersonId{} : person, node);
  if (look == nullptr || std::exchange(look->asked, true)) return;
  const std::string token = gateway_.new_token();
  const PersonId viewer = shared ? PersonId{} : person;
  gateway_.questions().ask_for(token, "profile " + session->person().value() + " " + user->value(),
                               [this, viewer, node](const Questions::Reply& reply) {
                                 if (!std::holds_alternative<Failed>(reply)) return;
                                 if (Look* failed = look_for(viewer, node)) failed->asked = false;
                               });
  session->perform({*user, token, FetchProfile{gateway_.network().nick_of(*user)}});
}

// XEP-0084 4.2.2, to all clients: who asked for it can't be known here, and who did not leaves it unread.
void Subscriptions::tell_avatar(const PersonId& to, const std::string& node, const Picture& picture,
                                const std::string& hash) {
  std::string out;
  XmlWriter w(out);
  w.open("message").attr("from", address(node)).attr("to", to.value()).attr("type", "headline");
  w.open("event", ns::pubsub_event).open("items").attr("node", ns::avatar_metadata);
  pictures::write_metadata(w, picture, hash);
  w.close().close().close();
  gateway_.send(out);
}

void Subscriptions::on_asked(const PersonId& person, const UserId& user, const Invited& asked) {
  const std::string node = gateway_.network().node_of(user);
  if (asking_.size() < most_asking) asking_.insert({person, node});
  std::string out;
  XmlWriter w(out);
  w.open("presence").attr("from", address(node)).attr("to", person.value()).attr("type", "subscribe");
  if (!asked.reason.empty()) w.element("status", asked.reason);
  if (!asked.by.empty()) w.element("nick", asked.by, ns::nick);
  w.close();
  gateway_.deliver(person, std::move(out));
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
  if (gateway_.blocking().is_blocked(person, *user)) return unavailable;
  const Look* look = look_of(person, node);
  if (look != nullptr && look->presence) return told_of(*look->presence, *look);
  const std::string nick = gateway_.network().nick_of(*user);
  for (Muc* muc : gateway_.rooms_of(person)) {
    if (muc->room().state() != Room::State::in) continue;
    auto member = muc->room().members().find(nick);
    if (!member || gateway_.network().user_of(muc->room().id(), nick) != *user) continue;
    std::string out;
    XmlWriter w(out);
    if (member->availability == Availability::away) {
      w.element("show", "away");
      if (!member->status.empty()) w.element("status", member->status);
    }
    write_look(w, member->avatar, {});
    return out.empty() ? std::string("/>") : ">" + out + "</presence>";
  }
  const Session* voice = gateway_.network().find_session(PersonId{}, PlaceId{});
  if (voice == nullptr || !voice->features(PlaceId{}).always_there) return unavailable;
  return told_of({.online = true}, look != nullptr ? *look : Look{});
}

void Subscriptions::tell(const PersonId& to, const std::string& node, bool only_available) {
  std::string presence = presence_of(to, node);
  if (only_available && presence.starts_with(" type=")) return;
  gateway_.send("<presence from='" + xml_escaped(address(node)) + "' to='" + xml_escaped(to.value()) + "'" +
                presence);
  if (auto found = by_person_.find(to); found != by_person_.end()) {
    if (auto told = found->second.find(node); told != found->second.end())
      told->second.told = std::move(presence);
  }
}

void Subscriptions::announce_people(const PersonId& person) {
  auto found = by_person_.find(person);
  if (found == by_person_.end()) return;
  for (const auto& [node, contact] : found->second) announce_change(person, node, contact.told);
}

void Subscriptions::announce_member(const PersonId& person, const std::string& node) {
  auto found = by_person_.find(person);
  if (found == by_person_.end()) return;
  if (auto told = found->second.find(node); told != found->second.end())
    announce_change(person, node, told->second.told);
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
  const auto found = by_person_.find(person);
  if (found == by_person_.end()) return;
  const Nodes gone = found->second;
  for (const auto& [node, contact] : gone) {
    remove(person, node);
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
  const bool wanted = wants_presence();
  for (const auto& [person, nodes] : by_person_) {
    for (const auto& [node, contact] : nodes) tell(person, node, !again);
    // How they are themselves is told by their server when it is asked (RFC 6121 4.3).
    if (wanted) send(person, nodes.begin()->first, "probe");
  }
}

void Subscriptions::say_goodbye() {
  for (const auto& [person, nodes] : by_person_) {
    for (const auto& [node, contact] : nodes) send(person, node, "unavailable");
  }
}

std::string Subscriptions::address(const std::string& node) const {
  return node.empty() ? gateway_.domain() : escape_node(node) + "@" + gateway_.domain();
}

}  // namespace dragoman
