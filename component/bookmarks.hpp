// Where a person's own account on the network is already: as bookmarks (XEP-0402) and contacts of theirs
// where their server lets the gateway write them (XEP-0356), and for service discovery in any case.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/event.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Gateway;

class Bookmarks {
 public:
  explicit Bookmarks(Gateway& gateway) : gateway_(gateway) {}

  void on_places(const PersonId& person, const OwnPlaces& places, const std::string& nick);
  void publish_all();                                 // a server has granted something
  const OwnPlaces* of(const PersonId& person) const;  // null: none were told
  void forget(const PersonId& person) { places_.erase(person), nicks_.erase(person); }

 private:
  void publish(const PersonId& person, const OwnPlaces& places);
  void publish(const PersonId& person, const ListedRoom& room);
  void add_contacts(const PersonId& person, const std::vector<ListedPerson>& people);

  Gateway& gateway_;
  std::unordered_map<PersonId, OwnPlaces> places_;
  std::unordered_map<PersonId, std::string> nicks_;  // what they are called there
};

}  // namespace dragoman
