// Presence subscriptions to the gateway, to a server and to people: XEP-0100 4.1 to 4.4, RFC 6121 section 3.
// The presence of a server is whether its connection is up; of somebody, what their network says of them
// (XEP-0319, 0153, 0172), else whether one of our rooms has them.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridges/event.hpp"
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
  bool has(const PersonId& person, const std::string& node) const;  // `node`: unescaped
  // Somebody's presence is known to be wanted without having been asked for (a roster written for them).
  void accept(const PersonId& person, const std::string& node);

  // From the network. `person`: whose session says so; nobody's: all who subscribed see it alike.
  void on_presence_of(const PersonId& person, const UserId& user, Presence presence);
  void on_profile(const PersonId& person, const UserId& user, const Profile& profile);
  // They ask to talk: a subscription request from them.
  void on_asked(const PersonId& person, const UserId& user, const Invited& asked);

 private:
  struct Look {  // how somebody looks
    std::optional<Presence> presence;
    std::string avatar, name;
    std::string shown_avatar;  // the hash of the picture that was told of last
    bool asked = false;        // for the profile
  };
  struct Contact {
    std::string told;  // last, as presence_of says it
    Look look;         // as this person alone sees it
  };
  using Nodes = std::map<std::string, Contact>;  // by the unescaped local part

  void let_in(const PersonId& person,
              const Conversation& with);  // on a network that asks (Features::consent)
  bool wants_presence() const;            // whether the network is told how our people are
  void add(const PersonId& person, const std::string& node);
  void remove(const PersonId& person, const std::string& node);
  void tell(const PersonId& to, const std::string& node, bool only_available = false);
  void announce_change(const PersonId& person, const std::string& node, const std::string& told);
  // As XML, without the addresses: what is told is compared by it.
  std::string presence_of(const PersonId& person, const std::string& node) const;
  static std::string told_of(const Presence& presence, const Look& look);
  const Look* look_of(const PersonId& person, const std::string& node) const;
  Look* look_for(const PersonId& person, const std::string& node);  // null: nobody wants it
  void ask_profile(const PersonId& person, const std::string& node);
  void tell_avatar(const PersonId& to, const std::string& node, const Picture& picture,
                   const std::string& hash);
  void send(const PersonId& to, const std::string& node, std::string_view type);
  std::string address(const std::string& node) const;

  Gateway& gateway_;
  std::unordered_map<PersonId, Nodes> by_person_;
  std::unordered_map<std::string, std::set<PersonId>> by_node_;  // the same, the other way round
  std::unordered_map<std::string, Look> seen_by_all_;            // of those in by_node_
  std::set<std::pair<PersonId, std::string>> asking_;            // requests that were not answered yet
};

}  // namespace dragoman
