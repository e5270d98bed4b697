#include "bridges/matrix/places.hpp"

#include <algorithm>
#include <utility>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/nicks.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t longest_text = 500;   // of a name or a topic, in bytes
constexpr std::size_t most_people = 6;      // that a room is called by where it has no name
constexpr std::size_t most_rooms = 10'000;  // of one account
constexpr std::size_t most_chats = 10'000;

std::string bounded(std::string_view text) {
  if (text.size() > longest_text) {
    std::size_t end = longest_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    text = text.substr(0, end);
  }
  return std::string(text);
}

}  // namespace

std::string Places::kind() const { return "place of " + stream_.viewer().value(); }

Places::Places(Stream& stream, std::string user_id) : stream_(stream), user_id_(std::move(user_id)) {
  Hub& hub = stream.hub();
  for (const auto& [room_id, text] : hub.store.notes().all(hub.network, kind())) {
    const auto value = parse_json(text);
    if (!value || !value->is_object()) continue;
    const auto& kept = value->get_object();
    Place place;
    place.alias = text_at(kept, "alias");
    place.name = text_at(kept, "name");
    place.topic = text_at(kept, "topic");
    place.joined = number_at(kept, "joined").value_or(0);
    place.open = true_at(kept, "open");
    place.replaced = true_at(kept, "replaced");
    if (const auto* people = object_at(kept, "people")) {
      for (const auto& [user, name] : *people) {
        if (name.is_string()) place.people.emplace(user, std::string_view(name.get_string()));
      }
    }
    rooms_.emplace(room_id, std::move(place));
  }
  const auto direct = hub.store.notes().get(hub.network, "m.direct", stream.viewer().value());
  if (const auto value = direct ? parse_json(*direct) : std::nullopt; value && value->is_object())
    on_direct(value->get_object());
}

void Places::clear() {
  Hub& hub = stream_.hub();
  for (const auto& [room_id, place] : rooms_) hub.store.notes().erase(hub.network, kind(), room_id);
  hub.store.notes().erase(hub.network, "m.direct", stream_.viewer().value());
  rooms_.clear();
  directs_.clear();
}

void Places::keep(const std::string& room_id, const Place& place) {
  json::object people;
  for (const auto& [user, name] : place.people) people[user] = name;
  const json::object kept{{"alias", place.alias},       {"name", place.name}, {"topic", place.topic},
                          {"joined", place.joined},     {"open", place.open}, {"replaced", place.replaced},
                          {"people", std::move(people)}};
  Hub& hub = stream_.hub();
  hub.store.notes().put(hub.network, kind(), room_id, json::serialize(kept));
}

void Places::take_state(Place& place, const json::object& event) const {
  const auto* content = object_at(event, "content");
  const auto* key = event.if_contains("state_key");
  if (!content || !key || !key->is_string()) return;
  const std::string_view type = text_at(event, "type"), state_key = key->get_string();
  if (type == "m.room.member") {
    if (state_key == user_id_ || !is_user_id(state_key)) return;
    const auto membership = text_at(*content, "membership");
    if (membership == "leave" || membership == "ban") {
      place.people.erase(std::string(state_key));
    } else if (place.people.size() < most_people || place.people.contains(std::string(state_key))) {
      place.people[std::string(state_key)] = bounded(safe_name(text_at(*content, "displayname")));
    }
    return;
  }
  if (!state_key.empty()) return;
  if (type == "m.room.name") place.name = bounded(safe_name(text_at(*content, "name")));
  if (type == "m.room.topic") place.topic = bounded(xml_clean(text_at(*content, "topic")));
  if (type == "m.room.canonical_alias") {
    const auto alias = text_at(*content, "alias");
    place.alias = is_alias(alias) ? alias : std::string_view();
  }
  if (type == "m.room.join_rules") place.open = text_at(*content, "join_rule") == "public";
  if (type == "m.room.tombstone") place.replaced = !text_at(*content, "replacement_room").empty();
}

void Places::take_summary(Place& place, const json::object& summary) const {
  if (const auto joined = number_at(summary, "m.joined_member_count"); joined && *joined >= 0)
    place.joined = *joined;
  const auto* heroes = array_at(summary, "m.heroes");
  if (!heroes) return;
  for (const auto& hero : *heroes) {
    if (!hero.is_string() || !is_user_id(std::string_view(hero.get_string()))) continue;
    if (place.people.size() < most_people) place.people.try_emplace(std::string(hero.get_string()));
  }
}

bool Places::on_joined(const std::string& room_id, const json::object& room) {
  const auto known = rooms_.find(room_id);
  if (known == rooms_.end() && (rooms_.size() >= most_rooms || !is_room_id(room_id))) return false;
  Place place = known == rooms_.end() ? Place{} : known->second;
  // What a timeline brings comes after the state.
  for (const char* part : {"state", "timeline"}) {
    const auto* section = object_at(room, part);
    const auto* events = section ? array_at(*section, "events") : nullptr;
    if (!events) continue;
    for (const auto& event : *events) {
      if (event.is_object()) take_state(place, event.get_object());
    }
  }
  if (const auto* summary = object_at(room, "summary")) take_summary(place, *summary);
  if (known != rooms_.end() && known->second == place) return false;
  keep(room_id, place);
  const bool fresh = known == rooms_.end();
  // How many are there is not worth telling by itself.
  Place before = fresh ? Place{} : known->second;
  before.joined = place.joined;
  const bool differs = fresh || !(before == place);
  rooms_.insert_or_assign(room_id, std::move(place));
  if (fresh) {
    choose_chats();
    guess_chat(room_id);
  }
  return differs;
}

// Who takes up an invitation to a chat need not have it in their m.direct: a room of two that nobody named is
// one, too, when it comes up.
void Places::guess_chat(const std::string& room_id) {
  const Place& place = rooms_.at(room_id);
  if (place.joined != 2 || place.people.size() != 1 || !place.name.empty() || !place.alias.empty() ||
      place.open || place.replaced)
    return;
  const std::string& peer = place.people.begin()->first;
  const auto now = stream_.direct_room(stream_.viewer(), UserId(peer));
  if (directs_.contains(peer) || (now && rooms_.contains(*now))) return;
  const Room* room = stream_.find(room_id);
  if (room && !room->occupants().empty()) return;
  stream_.note_direct(stream_.viewer(), UserId(peer), room_id);
}

bool Places::on_left(const std::string& room_id) {
  if (rooms_.erase(room_id) == 0) return false;
  Hub& hub = stream_.hub();
  hub.store.notes().erase(hub.network, kind(), room_id);
  if (const auto direct = stream_.direct_of(room_id);
      direct && stream_.direct_room(direct->person, direct->peer) == room_id)
    stream_.forget_direct(direct->person, direct->peer);
  choose_chats();
  return true;
}

bool Places::on_direct(const json::object& content) {
  std::map<std::string, std::vector<std::string>> directs;
  for (const auto& [user, rooms] : content) {
    if (!is_user_id(user) || user == user_id_ || !rooms.is_array() || directs.size() >= most_chats) continue;
    for (const auto& room : rooms.get_array()) {
      if (room.is_string() && is_room_id(std::string_view(room.get_string())))
        directs[user].emplace_back(room.get_string());
    }
  }
  if (directs == directs_) return false;
  directs_ = std::move(directs);
  Hub& hub = stream_.hub();
  hub.store.notes().put(hub.network, "m.direct", stream_.viewer().value(), json::serialize(content));
  return choose_chats();
}

// One chat with each: the room that it is already, else the newest.
bool Places::choose_chats() {
  bool changed = false;
  const PersonId& person = stream_.viewer();
  for (const auto& [user, rooms] : directs_) {
    const UserId peer(user);
    const auto now = stream_.direct_room(person, peer);
    if (now && rooms_.contains(*now)) continue;
    const auto newest =
        std::find_if(rooms.rbegin(), rooms.rend(), [&](const auto& room) { return rooms_.contains(room); });
    if (newest == rooms.rend()) continue;
    stream_.note_direct(person, peer, *newest);
    changed = true;
  }
  return changed;
}

// Client-server API, "Calculating the display name for a room", for those that have few people.
std::string Places::title(const Place& place) const {
  if (!place.name.empty()) return place.name;
  if (!place.alias.empty()) return place.alias;
  std::string names;
  for (const auto& [user, name] : place.people) {
    if (!names.empty()) names += ", ";
    names += name.empty() ? std::string(localpart_of(user)) : name;
  }
  return names;
}

OwnPlaces Places::all() const {
  OwnPlaces all;
  for (const auto& [room_id, place] : rooms_) {
    const auto direct = stream_.direct_of(room_id);
    if (direct && stream_.direct_room(direct->person, direct->peer) == room_id) {
      const auto name = place.people.find(direct->peer.value());
      all.people.push_back({direct->peer, name == place.people.end() || name->second.empty()
                                              ? std::string(localpart_of(direct->peer.value()))
                                              : name->second});
    } else if (!place.replaced) {
      ListedRoom room;
      room.room = RoomId(place.alias.empty() ? room_id : place.alias);
      room.name = title(place);
      room.members = static_cast<std::size_t>(place.joined);
      room.topic = place.topic;
      room.open = place.open;
      all.rooms.push_back(std::move(room));
    }
  }
  return all;
}

}  // namespace dragoman::matrix
