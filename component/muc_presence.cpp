// Who comes, goes and is called what: XEP-0045 sections 7.2 (enter), 7.6 (nick), 7.14 (leave), as far as
// presence goes.
#include <algorithm>
#include <charconv>
#include <utility>

#include "component/datetime.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/address.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

namespace {

struct Rank {
  std::string_view affiliation, role;
};

Rank rank_of(Standing standing) {
  switch (standing) {
    case Standing::owner: return {"owner", "moderator"};
    case Standing::admin: return {"admin", "moderator"};
    case Standing::moderator: return {"member", "moderator"};
    case Standing::member: return {"member", "participant"};
    case Standing::participant: return {"none", "participant"};
    case Standing::visitor: return {"none", "visitor"};
    case Standing::banned: return {"outcast", "none"};
  }
  return {"none", "none"};
}

HistoryRequest history_of(const Element& x, Time now);

}  // namespace

void Muc::on_presence(const Stanza& stanza, const std::string& nick) {
  if (stanza.type == "unavailable") return leave(stanza);
  if (stanza.type == "error") return drop_occupant(stanza.from.str(), "The client is gone.");
  if (gateway_.out().up()) tell_again();
  if (const Element* x = stanza.child("x", ns::muc)) return enter(stanza, nick, x);
  const std::string jid = stanza.from.str();
  for (Occupant& o : occupants_) {
    if (o.jid != jid) continue;
    if (o.entered && nick != o.nick) return change_nick(stanza, nick);
    return set_availability(o, stanza);
  }
}

void Muc::enter(const Stanza& stanza, const std::string& nick, const Element* x) {
  const std::string jid = stanza.from.str();
  Occupant* occupant = nullptr;
  for (Occupant& o : occupants_) {
    if (o.jid == jid) occupant = &o;
  }
  if (occupant == nullptr) {
    occupants_.push_back({.jid = jid, .person = PersonId{stanza.from.bare().str()}});
    occupant = &occupants_.back();
  }
  const PersonId person = occupant->person;
  occupant->wanted = nick;
  occupant->presence_id = stanza.id;
  occupant->history = history_of(*x, gateway_.now());
  if (auto guest = guests_.find(person); guest != guests_.end()) guest->second.until.reset();
  if (const Element* password = x->child("password")) password_ = password->text;

  // Where the network may have let somebody in before it was heard of, the program that comes after this one
  // has to know of them.
  if (room_.is_shared() && !room_.is_in(person)) {
    gateway_.store().rooms().set_joined(key(), true, nick, password_);
    gateway_.store().rooms().add_occupant({key_, jid, nick});
  }
  if (room_.is_in(person)) {
    admit(jid);
  } else if (room_.state(person) == Room::State::out) {
    ask_in(person, nick, false);
  }
  // The answer may have come already, and been a refusal.
  for (Occupant& o : occupants_) {
    if (o.jid == jid) return set_availability(o, stanza);
  }
}

// An occupant who asks for more of the past than there is enters when it is there: so what is said meanwhile
// does not come before it.
void Muc::admit(const std::string& jid) {
  const Occupant* here = find_occupant(jid);
  if (here == nullptr) return;
  const PersonId person = here->person;
  auto enter_now = [this, jid, person] {
    for (std::size_t i = 0; i < occupants_.size(); ++i) {
      if (occupants_[i].jid == jid && room_.is_in(person)) return welcome(occupants_[i], false);
    }
  };
  if (has_enough(*here)) return enter_now();
  auto enough = [this, jid] {
    const Occupant* waiting = find_occupant(jid);
    return waiting == nullptr || has_enough(*waiting);
  };
  history_.ask(person, enough, enter_now);
}

void Muc::welcome(Occupant& occupant, bool again) {
  const std::string nick = room_.nick(occupant.person);
  room_.members().for_each([&](const Member& member) {
    if (member.nick != nick) tell_present(occupant.jid, member);
  });
  // 100: real addresses are public here. 210: the nick is not the one that was asked for (it belongs to the
  // connection).
  std::string codes = "100,110";
  if (!again && occupant.wanted != nick) codes += ",210";
  tell_present(occupant.jid, self(occupant.person), codes, std::exchange(occupant.presence_id, {}));
  const bool news = !occupant.entered;
  occupant.entered = true;
  occupant.nick = nick;
  tell_history(occupant);
  if (subject_known_) tell_subject(occupant.jid);  // else it is on its way
  occupant.history = {};
  gateway_.told().told(gateway_.out().position());
  catch_up();
  if (news) gateway_.store().rooms().add_occupant({key_, occupant.jid, nick});
}

void Muc::change_nick(const Stanza& stanza, const std::string& nick) {
  std::string token = gateway_.new_token();
  renames_[token] = {stanza.from.str(), nick, stanza.id};
  gateway_.network()
      .session_for(PersonId{stanza.from.bare().str()}, room_.id())
      .perform({room_.id(), token, SetNick{nick}});
}

void Muc::set_availability(Occupant& occupant, const Stanza& stanza) {
  const Element* show = stanza.root.child("show");
  const Element* status = stanza.root.child("status");
  const bool away = show != nullptr && (show->text == "away" || show->text == "xa" || show->text == "dnd");
  SetAvailability now{away ? Availability::away : Availability::online,
                      status != nullptr ? status->text : std::string()};
  if (away && now.status.empty()) now.status = show->text;
  // What one says of oneself while online is nothing to these networks.
  if (!away) now.status.clear();
  if (now.availability == occupant.shown.availability && now.status == occupant.shown.status) return;
  occupant.shown = now;
  gateway_.network().session_for(occupant.person, room_.id()).perform({room_.id(), {}, std::move(now)});
}

void Muc::on_self_ping(const Stanza& iq, const std::string& nick) {
  // XEP-0410: the occupant asks for itself under the nick it believes to have.
  const Occupant* here = find_occupant(iq.from.str());
  if (here == nullptr || !here->entered)
    return gateway_.refuse(iq, {"cancel", "not-acceptable", "You are not in this room."});
  if (nick == here->nick) return gateway_.reply(iq);
  if (!room_.members().contains(nick))
    return gateway_.refuse(iq, item_not_found("Nobody here has this nick."));
  const std::string token = gateway_.new_token();
  Stanza question = iq;
  gateway_.questions().ask(token, [this_gateway = &gateway_, question](const Questions::Reply& reply) {
    if (const auto* failed = std::get_if<Failed>(&reply)) {
      this_gateway->refuse(question, to_ping_error(failed->failure));
    } else {
      this_gateway->reply(question);
    }
  });
  gateway_.network()
      .session_for(here->person, room_.id())
      .perform({gateway_.network().user_of(room_.id(), nick), token, Ping{nick}});
}

// -------------------------------------------------------------------------------------------------------------
// writing

void Muc::tell_present(const std::string& to, const Member& member, std::string_view codes,
                       std::string_view id) {
  std::string out;
  out.reserve(384);
  out += "<presence from='";
  out += escaped_address_;
  out += '/';
  xml_escape(out, member.nick);
  out += "' to='";
  xml_escape(out, to);
  if (!id.empty()) {
    out += "' id='";
    xml_escape(out, id);
  }
  out += "'>";
  XmlWriter w(out);
  if (member.availability == Availability::away) {
    w.element("show", "away");
    if (!member.status.empty()) w.element("status", member.status);
  }
  w.open("x", ns::muc_user);
  write_item(w, member, {}, {}, {}, false, {});
  while (!codes.empty()) {
    w.open("status").attr("code", codes.substr(0, codes.find(','))).close();
    codes.remove_prefix(std::min(codes.find(','), codes.size() - 1) + 1);
  }
  w.close();
  w.open("occupant-id", ns::occupant_id).attr("id", occupant_id(member)).close();
  // XEP-0153: how they look.
  if (!member.avatar.empty()) w.open("x", ns::vcard_update).element("photo", member.avatar).close();
  out += "</presence>";
  gateway_.send(out);
}

void Muc::tell_all_present(const Member& member) {
  for_each_entered(
      [&](const Occupant& o) { tell_present(o.jid, member, o.nick == member.nick ? "110" : ""); });
}

void Muc::tell_all_renamed(const Member& before, const std::string& new_nick, const PersonId& whose) {
  Member now = before;
  now.nick = new_nick;
  const auto own = [&](const Occupant& o) { return !whose.empty() && o.person == whose; };
  for_each_entered(
      [&](const Occupant& o) { tell_gone(o.jid, before, own(o) ? "303,110" : "303", {}, {}, new_nick); });
  identities_.renamed(before, new_nick);
  if (!whose.empty()) call_occupants(whose, new_nick);
  for_each_entered([&](const Occupant& o) { tell_present(o.jid, now, own(o) ? "110" : ""); });
  if (!behind_since_) return;
  ghosts_.went(before.nick, whose);
  ghosts_.came(new_nick);
}

Member Muc::self(const PersonId& person) const {
  const std::string& nick = room_.nick(person);
  return room_.members().find(nick).value_or(Member{.nick = nick});
}

void Muc::tell_gone(const std::string& to, const Member& member, std::string_view codes, std::string_view by,
                    std::string_view reason, std::string_view new_nick, std::string_view affiliation) {
  gateway_.send(gone(to, member, codes, by, reason, new_nick, affiliation));
}

void Muc::tell_surely(const Occupant& occupant, std::string stanza) {
  if (!gateway_.send(stanza)) gateway_.deliver(occupant.person, std::move(stanza));
}

std::string Muc::gone(const std::string& to, const Member& member, std::string_view codes,
                      std::string_view by, std::string_view reason, std::string_view new_nick,
                      std::string_view affiliation) const {
  std::string out;
  XmlWriter w(out);
  w.open("presence").attr("from", address_ + "/" + member.nick).attr("to", to).attr("type", "unavailable");
  const bool removed = codes.find("307") != codes.npos || codes.find("301") != codes.npos;
  if (!reason.empty() && !removed) w.element("status", reason);
  w.open("x", ns::muc_user);
  write_item(w, member, new_nick, by, removed ? reason : std::string_view(), true, affiliation);
  while (!codes.empty()) {
    w.open("status").attr("code", codes.substr(0, codes.find(','))).close();
    codes.remove_prefix(std::min(codes.find(','), codes.size() - 1) + 1);
  }
  w.close();
  w.open("occupant-id", ns::occupant_id).attr("id", occupant_id(member)).close();
  w.close();
  return out;
}

void Muc::write_item(XmlWriter& w, const Member& member, std::string_view new_nick, std::string_view by,
                     std::string_view reason, bool gone, std::string_view affiliation) const {
  const Rank rank = rank_of(member.standing);
  w.open("item");
  w.attr("affiliation", affiliation.empty() ? rank.affiliation : affiliation);
  w.attr("role", gone && new_nick.empty() ? std::string_view("none") : rank.role);
  w.attr_if("nick", new_nick);
  const PersonId& ours = room_.is_shared() ? room_.voice_called(member.nick) : PersonId{};
  if (!ours.empty()) {
    w.attr("jid", ours.value());
  } else if (!member.address.empty()) {
    UserId user = gateway_.network().user_of(room_.id(), member.nick);
    // Of somebody who is gone the nick says nothing any more.
    if (user.empty()) user = gateway_.network().user_of(room_.id(), member.address);
    // Where the network names people by their address, the JID says it already.
    w.attr("jid", gateway_.address_of(user) +
                      (user.value() == member.address ? std::string() : "/" + member.address));
  }
  if (!by.empty()) w.open("actor").attr("nick", by).close();
  if (!reason.empty()) w.element("reason", reason);
  w.close();
}

std::string Muc::occupant_id(const Member& member) const {
  if (room_.is_shared() && member.account.empty()) {
    const PersonId& ours = room_.voice_called(member.nick);
    if (!ours.empty()) return gateway_.occupant_id(room_.id(), "person " + ours.value());
  }
  return gateway_.occupant_id(room_.id(), identities_.of(member));
}

void Muc::for_each_entered(const std::function<void(const Occupant&)>& visit) const {
  for (const Occupant& o : occupants_) {
    if (hears(o)) visit(o);
  }
}

namespace {

HistoryRequest history_of(const Element& x, Time now) {
  HistoryRequest wanted;
  const Element* history = x.child("history");
  if (history == nullptr) return wanted;
  auto number = [&](std::string_view name) -> std::optional<std::size_t> {
    const std::string* value = history->attr(name);
    if (value == nullptr) return std::nullopt;
    std::size_t n = 0;
    auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), n);
    if (error != std::errc() || end != value->data() + value->size()) return std::nullopt;
    return n;
  };
  wanted.max_stanzas = number("maxstanzas");
  wanted.max_chars = number("maxchars");
  if (auto seconds = number("seconds")) {
    wanted.since = now - std::chrono::seconds(std::min<std::size_t>(*seconds, 100UL * 365 * 86400));
  }
  if (const std::string* since = history->attr("since")) {
    if (auto time = parse_datetime(*since); time && (!wanted.since || *wanted.since < *time))
      wanted.since = time;
  }
  return wanted;
}

}  // namespace

}  // namespace dragoman
