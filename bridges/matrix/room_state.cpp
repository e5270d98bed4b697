#include "bridges/matrix/room_state.hpp"

#include <algorithm>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/people.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t longest_name = 512, longest_topic = 8192, longest_word = 64, most_bridges = 20;

std::string bounded_name(std::string_view text) {
  return display_clean(text.substr(0, prefix_within(text, longest_name)));
}
std::string word(std::string_view text, std::string_view otherwise) {
  std::string clean = display_clean(text.substr(0, prefix_within(text, longest_word)));
  return clean.empty() ? std::string(otherwise) : clean;
}

std::uint8_t put(std::string& into, std::string now, std::uint8_t change) {
  if (into == now) return RoomState::nothing;
  into = std::move(now);
  return change;
}

using Apply = std::uint8_t (*)(RoomState&, const json::object& event, const json::object& content);

std::uint8_t apply_create(RoomState& state, const json::object& event, const json::object& content) {
  state.version = word(text_at(content, "room_version"), "1");
  state.room_type = text_at(content, "type").substr(0, longest_word);
  state.power_levels.set_create(content, text_at(event, "sender"));
  return RoomState::info | RoomState::power;
}
std::uint8_t apply_power_levels(RoomState& state, const json::object&, const json::object& content) {
  state.power_levels.set_levels(content);
  return RoomState::info | RoomState::power;
}
std::uint8_t apply_name(RoomState& state, const json::object&, const json::object& content) {
  return put(state.name, bounded_name(text_at(content, "name")), RoomState::info);
}
std::uint8_t apply_alias(RoomState& state, const json::object&, const json::object& content) {
  const std::string_view alias = text_at(content, "alias");
  return put(state.alias, is_alias(alias) ? bounded_name(alias) : std::string(), RoomState::info);
}
std::uint8_t apply_avatar(RoomState& state, const json::object&, const json::object& content) {
  return put(state.avatar, std::string(kept_mxc(text_at(content, "url"))), RoomState::info);
}
std::uint8_t apply_topic(RoomState& state, const json::object& event, const json::object& content) {
  const std::string_view text = text_at(content, "topic");
  std::string clean = xml_clean(text.substr(0, prefix_within(text, longest_topic)));
  if (clean == state.topic_text) return RoomState::nothing;
  state.topic_text = std::move(clean);
  state.topic_by = text_at(event, "sender");
  state.topic_time = number_at(event, "origin_server_ts").value_or(0);
  return RoomState::topic | RoomState::info;
}
std::uint8_t apply_join_rules(RoomState& state, const json::object&, const json::object& content) {
  return put(state.join_rule, word(text_at(content, "join_rule"), "invite"), RoomState::info);
}
std::uint8_t apply_history(RoomState& state, const json::object&, const json::object& content) {
  return put(state.history_visibility, word(text_at(content, "history_visibility"), "shared"),
             RoomState::info);
}
std::uint8_t apply_encryption(RoomState& state, const json::object&, const json::object&) {
  // Once on, it stays on, whatever is said later (client-server API 10.12.2.1).
  if (state.encrypted) return RoomState::nothing;
  state.encrypted = true;
  return RoomState::encryption;
}
std::uint8_t apply_tombstone(RoomState& state, const json::object&, const json::object& content) {
  const std::string_view replacement = text_at(content, "replacement_room");
  if (!is_room_id(replacement) || replacement == state.replacement) return RoomState::nothing;
  state.replacement = replacement;
  state.tombstone_text = bounded_name(text_at(content, "body"));
  return RoomState::tombstone;
}
std::uint8_t apply_bridge(RoomState& state, const json::object& event, const json::object& content) {
  const std::string_view bot = text_at(content, "bridgebot");
  std::string who(bot.empty() ? text_at(event, "sender") : bot);
  const auto known = std::find(state.bridges.begin(), state.bridges.end(), who);
  if (content.empty()) {
    if (known != state.bridges.end()) state.bridges.erase(known);
  } else if (known == state.bridges.end() && is_user_id(who) && state.bridges.size() < most_bridges) {
    state.bridges.push_back(std::move(who));
  }
  return RoomState::nothing;
}

struct Row {
  std::string_view type;
  Apply apply;
  bool keyed = false;  // its state key says something
};
constexpr Row rows[] = {
    {"m.room.create", apply_create},
    {"m.room.power_levels", apply_power_levels},
    {"m.room.name", apply_name},
    {"m.room.topic", apply_topic},
    {"m.room.canonical_alias", apply_alias},
    {"m.room.avatar", apply_avatar},
    {"m.room.join_rules", apply_join_rules},
    {"m.room.history_visibility", apply_history},
    {"m.room.encryption", apply_encryption},
    {"m.room.tombstone", apply_tombstone},
    {"m.bridge", apply_bridge, true},
    {"uk.half-shot.bridge", apply_bridge, true},
};

}  // namespace

const std::vector<std::string_view>& RoomState::types() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> found;
    for (const Row& row : rows) {
      if (!row.keyed) found.push_back(row.type);
    }
    return found;
  }();
  return all;
}

std::uint8_t RoomState::apply(const json::object& event) {
  const std::string_view type = text_at(event, "type");
  const auto* row =
      std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.type == type; });
  if (row == std::end(rows) || (!row->keyed && !text_at(event, "state_key").empty())) return nothing;
  return row->apply(*this, event, content_of(event));
}

std::string RoomState::modes() const {
  return "join: " + join_rule + " · history: " + history_visibility + " · version " + version;
}

}  // namespace dragoman::matrix
