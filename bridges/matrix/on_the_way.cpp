#include "bridges/matrix/on_the_way.hpp"

#include <algorithm>

#include "bridges/json.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {
namespace {

// Neither has a space in front of the other: a person's address has none.
std::string note_key(const PersonId& person, const RoomId& address) {
  return person.value() + ' ' + address.value();
}

}  // namespace

OnTheWay::OnTheWay(Hub& hub, std::string kind) : hub_(hub), kind_(std::move(kind)) {
  for (const auto& [key, text] : hub_.store.notes().all(hub_.network, kind_)) {
    const std::size_t space = key.find(' ');
    const auto value = parse_json(text);
    if (space == std::string::npos || !value || !value->is_object()) continue;
    const json::object& in = value->get_object();
    moves_[{PersonId{key.substr(0, space)}, RoomId{key.substr(space + 1)}}] = {
        std::string(text_at(in, "from")), std::string(text_at(in, "to")), true_at(in, "told"), false};
  }
}

OnTheWay::Move* OnTheWay::find(const PersonId& person, const RoomId& address) {
  const auto found = moves_.find({person, address});
  return found == moves_.end() ? nullptr : &found->second;
}

const OnTheWay::Move* OnTheWay::find(const PersonId& person, const RoomId& address) const {
  const auto found = moves_.find({person, address});
  return found == moves_.end() ? nullptr : &found->second;
}

void OnTheWay::put(const PersonId& person, const RoomId& address, Move move) {
  const Key key{person, address};
  write(key, moves_[key] = std::move(move));
}

void OnTheWay::note_told(const PersonId& person, const RoomId& address) {
  const auto found = moves_.find({person, address});
  if (found == moves_.end()) return;
  found->second.told = true;
  write(found->first, found->second);
}

void OnTheWay::write(const Key& key, const Move& move) {
  hub_.store.notes().put(
      hub_.network, kind_, note_key(key.first, key.second),
      json::serialize(json::object{{"from", move.from}, {"to", move.to}, {"told", move.told}}));
}

void OnTheWay::erase(const PersonId& person, const RoomId& address) {
  if (moves_.erase({person, address}) > 0) {
    hub_.store.notes().erase(hub_.network, kind_, note_key(person, address));
  }
}

void OnTheWay::clear() {
  while (!moves_.empty()) {
    const Key key = moves_.begin()->first;
    erase(key.first, key.second);
  }
}

std::vector<RoomId> OnTheWay::of(const PersonId& person, const std::string& to) const {
  std::vector<RoomId> addresses;
  for (const auto& [key, move] : moves_) {
    if (key.first == person && move.to == to) addresses.push_back(key.second);
  }
  return addresses;
}

bool OnTheWay::told(const RoomId& address, const std::string& to) const {
  return std::any_of(moves_.begin(), moves_.end(), [&](const auto& one) {
    return one.first.second == address && one.second.to == to && one.second.told;
  });
}

std::vector<std::string> OnTheWay::rooms() const {
  std::vector<std::string> all;
  for (const auto& [key, move] : moves_) all.push_back(move.from);
  return all;
}

}  // namespace dragoman::matrix
