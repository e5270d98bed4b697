// A room's occupants when a link or a client is lost and found again.
#include <utility>

#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

// How long a room is kept for clients that vanished: the XMPP server may restart, a phone may be in a tunnel.
constexpr auto grace = std::chrono::seconds(120);

}  // namespace

void Muc::tell_again() {
  const std::optional<Time> since = std::exchange(behind_since_, std::nullopt);
  if (!since) return;
  for (const auto& [nick, own] : ghosts_.take()) {
    if (own && nick == room_.nick()) continue;  // there and back
    const std::string_view codes = own ? "303,110" : "";
    const std::string_view new_nick = own ? std::string_view(room_.nick()) : "";
    const Member gone{.nick = nick};
    for_each_entered([&](const Occupant& o) { tell_gone(o.jid, gone, codes, {}, {}, new_nick); });
  }
  for (std::size_t i = 0; i < occupants_.size(); ++i) {
    if (!occupants_[i].entered) continue;
    occupants_[i].history = {.since = since};
    welcome(occupants_[i], true);
    occupants_[i].history = {};
  }
}

void Muc::drop_occupant(const std::string& full_jid, const std::string& reason) {
  const Occupant* gone = find_occupant(full_jid);
  if (gone == nullptr) return;
  const PersonId person = gone->person;
  std::erase_if(occupants_, [&](const Occupant& o) { return o.jid == full_jid; });
  gateway_.store().rooms().remove_occupant(key_, full_jid);
  if (occupants_.empty()) empty_ = {gateway_.now(), reason, person};
}

void Muc::tick(Time now) {
  if (!empty_ || now - empty_->since < grace) return;
  const std::optional<Empty> empty = std::exchange(empty_, std::nullopt);
  if (occupants_.empty() && !preferences().persistent) leave_network(empty->last, empty->reason);
}

void Muc::leave_network(const PersonId& person, const std::string& reason) {
  if (Session* session = gateway_.network().find_session(person, room_.id()))
    session->perform({room_.id(), {}, Leave{reason}});
  if (key_ != 0) gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
  gateway_.close_room(*this);
}

void Muc::say_goodbye(const std::string& reason) {
  Member self = room_.members().find(room_.nick()).value_or(Member{.nick = room_.nick()});
  for (const Occupant& o : std::exchange(occupants_, {})) {
    if (o.entered) tell_gone(o.jid, self, "110,332", {}, reason);
    gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  if (!preferences().persistent) gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
}

void Muc::restore(const RoomRow& row, const std::vector<OccupantRow>& rows) {
  password_ = row.password;
  for (const OccupantRow& occupant : rows) {
    auto jid = Jid::parse(occupant.jid);
    if (!jid) continue;
    // Its history is what was said since: nothing was while we were away, and the rest it has.
    occupants_.push_back({.jid = occupant.jid,
                          .person = PersonId{jid->bare().str()},
                          .wanted = row.nick,
                          .history = {.max_stanzas = 0}});
  }
  if (room_.state() != Room::State::out) return;
  room_.set_entering();
  join_token_ = gateway_.new_token();
  gateway_.network()
      .session_for(row.viewer, room_.id())
      .perform({room_.id(), join_token_, Join{row.nick, password_, true}});
}

}  // namespace dragoman
