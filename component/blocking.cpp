#include "component/blocking.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "component/gateway.hpp"
#include "component/subscriptions.hpp"
#include "mapping/digest.hpp"

namespace dragoman {

namespace {

constexpr std::size_t most_lists = 100'000;  // whose lists are in memory; of others they are asked for again
constexpr std::size_t most_listeners = 20;   // of one person
constexpr std::size_t most_blocked_at_once = 200;  // of one request

}  // namespace

Blocking::Blocking(Gateway& gateway) : gateway_(gateway) {
  auto at_gateway = [this](auto handle) {
    return [this, handle](const Stanza& iq, const Element& payload, const Target&) {
      if (!iq.to.local.empty())
        return gateway_.refuse(iq, feature_not_implemented("Ask the gateway itself: " + gateway_.domain()));
      if (!offered())
        return gateway_.refuse(iq, service_unavailable("This network keeps no list of who is blocked."));
      handle(iq, payload);
    };
  };
  gateway.router().on_get(ns::blocking, at_gateway([this](const Stanza& iq, const Element& payload) {
                            if (payload.name != "blocklist")
                              return gateway_.refuse(iq, bad_request("Ask for the <blocklist/>."));
                            on_get(iq);
                          }));
  gateway.router().on_set(
      ns::blocking, at_gateway([this](const Stanza& iq, const Element& payload) { on_set(iq, payload); }));
}

bool Blocking::offered() const {
  const Session* voice = gateway_.network().find_session(PersonId{}, PlaceId{});
  return voice != nullptr && voice->features(PlaceId{}).blocking;
}

bool Blocking::is_blocked(const PersonId& person, const UserId& user) {
  if (!offered()) return false;
  Known& one = known(person);
  if (!one.told && !one.asked) ask(person);
  const auto found = people_.find(person);
  return found != people_.end() && found->second.blocked.contains(user);
}

Blocking::Known& Blocking::known(const PersonId& person) {
  if (people_.size() >= most_lists && !people_.contains(person)) people_.erase(people_.begin());
  return people_[person];
}

void Blocking::ask(const PersonId& person) {
  known(person).asked = true;
  const std::string token = gateway_.new_token();
  gateway_.questions().ask_for(token, "standings " + person.value() + " ", [](const Questions::Reply&) {});
  gateway_.network().session_for(person, PlaceId{}).perform({PlaceId{}, token, ListStandings{}});
}

void Blocking::on_get(const Stanza& iq) {
  const PersonId person{iq.from.bare().str()};
  Known& one = known(person);
  // XEP-0191 3.3: from then on the client hears what changes.
  if (one.clients.size() < most_listeners) one.clients.insert(iq.from.str());
  if (one.told) return answer_list(iq, one);
  one.asked = true;
  const std::string token = gateway_.new_token();
  gateway_.questions().ask_for(token, "standings " + person.value() + " ",
                               [this, iq, person](const Questions::Reply& reply) {
                                 if (const auto* failed = std::get_if<Failed>(&reply))
                                   return gateway_.refuse(iq, to_error(failed->failure));
                                 answer_list(iq, known(person));
                               });
  gateway_.network().session_for(person, PlaceId{}).perform({PlaceId{}, token, ListStandings{}});
}

void Blocking::answer_list(const Stanza& iq, const Known& known) {
  std::string out;
  XmlWriter w(out);
  w.open("blocklist", ns::blocking);
  write_items(w, known.blocked);
  w.close();
  gateway_.reply(iq, out);
}

void Blocking::on_set(const Stanza& iq, const Element& change) {
  const PersonId person{iq.from.bare().str()};
  const bool block = change.name == "block";
  if (!block && change.name != "unblock")
    return gateway_.refuse(iq, bad_request("Send <block/> or <unblock/>."));
  std::vector<UserId> users;
  for (const Element& item : change.children) {
    if (item.name != "item") continue;
    const auto jid = Jid::parse(item.attr_or("jid"));
    if (!jid || jid->domain != gateway_.domain()) {
      return gateway_.refuse(iq, not_acceptable("Only people of " + gateway_.domain() +
                                                " are blocked here: \"" + std::string(item.attr_or("jid")) +
                                                "\" is none. Your own server blocks everybody else."));
    }
    const Target target = gateway_.locate(*jid);
    if (target.user() == nullptr) {
      return gateway_.refuse(iq, not_acceptable("\"" + jid->str() + "\" is nobody who could write to you."));
    }
    if (users.size() >= most_blocked_at_once)
      return gateway_.refuse(iq, not_acceptable("That is too many at once."));
    if (std::find(users.begin(), users.end(), *target.user()) == users.end()) users.push_back(*target.user());
  }
  if (!users.empty()) return set(person, users, block ? Standing::banned : Standing::participant, iq);
  if (block) return gateway_.refuse(iq, bad_request("Say whom to block: there is no <item/>."));
  const std::set<UserId> all = known(person).blocked;
  if (all.empty()) return gateway_.reply(iq);
  set(person, {all.begin(), all.end()}, Standing::participant, iq);
}

void Blocking::set(const PersonId& person, const std::vector<UserId>& users, Standing standing,
                   const Stanza& iq) {
  // What it changes is told by the list as it then is: so it has to be known as it was.
  if (!known(person).told) ask(person);
  auto change = std::make_shared<Change>(Change{iq, users.size()});
  Session& session = gateway_.network().session_for(person, PlaceId{});
  for (const UserId& user : users) {
    const std::string token = gateway_.new_token();
    gateway_.questions().ask(token, [this, change](const Questions::Reply& reply) {
      if (const auto* failed = std::get_if<Failed>(&reply); failed != nullptr && !change->failed) {
        change->failed = true;
        gateway_.refuse(change->iq, to_error(failed->failure));
      }
      if (--change->open == 0 && !change->failed) gateway_.reply(change->iq);
    });
    session.perform({user, token, SetStanding{user.value(), standing, {}}});
  }
}

void Blocking::on_list(const PersonId& person, const StandingList& list) {
  std::set<UserId> now;
  for (const ListedUser& one : list.users)
    if (one.standing == Standing::banned) now.insert(UserId{one.who});
  Known& one = known(person);
  const bool first = !std::exchange(one.told, true);
  const std::set<UserId> before = std::exchange(one.blocked, now);
  if (first || before == now) return;
  std::set<UserId> added, gone;
  std::set_difference(now.begin(), now.end(), before.begin(), before.end(),
                      std::inserter(added, added.end()));
  std::set_difference(before.begin(), before.end(), now.begin(), now.end(), std::inserter(gone, gone.end()));
  if (!added.empty()) {
    std::string out;
    XmlWriter w(out);
    w.open("block", ns::blocking);
    write_items(w, added);
    w.close();
    push(person, out);
  }
  if (!gone.empty()) {
    std::string out;
    XmlWriter w(out);
    w.open("unblock", ns::blocking);
    if (!now.empty()) write_items(w, gone);  // XEP-0191 3.5: without items, of everybody
    w.close();
    push(person, out);
  }
  for (const std::set<UserId>& some : {added, gone})
    for (const UserId& user : some)
      gateway_.subscriptions().announce(person, gateway_.network().node_of(user));
}

void Blocking::push(const PersonId& person, const std::string& payload) {
  for (const std::string& client : known(person).clients) {
    const std::string id = random_hex(8);
    gateway_.questions().expect_iq(id, client, [this, client](const Stanza& answer) {
      const Element* error = answer.root.child("error");
      const auto jid = Jid::parse(client);
      if (jid && error != nullptr && says_gone(*error)) on_gone(*jid);
    });
    std::string out;
    XmlWriter w(out);
    w.open("iq").attr("type", "set").attr("id", id).attr("from", gateway_.domain()).attr("to", client);
    w.raw(payload).close();
    gateway_.send(out);
  }
}

void Blocking::on_gone(const Jid& client) {
  const auto found = people_.find(PersonId{client.bare().str()});
  if (found != people_.end()) found->second.clients.erase(client.str());
}

void Blocking::write_items(XmlWriter& w, const std::set<UserId>& users) const {
  for (const UserId& user : users) w.open("item").attr("jid", gateway_.address_of(user)).close();
}

}  // namespace dragoman
