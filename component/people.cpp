#include "component/people.hpp"

#include <utility>

#include "component/gateway.hpp"
#include "component/pictures.hpp"
#include "mapping/digest.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

constexpr auto card_lives = std::chrono::hours(24);
constexpr std::size_t most_people = 100'000;   // remembered at a time
constexpr std::size_t most_clients = 50;       // of one person
constexpr std::size_t longest_name = 200;      // bytes
constexpr std::size_t longest_status = 1'000;  // bytes

std::string name_of(std::string_view text) {
  std::string name = display_clean(text);
  name.resize(prefix_within(name, longest_name));
  return name;
}

std::string_view text_of(const Element& parent, std::string_view child) {
  const Element* found = parent.child(child);
  return found != nullptr ? std::string_view(found->text) : std::string_view();
}

SetAvailability shown_by(const Stanza& presence) {
  SetAvailability now;
  const std::string_view show = text_of(presence.root, "show");
  if (show == "away" || show == "xa" || show == "dnd") now.availability = Availability::away;
  now.status = one_line(xml_clean(text_of(presence.root, "status")));
  now.status.resize(prefix_within(now.status, longest_status));
  return now;
}

bool same(const SetAvailability& a, const SetAvailability& b) {
  return a.online == b.online && a.availability == b.availability && a.status == b.status;
}

// What the network wants of our people, as its own voice says; else the person's, where there is one.
Features wanted(Gateway& gateway, const PersonId& person) {
  Network& network = gateway.network();
  if (const Session* voice = network.find_session(PersonId{}, PlaceId{})) {
    const Features all = voice->features(PlaceId{});
    // Of those who may not use it the network wants nothing.
    if (all.profiles || all.presence) return network.session_for(person, PlaceId{}).features(PlaceId{});
    return all;
  }
  const Session* session = network.find_session(person, PlaceId{});
  return session != nullptr ? session->features(PlaceId{}) : Features{};
}

}  // namespace

People::Known& People::known(const PersonId& person) {
  // Whoever is forgotten is asked again: no more than that.
  if (people_.size() >= most_people && !people_.contains(person)) people_.erase(people_.begin());
  return people_[person];
}

void People::used(const PersonId& person) {
  if (const auto found = people_.find(person);
      found != people_.end() && found->second.asked && gateway_.now() - *found->second.asked < card_lives)
    return;
  if (wanted(gateway_, person).profiles) fetch(person);
}

void People::on_presence(const Stanza& stanza, bool of_theirs) {
  if (!stanza.type.empty() && stanza.type != "unavailable") return;
  const PersonId person{stanza.from.bare().str()};
  const Features want = wanted(gateway_, person);
  if (!want.profiles && !want.presence) return;
  Known& one = known(person);
  if (want.profiles && stanza.type.empty()) {
    bool news = !one.asked || gateway_.now() - *one.asked >= card_lives;
    const auto named = [&one]() -> Named& {
      if (!one.named) one.named = std::make_unique<Named>();
      return *one.named;
    };
    if (const Element* nick = stanza.child("nick", ns::nick)) {
      std::string name = name_of(nick->text);
      news = news || name != named().nick;
      named().nick = std::move(name);
    }
    // XEP-0153 4.2: without <photo/> they don't know yet; an empty one says that there is none.
    const Element* update = stanza.child("x", ns::vcard_update);
    if (const Element* photo = update != nullptr ? update->child("photo") : nullptr) {
      const std::string hash = ascii_lower(one_line(photo->text));
      if (hash.size() <= 40 && hash != (one.named ? one.named->hash : std::string())) {
        named().hash = hash;
        news = true;
      }
    }
    if (news) fetch(person);
  }
  if (!want.presence || !of_theirs) return;
  if (!one.there) one.there = std::make_unique<There>();
  auto& clients = one.there->clients;
  if (stanza.type == "unavailable") {
    clients.erase(stanza.from.resource);
  } else if (clients.size() < most_clients || clients.contains(stanza.from.resource)) {
    clients[stanza.from.resource] = shown_by(stanza);
  }
  tell_availability(person, *one.there);
}

void People::tell_availability(const PersonId& person, There& one) {
  SetAvailability now{.online = false};
  for (const auto& [resource, shown] : one.clients) {
    if (!now.online || (now.availability == Availability::away && shown.availability == Availability::online))
      now = shown;
  }
  if (one.told && same(*one.told, now)) return;
  one.told = now;
  gateway_.network().session_for(person, PlaceId{}).perform({PlaceId{}, {}, std::move(now)});
}

void People::fetch(const PersonId& person) {
  Known& one = known(person);
  one.asked = gateway_.now();
  const std::string id = random_hex(8);
  gateway_.questions().expect_iq(id, person.value(),
                                 [this, person](const Stanza& answer) { on_card(person, answer); });
  std::string out;
  XmlWriter w(out);
  w.open("iq").attr("from", gateway_.domain()).attr("to", person.value()).attr("type", "get").attr("id", id);
  w.open("vCard", ns::vcard).close().close();
  gateway_.send(out);
}

void People::on_card(const PersonId& person, const Stanza& answer) {
  Known& one = known(person);
  SetProfile profile;
  if (answer.type == "error") {
    // No card is an answer, too (XEP-0054 3.1); anything else says nothing.
    const Element* error = answer.root.child("error");
    if (error == nullptr || error->child("item-not-found", ns::stanzas) == nullptr) return;
  } else if (const Element* card = answer.child("vCard", ns::vcard)) {
    profile.name = name_of(text_of(*card, "NICKNAME"));
    if (profile.name.empty()) profile.name = name_of(text_of(*card, "FN"));
    if (const Element* photo = card->child("PHOTO"))
      profile.picture = pictures::decode(text_of(*photo, "BINVAL"));
  }
  if (one.named && !one.named->nick.empty()) profile.name = one.named->nick;
  const std::size_t shown = std::hash<std::string>{}(
      profile.name + '\n' + (profile.picture ? pictures::hash_of(*profile.picture) : std::string()));
  if (shown == one.shown) return;
  Session& session = gateway_.network().session_for(person, PlaceId{});
  // Somebody's own account looks as they made it look there.
  if (!session.features(PlaceId{}).profiles) return;
  one.shown = shown;
  session.perform({PlaceId{}, {}, std::move(profile)});
}

}  // namespace dragoman
