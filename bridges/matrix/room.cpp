#include "bridges/matrix/room.hpp"

#include <algorithm>
#include <random>

#include <spdlog/spdlog.h>

#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_held = 10'000;

}  // namespace

Room::Room(Hub& hub, Stream& stream, std::string room_id)
    : hub_(hub), stream_(stream), id_(std::move(room_id)), view_(hub.views, *this, id_) {}

Room::~Room() = default;

std::string Room::inbox() const {
  return "in " + (stream_.viewer().empty() ? std::string("-") : stream_.viewer().value()) + " " + id_;
}

// ------------------------------------------------------------------------------------------------------------
// the view

void Room::ensure_view(std::function<void(const std::optional<Failure>&)> done) {
  if (view_.ready()) return done({});
  waiting_.push_back(std::move(done));
  if (std::exchange(loading_, true)) return;
  take_inbox();
  view_.load([this, weak = std::weak_ptr<bool>(alive_)](const std::optional<Failure>& failure) {
    if (!weak.expired()) loaded(failure);
  });
}

void Room::loaded(const std::optional<Failure>& failure) {
  loading_ = false;
  const std::weak_ptr<bool> weak = alive_;
  if (failure) {
    spdlog::info("matrix: {}: the state of {} can't be had: {}", hub_.network.value(), id_, failure->text);
    if (!held_.empty()) try_again_later();
  } else {
    backoff_.reset();
    flush();
    tell_encrypted();
  }
  auto waiting = std::exchange(waiting_, {});
  for (auto& done : waiting) {
    if (weak.expired()) return;
    done(failure);
  }
  if (!weak.expired()) close_if_idle();
}

bool Room::is_idle() const {
  return occupants_.empty() && !direct_ && sending_.empty() && !loading_ && waiting_.empty();
}

void Room::close_if_idle() {
  if (!is_idle()) return;
  net::post(hub_.loop, [this, weak = std::weak_ptr<bool>(alive_)] {
    if (weak.expired() || !is_idle()) return;
    for (const json::object& event : held_) {
      hub_.store.outbox().done(hub_.network, inbox(), std::string(text_at(event, "event_id")));
    }
    stream_.close(id_);
  });
}

void Room::try_again_later() {
  if (!again_) again_ = std::make_unique<net::Timer>(hub_.loop);
  if (again_->pending()) return;
  again_->after(backoff_.next(std::random_device{}()), [this] { ensure_view([](const auto&) {}); });
}

// ------------------------------------------------------------------------------------------------------------
// who of ours is here

void Room::add(Occupant occupant) {
  if (Occupant* known = find(occupant.user_id, occupant.address)) {
    *known = std::move(occupant);
    return;
  }
  occupants_.push_back(std::move(occupant));
}

bool Room::remove(std::string_view user_id, const RoomId& address) {
  const auto is_it = [&](const Occupant& o) { return o.user_id == user_id && o.address == address; };
  const Occupant* one = find(user_id, address);
  if (one != nullptr) forget_move(*one);
  const bool was_here = std::erase_if(occupants_, is_it) > 0;
  close_if_idle();
  return was_here;
}

void Room::remove_all(std::string_view user_id) {
  for (const Occupant& o : occupants_) {
    if (o.user_id == user_id) forget_move(o);
  }
  std::erase_if(occupants_, [&](const Occupant& o) { return o.user_id == user_id; });
  close_if_idle();
}

// Who has left goes nowhere from here.
void Room::forget_move(const Occupant& occupant) {
  const PersonId& person = occupant.session->person();
  const OnTheWay::Move* move = stream_.on_the_way().find(person, occupant.address);
  if (move != nullptr && move->from == id_) stream_.on_the_way().erase(person, occupant.address);
}

Room::Occupant* Room::find(std::string_view user_id, const RoomId& address) {
  auto found = std::find_if(occupants_.begin(), occupants_.end(),
                            [&](const Occupant& o) { return o.user_id == user_id && o.address == address; });
  return found == occupants_.end() ? nullptr : &*found;
}

const Room::Occupant* Room::find(std::string_view user_id, const RoomId& address) const {
  return const_cast<Room*>(this)->find(user_id, address);
}

Room::Occupant* Room::find(std::string_view user_id) {
  auto found = std::find_if(occupants_.begin(), occupants_.end(),
                            [&](const Occupant& o) { return o.user_id == user_id; });
  return found == occupants_.end() ? nullptr : &*found;
}

bool Room::anybody_at(const RoomId& address) const {
  return std::any_of(occupants_.begin(), occupants_.end(),
                     [&](const Occupant& o) { return o.address == address; });
}

void Room::set_direct(std::optional<Direct> direct) { direct_ = std::move(direct); }

// ------------------------------------------------------------------------------------------------------------
// events

bool Room::is_own(const json::object& event) const {
  return event.find("state_key") == event.end() && stream_.is_ours(text_at(event, "sender"));
}

bool Room::must_wait(const json::object& event) const {
  if (!is_live()) return true;
  if (!is_own(event)) return false;
  if (stream_.account() != nullptr && is_being_sent(event)) return true;
  if (sending_.empty()) return false;
  const std::string_view sender = text_at(event, "sender");
  const bool in_flight =
      std::any_of(sending_.begin(), sending_.end(), [&](const auto& entry) { return entry.first == sender; });
  return in_flight && !hub_.is_delivered(std::string(text_at(event, "event_id")));
}

// Client-server API, "Transaction identifiers": an echo names the transaction to the device it came from.
bool Room::is_being_sent(const json::object& event) const {
  const json::object* more = object_at(event, "unsigned");
  const std::string_view transaction =
      more != nullptr ? text_at(*more, "transaction_id") : std::string_view();
  return !transaction.empty() && stream_.queues().waits(transaction.substr(0, transaction.rfind('.')));
}

void Room::on_event(const json::object& event) {
  if (must_wait(event)) {
    keep(event);
    // A room that nobody has entered yet (after a restart) is asked for when somebody does.
    if (!view_.ready() && !loading_ && (direct_ || !occupants_.empty())) ensure_view([](const auto&) {});
    return;
  }
  tell(event);
}

std::shared_ptr<void> Room::hold() {
  ++holds_;
  return {nullptr, [this, weak = std::weak_ptr<bool>(alive_), &loop = hub_.loop](void*) {
            net::post(loop, [this, weak] {
              if (weak.expired()) return;
              --holds_;
              flush();
            });
          }};
}

bool Room::is_archived(const json::object& event) const {
  if (direct_ || occupants_.empty() || event.contains("state_key")) return false;
  const MessageId id{std::string(text_at(event, "event_id"))};
  return std::all_of(occupants_.begin(), occupants_.end(), [&](const Occupant& o) {
    const RoomKey key = hub_.store.rooms().find(hub_.network, o.address, stream_.viewer());
    return key != 0 && hub_.store.archive().get(key, id).has_value();
  });
}

void Room::on_missed(const std::vector<json::object>& events) {
  std::deque<json::object> since = std::exchange(held_, {});
  for (const json::object& event : events) {
    const bool waits = std::any_of(since.begin(), since.end(), [&](const json::object& held) {
      return text_at(held, "event_id") == text_at(event, "event_id");
    });
    if (!waits) keep(event);
  }
  held_.insert(held_.end(), std::make_move_iterator(since.begin()), std::make_move_iterator(since.end()));
  flush();
}

void Room::tell(const json::object& event) {
  const std::string_view type = text_at(event, "type");
  view_.on_timeline(event);
  if (type == "m.room.encrypted" || (direct_ && type == "m.room.encryption")) tell_encrypted();
  if (direct_ && type == "m.room.member") on_departure_of_peer(event);
}

void Room::on_departure_of_peer(const json::object& event) {
  const json::object* content = object_at(event, "content");
  if (content == nullptr || text_at(*content, "membership") != "leave" ||
      text_at(event, "state_key") != direct_->peer.value() ||
      stream_.direct_room(direct_->person, direct_->peer) != id_ ||
      number_at(event, "origin_server_ts").value_or(0) > last_sent_) {
    return;
  }
  // Once: who goes again does not want to be asked, or two clocks do not agree.
  last_sent_ = 0;
  Session& voice = stream_.account() != nullptr ? *stream_.account() : hub_.ghost_session(direct_->person);
  net::post(hub_.loop, [voice = voice.shared_from_this(), peer = direct_->peer] {
    voice->reach(peer, [](const auto&) {});
  });
}

void Room::on_ephemeral(const json::object& event) {
  if (!view_.ready()) return;
  const json::object* content = object_at(event, "content");
  if (content == nullptr) return;
  const std::string_view type = text_at(event, "type");
  if (type == "m.typing") {
    if (const json::array* users = array_at(*content, "user_ids")) view_.on_typing(*users);
  } else if (type == "m.receipt") {
    view_.on_receipts(*content);
  }
}

// What was answered for (the transaction's 200) and is not told yet survives a kill. A ghost's own needs not:
// what was sent is known by the answer to it. In an account it may have been said by another device.
void Room::keep(const json::object& event) {
  if (held_.size() >= most_held) {
    spdlog::warn("matrix: {}: too much waits in {}: the oldest is dropped", hub_.network.value(), id_);
    hub_.store.outbox().done(hub_.network, inbox(), std::string(text_at(held_.front(), "event_id")));
    held_.pop_front();
  }
  if (!is_own(event) || stream_.account() != nullptr) {
    OutboxItem item;
    item.queue = inbox();
    item.key = text_at(event, "event_id");
    item.payload = json::serialize(event);
    item.time = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    hub_.store.outbox().put(hub_.network, item);
  }
  held_.push_back(event);
}

// What the program before this one had not told.
void Room::take_inbox() {
  if (std::exchange(inbox_taken_, true)) return;
  std::deque<json::object> left;
  for (const OutboxItem& item : hub_.store.outbox().pending(hub_.network, inbox(), most_held)) {
    auto event = parse_json(item.payload);
    const bool known = !event || !event->is_object() ||
                       std::any_of(held_.begin(), held_.end(), [&](const json::object& held) {
                         return text_at(held, "event_id") == item.key;
                       });
    if (!known) left.push_back(std::move(event->get_object()));
  }
  held_.insert(held_.begin(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
}

void Room::flush() {
  const std::weak_ptr<bool> weak = alive_;
  while (!held_.empty() && view_.ready()) {
    json::object event = std::move(held_.front());
    held_.pop_front();
    std::deque<json::object> rest = std::exchange(held_, {});
    const bool wait = must_wait(event);
    held_ = std::move(rest);
    if (wait) {
      held_.push_front(std::move(event));
      return;
    }
    hub_.store.outbox().done(hub_.network, inbox(), std::string(text_at(event, "event_id")));
    // It may have come with the past that was asked for meanwhile.
    if (is_own(event) || !is_archived(event)) tell(event);
    if (weak.expired()) return;
  }
}

void Room::sending(std::string_view user_id) {
  last_sent_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                   std::chrono::system_clock::now().time_since_epoch())
                   .count();
  for (auto& [user, count] : sending_) {
    if (user == user_id) {
      ++count;
      return;
    }
  }
  sending_.emplace_back(user_id, 1);
}

void Room::answered(std::string_view user_id) {
  std::erase_if(sending_, [&](auto& entry) { return entry.first == user_id && --entry.second == 0; });
  flush();
  close_if_idle();
}

std::string Room::spokesman() const {
  if (direct_) return hub_.ghosts->id_of(direct_->person).value_or(std::string());
  return occupants_.empty() ? std::string() : occupants_.front().user_id;
}

// Once a room, to those on Matrix; in a chat to the one on XMPP too (in a room the view does).
void Room::tell_encrypted() {
  if (!view_.ready() || !view_.encrypted() || !stream_.viewer().empty()) return;
  const std::string whose = direct_ ? direct_->person.value() : "people on XMPP";
  const std::string ghost = spokesman();
  if (ghost.empty() || hub_.store.notes().get(hub_.network, "told encrypted", id_)) return;
  hub_.store.notes().put(hub_.network, "told encrypted", id_, {});
  stream_.queues().push_notice(
      id_, ghost,
      std::string(direct_ ? "This chat" : "This room") +
          " is encrypted, and the bridge to XMPP can't read what is encrypted: " + whose +
          " will not see your messages here. Please use " +
          (direct_ ? "a new chat with encryption turned off." : "a room without encryption."));
  if (!direct_) return;
  hub_.ghost_session(direct_->person)
      .tell(direct_->peer,
            Message{"This chat is encrypted, and the bridge can't read or write what is encrypted. Ask the "
                    "other one to start a new chat with encryption turned off.",
                    MessageKind::notice},
            {.nick = view_.nick_of(direct_->peer.value()), .user = direct_->peer});
}

// ----------------------------------------------------------------------------------------------------------
// ViewOwner

std::vector<ViewOwner::Ear> Room::ears(const std::string&) const {
  std::vector<Ear> all;
  if (direct_) {
    dragoman::Session* from = stream_.account();
    if (from == nullptr) from = &hub_.ghost_session(direct_->person);
    all.push_back({from, direct_->peer});
  }
  for (const Occupant& o : occupants_) {
    const bool known = std::any_of(all.begin(), all.end(), [&](const Ear& ear) {
      const auto* room = std::get_if<RoomId>(&ear.in);
      return room != nullptr && *room == o.address;
    });
    if (known) continue;
    dragoman::Session* from = stream_.account();
    if (from == nullptr) from = &hub_.own_session();
    all.push_back({from, o.address});
  }
  return all;
}

dragoman::Session* Room::own_voice(std::string_view user_id) const {
  if (stream_.account() != nullptr) {
    return stream_.account()->user_id() == user_id ? stream_.account() : nullptr;
  }
  for (const Occupant& o : occupants_) {
    if (o.user_id == user_id) return o.session.get();
  }
  if (direct_ && stream_.is_ours(user_id) && hub_.ghosts->id_of(direct_->person) == user_id) {
    return &hub_.ghost_session(direct_->person);
  }
  return nullptr;
}

// In somebody's own account the bridge's ghosts are people like all others.
bool Room::is_ghost(std::string_view user_id) const {
  return stream_.viewer().empty() && stream_.is_ours(user_id);
}

std::string Room::ghost_nick(std::string_view user_id) const {
  for (const Occupant& o : occupants_) {
    if (o.user_id == user_id) return o.nick;
  }
  return {};
}

bool Room::is_delivered(const std::string& event_id) const { return hub_.is_delivered(event_id); }

std::optional<Voice> Room::reader(const std::string&) const {
  if (stream_.account() != nullptr) return stream_.account()->voice();
  if (!occupants_.empty()) return occupants_.front().session->voice();
  if (direct_) {
    if (auto ghost = hub_.ghosts->id_of(direct_->person)) return hub_.voice_of(*ghost);
  }
  if (!spare_reader_.empty()) return hub_.voice_of(spare_reader_);
  return std::nullopt;
}

void Room::on_upgraded(const std::string&, const std::string& replacement) {
  net::post(hub_.loop, [this, weak = std::weak_ptr<bool>(alive_), replacement] {
    if (!weak.expired()) stream_.follow_upgrade(*this, replacement);
  });
}

void Room::on_own_departure(const std::string&, const std::string& user_id) { remove_all(user_id); }

void Room::on_large_file(const std::string&, const std::string& user_id) {
  // With an account of one's own nobody knows of a bridge.
  const std::string ghost = stream_.viewer().empty() ? spokesman() : std::string();
  if (ghost.empty()) return;
  const std::string nick = view_.nick_of(user_id);
  stream_.queues().push_notice(id_, ghost,
                               "The file of " + (nick.empty() ? user_id : nick) + " is larger than the " +
                                   size_words(hub_.media.max_file_bytes()) + " that the bridge passes on: " +
                                   (direct_ ? direct_->person.value() : std::string("people on XMPP")) +
                                   " will see its name alone.");
}

}  // namespace dragoman::matrix
