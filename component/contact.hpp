// The only one-to-one chat there is: one person here with somebody on a network, or with a server itself.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "bridges/event.hpp"
#include "component/fallback.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Gateway;

class Contact {
 public:
  Contact(Gateway& gateway, PersonId person, Conversation with);

  // From a client, also when it addressed an occupant of a room (XEP-0045 7.5): a person has one address
  // here, and that is where answers come from.
  void on_message(const Stanza& stanza);
  // From the network.
  void on_event(const Event& event);
  void on_failed(const std::string& token, const Failure& failure);
  bool busy() const { return !pending_.empty(); }

 private:
  struct Pending {
    Stanza stanza;  // what an error answers
    std::size_t pieces = 1;
    bool failed = false;
  };
  void say_raw(const Stanza& stanza);
  void on_delivered(const std::string& token);
  void on_content(const Event& event, const Content& content);
  void remember(const MessageId& id, const std::string& author, const Content& content);

  Gateway& gateway_;
  PersonId person_;
  Conversation with_;
  std::unordered_map<std::string, std::shared_ptr<Pending>> pending_;
  // The last few that were sent: a network that confirms nothing may still refuse one afterwards (IRC 401).
  std::deque<std::pair<std::string, std::shared_ptr<Pending>>> sent_;
  // The last few messages, for the quotes that edits and reactions become: (id, who, text).
  std::deque<std::pair<MessageId, Remembered>> recent_;
};

}  // namespace dragoman
