#include "bridges/matrix/power_levels.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dragoman::matrix {
namespace {

constexpr std::string_view kLevels = "m.room.power_levels";
constexpr std::int64_t kLimit = (std::int64_t{1} << 53) - 1;  // Canonical JSON

// Room versions before 10 let clients write a level as a string, or as a number that isn't whole.
std::optional<std::int64_t> level(const json::value& value) {
  if (const auto number = whole_number(value)) return std::clamp(*number, -kLimit, kLimit);
  if (const auto* number = value.if_double()) {
    if (std::isnan(*number)) return std::nullopt;
    return static_cast<std::int64_t>(
        std::clamp(*number, -static_cast<double>(kLimit), static_cast<double>(kLimit)));
  }
  const auto* string = value.if_string();
  if (!string) return std::nullopt;
  std::string_view text(string->data(), string->size());
  const auto space = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return std::clamp(number, -kLimit, kLimit);
}

void read(const json::object& in, std::string_view key, std::int64_t& to) {
  const json::value* value = in.if_contains(key);
  if (!value) return;
  if (const auto number = level(*value)) to = *number;
}

void read(const json::object& in, std::string_view key,
          std::map<std::string, std::int64_t, std::less<>>& to) {
  const json::object* table = object_at(in, key);
  if (!table) return;
  for (const auto& [name, value] : *table) {
    if (const auto number = level(value)) to.emplace(std::string(name.data(), name.size()), *number);
  }
}

// Room versions 12 and later: creators outrank all. Those under test by another name are read as old ones.
bool outranked_by_creators(std::string_view version) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(version.data(), version.data() + version.size(), number);
  return error == std::errc() && end == version.data() + version.size() && number >= 12;
}

}  // namespace

void PowerLevels::set_create(const json::object& create, std::string_view sender) {
  creators_.clear();
  creators_outrank_ = outranked_by_creators(text_at(create, "room_version"));
  if (!creators_outrank_) {
    // Before room version 11 the content names the creator.
    const std::string_view named = text_at(create, "creator");
    creators_.emplace_back(named.empty() ? sender : named);
    return;
  }
  creators_.emplace_back(sender);
  const json::array* more = array_at(create, "additional_creators");
  if (!more) return;
  for (const json::value& value : *more) {
    const auto* id = value.if_string();
    if (!id) continue;
    std::string user(id->data(), id->size());
    if (std::find(creators_.begin(), creators_.end(), user) == creators_.end()) {
      creators_.push_back(std::move(user));
    }
  }
}

void PowerLevels::set_levels(const json::object& content) {
  content_ = content;
  known_ = true;
  users_.clear();
  events_.clear();
  users_default_ = events_default_ = invite_ = 0;
  state_default_ = ban_ = kick_ = redact_ = 50;
  read(content, "users_default", users_default_);
  read(content, "events_default", events_default_);
  read(content, "state_default", state_default_);
  read(content, "ban", ban_);
  read(content, "kick", kick_);
  read(content, "redact", redact_);
  read(content, "invite", invite_);
  read(content, "users", users_);
  read(content, "events", events_);
}

bool PowerLevels::is_creator(std::string_view user) const {
  return std::find(creators_.begin(), creators_.end(), user) != creators_.end();
}

std::int64_t PowerLevels::of(std::string_view user) const {
  if (creators_outrank_ && is_creator(user)) return creator;
  if (!known_ && is_creator(user)) return 100;
  const auto found = users_.find(user);
  return found == users_.end() ? users_default_ : found->second;
}

std::int64_t PowerLevels::needed_for(std::string_view event_type, bool state) const {
  const auto found = events_.find(event_type);
  if (found != events_.end()) return found->second;
  return state ? state_default_ : events_default_;
}

Standing PowerLevels::standing_at(std::int64_t level) const {
  if (level == creator || (level >= 100 && level >= needed_for(kLevels, true))) return Standing::owner;
  if (level >= ban_ && level >= kick_) return Standing::admin;
  if (level >= redact_ || level >= kick_) return Standing::moderator;
  if (level < needed_for("m.room.message", false)) return Standing::visitor;
  return level > users_default_ ? Standing::member : Standing::participant;
}

Standing PowerLevels::standing(std::string_view user) const { return standing_at(of(user)); }

bool PowerLevels::can_speak(std::string_view user) const {
  return of(user) >= needed_for("m.room.message", false);
}

std::optional<std::int64_t> PowerLevels::level_for(Standing standing) const {
  const std::int64_t message = needed_for("m.room.message", false);
  const auto if_it_makes = [&](std::int64_t level) -> std::optional<std::int64_t> {
    if (standing_at(level) != standing) return std::nullopt;
    return level;
  };
  switch (standing) {
    case Standing::banned: return std::nullopt;
    case Standing::visitor: return if_it_makes(std::min(users_default_, message - 1));
    case Standing::participant:
      if (const auto usual = if_it_makes(users_default_)) return usual;
      // Where most are mute, somebody with a voice is above the default, and so a member.
      return level_for(Standing::member);
    case Standing::member: return if_it_makes(std::max(users_default_ + 1, message));
    case Standing::moderator: return if_it_makes(std::min(redact_, kick_));
    case Standing::admin: return if_it_makes(std::max(ban_, kick_));
    case Standing::owner: return std::max<std::int64_t>(100, needed_for(kLevels, true));
  }
  return std::nullopt;
}

// With the users in it. The first such event of an old room would take its creator's level away.
json::object PowerLevels::whole() const {
  json::object content = content_;
  json::value& table = content["users"];
  if (!table.is_object()) table = json::object();
  if (!known_ && !creators_outrank_) {
    for (const std::string& id : creators_) table.get_object()[id] = 100;
  }
  return content;
}

json::object PowerLevels::with(std::string_view user, std::int64_t level) const {
  json::object content = whole();
  json::object& users = content["users"].get_object();
  // A server refuses the event where it names a creator (room version 12, rule 10.4).
  if (creators_outrank_ && is_creator(user)) return content;
  if (level == users_default_) {
    users.erase(user);
  } else {
    users[user] = level;
  }
  return content;
}

json::object PowerLevels::with_moderation(bool moderated) const {
  json::object content = whole();
  content["events_default"] = users_default_ + (moderated ? 1 : 0);
  if (json::value* events = content.if_contains("events"); events != nullptr && events->is_object())
    events->get_object().erase("m.room.message");
  return content;
}

std::vector<std::string> PowerLevels::elevated() const {
  std::vector<std::string> out;
  if (creators_outrank_ || !known_) out = creators_;
  for (const auto& [user, level] : users_) {
    if (level != users_default_ && !(creators_outrank_ && is_creator(user))) out.push_back(user);
  }
  return out;
}

}  // namespace dragoman::matrix
