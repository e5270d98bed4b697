// The inside of a RoomView. Its parts: room_load.cpp (the room's state), room_members.cpp (who is there and
// who of them is shown), room_state_events.cpp (name, topic, power), room_messages.cpp (what is said),
// room_ephemeral.cpp (typing, receipts), room_history.cpp (the past).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bridges/matrix/avatars.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/matrix/nicks.hpp"
#include "bridges/matrix/people.hpp"
#include "bridges/matrix/recent.hpp"
#include "bridges/matrix/relations.hpp"
#include "bridges/matrix/room_state.hpp"
#include "bridges/matrix/room_view.hpp"

namespace dragoman::matrix {

struct RoomView::Impl : std::enable_shared_from_this<RoomView::Impl> {
  using Ear = ViewOwner::Ear;
  using Done = std::function<void(std::optional<Failure>)>;

  static constexpr std::size_t small_room = 100;     // all are shown in one of so many
  static constexpr std::size_t most_elevated = 100;  // moderators that are shown
  static constexpr std::size_t most_speakers = 100;  // others that are shown in a large room
  static constexpr std::size_t most_queued = 10'000;
  static constexpr std::size_t most_absent = 1000;  // memberships other than "join" that are remembered

  // Somebody who is a member for those who listen.
  struct Shown {
    Standing standing = Standing::participant;
    bool ours = false;
    std::uint64_t spoke = 0;  // greater: later
    std::string avatar;       // SHA-1 as it was told
  };
  // Who did what is told, and how.
  struct Origin {
    Sender sender;
    dragoman::Session* voice = nullptr;  // one of ours did it
    MessageId id;
    Time time{};
    const Ear* past = nullptr;  // something past: for this ear alone
  };
  enum class To : std::uint8_t { rooms, all };

  Impl(ViewContext& c, ViewOwner& o, std::string room);
  void start();

  // Telling (room_view.cpp).
  void tell(const Origin& origin, To to, const What& what);
  void tell_service(const std::string& text);
  Sender sender_of(std::string_view user, bool own);
  Origin origin_of(const json::object& event, std::string_view sender, const Ear* past);
  std::string path(std::string_view rest) const;
  std::string nick_of(std::string_view user);
  std::string_view avatar_of(std::string_view user) const;  // its mxc

  // room_load.cpp
  struct Loading;
  void load(Done done);
  void load_from(const json::array& state_events, const json::object* summary);
  void ask_state(const std::shared_ptr<Loading>& now, const Voice& as);
  void ask_people(const std::shared_ptr<Loading>& now, const Voice& as);
  void ask_people_again(const std::shared_ptr<Loading>& now, const Voice& as);
  void on_part(const std::shared_ptr<Loading>& now, std::optional<Failure> failure);
  void become_ready();
  void work_off();

  // room_members.cpp
  bool is_ours(std::string_view user) const;
  Member member_of(const std::string& user, const Shown& shown) const;
  Shown& show(const std::string& user);
  void show_told(const std::string& user, const Origin& by);
  void hide(const std::string& user, const Origin& by, MemberLeft left);
  void make_room_for_speaker();
  void spoke(const std::string& user);
  void show_everybody();
  void show_elevated(const Origin* by);
  void on_member(const json::object& event, std::string_view sender);
  void on_here(const std::string& user, const json::object& content, const Origin& by);
  void on_gone(const std::string& user, const json::object& event, std::string_view membership,
               const Origin& by);
  void on_changed_profile(const std::string& user, const Origin& by);
  void on_own_gone(const std::string& user, const MemberLeft& left);
  void on_avatar(const std::string& mxc, const std::string& sha1);
  void note_absent(const std::string& user, std::string_view membership);
  std::size_t headcount() const;
  bool is_small() const { return headcount() <= small_room; }
  void enter(const Ear& ear, const std::string& user_id);

  // room_state_events.cpp
  void on_state(const json::object& event, std::string_view sender);
  void on_changes(std::uint8_t changes, const Origin& by);
  void on_power(const Origin& by);
  std::string name() const;
  RoomInfo info() const;
  void tell_info();
  Origin topic_origin();
  void tell_encrypted();

  // room_messages.cpp
  void handle(const json::object& event);
  void on_message(const json::object& event, std::string_view sender);
  void on_text(const Origin& origin, const std::string& user, Message message);
  void on_edit(const Origin& origin, const std::string& user, Edit edit);
  void tell_edit(const Origin& origin, Edit edit);
  void ask_author(const std::string& user, const Origin& origin, Edit edit);
  void on_annotation(const Origin& origin, const std::string& user, const Annotation& annotation, bool quiet);
  void on_redaction(const Origin& origin, const std::string& user, const Redaction& redaction, bool quiet);
  void on_encrypted(const Origin& origin, const std::string& user, const json::object& event);
  void tell_reactions(const Origin& origin, const std::string& user, const std::string& target);
  void fill_quote(Message& message, const Recent* also = nullptr);

  // room_ephemeral.cpp
  void on_typing(const json::array& user_ids);
  void on_receipts(const json::object& content);
  void on_receipt(const std::string& event_id, std::string_view user, const json::object& data);

  // room_history.cpp
  struct Fetch;
  struct Horizon {
    std::string token;
    Time time{};
    bool complete = false;
  };
  void fetch(std::shared_ptr<Fetch> wanted);
  void next_fetch();
  void ask_page();
  void on_page(const json::object& page);
  void end_fetch(const std::optional<Failure>& failure);
  void tell_past(Fetch& fetch);
  void tell_past_event(Fetch& fetch, const json::object& event);
  PersonId viewer_of(const Ear& asking) const;
  std::string horizon_key(const Ear& ear) const;
  std::optional<Horizon> horizon_of(const Ear& ear) const;
  void keep_horizon(const Ear& ear, const Horizon& horizon);
  bool is_archived(const Ear& ear, const std::string& event_id) const;

  ViewContext& context;
  ViewOwner& owner;
  const std::string room_id;
  bool is_ready = false;
  bool closed = false;  // the view is gone, by a callback: nobody is asked or told any more

  RoomState state;
  People people;
  bool partial = false;   // not all of them are known (lazy_load_members)
  std::size_t count = 0;  // where partial: how many there are, by /sync's summary
  std::vector<std::string> heroes;
  std::unordered_map<std::string, std::string> absent;  // user id to membership
  mutable Nicks nicks;                                  // of those who are shown
  std::map<std::string, Shown, std::less<>> shown;
  std::uint64_t speaking = 0;
  RoomInfo told_info;

  Recent recent;
  ReactionNotes reactions;
  std::unique_ptr<Avatars> avatars;
  Reader reader;

  std::set<std::string, std::less<>> typing;
  struct Mark {
    std::string event_id;
    std::int64_t time = 0;
  };
  std::map<std::string, Mark, std::less<>> marks;

  std::shared_ptr<Loading> loading;
  std::vector<Done> waiting;
  std::deque<json::object> queued;             // came before the view was ready
  std::deque<std::shared_ptr<Fetch>> fetches;  // the first is on its way
};

}  // namespace dragoman::matrix
