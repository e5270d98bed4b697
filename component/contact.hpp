// The only one-to-one chat there is: one person here with somebody on a network, or with a server itself.
// XEP-0184 receipts and XEP-0333 markers, and the ids of messages on both sides.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "bridges/event.hpp"
#include "bridges/features.hpp"
#include "component/fallback.hpp"
#include "component/stanza.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

class Gateway;

// Under what the ids of a chat's messages are kept, as if it were a room of one person's view. No room of any
// network is called so.
RoomId chat_room(const UserId& with);

class Contact {
 public:
  Contact(Gateway& gateway, PersonId person, Conversation with);

  // From a client, also when it addressed an occupant of a room (XEP-0045 7.5): a person has one address
  // here, and that is where answers come from.
  void on_message(const Stanza& stanza);
  // From the network.
  void on_event(const Event& event);
  void on_failed(const std::string& token, const Failure& failure);
  void tell_received(const std::string& to, const std::string& id);  // the message of that id
  bool busy() const { return !pending_.empty(); }
  Time used() const { return used_; }  // last

 private:
  struct Pending {
    Stanza stanza;  // what an error answers
    std::size_t pieces = 1, delivered = 0;
    bool failed = false;
    bool wants_receipt = false;
  };
  // A message that was seen. Of the person's own, `local` is their client's id; of the other's, both are the
  // network's.
  struct Seen {
    MessageId local, network;
    bool own = false;
    std::size_t parts = 1;  // stanzas it was told in
    bool bounced = false;
    Remembered what;
  };
  void say_raw(const Stanza& stanza);
  void on_bounce(const Stanza& error);
  void on_delivered(const Event& event, const std::string& token);
  void keep_sent(const std::string& token, std::shared_ptr<Pending> pending);
  void on_content(const Event& event, Content content);
  void on_own(const Event& event, const MessageId& id, const Content& content);
  std::string delay_of(const Event& event) const;

  Features features() const;
  RoomKey key(bool make);
  MessageId to_network(const MessageId& local);
  std::optional<MessageId> to_local(const MessageId& network);
  // The last of the person's own messages up to one of the other's: what a read mark on that says.
  std::optional<MessageId> own_before(const MessageId& network) const;
  const Seen* seen(const MessageId& id) const;  // by either id
  void remember(Seen message);
  std::optional<Remembered> recall(const MessageId& id) const;

  Gateway& gateway_;
  PersonId person_;
  Conversation with_;
  RoomKey key_ = 0;
  Time used_{};
  std::unordered_map<std::string, std::shared_ptr<Pending>> pending_;
  // The last few that were sent: a network that confirms nothing may still refuse one afterwards (IRC 401).
  std::deque<std::pair<std::string, std::shared_ptr<Pending>>> sent_;
  std::deque<Seen> recent_;  // the last few, for quotes and for what refers to them
};

}  // namespace dragoman
