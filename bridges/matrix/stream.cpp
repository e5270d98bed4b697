#include "bridges/matrix/stream.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/session.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman::matrix {
namespace {

constexpr int most_upgrades = 20;  // of one room, one after the other
constexpr std::size_t most_forgotten = 1'000'000;

std::string people_key(const PersonId& person, const UserId& peer) {
  return person.value() + ' ' + peer.value();
}

std::optional<Room::Direct> people_of(std::string_view key) {
  const std::size_t space = key.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  return Room::Direct{PersonId{std::string(key.substr(0, space))},
                      UserId{std::string(key.substr(space + 1))}};
}

}  // namespace

Stream::Stream(Hub& hub, PersonId viewer)
    : hub_(hub),
      viewer_(std::move(viewer)),
      on_the_way_(hub, kind("on the way")),
      queues_(std::make_unique<SendQueues>(hub, *this)) {
  load();
}

Stream::~Stream() = default;

// Notes of the appservice's stream have no viewer in their kind; those of an account have its person.
std::string Stream::kind(const char* what) const {
  return viewer_.empty() ? std::string(what) : std::string(what) + " of " + viewer_.value();
}

void Stream::load() {
  NotesTable& notes = hub_.store.notes();
  for (const auto& [room_id, people] : notes.all(hub_.network, kind("direct room"))) {
    if (auto direct = people_of(people)) directs_.emplace(room_id, std::move(*direct));
  }
  for (const auto& [people, room_id] : notes.all(hub_.network, kind("direct"))) {
    direct_by_people_.emplace(people, room_id);
  }
  for (const RoomRow& row : hub_.store.rooms().joined(hub_.network)) {
    if (row.viewer != viewer_) continue;
    if (auto room_id = room_id_of(row.room)) expected_.insert(*room_id);
  }
  for (const std::string& room_id : on_the_way_.rooms()) expected_.insert(room_id);
}

void Stream::resume() {
  // Chats whose events were taken and not told.
  for (const std::string& queue : hub_.store.outbox().queues(hub_.network)) {
    const std::string own = "in " + (viewer_.empty() ? std::string("-") : viewer_.value()) + " ";
    if (!queue.starts_with(own)) continue;
    if (auto direct = direct_of(queue.substr(own.size()))) {
      open(queue.substr(own.size())).ensure_view([](const auto&) {});
    }
  }
  resume_invitations();
  queues_->resume();
}

void Stream::forget(const Failure& why) {
  queues_->give_up(why);
  OutboxTable& outbox = hub_.store.outbox();
  for (const std::string& queue : outbox.queues(hub_.network)) {
    if (!queue.starts_with("in " + viewer_.value() + " ")) continue;
    for (const OutboxItem& item : outbox.pending(hub_.network, queue, most_forgotten))
      outbox.done(hub_.network, queue, item.key);
  }
  NotesTable& notes = hub_.store.notes();
  for (const char* what : {"room", "direct room", "direct", "invitation", "invited"}) {
    for (const auto& [key, value] : notes.all(hub_.network, kind(what)))
      notes.erase(hub_.network, kind(what), key);
  }
  on_the_way_.clear();
}

Session* Stream::voice(std::string_view user_id) const {
  if (account_ != nullptr) return account_->user_id() == user_id ? account_ : nullptr;
  const auto person = hub_.ghosts->person_of(user_id);
  return person ? &hub_.ghost_session(*person) : nullptr;
}

bool Stream::is_ours(std::string_view user_id) const {
  return account_ != nullptr ? account_->user_id() == user_id : hub_.ghosts->is_ours(user_id);
}

// ------------------------------------------------------------------------------------------------------------
// rooms

Room* Stream::find(std::string_view room_id) const {
  auto found = rooms_.find(std::string(room_id));
  return found == rooms_.end() ? nullptr : found->second.get();
}

Room& Stream::open(const std::string& room_id) {
  auto& slot = rooms_[room_id];
  if (!slot) {
    slot = std::make_unique<Room>(hub_, *this, room_id);
    slot->set_direct(direct_of(room_id));
  }
  return *slot;
}

void Stream::close(const std::string& room_id) { rooms_.erase(room_id); }

void Stream::lead(const RoomId& address, const std::string& room_id) {
  auto& known = addresses_[address];
  if (known == room_id) return;
  known = room_id;
  hub_.store.notes().put(hub_.network, kind("room"), address.value(), room_id);
}

std::optional<std::string> Stream::room_id_of(const RoomId& address) const {
  if (auto found = addresses_.find(address); found != addresses_.end()) return found->second;
  if (auto note = hub_.store.notes().get(hub_.network, kind("room"), address.value())) return note;
  if (is_room_id(address.value())) return address.value();
  return std::nullopt;
}

std::string Stream::latest(std::string room_id) const {
  for (int i = 0; i < most_upgrades; ++i) {
    auto next = hub_.store.notes().get(hub_.network, "upgrade", room_id);
    if (!next) break;
    room_id = std::move(*next);
  }
  return room_id;
}

Room* Stream::find(const RoomId& address) const {
  auto room_id = room_id_of(address);
  return room_id ? find(*room_id) : nullptr;
}

std::optional<std::string> Stream::room_id_of(const RoomId& address, const PersonId& person) const {
  if (const OnTheWay::Move* move = on_the_way_.find(person, address)) return move->from;
  return room_id_of(address);
}

Room* Stream::find(const RoomId& address, const PersonId& person) const {
  auto room_id = room_id_of(address, person);
  return room_id ? find(*room_id) : nullptr;
}

// -----------------------------------------------------------------------------------------------------
// one-to-one chats

void Stream::note_direct(const PersonId& person, const UserId& peer, const std::string& room_id) {
  const std::string people = people_key(person, peer);
  directs_.insert_or_assign(room_id, Room::Direct{person, peer});
  direct_by_people_.insert_or_assign(people, room_id);
  hub_.store.notes().put(hub_.network, kind("direct room"), room_id, people);
  hub_.store.notes().put(hub_.network, kind("direct"), people, room_id);
  if (Room* room = find(room_id)) room->set_direct(Room::Direct{person, peer});
}

void Stream::forget_direct(const PersonId& person, const UserId& peer) {
  const std::string people = people_key(person, peer);
  direct_by_people_.erase(people);
  hub_.store.notes().erase(hub_.network, kind("direct"), people);
}

std::optional<std::string> Stream::direct_room(const PersonId& person, const UserId& peer) const {
  auto found = direct_by_people_.find(people_key(person, peer));
  if (found == direct_by_people_.end()) return std::nullopt;
  return found->second;
}

std::optional<Room::Direct> Stream::direct_of(std::string_view room_id) const {
  auto found = directs_.find(std::string(room_id));
  if (found == directs_.end()) return std::nullopt;
  return found->second;
}

// --------------------------------------------------------------------------------------------------------
// what happens

void Stream::on_event(const json::object& event) {
  const std::string_view room_id = text_at(event, "room_id");
  if (!is_room_id(room_id)) return;
  if (text_at(event, "type") == "m.room.redaction") {
    // What was a file's is dead at once, also where the room has to wait for its state or nobody is in it.
    const json::object* content = object_at(event, "content");
    const std::string_view of = content != nullptr ? text_at(*content, "redacts") : std::string_view();
    hub_.media.revoke(std::string(of.empty() ? text_at(event, "redacts") : of));
  }
  // An account's /sync has its invitations apart.
  if (viewer_.empty() && text_at(event, "type") == "m.room.member") {
    const json::object* content = object_at(event, "content");
    if (content != nullptr && text_at(*content, "membership") == "invite" &&
        is_ours(text_at(event, "state_key"))) {
      const json::object* extra = object_at(event, "unsigned");
      on_invite(std::string(room_id), event, extra ? array_at(*extra, "invite_room_state") : nullptr);
    }
  }
  Room* room = find(room_id);
  if (room == nullptr) {
    const std::string id(room_id);
    if (!directs_.contains(id) && !expected_.contains(id)) return;
    room = &open(id);
  }
  room->on_event(event);
}

void Stream::on_ephemeral(const json::object& event) {
  if (text_at(event, "type") == "m.presence") return on_presence(event);
  if (Room* room = find(text_at(event, "room_id"))) room->on_ephemeral(event);
}

void Stream::on_presence(const json::object& event) {
  const std::string_view sender = text_at(event, "sender");
  const json::object* content = object_at(event, "content");
  if (content == nullptr || !is_user_id(sender) || is_ours(sender)) return;
  const std::string_view state = text_at(*content, "presence");
  Presence presence;
  presence.online = state != "offline";
  const bool active = true_at(*content, "currently_active");
  presence.availability = state == "online" || active ? Availability::online : Availability::away;
  presence.status = text_at(*content, "status_msg").substr(0, 1000);
  if (const auto ago = number_at(*content, "last_active_ago"); ago && !active && *ago > 0) {
    presence.idle_since =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) -
        std::chrono::milliseconds(*ago);
  }
  dragoman::Session& from = account_ != nullptr ? *account_ : hub_.own_session();
  const UserId user{std::string(sender)};
  hub_.sink.on_event(from, {user, {.user = user}, {}, {}, false, std::move(presence)});
}

}  // namespace dragoman::matrix
