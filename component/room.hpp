// A room's state, as one view sees it, and its listeners. Knows no stanza: XMPP occupants are one kind of
// listener.
//
// A room has voices: the sessions by which persons are in it, each with a nick of its own. A view of one
// person's own has that one; a shared view (the viewer is empty) has one for each person who is in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/network.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

class Room;

// What an event changed in the room's state, beside what the event itself says.
struct Change {
  MemberTable::Difference difference;  // of Entered
  std::optional<Member> before;  // of MemberJoined, …Left, …Renamed, …Updated, Exited: as the member was
  bool topic_changed = false;    // of Subject
  bool info_changed = false;     // of RoomInfo: it was known, and more than its headcount is another
  bool opened = false;           // of Entered: nobody of ours was in before
  bool first = false;            // of Entered: this voice was not in before
  std::string nick_before;       // of Entered, when not the first; of Exited: the voice's nick until now
  bool concerns_voice = true;    // of Entered, Exited, LinkState: false where it is nothing to this room
};

class RoomListener {
 public:
  virtual ~RoomListener() = default;
  // After the state has taken the event in; a member who left is gone from members(). `from` is whose session
  // told it; nobody, where a shared room hears it from the network's own.
  virtual void on_room_event(const Room& room, const Event& event, const Change& change,
                             const PersonId& from) = 0;
};

class Room {
 public:
  enum class State : std::uint8_t { out, entering, interrupted, in };

  Room(RoomId id, PersonId viewer, MemberTable::Fold fold);

  const RoomId& id() const { return id_; }
  const PersonId& viewer() const { return viewer_; }
  bool is_shared() const { return viewer_.empty(); }
  const MemberTable& members() const { return members_; }
  RoomInfo info() const { return info_.value_or(RoomInfo{}); }
  struct Topic {
    Text text;
    std::string by;
    Time time{};
  };
  const Topic& topic() const { return topic_; }

  // The best of any voice.
  State state() const { return state_; }
  bool is_in() const { return state_ == State::in || state_ == State::interrupted; }

  // Of one person's voice; `out` and empty where there is none.
  State state(const PersonId& person) const;
  bool is_in(const PersonId& person) const { return state(person) >= State::interrupted; }
  const std::string& nick(const PersonId& person) const;        // its own; empty until it is in
  const PersonId& voice_called(const std::string& nick) const;  // nobody: none of ours
  std::size_t voices() const { return voices_.size(); }         // those that enter included
  void for_each_voice(const std::function<void(const PersonId&)>& visit) const;

  void listen(RoomListener& listener) { listeners_.push_back(&listener); }
  void set_entering(const PersonId& person);
  // It is out as far as we are concerned: what its session still says of it is not heard. Its member, where
  // it was shown.
  std::optional<Member> drop_voice(const PersonId& person);

  // An event for this room: state first, then the listeners.
  void on_event(const Event& event, const PersonId& from);

 private:
  struct Apply;
  struct Voice {
    State state = State::out;
    std::string nick;
  };
  void call(Voice& voice, const PersonId& person, const std::string& nick);
  void find_state();

  RoomId id_;
  PersonId viewer_;
  State state_ = State::out;
  MemberTable members_;
  std::unordered_map<PersonId, Voice> voices_;
  std::unordered_map<std::string, PersonId> by_nick_;
  std::optional<RoomInfo> info_;
  Topic topic_;
  std::vector<RoomListener*> listeners_;
};

}  // namespace dragoman
