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
    if (o.entered && nick != room_.nick()) return change_nick(stanza, nick);
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
  empty_.reset();
  occupant->wanted = nick;
  occupant->presence_id = stanza.id;
  occupant->history = history_of(*x, gateway_.now());
  if (const Element* password = x->child("password")) password_ = password->text;

  if (room_.is_in()) {
    welcome(*occupant, false);
  } else if (room_.state() == Room::State::out) {
    room_.set_entering();
    join_token_ = gateway_.new_token();
    gateway_.network()
        .session_for(occupant->person, room_.id())
        .perform({room_.id(), join_token_, Join{nick, password_}});
  }
  // The answer may have come already, and been a refusal.
  for (Occupant& o : occupants_) {
    if (o.jid == jid) return set_availability(o, stanza);
  }
}

void Muc::welcome(Occupant& occupant, bool restored) {
  room_.members().for_each([&](const Member& member) {
    if (member.nick != room_.nick()) tell_present(occupant.jid, member);
  });
  Member self = room_.members().find(room_.nick()).value_or(Member{.nick = room_.nick()});
  // 100: real addresses are public here. 210: the nick is not the one that was asked for (it belongs to the
  // connection).
  std::string codes = "100,110";
  if (!restored && occupant.wanted != room_.nick()) codes += ",210";
  tell_present(occupant.jid, self, codes, std::exchange(occupant.presence_id, {}));
  const bool news = !occupant.entered;
  occupant.entered = true;
  tell_history(occupant);
  if (subject_known_) tell_subject(occupant.jid);  // else it is on its way
  if (news) gateway_.store().rooms().add_occupant({key_, occupant.jid, room_.nick()});
}

void Muc::on_entered(const Entered& entered, const Change& change) {
  gateway_.store().rooms().set_joined(key(), true, entered.nick, password_);
  const bool asked_for = !std::exchange(join_token_, {}).empty();
  features_changed();
  if (!change.first) {
    if (change.nick_before != entered.nick) {
      // The connection came back under another nick: to everyone it is a change of nick (303), ours included.
      Member self = room_.members().find(entered.nick).value_or(Member{.nick = entered.nick});
      Member old = self;
      old.nick = change.nick_before;
      for_each_entered([&](const Occupant& o) { tell_gone(o.jid, old, "303,110", {}, {}, entered.nick); });
      identities_.renamed(old, entered.nick);
      for_each_entered([&](const Occupant& o) { tell_present(o.jid, self, "110"); });
      if (behind_since_) ghosts_.went(change.nick_before, true), ghosts_.came(entered.nick);
    }
    for (const std::string& nick : change.difference.left) {
      if (nick == change.nick_before) continue;
      const Member left{.nick = nick};
      for_each_entered([&](const Occupant& o) { tell_gone(o.jid, left, {}, {}, {}); });
      identities_.left(left);
      if (behind_since_) ghosts_.went(nick);
    }
    for (const Member& member : change.difference.joined) {
      if (member.nick == entered.nick) continue;
      identities_.entered(member);
      if (behind_since_) ghosts_.came(member.nick);
    }
    for (const auto* list : {&change.difference.joined, &change.difference.changed}) {
      for (const Member& member : *list) {
        if (member.nick == entered.nick && change.nick_before != entered.nick) continue;
        for_each_entered([&](const Occupant& o) {
          tell_present(o.jid, member, member.nick == entered.nick ? "110" : "");
        });
      }
    }
    tell_service("The connection is back.");
  }
  for (std::size_t i = 0; i < occupants_.size(); ++i) {
    if (!occupants_[i].entered) welcome(occupants_[i], false);
  }
  if (change.first && !asked_for) {
    // The network put the user into the room: the client hears of it as an invitation.
    std::string out;
    XmlWriter w(out);
    w.open("message").attr("from", address_).attr("to", room_.viewer().value());
    w.open("x", ns::muc_user).open("invite").attr("from", gateway_.domain());
    w.element("reason", "You were joined to this room by its network.").close().close();
    w.close();
    gateway_.deliver(room_.viewer(), std::move(out));
  }
}

void Muc::refuse_entry(const Failure& failure) {
  const StanzaError error = to_error(failure);
  auto all = std::exchange(occupants_, {});
  for (const Occupant& o : all) {
    std::string out;
    XmlWriter w(out);
    w.open("presence").attr("from", address_ + "/" + o.wanted).attr("to", o.jid).attr("type", "error");
    w.attr_if("id", o.presence_id).open("x", ns::muc).close();
    write_error(w, error);
    w.close();
    tell_surely(o, std::move(out));
    if (o.entered) gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  if (key_ != 0) gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
  gateway_.close_room(*this);
}

void Muc::leave(const Stanza& stanza) {
  const std::string jid = stanza.from.str();
  for (auto it = occupants_.begin(); it != occupants_.end(); ++it) {
    if (it->jid != jid) continue;
    if (it->entered) {
      std::string reason;
      if (const Element* status = stanza.root.child("status")) reason = status->text;
      tell_gone(jid, room_.members().find(room_.nick()).value_or(Member{.nick = room_.nick()}), "110", {},
                reason);
      gateway_.store().rooms().remove_occupant(key_, jid);
      occupants_.erase(it);
      if (occupants_.empty() && !preferences().persistent)
        leave_network(PersonId{stanza.from.bare().str()}, reason);
      return;
    }
    occupants_.erase(it);
    return remove_if_empty();
  }
}

void Muc::remove_if_empty() {
  if (!occupants_.empty() || room_.is_in()) return;
  if (room_.state() == Room::State::entering) {
    if (Session* session = gateway_.network().find_session(room_.viewer(), room_.id())) {
      session->perform({room_.id(), {}, Leave{}});
    }
  }
  gateway_.close_room(*this);
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

void Muc::on_exited(const Exited& exited, const Change& change) {
  gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
  Member self = change.before.value_or(Member{.nick = room_.nick()});
  std::string codes = "110";
  std::string_view affiliation;
  switch (exited.how) {
    case Departure::kicked: codes += ",307"; break;
    case Departure::banned:
      codes += ",301";
      affiliation = "outcast";
      break;
    case Departure::lost: codes += ",332"; break;
    case Departure::left:
    case Departure::quit: break;
  }
  auto all = std::exchange(occupants_, {});
  for (const Occupant& o : all) {
    if (o.entered) {
      tell_surely(o, gone(o.jid, self, codes, exited.by, exited.reason, {}, affiliation));
      gateway_.store().rooms().remove_occupant(key_, o.jid);
    }
  }
  for (auto& [token, pending] : std::exchange(pending_, {})) {
    pending_.emplace(token, pending);
    on_failed(token, {Reason::not_joined, "You left the room before this was sent."});
  }
  gateway_.close_room(*this);
}

void Muc::on_self_ping(const Stanza& iq, const std::string& nick) {
  // XEP-0410: the occupant asks for itself under the nick it believes to have.
  const Occupant* here = find_occupant(iq.from.str());
  if (here == nullptr || !here->entered)
    return gateway_.refuse(iq, {"cancel", "not-acceptable", "You are not in this room."});
  if (nick == room_.nick()) return gateway_.reply(iq);
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
  out += "</presence>";
  gateway_.send(out);
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
  if (!member.address.empty()) {
    w.attr("jid",
           gateway_.address_of(gateway_.network().user_of(room_.id(), member.nick)) + "/" + member.address);
  }
  if (!by.empty()) w.open("actor").attr("nick", by).close();
  if (!reason.empty()) w.element("reason", reason);
  w.close();
}

std::string Muc::occupant_id(const Member& member) const {
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
