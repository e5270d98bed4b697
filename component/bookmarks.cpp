#include "component/bookmarks.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "component/gateway.hpp"
#include "component/privilege.hpp"
#include "component/subscriptions.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_places = 5000;  // of one person, of each kind
// Published once: what a person does with their bookmarks and contacts afterwards is theirs.
constexpr std::string_view bookmarked = "xmpp bookmark", befriended = "xmpp contact";

std::string note_key(const PersonId& person, const std::string& address) {
  return person.value() + " " + address;
}

}  // namespace

const OwnPlaces* Bookmarks::of(const PersonId& person) const {
  const auto found = places_.find(person);
  return found == places_.end() ? nullptr : &found->second;
}

void Bookmarks::on_places(const PersonId& person, const OwnPlaces& places, const std::string& nick) {
  if (person.empty()) return;
  OwnPlaces& known = places_[person];
  std::set<RoomId> rooms;
  std::set<UserId> people;
  for (const ListedRoom& room : known.rooms) rooms.insert(room.room);
  for (const ListedPerson& one : known.people) people.insert(one.user);
  for (const ListedRoom& room : places.rooms)
    if (known.rooms.size() < most_places && rooms.insert(room.room).second) known.rooms.push_back(room);
  for (const ListedPerson& one : places.people)
    if (known.people.size() < most_places && people.insert(one.user).second) known.people.push_back(one);
  nicks_[person] = nick;
  publish(person, places);
}

void Bookmarks::publish_all() {
  for (const auto& [person, places] : places_) publish(person, places);
}

void Bookmarks::publish(const PersonId& person, const OwnPlaces& places) {
  const Privileges& can = gateway_.privileges();
  if (can.may_publish(person)) {
    for (const ListedRoom& room : places.rooms) publish(person, room);
  }
  if (can.may_see_roster(person) && can.may_change_roster(person)) add_contacts(person, places.people);
}

// XEP-0402 4.3.
void Bookmarks::publish(const PersonId& person, const ListedRoom& room) {
  const std::string address = gateway_.address_of(room.room);
  const std::string key = note_key(person, address);
  NotesTable& notes = gateway_.store().notes();
  if (notes.get(gateway_.id(), bookmarked, key)) return;
  std::string out;
  XmlWriter w(out);
  w.open("conference", ns::bookmarks);
  w.attr_if("name", display_clean(room.name)).attr("autojoin", "true");
  if (const std::string& nick = nicks_[person]; !nick.empty()) w.element("nick", nick);
  w.close();
  gateway_.privileges().keep(person, ns::bookmarks, address, out, [gateway = &gateway_, key](bool done) {
    if (done) gateway->store().notes().put(gateway->id(), bookmarked, key, "");
  });
}

void Bookmarks::add_contacts(const PersonId& person, const std::vector<ListedPerson>& people) {
  std::vector<ListedPerson> fresh;
  for (const ListedPerson& one : people) {
    if (!gateway_.store().notes().get(gateway_.id(), befriended,
                                      note_key(person, gateway_.address_of(one.user))))
      fresh.push_back(one);
  }
  if (fresh.empty()) return;
  gateway_.privileges().ask_roster(person, [gateway = &gateway_, person, fresh](const Stanza& answer) {
    const Element* query = answer.type == "result" ? answer.child("query", ns::roster) : nullptr;
    if (query == nullptr) return;
    std::set<std::string_view> known;
    for (const Element& item : query->children) known.insert(item.attr_or("jid"));
    for (const ListedPerson& one : fresh) {
      const std::string address = gateway->address_of(one.user);
      const std::string key = note_key(person, address);
      if (known.contains(address)) {
        gateway->store().notes().put(gateway->id(), befriended, key, "");
        continue;
      }
      std::string out;
      XmlWriter w(out);
      w.open("query", ns::roster).open("item").attr("jid", address);
      w.attr_if("name", display_clean(one.name)).attr("subscription", "both").close().close();
      // Some servers grant it and can't do it (ejabberd 23.01).
      gateway->privileges().change_roster(person, out, [gateway, person, key, user = one.user](bool done) {
        if (!done) return;
        gateway->store().notes().put(gateway->id(), befriended, key, "");
        gateway->subscriptions().accept(person, gateway->network().node_of(user));
      });
    }
  });
}

}  // namespace dragoman
