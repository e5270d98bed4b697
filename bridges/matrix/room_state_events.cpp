// What a room is: its name, topic, picture and rules, and who may do what.
#include <algorithm>

#include "bridges/matrix/room_view_impl.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t most_named = 3;  // in a name made of people

}  // namespace

void RoomView::Impl::on_state(const json::object& event, std::string_view sender) {
  if (text_at(event, "type") == "m.room.member") return on_member(event, sender);
  const std::uint8_t changes = state.apply(event);
  if (changes == RoomState::nothing) return;
  Origin by = origin_of(event, sender, nullptr);
  by.voice = nullptr;
  by.sender.own = false;
  on_changes(changes, by);
}

void RoomView::Impl::on_changes(std::uint8_t changes, const Origin& by) {
  if ((changes & RoomState::power) != 0) on_power(by);
  if ((changes & RoomState::info) != 0 && !closed) {
    avatars->want(state.avatar);
    tell_info();
  }
  if ((changes & RoomState::topic) != 0) tell(by, To::rooms, Subject{state.topic_text});
  if ((changes & RoomState::encryption) != 0 && !closed) tell_encrypted();
  if ((changes & RoomState::tombstone) != 0 && !closed) {
    tell_service(state.tombstone_text.empty()
                     ? "This room was replaced; the conversation continues in a new one."
                     : "This room was replaced: " + state.tombstone_text);
    if (!closed) owner.on_upgraded(room_id, state.replacement);
  }
}

void RoomView::Impl::on_power(const Origin& by) {
  Origin origin = by;
  origin.id = {};
  std::vector<std::string> users;
  for (auto& [user, entry] : shown) {
    const Standing standing = state.power_levels.standing(user);
    if (standing == entry.standing) continue;
    entry.standing = standing;
    users.push_back(user);
  }
  for (const std::string& user : users) {
    const auto it = shown.find(user);
    if (it != shown.end())
      tell(origin, To::rooms, MemberUpdated{member_of(user, it->second), by.sender.nick});
    if (closed) return;
  }
  show_elevated(&origin);
  // What our people may do has changed with it, moderation of messages for one.
  tell({}, To::all, FeaturesChanged{});
}

std::string RoomView::Impl::name() const {
  // Client-server API, "Calculating the display name for a room".
  if (!state.name.empty()) return state.name;
  if (!state.alias.empty()) return state.alias;
  std::vector<std::string> named;
  const auto add = [&](std::string_view user) {
    const std::string* nick = nicks.of(std::string(user));
    std::string safe = nick != nullptr ? *nick : safe_name(people.name_of(user));
    if (!safe.empty()) named.push_back(std::move(safe));
    return named.size() < most_named;
  };
  std::size_t others = headcount();
  if (!heroes.empty()) {
    others = others > 0 ? others - 1 : 0;
    for (const std::string& hero : heroes) {
      if (!add(hero)) break;
    }
  } else if (is_small()) {
    std::vector<std::string> users;
    for (const auto& [user, entry] : shown) {
      if (!entry.ours) users.push_back(user);
    }
    others = users.size();
    for (const std::string& user : users) {
      if (!add(user)) break;
    }
  }
  if (named.empty()) return is_small() ? "Empty room" : "Unnamed room";
  std::string text = named[0];
  const std::size_t more = others > named.size() ? others - named.size() : 0;
  for (std::size_t i = 1; i < named.size(); ++i)
    text += (more == 0 && i + 1 == named.size() ? " and " : ", ") + named[i];
  if (more > 0) text += " and " + std::to_string(more) + (more == 1 ? " other" : " others");
  return text;
}

RoomInfo RoomView::Impl::info() const {
  RoomInfo info;
  info.name = name();
  info.description = state.topic_text;
  info.avatar = avatars->known(state.avatar);
  info.members_only = !state.anybody_may_join();
  info.hidden = state.listed ? !*state.listed : !state.anybody_may_join();
  info.moderated = !state.power_levels.can_speak("@nobody:invalid");
  if (headcount() > shown.size()) info.headcount = headcount();
  info.modes = state.modes();
  info.space = state.is_space();
  return info;
}

// A new count alone is told when it matters: each change of what is told here makes clients ask again.
void RoomView::Impl::tell_info() {
  RoomInfo now = info();
  const auto counted = [](const RoomInfo& info) { return info.headcount.value_or(0); };
  const std::size_t before = counted(told_info), after = counted(now);
  const std::size_t moved = before > after ? before - after : after - before;
  if (moved * 100 < before) now.headcount = told_info.headcount;
  if (now == told_info) return;
  told_info = now;
  tell({}, To::rooms, std::move(now));
}

RoomView::Impl::Origin RoomView::Impl::topic_origin() {
  Origin origin;
  if (state.topic_text.empty() || state.topic_by.empty()) return origin;
  origin.sender = sender_of(state.topic_by, false);
  origin.time = Time{std::chrono::milliseconds(std::max<std::int64_t>(state.topic_time, 0))};
  return origin;
}

void RoomView::Impl::tell_encrypted() {
  constexpr std::string_view kind = "encrypted told";
  NotesTable& notes = context.store.notes();
  if (owner.ears(room_id).empty() || notes.get(context.network, kind, room_id)) return;
  notes.put(context.network, kind, room_id, "1");
  tell_service(
      "This conversation is encrypted on Matrix, and the bridge is not part of the encryption: what is "
      "written there can't be read here, and nothing can be sent from here. It takes a room without "
      "encryption to talk over the bridge.");
}

}  // namespace dragoman::matrix
