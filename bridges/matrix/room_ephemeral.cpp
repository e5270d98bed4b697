// Who is typing, and who has read how far.
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room_view_impl.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t most_typing = 50, most_receipts = 2000;

}  // namespace

void RoomView::Impl::on_typing(const json::array& user_ids) {
  const auto keep = shared_from_this();
  if (!is_ready) return;
  std::set<std::string, std::less<>> now;
  for (const json::value& value : user_ids) {
    if (now.size() >= most_typing) break;
    if (!value.is_string()) continue;
    const std::string user(value.get_string());
    const auto it = shown.find(user);
    if (it != shown.end() && !it->second.ours) now.insert(user);
  }
  const auto before = std::exchange(typing, now);
  const auto say = [&](const std::string& user, TypingState how) {
    if (closed) return;
    Origin origin;
    origin.sender = sender_of(user, false);
    tell(origin, To::all, Typing{how});
  };
  for (const std::string& user : before) {
    if (!now.contains(user)) say(user, TypingState::paused);
  }
  for (const std::string& user : now) {
    if (!before.contains(user)) say(user, TypingState::composing);
  }
}

void RoomView::Impl::on_receipts(const json::object& content) {
  const auto keep = shared_from_this();
  if (!is_ready) return;
  std::size_t seen = 0;
  for (const auto& [event_id, kinds] : content) {
    if (!is_event_id(event_id) || !kinds.is_object()) continue;
    for (const std::string_view kind : {"m.read", "m.read.private"}) {
      const json::object* users = object_at(kinds.get_object(), kind);
      if (users == nullptr) continue;
      for (const auto& [user, data] : *users) {
        if (closed || ++seen > most_receipts) return;
        if (data.is_object()) on_receipt(event_id, user, data.get_object());
      }
    }
  }
}

void RoomView::Impl::on_receipt(const std::string& event_id, std::string_view user,
                                const json::object& data) {
  // Client-server API, "Threaded read receipts": one of a thread says nothing of the room.
  if (const std::string_view thread = text_at(data, "thread_id"); !thread.empty() && thread != "main") return;
  if (owner.is_ghost(user) || !shown.contains(user)) return;
  Mark& mark = marks.try_emplace(std::string(user)).first->second;
  const std::int64_t time = number_at(data, "ts").value_or(mark.time);
  if (mark.event_id == event_id || time < mark.time) return;
  const Recent::Message* before = recent.find(mark.event_id);
  const Recent::Message* after = recent.find(event_id);
  if (before != nullptr && after != nullptr && after->order < before->order) return;
  mark = {event_id, time};
  Origin origin;
  origin.voice = owner.own_voice(user);
  origin.sender = sender_of(user, origin.voice != nullptr);
  tell(origin, To::all, ReadMark{MessageId(event_id), true});
}

void RoomView::note_read(const std::string& user_id, const std::string& event_id) {
  impl_->marks[user_id].event_id = event_id;
}

}  // namespace dragoman::matrix
