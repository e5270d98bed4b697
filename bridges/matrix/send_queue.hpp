// What was said and has not been answered by the homeserver: in the outbox table, one queue a conversation,
// strictly in order within it, tried until there is an answer. A transaction id is made of the row's key, so
// it is the same on each try, and globally unique: Synapse takes two ghosts' sends with one id for one.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::matrix {

struct Hub;
class Stream;
class Session;

class SendQueues {
 public:
  SendQueues(Hub& hub, Stream& stream);
  SendQueues(const SendQueues&) = delete;
  SendQueues& operator=(const SendQueues&) = delete;
  ~SendQueues();

  // A Message, Edit, Retraction, Reactions, Subject or Leave. Answered by Delivered or Failed from the
  // session, later; at once where the queue is full.
  void push(Session& from, Command command);
  // Once a Leave of this person from this room, if one waits or is on its way, is out of the way: one that
  // waits is taken back.
  void settle_leave(const PersonId& person, const RoomId& room, std::function<void()> done);
  // Something the bridge itself has to say in a room, without an answer.
  void push_notice(const std::string& room_id, const std::string& as_user_id, const std::string& text);

  // Rows that were left when the program ended: sent on. Called once, when sessions can be made.
  void resume();
  // What has not been answered is given up, and its senders are told.
  void give_up(const Failure& why);
  bool idle() const;
  // Whether a row with this key has not been answered.
  bool waits(std::string_view key) const;
  // No further sends begin; `done` once those on their way are answered, or the time is up.
  void drain(std::function<void()> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
