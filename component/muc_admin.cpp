// Who may do what: XEP-0045 sections 8 to 10, muc#admin.
#include <unordered_set>
#include <utility>

#include "component/gateway.hpp"
#include "component/muc.hpp"

namespace dragoman {

namespace {

std::optional<Standing> standing_for_affiliation(std::string_view affiliation) {
  if (affiliation == "owner") return Standing::owner;
  if (affiliation == "admin") return Standing::admin;
  if (affiliation == "member") return Standing::member;
  if (affiliation == "none") return Standing::participant;
  if (affiliation == "outcast") return Standing::banned;
  return std::nullopt;
}

std::optional<Standing> standing_for_role(std::string_view role) {
  if (role == "moderator") return Standing::moderator;
  if (role == "participant") return Standing::participant;
  if (role == "visitor") return Standing::visitor;
  return std::nullopt;
}

bool has_affiliation(const Member& member, std::string_view affiliation) {
  switch (member.standing) {
    case Standing::owner: return affiliation == "owner";
    case Standing::admin: return affiliation == "admin";
    case Standing::moderator:
    case Standing::member: return affiliation == "member";
    case Standing::participant:
    case Standing::visitor: return affiliation == "none";
    case Standing::banned: return affiliation == "outcast";
  }
  return false;
}

bool has_role(const Member& member, std::string_view role) {
  switch (member.standing) {
    case Standing::owner:
    case Standing::admin:
    case Standing::moderator: return role == "moderator";
    case Standing::member:
    case Standing::participant: return role == "participant";
    case Standing::visitor: return role == "visitor";
    case Standing::banned: return role == "none";
  }
  return false;
}

// Those whose list the network is asked for. Of "none" there is none (XEP-0045 9).
std::vector<Standing> standings_of(std::string_view affiliation) {
  if (affiliation == "owner") return {Standing::owner};
  if (affiliation == "admin") return {Standing::admin};
  if (affiliation == "member") return {Standing::moderator, Standing::member};
  if (affiliation == "outcast") return {Standing::banned};
  return {};
}

// Somebody whom the network names by their address; else its own way to name people (a mask).
std::string address_of(const Gateway& gateway, const Network& network, const std::string& who) {
  const auto named = network.resolve(network.node_of(UserId{who}));
  const auto* user = named ? std::get_if<UserId>(&*named) : nullptr;
  return user != nullptr && user->value() == who ? gateway.address_of(*user) : who;
}

// One iq may change several people: it is answered once, when all are done, with the first refusal if there
// is one.
struct Batch {
  Stanza iq;
  std::size_t open = 0;
  std::optional<Failure> failure;
};

}  // namespace

// A list of people on its way: what the network has said of it so far.
struct Muc::Roll {
  Stanza iq;
  std::string affiliation;
  std::size_t open = 0;
  std::vector<ListedUser> users;
  std::optional<Failure> failure;
};

void Muc::on_admin(const Stanza& iq, const Element& query) {
  const Occupant* here = find_occupant(iq.from.str());
  if (here == nullptr || !here->entered)
    return gateway_.refuse(iq, not_acceptable("You are not in this room."));
  std::vector<const Element*> items;
  for (const Element& child : query.children) {
    if (child.name == "item") items.push_back(&child);
  }
  if (items.empty()) return gateway_.refuse(iq, bad_request("There is no <item/> in the request."));
  if (iq.type == "get") return list(iq, items[0]->attr_or("affiliation"), items[0]->attr_or("role"));

  std::vector<Act> acts;
  for (const Element* item : items) {
    std::string reason;
    if (const Element* r = item->child("reason")) reason = r->text;
    std::string who{item->attr_or("nick")};
    if (const std::string* jid_text = item->attr("jid"); who.empty() && jid_text != nullptr) {
      auto jid = Jid::parse(*jid_text);
      Target target = jid && jid->domain == gateway_.domain() ? gateway_.locate(*jid) : Target{};
      // An address of ours is its nick; anything else is the network's own way to name people (a ban mask).
      who = target.user() ? gateway_.network().nick_of(*target.user()) : *jid_text;
    }
    if (who.empty()) return gateway_.refuse(iq, bad_request("Each <item/> names a nick or a jid."));
    if (const std::string* role = item->attr("role")) {
      if (*role == "none") {
        acts.push_back(Remove{who, reason});
      } else if (auto standing = standing_for_role(*role)) {
        acts.push_back(SetStanding{who, *standing, reason});
      } else {
        return gateway_.refuse(iq, bad_request("There is no role \"" + *role + "\"."));
      }
    } else if (const std::string* affiliation = item->attr("affiliation")) {
      auto standing = standing_for_affiliation(*affiliation);
      if (!standing)
        return gateway_.refuse(iq, bad_request("There is no affiliation \"" + *affiliation + "\"."));
      acts.push_back(SetStanding{who, *standing, reason});
    } else {
      return gateway_.refuse(iq, bad_request("Each <item/> has a role or an affiliation."));
    }
  }

  auto batch = std::make_shared<Batch>(Batch{iq, acts.size(), {}});
  Session& session = gateway_.network().session_for(here->person, room_.id());
  for (Act& act : acts) {
    const std::string token = gateway_.new_token();
    gateway_.questions().ask(token, [gateway = &gateway_, batch](const Questions::Reply& reply) {
      if (const auto* failed = std::get_if<Failed>(&reply); failed != nullptr && !batch->failure) {
        batch->failure = failed->failure;
      }
      if (--batch->open > 0) return;
      if (batch->failure) return gateway->refuse(batch->iq, to_error(*batch->failure));
      gateway->reply(batch->iq);
    });
    session.perform({room_.id(), token, std::move(act)});
  }
}

void Muc::list(const Stanza& iq, std::string_view affiliation, std::string_view role) {
  if (affiliation.empty() == role.empty()) {
    return gateway_.refuse(iq, bad_request("Ask for one affiliation or for one role."));
  }
  if (const auto standings = standings_of(affiliation); !standings.empty()) {
    auto roll = std::make_shared<Roll>(Roll{iq, std::string(affiliation), standings.size(), {}, {}});
    for (const Standing standing : standings) ask_standings(roll, standing);
    return;
  }
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::muc_admin);
  room_.members().for_each([&](const Member& member) {
    if (affiliation.empty() ? !has_role(member, role) : !has_affiliation(member, affiliation)) return;
    write_item(w, member, member.nick, {}, {}, false, {});
  });
  w.close();
  gateway_.reply(iq, out);
}

void Muc::ask_standings(const std::shared_ptr<Roll>& roll, Standing standing) {
  const PersonId person{roll->iq.from.bare().str()};
  const std::string token = gateway_.new_token();
  auto answer = [gateway = &gateway_, roll, person, room = room_.id()](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply)) roll->failure = failed->failure;
    if (const auto* list = std::get_if<StandingList>(&reply))
      roll->users.insert(roll->users.end(), list->users.begin(), list->users.end());
    if (--roll->open > 0) return;
    if (const Muc* muc = gateway->find_room(person, room)) return muc->tell_roll(*roll);
    gateway->refuse(roll->iq, not_acceptable("You are not in this room."));
  };
  gateway_.questions().ask_for(token, "standings " + room_.viewer().value() + " " + room_.id().value(),
                               answer);
  gateway_.network().session_for(person, room_.id()).perform({room_.id(), token, ListStandings{standing}});
}

// Those who are shown as they are shown, then all others whom the network names.
void Muc::tell_roll(const Roll& roll) const {
  const bool outcasts = roll.affiliation == "outcast";
  if (outcasts && roll.failure) return gateway_.refuse(roll.iq, to_error(*roll.failure));
  std::string out;
  XmlWriter w(out);
  w.open("query", ns::muc_admin);
  std::unordered_set<std::string> told;
  if (!outcasts) {
    room_.members().for_each([&](const Member& member) {
      if (!has_affiliation(member, roll.affiliation)) return;
      if (!member.address.empty()) told.insert(member.address);
      told.insert(member.nick);
      write_item(w, member, member.nick, {}, {}, false, {});
    });
  }
  for (const ListedUser& user : roll.users) {
    if (!told.insert(user.who).second) continue;
    w.open("item").attr("affiliation", roll.affiliation);
    w.attr("jid", address_of(gateway_, gateway_.network(), user.who));
    if (!user.by.empty()) w.open("actor").attr("nick", user.by).close();
    if (!user.reason.empty()) w.element("reason", user.reason);
    w.close();
  }
  w.close();
  gateway_.reply(roll.iq, out);
}

}  // namespace dragoman
