// A room's state, as one view sees it, and its listeners. Knows no stanza: XMPP occupants are one kind of
// listener.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bridges/network.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

class Room;

// What an event changed in the room's state, beside what the event itself says.
struct Change {
  MemberTable::Difference difference;  // of Entered
  std::optional<Member> before;        // of MemberLeft, MemberRenamed, MemberUpdated: as the member was
  bool topic_changed = false;          // of Subject
  bool info_changed = false;           // of RoomInfo: it was known, and is another
  bool first = false;                  // of Entered: the room was not open before
  std::string nick_before;             // of Entered, when not the first: our own nick until now
};

class RoomListener {
 public:
  virtual ~RoomListener() = default;
  // After the state has taken the event in; a member who left is gone from members().
  virtual void on_room_event(const Room& room, const Event& event, const Change& change) = 0;
};

class Room {
 public:
  enum class State { out, entering, in, interrupted };

  Room(RoomId id, PersonId viewer, MemberTable::Fold fold);

  const RoomId& id() const { return id_; }
  const PersonId& viewer() const { return viewer_; }
  State state() const { return state_; }
  bool is_in() const { return state_ == State::in || state_ == State::interrupted; }
  const MemberTable& members() const { return members_; }
  const std::string& nick() const { return nick_; }  // our own, while in
  RoomInfo info() const { return info_.value_or(RoomInfo{}); }
  struct Topic {
    Text text;
    std::string by;
    Time time{};
  };
  const Topic& topic() const { return topic_; }

  void listen(RoomListener& listener) { listeners_.push_back(&listener); }
  void set_entering() { state_ = State::entering; }

  // An event for this room: state first, then the listeners.
  void on_event(const Event& event);

 private:
  Change apply(const Event& event);

  RoomId id_;
  PersonId viewer_;
  State state_ = State::out;
  MemberTable members_;
  std::string nick_;
  std::optional<RoomInfo> info_;
  Topic topic_;
  std::vector<RoomListener*> listeners_;
};

}  // namespace dragoman
