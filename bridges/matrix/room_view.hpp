// What one stream of events (the appservice's transactions, or an account's /sync) knows of one Matrix room,
// and what it makes of them: raw events in, neutral Events out. Keeps what is needed of the room's state: its
// name, topic, avatar, power levels, join rule, encryption, and its people compactly (20,000 in a few
// megabytes); of those it shows as members only ourselves, moderators and who has spoken lately.
//
// A view that is not ready yet keeps what comes, in order, and works it off once it is.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/matrix/api.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/matrix/power_levels.hpp"
#include "bridges/network.hpp"

namespace dragoman::matrix {

// Whose stream it is: answers what the view can't know by itself.
class ViewOwner {
 public:
  virtual ~ViewOwner() = default;
  // Where events of this room are told, and from which session: the addresses under which it is joined (with
  // the session of all), or a person's chat with somebody (with that person's session). May be none: then
  // only state is kept.
  struct Ear {
    dragoman::Session* from;
    Conversation in;
  };
  virtual std::vector<Ear> ears(const std::string& room_id) const = 0;
  // Our own voice with this user id (a ghost's, or the account's own); null: somebody else. A ghost of ours
  // whose person has no session is null too, but `is_ghost`.
  virtual dragoman::Session* own_voice(std::string_view user_id) const = 0;
  virtual bool is_ghost(std::string_view user_id) const = 0;
  virtual std::string ghost_nick(std::string_view user_id) const = 0;  // the nick its person asked for here
  // Whether this event was sent by us and answered (Delivered was told): its echo is not told again.
  virtual bool is_delivered(const std::string& event_id) const = 0;
  // As whom the room's state can be asked for (somebody of ours who is in it); nothing: nobody is.
  virtual std::optional<Voice> reader(const std::string& room_id) const = 0;
  // The room was replaced (m.room.tombstone).
  virtual void on_upgraded(const std::string& room_id, const std::string& replacement) = 0;
  // One of ours is in no longer: left, kicked, banned. Its session was told Exited by the view just before,
  // where it has one: nobody else tells that.
  virtual void on_own_departure(const std::string& room_id, const std::string& user_id) = 0;
  // Somebody on Matrix has just brought a file of which those on XMPP get no link: it is too large.
  virtual void on_large_file(const std::string& room_id, const std::string& user_id) = 0;
};

class Media;
struct ViewContext {
  boost::asio::io_context& loop;
  Sink& sink;
  Store& store;
  NetworkId network;
  Api& api;
  Media& media;
};

class RoomView {
 public:
  // What a room on Matrix can be told to be: it has neither a key nor a limit of people.
  static constexpr RoomTraits settable{
      .name = true, .picture = true, .members_only = true, .moderated = true, .hidden = true};

  RoomView(ViewContext& context, ViewOwner& owner, std::string room_id);
  RoomView(const RoomView&) = delete;
  RoomView& operator=(const RoomView&) = delete;
  ~RoomView();

  const std::string& room_id() const;
  bool ready() const;
  // Asks the homeserver for the room's state, as owner.reader(). `done` is told nothing when the view is
  // ready, else why not. Asked again while it is on its way: told with the first.
  void load(std::function<void(std::optional<Failure>)> done);
  // The same from /sync's own state events (all people, or with lazy_load_members some of them) and its
  // "summary". Also of a room that is ready: what changed is told.
  void load_from(const json::array& state_events, const json::object* summary);

  // Live, in order, message and state events alike. Events seen before (by id) are dropped.
  void on_timeline(const json::object& event);
  void on_typing(const json::array& user_ids);    // the full list
  void on_receipts(const json::object& content);  // m.receipt
  // A receipt of ours is on its way: it is not told when it comes back.
  void note_read(const std::string& user_id, const std::string& event_id);
  // About so many messages more, backwards from what was told; each as a past Event to this ear, oldest
  // first, then HistoryTold; or Failed. With none: only HistoryTold. The horizon is kept over restarts.
  // `life`: by which the session lives that asks, held until it is told.
  void fetch_history(const ViewOwner::Ear& ear, std::size_t count, const std::string& token,
                     std::shared_ptr<void> life = {});
  // The newest, as past events, until one that is in this room's archive already; at most so many. For a
  // join. `done` comes in any case, also where the homeserver refuses.
  void fetch_recent(const ViewOwner::Ear& ear, std::size_t at_most, std::function<void()> done);

  // A word of the bridge's own, to all on XMPP.
  void tell_service(const std::string& text);

  // One of ours came in: shown from now on (its own m.room.member may still be on its way). Tells Entered,
  // RoomInfo and Subject as they are now, in ear.in from ear.from, which is the voice's session.
  void enter(const ViewOwner::Ear& ear, const std::string& user_id);
  // The homeserver's directory, of which no event tells: whether the room is listed there.
  void note_listed(bool listed);
  std::vector<Member> members() const;
  std::string nick_of(std::string_view user_id) const;  // empty: not known
  // A user id, of somebody who is shown by that nick; or that very id, of somebody who is in the room.
  std::optional<std::string> user_of(std::string_view nick) const;
  const PowerLevels& power() const;
  bool encrypted() const;
  bool anybody_may_join() const;
  std::string membership_of(std::string_view user_id) const;  // "join", "invite", "ban", …; empty: not known
  std::string name() const;
  std::size_t headcount() const;
  std::string avatar_of(std::string_view user_id) const;  // its mxc; of nobody: the room's; may be empty
  Features features(std::string_view user_id) const;      // for whom: who may moderate depends on it
  // Reactions: what this user has on a message, (key, event id); for the difference to a new set.
  std::vector<std::pair<std::string, std::string>> reactions_of(const std::string& user_id,
                                                                const std::string& target) const;
  void note_reaction(const std::string& user_id, const std::string& target, const std::string& key,
                     const std::string& event_id);
  void forget_reaction(const std::string& event_id);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
