// XEP-0191 at the gateway's own address: whom of its people somebody does not want to hear, where the network
// keeps such a list (Features::blocking). What a client tells its own server stays there: no component sees
// it. So a client, or a person by a command, says it to the gateway, and the network refuses what they write.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/event.hpp"
#include "component/stanza.hpp"
#include "mapping/ids.hpp"

namespace dragoman {

class Gateway;

class Blocking {
 public:
  explicit Blocking(Gateway& gateway);

  bool offered() const;
  bool is_blocked(const PersonId& person, const UserId& user);
  // The network's list as it is now: what is new is told to the clients that asked for it, and people's
  // presence follows it.
  void on_list(const PersonId& person, const StandingList& list);
  void on_gone(const Jid& client);  // it asks no more
  void forget(const PersonId& person) { people_.erase(person); }

 private:
  struct Known {
    std::set<UserId> blocked;
    bool told = false;              // by the network
    bool asked = false;             // of it
    std::set<std::string> clients;  // that have asked for the list
  };
  // The whole of a <block/> or an <unblock/>, answered once.
  struct Change {
    Stanza iq;
    std::size_t open = 0;
    bool failed = false;
  };
  void on_get(const Stanza& iq);
  void on_set(const Stanza& iq, const Element& change);
  void set(const PersonId& person, const std::vector<UserId>& users, Standing standing, const Stanza& iq);
  void ask(const PersonId& person);
  void push(const PersonId& person, const std::string& payload);
  void answer_list(const Stanza& iq, const Known& known);
  void write_items(XmlWriter& w, const std::set<UserId>& users) const;
  Known& known(const PersonId& person);

  Gateway& gateway_;
  std::unordered_map<PersonId, Known> people_;
};

}  // namespace dragoman
