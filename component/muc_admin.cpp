// Who may do what: XEP-0045 sections 8 to 10, muc#admin.
#include <utility>

#include "component/form.hpp"
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
  if (affiliation == "outcast") {
    const std::string token = gateway_.new_token();
    auto answer = [gateway = &gateway_, iq](const Questions::Reply& reply) {
      if (const auto* failed = std::get_if<Failed>(&reply))
        return gateway->refuse(iq, to_error(failed->failure));
      std::string out;
      XmlWriter w(out);
      w.open("query", ns::muc_admin);
      if (const auto* list = std::get_if<StandingList>(&reply)) {
        for (const ListedUser& user : list->users) {
          w.open("item")
              .attr("affiliation", "outcast")
              .attr("jid", address_of(*gateway, gateway->network(), user.who));
          if (!user.by.empty()) w.open("actor").attr("nick", user.by).close();
          if (!user.reason.empty()) w.element("reason", user.reason);
          w.close();
        }
      }
      w.close();
      gateway->reply(iq, out);
    };
    gateway_.questions().ask_for(token, "standings " + room_.viewer().value() + " " + room_.id().value(),
                                 answer);
    gateway_.network()
        .session_for(PersonId{iq.from.bare().str()}, room_.id())
        .perform({room_.id(), token, ListStandings{Standing::banned}});
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

void Muc::on_owner(const Stanza& iq, const Element& query) {
  if (query.child("destroy") != nullptr) {
    return gateway_.refuse(iq, not_allowed("A room on another network can't be destroyed from here."));
  }
  const Element* x = query.child("x", ns::data_form);
  if (iq.type == "set" && (x == nullptr || x->attr_or("type") == "cancel")) return gateway_.reply(iq);
  const PersonId person{iq.from.bare().str()};
  Outcome outcome = gateway_.network().run(person, gateway_.is_admin(iq.from), room_.id(), "configure",
                                           x != nullptr ? form::answers(*x) : Answers{}, iq.type == "set");
  preferences_.reset();
  if (const auto* failure = std::get_if<Failure>(&outcome)) return gateway_.refuse(iq, to_error(*failure));
  if (const auto* fields = std::get_if<Form>(&outcome); fields != nullptr && iq.type == "get") {
    std::string out;
    XmlWriter w(out);
    w.open("query", ns::muc_owner);
    form::write(w, *fields, "http://jabber.org/protocol/muc#roomconfig");
    w.close();
    return gateway_.reply(iq, out);
  }
  gateway_.reply(iq);
}

}  // namespace dragoman
