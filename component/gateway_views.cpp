// Which rooms and contacts there are, and whose.
#include "component/gateway_views.hpp"

#include <algorithm>
#include <utility>

#include "component/subscriptions.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_contacts = 1000;  // kept for one person; the quiet ones go first

}  // namespace

Gateway::Busy::~Busy() {
  if (--gateway.depth_ == 0) *gateway.closed_ = {};
}

Gateway::View* Gateway::find_view(const PersonId& person) const {
  auto found = views_.find(person);
  return found == views_.end() ? nullptr : found->second.get();
}

Gateway::View& Gateway::view(const PersonId& person) {
  auto& slot = views_[person];
  if (!slot) slot = std::make_unique<View>();
  return *slot;
}

Muc* Gateway::find_room(const PersonId& person, const RoomId& room) const {
  View* seen = find_view(viewer_of(person, room));
  if (seen == nullptr) return nullptr;
  auto found = seen->rooms.find(room);
  return found == seen->rooms.end() ? nullptr : found->second.get();
}

Muc& Gateway::open_room(const PersonId& person, const RoomId& room) {
  const PersonId viewer = viewer_of(person, room);
  auto& slot = view(viewer).rooms[room];
  if (!slot) slot = std::make_unique<Muc>(*this, room, viewer);
  return *slot;
}

std::vector<Muc*> Gateway::rooms_of(const PersonId& person) const {
  std::vector<Muc*> rooms;
  if (View* seen = find_view(person)) {
    for (const auto& [id, muc] : seen->rooms) rooms.push_back(muc.get());
    View* shared = seen->shared.empty() ? nullptr : find_view(PersonId{});
    for (const RoomId& id : seen->shared) {
      if (shared == nullptr) break;
      auto found = shared->rooms.find(id);
      if (found != shared->rooms.end() && found->second->room().state(person) != Room::State::out)
        rooms.push_back(found->second.get());
    }
  }
  return rooms;
}

void Gateway::note_voice(const PersonId& person, const Muc& room) {
  if (!room.room().is_shared() || person.empty()) return;
  std::vector<RoomId>& known = view(person).shared;
  const View& shared = view(PersonId{});
  std::erase_if(known, [&](const RoomId& id) {
    auto found = shared.rooms.find(id);
    return found == shared.rooms.end() || found->second->room().state(person) == Room::State::out;
  });
  if (std::find(known.begin(), known.end(), room.room().id()) == known.end())
    known.push_back(room.room().id());
}

std::vector<Muc*> Gateway::all_rooms() const {
  std::vector<Muc*> rooms;
  for (const auto& [person, seen] : views_) {
    for (const auto& [id, muc] : seen->rooms) rooms.push_back(muc.get());
  }
  return rooms;
}

Contact& Gateway::contact(const PersonId& person, const Conversation& with) {
  auto& contacts = view(person).contacts;
  auto found = contacts.find(with);
  if (found == contacts.end()) {
    for (auto it = contacts.begin(); contacts.size() >= most_contacts && it != contacts.end();) {
      auto next = std::next(it);
      if (!it->second->busy()) closed_->contacts.push_back(std::move(contacts.extract(it).mapped()));
      it = next;
    }
    found = contacts.emplace(with, std::make_unique<Contact>(*this, person, with)).first;
  }
  return *found->second;
}

// Chats that nothing was said in for long, and people whom nothing is left of.
void Gateway::forget_idle(Time now) {
  constexpr auto pause = std::chrono::minutes(10);
  constexpr auto idle = std::chrono::hours(24);
  if (now - looked_for_idle_ < pause) return;
  looked_for_idle_ = now;
  for (auto& [person, seen] : views_) {
    for (auto it = seen->contacts.begin(); it != seen->contacts.end();) {
      auto next = std::next(it);
      if (!it->second->busy() && now - it->second->used() >= idle)
        closed_->contacts.push_back(std::move(seen->contacts.extract(it).mapped()));
      it = next;
    }
  }
  std::erase_if(views_, [&](const auto& view) { return is_empty(view.first, *view.second); });
}

bool Gateway::is_empty(const PersonId& person, const View& seen) const {
  return seen.contacts.empty() && seen.rooms.empty() && rooms_of(person).empty();
}

void Gateway::close_room(Muc& room) {
  auto found = views_.find(room.room().viewer());
  if (found == views_.end()) return;
  auto node = found->second->rooms.extract(room.room().id());
  if (!node.empty()) closed_->rooms.push_back(std::move(node.mapped()));
}

}  // namespace dragoman
