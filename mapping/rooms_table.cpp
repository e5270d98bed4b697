#include "mapping/rooms_table.hpp"

#include <spdlog/spdlog.h>

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {

struct RoomsTable::Statements {
  explicit Statements(Store::Impl& store)
      : find(store, "SELECT key FROM rooms WHERE network=? AND room=? AND viewer=?"),
        make(store, "INSERT INTO rooms(network, room, viewer) VALUES(?,?,?)"),
        get(store, "SELECT key, network, room, viewer, nick, joined, password FROM rooms WHERE key=?"),
        set_joined(store, "UPDATE rooms SET joined=?2, nick=?3, password=?4 WHERE key=?1"),
        joined(store,
               "SELECT key, network, room, viewer, nick, joined, password FROM rooms WHERE network=? AND "
               "joined=1 "
               "ORDER BY key"),
        add_occupant(store, "INSERT OR REPLACE INTO occupants(room, jid, nick) VALUES(?,?,?)"),
        remove_occupant(store, "DELETE FROM occupants WHERE room=? AND jid=?"),
        occupants(
            store,
            "SELECT o.room, o.jid, o.nick FROM rooms r JOIN occupants o ON o.room=r.key WHERE r.network=? "
            "ORDER BY o.room, o.jid"),
        erase(store, "DELETE FROM rooms WHERE key=?") {}
  Statement find, make, get, set_joined, joined, add_occupant, remove_occupant, occupants, erase;
};

namespace {

RoomRow to_room(const Statement::Row& row, const SecretBox& secrets) {
  RoomRow room{row.number(0),
               NetworkId(row.text(1)),
               RoomId(row.text(2)),
               PersonId(row.text(3)),
               row.text(4),
               row.number(5) != 0,
               {}};
  if (row.is_null(6)) return room;
  if (auto password = secrets.open(row.text(6))) {
    room.password = std::move(*password);
  } else {
    spdlog::warn("the password of the room {} was sealed with another key: it counts as unset",
                 room.room.value());
  }
  return room;
}

}  // namespace

RoomsTable::RoomsTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
RoomsTable::~RoomsTable() = default;

RoomKey RoomsTable::open(const NetworkId& network, const RoomId& room, const PersonId& viewer) {
  RoomKey key = 0;
  const auto take = [&](const Statement::Row& row) { key = row.number(0); };
  if (!sql_->find.read(take, network.value(), room.value(), viewer.value()) || key != 0) return key;
  if (!sql_->make.change(network.value(), room.value(), viewer.value())) return 0;
  // A key outlives the group in its callers' hands. Were the group lost, the next room would get the same
  // key, and with it what is said in this one: so the row is committed before the key is told.
  store_.settle();
  sql_->find.read(take, network.value(), room.value(), viewer.value());
  return key;
}

RoomKey RoomsTable::find(const NetworkId& network, const RoomId& room, const PersonId& viewer) {
  RoomKey key = 0;
  sql_->find.read([&](const Statement::Row& row) { key = row.number(0); }, network.value(), room.value(),
                  viewer.value());
  return key;
}

std::optional<RoomRow> RoomsTable::get(RoomKey key) {
  std::optional<RoomRow> room;
  sql_->get.read([&](const Statement::Row& row) { room = to_room(row, store_.secrets()); }, key);
  return room;
}

bool RoomsTable::set_joined(RoomKey key, bool joined, const std::string& nick, const std::string& password) {
  std::optional<std::string> sealed;
  if (!password.empty()) sealed = store_.secrets().seal(password);
  const auto value = sealed ? std::optional<Blob>(Blob{*sealed}) : std::nullopt;
  return sql_->set_joined.change(key, static_cast<std::int64_t>(joined), nick, value).value_or(0) > 0;
}

std::vector<RoomRow> RoomsTable::joined(const NetworkId& network) {
  std::vector<RoomRow> rooms;
  sql_->joined.read([&](const Statement::Row& row) { rooms.push_back(to_room(row, store_.secrets())); },
                    network.value());
  return rooms;
}

bool RoomsTable::add_occupant(const OccupantRow& occupant) {
  return sql_->add_occupant.change(occupant.room, occupant.jid, occupant.nick).value_or(0) > 0;
}

bool RoomsTable::remove_occupant(RoomKey room, const std::string& jid) {
  return sql_->remove_occupant.change(room, jid).has_value();
}

std::vector<OccupantRow> RoomsTable::occupants(const NetworkId& network) {
  std::vector<OccupantRow> all;
  sql_->occupants.read(
      [&](const Statement::Row& row) {
        all.push_back({row.number(0), row.text(1), row.text(2)});
      },
      network.value());
  return all;
}

bool RoomsTable::erase(RoomKey key) { return sql_->erase.change(key).has_value(); }

}  // namespace dragoman
