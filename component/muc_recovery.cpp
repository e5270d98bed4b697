// A room's occupants when a link or a client is lost and found again.
#include <algorithm>
#include <utility>

#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

// How long a room is kept for clients that vanished: the XMPP server may restart, a phone may be in a tunnel.
constexpr auto grace = std::chrono::seconds(120);

}  // namespace

void Muc::tell_again() {
  const std::optional<Time> since = std::exchange(behind_since_, std::nullopt);
  if (!since) return;
  for (const auto& [nick, person] : ghosts_.take()) {
    const std::string now = room_.nick(person);
    if (!person.empty() && nick == now) continue;  // there and back
    const Member gone{.nick = nick};
    for_each_entered([&, &whose = person](const Occupant& o) {
      const bool own = !whose.empty() && o.person == whose;
      tell_gone(o.jid, gone, own ? "303,110" : "", {}, {}, own ? std::string_view(now) : "");
    });
  }
  for (std::size_t i = 0; i < occupants_.size(); ++i) {
    if (!occupants_[i].entered) continue;
    occupants_[i].history = {.since = since, .behind = gateway_.told().place()};
    welcome(occupants_[i], true);
  }
}

// All who were here before the start are back, or gone: the room is no longer behind the others.
void Muc::catch_up() {
  const auto missing = [](const Occupant& o) { return !o.entered && o.history.behind; };
  if (!is_behind_ || std::any_of(occupants_.begin(), occupants_.end(), missing)) return;
  is_behind_ = false;
  gateway_.told().catch_up(key_);
}

void Muc::drop_occupant(const std::string& full_jid, const std::string& reason) {
  const Occupant* gone = find_occupant(full_jid);
  if (gone == nullptr) return;
  const PersonId person = gone->person;
  std::erase_if(occupants_, [&](const Occupant& o) { return o.jid == full_jid; });
  gateway_.store().rooms().remove_occupant(key_, full_jid);
  if (is_here(person)) return;
  Guest& guest = guests_[person];
  guest.until = gateway_.now() + std::max<std::chrono::seconds>(grace, preferences(person).linger);
  guest.reason = reason;
}

void Muc::tick(Time now) {
  history_.tick(now);
  catch_up();
  std::vector<std::pair<PersonId, std::string>> due;
  for (auto& [person, guest] : guests_) {
    if (!guest.until || now < *guest.until) continue;
    guest.until.reset();
    due.emplace_back(person, guest.reason);
  }
  for (const auto& [person, reason] : due) {
    if (is_here(person)) continue;
    if (!preferences(person).persistent) leave_network(person, reason);
  }
  if (!due.empty()) settle();
}

void Muc::say_goodbye(const std::string& reason) {
  for (const Occupant& o : std::exchange(occupants_, {})) {
    if (o.entered) tell_gone(o.jid, self(o.person), "110,332", {}, reason);
    gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  if (!preferences().persistent) gateway_.store().rooms().set_joined(key_, false, last_nick_, {});
}

void Muc::restore(const RoomRow& row, const std::vector<OccupantRow>& rows) {
  password_ = row.password;
  last_nick_ = row.nick;
  std::vector<std::pair<PersonId, std::string>> guests;
  const auto comes = [&](const PersonId& person, const std::string& nick) {
    const bool known =
        std::any_of(guests.begin(), guests.end(), [&](const auto& g) { return g.first == person; });
    if (!known && room_.state(person) == Room::State::out) guests.emplace_back(person, nick);
  };
  if (!room_.is_shared()) comes(row.viewer, row.nick);
  const std::vector<ArchiveLine> last = gateway_.store().archive().recent(row.key, 1, std::nullopt);
  const std::int64_t told = gateway_.told().place_of(row.key);
  is_behind_ = !rows.empty();
  if (is_behind_) gateway_.told().fall_behind(row.key, told);
  for (const OccupantRow& occupant : rows) {
    auto jid = Jid::parse(occupant.jid);
    if (!jid) continue;
    const PersonId person{jid->bare().str()};
    const std::string& nick = room_.is_shared() ? occupant.nick : row.nick;
    // Its history is what it was not told: of what was kept, and of what was said since, where the network
    // can tell that.
    HistoryRequest since{.behind = told};
    if (gateway_.network().session_for(person, room_.id()).features(room_.id()).history) {
      if (last.empty()) {
        since = {};
      } else {
        since.since = last.front().time + std::chrono::milliseconds(1);
      }
    }
    occupants_.push_back({.jid = occupant.jid, .person = person, .wanted = nick, .history = since});
    if (room_.is_shared()) comes(person, nick);
  }
  for (const auto& [person, nick] : guests) ask_in(person, nick, true);
}

}  // namespace dragoman
