// Rooms as views know them, and who was in them when we stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman {

using RoomKey = std::int64_t;  // a row; 0 is none

struct RoomRow {
  RoomKey key = 0;
  NetworkId network;
  RoomId room;
  PersonId viewer;       // empty where the network's rooms are shared
  std::string nick;      // last used there
  bool joined = false;   // a session should be in it
  std::string password;  // of the room; encrypted at rest
};

struct OccupantRow {
  RoomKey room = 0;
  std::string jid;  // full
  std::string nick;
  bool operator==(const OccupantRow&) const = default;
};

class RoomsTable {
 public:
  explicit RoomsTable(Store::Impl& store);
  ~RoomsTable();
  // The row for a view, made if there is none. 0 when the store is in trouble.
  RoomKey open(const NetworkId& network, const RoomId& room, const PersonId& viewer);
  RoomKey find(const NetworkId& network, const RoomId& room, const PersonId& viewer);  // 0: there is none
  std::optional<RoomRow> get(RoomKey key);
  bool set_joined(RoomKey key, bool joined, const std::string& nick, const std::string& password);
  std::vector<RoomRow> joined(const NetworkId& network);
  bool add_occupant(const OccupantRow& occupant);
  bool remove_occupant(RoomKey room, const std::string& jid);
  std::vector<OccupantRow> occupants(const NetworkId& network);
  // Forgets a view with its archive and ids.
  bool erase(RoomKey key);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
