// One stream of events: the appservice's transactions (no viewer), or the /sync of somebody's own account.
// Owns the rooms it knows, and what was said to them and has not left yet.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <variant>
#include <vector>

#include "bridges/matrix/directory_pages.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/on_the_way.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/send_queue.hpp"

namespace dragoman::matrix {

class Session;

class Stream {
 public:
  // `viewer`: whose account; empty: the appservice's.
  Stream(Hub& hub, PersonId viewer);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  const PersonId& viewer() const { return viewer_; }
  Hub& hub() { return hub_; }
  // The voice with this user id: a ghost's, or the account's own; null: none of ours.
  Session* voice(std::string_view user_id) const;
  void set_account(Session* session) { account_ = session; }  // of a stream with a viewer
  Session* account() const { return account_; }
  bool is_ours(std::string_view user_id) const;

  // Rooms, by Matrix room id.
  Room* find(std::string_view room_id) const;
  Room& open(const std::string& room_id);
  void close(const std::string& room_id);
  const std::unordered_map<std::string, std::unique_ptr<Room>>& rooms() const { return rooms_; }

  // What an address of ours leads to: remembered over restarts, and changed by an upgrade.
  void lead(const RoomId& address, const std::string& room_id);
  std::optional<std::string> room_id_of(const RoomId& address) const;
  Room* find(const RoomId& address) const;
  // The same for one of ours, who may still be on the way there from what it replaced.
  std::optional<std::string> room_id_of(const RoomId& address, const PersonId& person) const;
  Room* find(const RoomId& address, const PersonId& person) const;
  // Servers by which a room can be entered, as a query ("via=…&server_name=…").
  std::string servers_of(const std::string& room_id, const RoomId& address) const;
  // Where a room's upgrades have led by now.
  std::string latest(std::string room_id) const;

  // One-to-one chats, remembered over restarts. One room a chat, one chat a room.
  void note_direct(const PersonId& person, const UserId& peer, const std::string& room_id);
  void forget_direct(const PersonId& person, const UserId& peer);
  std::optional<std::string> direct_room(const PersonId& person, const UserId& peer) const;
  std::optional<Room::Direct> direct_of(std::string_view room_id) const;

  DirectoryPages& directory_pages() { return directory_pages_; }

  // From the homeserver. Events of rooms that nobody here is in are dropped. Invitations of ours are taken
  // care of: `stripped` is the state that came with one (client-server API, "Stripped state").
  void on_event(const json::object& event);  // with its room_id
  void on_ephemeral(const json::object& event);
  void on_presence(const json::object& event);
  void on_invite(const std::string& room_id, const json::object& member_event, const json::array* stripped);

  // They were invited under this address and don't want to come: the homeserver is told, however long that
  // takes. Nothing where they were not invited, or are in by now.
  void decline_invitation(const PersonId& person, const RoomId& address, const std::string& reason);
  void forget_invitation(const PersonId& person, const RoomId& address);  // it was followed

  // To the homeserver, in order within a conversation; see send_queue.hpp.
  SendQueues& queues() { return *queues_; }

  // What was taken over and not told or sent when the program ended. Once, when sessions can be made.
  void resume();
  // Of an account that is logged out: nothing is kept, and who waits for something to be sent is told why.
  void forget(const Failure& why);

  // Everybody of ours in a room goes over to what replaced it (client-server API, "Room upgrades").
  void follow_upgrade(Room& old, const std::string& replacement);
  // Somebody of ours who may enter what replaced their room by invitation only stays in the old one until
  // they have it.
  OnTheWay& on_the_way() { return on_the_way_; }
  // They are in the old room (again) and go on from there as soon as they may.
  void wait_for_invitation(Session& session, const RoomId& address);

 private:
  void enter_replacement(Session& session, const std::string& old_id, const std::string& replacement,
                         const RoomId& address, const std::string& nick);
  bool take_invitation(const std::string& replacement, const PersonId& person);  // true: this was it
  std::string kind(const char* what) const;
  void load();

  // Invitations (invites.cpp): each is kept until it is dealt with.
  struct Invitation;
  void keep(const Invitation& invitation);
  void is_done(const Invitation& invitation);
  void resume_invitations();
  void deal_with(const Invitation& invitation);
  void look_up(const Invitation& invitation);
  void tell_invited(const Invitation& invitation, const RoomId& address);
  void decline(const Invitation& invitation);
  void accept_direct(const Invitation& invitation);
  void entered(const Invitation& invitation);
  void fetch_missed(const Invitation& invitation, const std::shared_ptr<void>& hold);
  Session& voice_of(const Invitation& invitation) const;

  Hub& hub_;
  const PersonId viewer_;
  Session* account_ = nullptr;
  std::unordered_map<std::string, std::unique_ptr<Room>> rooms_;
  std::unordered_map<RoomId, std::string> addresses_;
  std::unordered_map<std::string, Room::Direct> directs_;          // by room id
  std::unordered_map<std::string, std::string> direct_by_people_;  // to room id
  OnTheWay on_the_way_;
  std::unordered_set<std::string> expected_;  // rooms that will be joined again after a restart
  std::unique_ptr<SendQueues> queues_;
  DirectoryPages directory_pages_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace dragoman::matrix
