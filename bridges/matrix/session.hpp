// One voice on Matrix: the bridge's own user, a ghost of somebody on XMPP, or somebody's own account. What it
// is asked to do begins in perform.cpp; how it comes into a room is in join.cpp, how a one-to-one chat's room
// is found or made in directs.cpp, what is looked up in profiles.cpp and directory.cpp. What is said leaves
// by the stream's queues.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "bridges/matrix/api.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/network.hpp"

namespace dragoman::matrix {

class Room;
class Stream;

class Session final : public dragoman::Session, public std::enable_shared_from_this<Session> {
 public:
  enum class Kind : std::uint8_t { bridge, ghost, account };
  // `voice` of a ghost is good once it is registered: see call().
  Session(Hub& hub, Stream& stream, Kind kind, PersonId person, Voice voice);
  ~Session() override;

  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return link_; }
  std::string nick() const override;
  void perform(Command command) override;
  Features features(const Conversation& where) const override;

  Kind kind() const { return kind_; }
  const std::string& user_id() const { return voice_user_; }
  const Voice& voice() const { return voice_; }
  Hub& hub() { return hub_; }
  Stream& stream() { return stream_; }

  // For an account: what its /sync makes of the connection (told to the Sink where it changed), and its token
  // (`user_id` is sent along only where `voice` has it: see Voice).
  void set_link(Link link, Failure why = {});
  void set_voice(Voice voice, std::string user_id);

  // A call as this voice, once it exists: a ghost is registered first. Answers from the loop, or at once
  // where a ghost can't be; never after the session is gone.
  void call(Api::Call call, std::function<void(const Reply&)> done);
  // Cuts short: POST or PUT of an object.
  static Api::Call request(const char* method, std::string path, json::object body);

  // What became of something; nothing is told for an empty token.
  void delivered(const Conversation& in, const std::string& token, MessageId id = {});
  void failed(const Conversation& in, const std::string& token, Failure why);
  void tell(Conversation in, What what, Sender sender = {});

  // The Matrix room behind a conversation, its view as ready as it can be: a chat's room is made where there
  // is none, or where its people have left it.
  using OnRoom = std::function<void(const std::variant<Room*, Failure>&)>;
  void reach(const Conversation& in, OnRoom done);
  // Of an account: its other devices know this room as a chat with somebody from now on (m.direct).
  void list_chat(const UserId& peer, const std::string& room_id);
  // The queue says that this voice has left the room.
  void has_left(const Conversation& in, const std::string& room_id);

  // Presence: told again before it decays.
  void refresh_presence();
  const std::optional<SetAvailability>& shown() const { return shown_; }
  // Nothing of it is under way, and nobody asked it to show that they are there. Who is in a room, or has
  // something to send, holds it besides.
  bool is_idle() const;
  bool is_joining(const RoomId& address) const { return joining_.contains(address); }
  // Leaves everything, as somebody who may not be here any more.
  void leave_all(const std::string& reason);

 private:
  friend struct Perform;
  struct Joining;
  struct Changing;
  struct Making;

  // join.cpp
  void join(const RoomId& address, const Join& join, const std::string& token);
  void look_up(const std::shared_ptr<Joining>& joining);
  void enter(const std::shared_ptr<Joining>& joining);
  void refused(const std::shared_ptr<Joining>& joining, const Refusal& refusal);
  void knock(const std::shared_ptr<Joining>& joining, const Refusal& refusal);
  void load(const std::shared_ptr<Joining>& joining);
  void settle(const std::shared_ptr<Joining>& joining);
  void give_up(const std::shared_ptr<Joining>& joining, const Failure& failure);
  bool abandon(const RoomId& address);  // left before it was entered; false: was not on the way in
  // Nobody was told of being there; not where one is on the way in again.
  void leave_quietly(const RoomId& address, const std::string& room_id);
  void put_nick(const std::string& room_id, const std::string& nick,
                std::function<void(const std::optional<Failure>&)> done);

  // directs.cpp
  void reach_chat(const UserId& peer, OnRoom done);
  void enter_chat(const UserId& peer, Room& room, OnRoom done);
  void fetch_back(const UserId& peer, Room& room, OnRoom done);
  void ask_in(const UserId& peer, const std::string& room_id, OnRoom done);
  void make_chat(const UserId& peer, OnRoom done);
  void make_room(const UserId& peer, const std::string& mark);
  void find_room_made(const UserId& peer, const std::string& mark);
  void look_for_mark(const UserId& peer, const std::string& mark,
                     const std::shared_ptr<std::deque<std::string>>& rooms);
  void use_room(const UserId& peer, const std::string& room_id);
  void made_chat(const UserId& peer, const std::variant<Room*, Failure>& result);
  void list_next_chat();
  void listed_chat(const Refusal* refusal);

  // perform.cpp
  Room* joined(const Command& command);  // or Failed was told
  std::optional<std::string> somebody(Room& room, const std::string& who) const;
  void plain_call(const Command& command, Api::Call call);
  void typing(const Conversation& in, TypingState state);
  void read(const Conversation& in, const MessageId& up_to);
  // `for_room`: because it is in one, and no longer.
  void show(const SetAvailability& availability, bool for_room = false);
  void set_standing(const Command& command, const SetStanding& wish);
  void put_level(const Command& command, const SetStanding& wish);
  void list_standings(const Command& command, Standing standing);
  void set_nick(const Command& command, const std::string& nick);
  void invite(const Command& command, const Invite& wish);

  // room_settings.cpp
  void fetch_room_info(const Command& command);
  void set_room_info(const Command& command, const SetRoomInfo& wish);
  void change_next(const std::shared_ptr<Changing>& changing);

  // profiles.cpp
  void fetch_profile(const Command& command, const std::string& nick);
  void set_profile(const Command& command, const SetProfile& profile);
  void ping(const Command& command, const std::string& nick);

  // directory.cpp
  void search(const Command& command, const Search& search);
  void search_rooms(const Command& command, const Search& search, const std::string& server);
  void search_people(const Command& command, const Search& search);
  void search_space(const Command& command, const Search& search, const std::string& room_id);

  Room* room_of(const Conversation& in) const;  // null: not there, or not in it

  Hub& hub_;
  Stream& stream_;
  const Kind kind_;
  const PersonId person_;
  const PlaceId place_;
  Voice voice_;
  std::string voice_user_;
  Link link_ = Link::up;
  std::string nick_;
  std::optional<SetAvailability> shown_;
  bool shown_for_room_ = false;
  std::set<std::string> typing_in_;  // room ids
  std::chrono::steady_clock::time_point typing_until_{};
  std::size_t calls_ = 0;  // that are not answered
  std::map<RoomId, std::shared_ptr<Joining>> joining_;
  std::map<UserId, std::shared_ptr<Making>> making_;
  std::list<std::pair<UserId, std::string>> unlisted_;  // the first is on its way
};

}  // namespace dragoman::matrix
