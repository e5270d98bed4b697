// What a person wants of a channel: the channel's own form first, then the server's, then the gateway's, then
// the admin's.
#include <charconv>

#include "bridges/irc/network.hpp"
#include "bridges/irc/settings.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::irc {

namespace {

void read(const SettingMap& from, const char* name, bool& into) {
  if (auto found = from.find(name); found != from.end() && found->second.value != "unset") {
    into = found->second.value == "true";
  }
}

void read(const SettingMap& from, const char* name, std::size_t& into) {
  auto found = from.find(name);
  if (found == from.end()) return;
  const std::string& text = found->second.value;
  std::from_chars(text.data(), text.data() + text.size(), into);
}

}  // namespace

RoomPreferences Network::preferences(const PersonId& person, const RoomId& room) {
  SettingsTable& settings = hub_.store.settings();
  const PlaceId place = hub_.addresses.place_of(room);
  RoomPreferences wanted;
  wanted.persistent = hub_.settings.irc.persistent_by_default;
  for (const std::string& scope : {std::string(), server_scope(place.value()), room_scope(room.value())}) {
    const SettingMap stored = settings.load(hub_.network, person, scope);
    read(stored, "record_history", wanted.record_history);
    read(stored, "persistent", wanted.persistent);
    read(stored, "max_history_length", wanted.max_history);
  }
  return wanted;
}

}  // namespace dragoman::irc
