// What is kept of a room's state (client-server API, "Room events"), beside its people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/matrix/json.hpp"
#include "bridges/matrix/power_levels.hpp"

namespace dragoman::matrix {

struct RoomState {
  // The types worth asking for one by one, each with an empty state key.
  static const std::vector<std::string_view>& types();

  enum Changed : std::uint8_t { nothing = 0, info = 1, topic = 2, power = 4, encryption = 8, tombstone = 16 };
  // A state event, m.room.member excepted; its content is hostile. What changed by it: Changed, or-ed.
  std::uint8_t apply(const json::object& event);

  bool anybody_may_join() const { return join_rule == "public"; }
  bool is_space() const { return room_type == "m.space"; }
  std::string modes() const;  // "join: public · history: shared · version 11"

  std::string name, alias;  // bounded and clean for display
  std::string avatar;       // an mxc
  std::string topic_text;
  std::string topic_by;  // a user id
  std::int64_t topic_time = 0;
  std::string join_rule = "invite";  // the specification's default
  std::string history_visibility = "shared";
  std::string version = "1";
  std::string room_type;
  bool encrypted = false;
  std::optional<bool> listed;        // in the homeserver's directory; nothing: it was not asked
  std::string replacement;           // the room that took its place
  std::string tombstone_text;        // what its tombstone says
  std::vector<std::string> bridges;  // other bridges that say they are here (MSC2346), by their bot
  PowerLevels power_levels;
};

}  // namespace dragoman::matrix
