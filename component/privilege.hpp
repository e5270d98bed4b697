// XEP-0356: what XMPP servers allow the gateway to do in the name of their own users. Each server speaks for
// its domain alone, so that nobody can grant what is another's.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "component/stanza.hpp"
#include "mapping/ids.hpp"

namespace dragoman {

class Gateway;

class Privileges {
 public:
  explicit Privileges(Gateway& gateway) : gateway_(gateway) {}

  // Takes a server's <privilege/>, which says all that it grants; false: the message is something else.
  bool on_message(const Stanza& stanza);

  bool may_write(const PersonId& person) const;    // messages from them
  bool may_publish(const PersonId& person) const;  // items in their own pubsub (XEP-0163)
  bool may_see_roster(const PersonId& person) const;
  bool may_change_roster(const PersonId& person) const;

  // A message from the person's bare address; `message` is a whole <message/> in jabber:client without `from`
  // of a full address.
  void write(const PersonId& person, std::string_view message);
  // A set of `payload` at the person's own account. `done` hears whether it was done; may be null.
  void publish(const PersonId& person, std::string_view payload, std::function<void(bool)> done = {});
  // The same for one item of a node of theirs that is for them alone (XEP-0223).
  void keep(const PersonId& person, std::string_view node, std::string_view id, std::string_view payload,
            std::function<void(bool)> done = {});
  // XEP-0356 4: a plain iq to the person's bare address, which their server answers.
  void ask_roster(const PersonId& person, std::function<void(const Stanza& answer)> done);
  void change_roster(const PersonId& person, std::string_view query, std::function<void(bool)> done);

 private:
  struct Granted {
    bool write = false, publish = false, see_roster = false, change_roster = false;
    bool old = false;  // the server speaks an earlier version, without IQs
  };
  const Granted* granted(const PersonId& person) const;
  void ask(const PersonId& person, std::string_view type, std::string_view payload,
           std::function<void(const Stanza& answer)> done);

  Gateway& gateway_;
  std::unordered_map<std::string, Granted> by_server_;
};

}  // namespace dragoman
