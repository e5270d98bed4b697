// m.room.power_levels and what it means for people (client-server API "m.room.power_levels"; room version 12:
// creators outrank all and are absent from it).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/matrix/json.hpp"

namespace dragoman::matrix {

class PowerLevels {
 public:
  static constexpr std::int64_t creator = INT64_MAX;

  PowerLevels() = default;  // as in a room without the event: the creator 100, all others 0
  // `create` is the content of m.room.create and `sender` who sent it.
  void set_create(const json::object& create, std::string_view sender);
  void set_levels(const json::object& content);

  std::int64_t of(std::string_view user) const;
  std::int64_t needed_for(std::string_view event_type, bool state) const;
  std::int64_t ban() const { return ban_; }
  std::int64_t kick() const { return kick_; }
  std::int64_t redact() const { return redact_; }
  std::int64_t invite() const { return invite_; }

  // By the room's own thresholds: owner: creator, or may change power levels and 100 or more; admin: may ban
  // and kick (50 by default); moderator: may redact or kick; visitor: below events_default; member and
  // participant alike can speak (member where the level is above the default).
  Standing standing(std::string_view user) const;
  bool can_speak(std::string_view user) const;
  // The level that makes somebody of this standing here; nothing where none does. For a participant where
  // most are mute: that of a member.
  std::optional<std::int64_t> level_for(Standing standing) const;
  // The event's content with one user's level changed, the default one by leaving it out; all else as it was.
  // A creator who outranks all has no level there.
  json::object with(std::string_view user, std::int64_t level) const;
  // The event's content with the level to speak above the default one (so that who has none needs a voice),
  // or at it.
  json::object with_moderation(bool moderated) const;
  // Those whose level is not the default's.
  std::vector<std::string> elevated() const;

 private:
  json::object whole() const;
  bool is_creator(std::string_view user) const;
  Standing standing_at(std::int64_t level) const;

  json::object content_;
  std::map<std::string, std::int64_t, std::less<>> users_, events_;
  std::vector<std::string> creators_;
  bool creators_outrank_ = false;
  bool known_ = false;
  std::int64_t users_default_ = 0, events_default_ = 0, state_default_ = 50, ban_ = 50, kick_ = 50,
               redact_ = 50, invite_ = 0;
};

}  // namespace dragoman::matrix
