// How our own people look, for a network that shows it: name and picture out of their vCard (XEP-0054, which
// servers keep in step with XEP-0084 by XEP-0398), asked for when they use the gateway and when their
// presence says that the picture is another (XEP-0153); and whether they are there.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "bridges/event.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Gateway;

class People {
 public:
  explicit People(Gateway& gateway) : gateway_(gateway) {}

  // They use the gateway: a message, a join, a registration. Cheap when it is nothing new.
  void used(const PersonId& person);
  // Any presence of theirs; `of_theirs`: as their server sends it to their contacts, so that it says whether
  // they are there.
  void on_presence(const Stanza& stanza, bool of_theirs);
  void forget(const PersonId& person) { people_.erase(person); }

 private:
  struct Named {       // by their presence
    std::string hash;  // of their picture; empty: none was named
    std::string nick;  // XEP-0172
  };
  struct There {
    std::map<std::string, SetAvailability> clients;  // by resource, in what order they came does not matter
    std::optional<SetAvailability> told;
  };
  // Of most people little is known, and there may be very many: what few have is apart.
  struct Known {
    std::optional<Time> asked;         // when the card was fetched
    std::optional<std::size_t> shown;  // digest of what the network was given
    std::unique_ptr<Named> named;
    std::unique_ptr<There> there;
  };
  void fetch(const PersonId& person);
  void on_card(const PersonId& person, const Stanza& answer);
  void tell_availability(const PersonId& person, There& there);
  Known& known(const PersonId& person);

  Gateway& gateway_;
  std::unordered_map<PersonId, Known> people_;
};

}  // namespace dragoman
