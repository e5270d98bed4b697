// Who is in a room, and who of them is shown: ours, those who moderate, who has spoken lately; all, where
// they are few.
#include <algorithm>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room_view_impl.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t longest_reason = 1000;

}  // namespace

bool RoomView::Impl::is_ours(std::string_view user) const {
  return owner.is_ghost(user) || owner.own_voice(user) != nullptr;
}

std::size_t RoomView::Impl::headcount() const {
  return partial ? std::max(count, people.size()) : people.size();
}

Member RoomView::Impl::member_of(const std::string& user, const Shown& entry) const {
  const std::string* nick = nicks.of(user);
  return {.nick = nick == nullptr ? std::string() : *nick,
          .address = user,
          .account = user,
          .standing = entry.standing,
          .avatar = entry.avatar};
}

RoomView::Impl::Shown& RoomView::Impl::show(const std::string& user) {
  const auto [it, added] = shown.try_emplace(user);
  if (!added) return it->second;
  const bool ghost = owner.is_ghost(user);
  const std::string asked = ghost ? owner.ghost_nick(user) : std::string();
  nicks.put(user, asked.empty() ? people.name_of(user) : std::string_view(asked));
  Shown& entry = it->second;
  entry.standing = state.power_levels.standing(user);
  entry.ours = ghost || owner.own_voice(user) != nullptr;
  const People::Person* person = people.find(user);
  if (person == nullptr || person->avatar.empty()) return entry;
  entry.avatar = avatars->known(person->avatar.view());
  if (entry.avatar.empty() && !owner.ears(room_id).empty()) avatars->want(person->avatar.view());
  return entry;
}

void RoomView::Impl::show_told(const std::string& user, const Origin& by) {
  if (shown.contains(user)) return;
  const Member member = member_of(user, show(user));
  Origin origin{.time = by.time};
  origin.sender = {member.nick, UserId(user), user, false};
  tell(origin, To::rooms, MemberJoined{member});
}

void RoomView::Impl::hide(const std::string& user, const Origin& by, MemberLeft left) {
  const auto it = shown.find(user);
  if (it == shown.end()) return;
  left.nick = member_of(user, it->second).nick;
  shown.erase(it);
  nicks.erase(user);
  typing.erase(user);
  marks.erase(user);
  Origin origin = by;
  origin.voice = nullptr;
  origin.id = {};
  tell(origin, To::rooms, std::move(left));
}

void RoomView::Impl::make_room_for_speaker() {
  if (is_small()) return;
  std::size_t others = 0;
  const std::pair<const std::string, Shown>* silent = nullptr;
  for (const auto& entry : shown) {
    if (entry.second.ours || entry.second.standing >= Standing::moderator) continue;
    ++others;
    if (silent == nullptr || entry.second.spoke < silent->second.spoke) silent = &entry;
  }
  if (others < most_speakers || silent == nullptr) return;
  const std::string user = silent->first;
  Origin origin;
  origin.sender = sender_of(user, false);
  hide(user, origin, {});
}

void RoomView::Impl::spoke(const std::string& user) {
  auto it = shown.find(user);
  if (it == shown.end()) {
    if (partial) people.put(user, {}, {});
    if (people.find(user) == nullptr) return;
    make_room_for_speaker();
    show_told(user, {});
    it = shown.find(user);
    if (it == shown.end()) return;
  }
  it->second.spoke = ++speaking;
}

void RoomView::Impl::show_everybody() {
  std::vector<std::string> wanted;
  const bool all = is_small();
  people.for_each([&](std::string_view user, const People::Person&) {
    if (all || is_ours(user)) wanted.emplace_back(user);
    return true;
  });
  // In one order each time, so that of two who look alike the same keeps the plain name.
  std::sort(wanted.begin(), wanted.end());
  for (const std::string& user : wanted) show(user);
  show_elevated(nullptr);
}

void RoomView::Impl::show_elevated(const Origin* by) {
  std::size_t elevated = 0;
  for (const auto& [user, entry] : shown) elevated += entry.standing >= Standing::moderator ? 1 : 0;
  for (const std::string& user : state.power_levels.elevated()) {
    if (elevated >= most_elevated) return;
    if (shown.contains(user) || people.find(user) == nullptr ||
        state.power_levels.standing(user) < Standing::moderator)
      continue;
    ++elevated;
    if (by == nullptr) {
      show(user);
    } else {
      show_told(user, *by);
    }
  }
}

void RoomView::Impl::note_absent(const std::string& user, std::string_view membership) {
  if (membership == "leave") {
    absent.erase(user);
    return;
  }
  if (absent.size() >= most_absent && !absent.contains(user)) absent.erase(absent.begin());
  absent[user] = membership;
}

void RoomView::Impl::on_member(const json::object& event, std::string_view sender) {
  const std::string user(text_at(event, "state_key"));
  if (!is_user_id(user)) return;
  const json::object& content = content_of(event);
  const std::string_view membership = text_at(content, "membership");
  Origin by;
  if (is_ready) {
    // A name that changes is told by its old owner, so that it is read before.
    by = origin_of(event, sender, nullptr);
    by.voice = nullptr;
    by.sender.own = false;
    by.id = {};
  }
  if (membership == "join") return on_here(user, content, by);
  if (membership == "leave" || membership == "ban" || membership == "invite" || membership == "knock")
    on_gone(user, event, membership, by);
}

void RoomView::Impl::on_here(const std::string& user, const json::object& content, const Origin& by) {
  absent.erase(user);
  const People::Put put = people.put(user, text_at(content, "displayname"), text_at(content, "avatar_url"));
  if (!is_ready || put == People::Put::same || put == People::Put::refused) return;
  if (put == People::Put::added) {
    const bool elevated = state.power_levels.standing(user) >= Standing::moderator;
    if (is_small() || elevated || is_ours(user)) show_told(user, by);
  } else if (shown.contains(user)) {
    on_changed_profile(user, by);
  }
  tell_info();
}

void RoomView::Impl::on_changed_profile(const std::string& user, const Origin& by) {
  Shown& entry = shown.at(user);
  const std::string before = member_of(user, entry).nick;
  const std::string asked = owner.is_ghost(user) ? owner.ghost_nick(user) : std::string();
  const std::string now = nicks.put(user, asked.empty() ? people.name_of(user) : std::string_view(asked));
  if (now != before) {
    Origin origin = by;
    origin.sender = {before, UserId(user), user, false};
    tell(origin, To::rooms, MemberRenamed{before, now});
  }
  const auto it = shown.find(user);
  const People::Person* person = people.find(user);
  if (it == shown.end() || person == nullptr) return;
  const std::string_view mxc = person->avatar.view();
  const std::string avatar = avatars->known(mxc);
  if (avatar.empty()) avatars->want(mxc);
  if (avatar == it->second.avatar || (avatar.empty() && !mxc.empty())) return;
  it->second.avatar = avatar;
  tell({.time = by.time}, To::rooms, MemberUpdated{member_of(user, it->second), {}});
}

void RoomView::Impl::on_gone(const std::string& user, const json::object& event, std::string_view membership,
                             const Origin& by) {
  // Nobody is invited who is there (room version 11, "Authorization rules"): it is from before they came.
  const bool asked = membership == "invite" || membership == "knock";
  if (asked && people.find(user) != nullptr) return;
  note_absent(user, membership);
  const bool was_here = people.erase(user);
  if (!is_ready) return;
  const std::string_view said = text_at(content_of(event), "reason");
  const std::string reason = display_clean(said.substr(0, prefix_within(said, longest_reason)));
  if (membership == "knock" && !is_ours(user)) {
    tell_service(user + " asks to be let in" + (reason.empty() ? "" : " (" + reason + ")") +
                 ". A moderator lets them in by inviting them.");
    if (closed) return;
  }
  if (!was_here && !shown.contains(user)) return;
  MemberLeft left;
  left.reason = one_line(xml_clean(said.substr(0, prefix_within(said, longest_reason))));
  if (by.sender.user.value() != user) {
    left.how = membership == "ban" ? Departure::banned : Departure::kicked;
    left.by = by.sender.nick;
  }
  // To somebody's own account the room is gone, and all who were in it.
  const bool account = owner.own_voice(user) != nullptr && !owner.is_ghost(user);
  if (is_ours(user)) on_own_gone(user, left);
  if (closed || account) return;
  hide(user, by, left);
  tell_info();
}

// Its own session first: that the member left is then no news to its people, and all that others learn.
void RoomView::Impl::on_own_gone(const std::string& user, const MemberLeft& left) {
  dragoman::Session* voice = owner.own_voice(user);
  if (voice != nullptr) {
    for (const Ear& ear : owner.ears(room_id)) {
      if (!std::holds_alternative<RoomId>(ear.in)) continue;
      context.sink.on_event(
          *voice, {.in = ear.in, .sender = {.own = true}, .what = Exited{left.how, left.by, left.reason}});
      if (closed) return;
    }
  }
  owner.on_own_departure(room_id, user);
}

void RoomView::Impl::on_avatar(const std::string& mxc, const std::string& sha1) {
  std::vector<std::string> theirs;
  for (const auto& [user, entry] : shown) {
    const People::Person* person = people.find(user);
    if (person != nullptr && person->avatar.view() == mxc && entry.avatar != sha1) theirs.push_back(user);
  }
  for (const std::string& user : theirs) {
    const auto it = shown.find(user);
    if (it == shown.end()) continue;
    it->second.avatar = sha1;
    tell({}, To::rooms, MemberUpdated{member_of(user, it->second), {}});
    if (closed) return;
  }
  if (state.avatar == mxc) tell_info();
}

void RoomView::Impl::enter(const Ear& ear, const std::string& user_id) {
  const auto keep = shared_from_this();
  people.put(user_id, people.name_of(user_id), avatar_of(user_id));
  // Those at the room's other addresses learn of it; here the list says it.
  if (!shown.contains(user_id)) {
    const Member member = member_of(user_id, show(user_id));
    for (const Ear& other : owner.ears(room_id)) {
      if (other.from == nullptr || other.in == ear.in || !std::holds_alternative<RoomId>(other.in)) continue;
      context.sink.on_event(*other.from, {.in = other.in, .what = MemberJoined{member}});
      if (closed) return;
    }
  }
  for (const auto& [user, entry] : shown) {
    const People::Person* person = people.find(user);
    if (entry.avatar.empty() && person != nullptr) avatars->want(person->avatar.view());
  }
  avatars->want(state.avatar);
  Entered entered;
  entered.nick = member_of(user_id, shown.at(user_id)).nick;
  for (const auto& [user, entry] : shown) entered.members.push_back(member_of(user, entry));
  const auto say = [&](Origin origin, What what) {
    if (closed) return;
    context.sink.on_event(
        *ear.from,
        {.in = ear.in, .sender = std::move(origin.sender), .time = origin.time, .what = std::move(what)});
  };
  say({}, std::move(entered));
  say({}, info());
  say(topic_origin(), Subject{state.topic_text});
  if (!closed && state.encrypted) tell_encrypted();
}

}  // namespace dragoman::matrix
