// Presence subscriptions to the gateway, to a server and to people: XEP-0100 4.1 to 4.4, RFC 6121 section 3.
// The presence of a server is whether its connection is up; of somebody, whether one of our rooms has them.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "component/stanza.hpp"
#include "mapping/ids.hpp"

namespace dragoman {

class Gateway;
struct Target;

class Subscriptions {
 public:
  explicit Subscriptions(Gateway& gateway) : gateway_(gateway) {}
  void load();  // from the store

  // Presence of the kinds subscribe, subscribed, unsubscribe, unsubscribed, probe, or directed at no room.
  void on_presence(const Stanza& stanza, const Target& target);
  // The presence of `node` as `person` may see it has changed.
  void announce(const PersonId& person, const std::string& node);
  // Of all people that `person` subscribed to: those whose presence is another now are told.
  void announce_people(const PersonId& person);
  void announce_member(const PersonId& person, const std::string& node);  // of one
  // After the link to the XMPP server came up. `again`: also who is not available, since it may be news.
  void announce_all(bool again);
  // Both directions of all of them end (but the gateway's own, which registration ends).
  void forget(const PersonId& person);
  void say_goodbye();  // all of it unavailable
  bool any(const PersonId& person) const { return by_person_.contains(person); }

 private:
  void tell(const PersonId& to, const std::string& node, bool only_available = false);
  void announce_change(const PersonId& person, const std::string& node, const std::string& told);
  // As XML, without the addresses: what is told is compared by it.
  std::string presence_of(const PersonId& person, const std::string& node) const;
  void send(const PersonId& to, const std::string& node, std::string_view type);
  std::string address(const std::string& node) const;

  Gateway& gateway_;
  using Nodes = std::map<std::string, std::string>;  // unescaped; what was told of them last
  std::unordered_map<PersonId, Nodes> by_person_;
};

}  // namespace dragoman
