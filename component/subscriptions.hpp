// Presence subscriptions to the gateway, to a server and to people: XEP-0100 4.1 to 4.4, RFC 6121 section 3.
// The presence of a server is whether its connection is up; of somebody, whether one of our rooms has them.
#pragma once

#include <set>
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
  void announce_all();  // after the link to the XMPP server came up
  void say_goodbye();   // all of it unavailable
  bool any(const PersonId& person) const { return by_person_.contains(person); }

 private:
  void tell(const PersonId& to, const std::string& node, bool only_available = false);
  bool is_available(const PersonId& person, const std::string& node) const;
  std::string address(const std::string& node) const;

  Gateway& gateway_;
  std::unordered_map<PersonId, std::set<std::string>> by_person_;  // nodes, unescaped
};

}  // namespace dragoman
