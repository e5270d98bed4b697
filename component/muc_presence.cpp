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
  const Element* x = stanza.child("x", ns::muc);
  const Occupant* here = find_occupant(stanza.from.str());
  if (x == nullptr && here == nullptr) {
    // A presence without <x/> from somebody who is not here: a client that believes it is (XEP-0045 7.2.1
    // note).
    gateway_.refuse(stanza, {"modify", "not-acceptable", "You are not in this room: join it first."});
    return remove_if_empty();
  }
  if (nick.empty()) {
    gateway_.refuse(stanza, {"modify", "jid-malformed", "Say which nick you want: " + address_ + "/nick."});
    return remove_if_empty();
  }
  if (x != nullptr) return enter(stanza, nick, x);
  if (here->entered && nick != room_.nick()) return change_nick(stanza, nick);
  set_availability(stanza);
}

void Muc::enter(const Stanza& stanza, const std::string& nick, const Element* x) {
  const std::string jid = stanza.from.str();
  Occupant* occupant = nullptr;
  for (Occupant& o : occupants_) {
    if (o.jid == jid) occupant = &o;
  }
  if (occupant == nullptr) {
    occupants_.push_back({jid, PersonId{stanza.from.bare().str()}, {}, false, {}});
    occupant = &occupants_.back();
  }
  occupant->wanted = nick;
  occupant->history = history_of(*x, gateway_.now());
  if (const Element* password = x->child("password")) password_ = password->text;

  if (room_.is_in()) return welcome(*occupant, false);
  if (room_.state() == Room::State::entering) return;
  room_.set_entering();
  join_token_ = gateway_.new_token();
  gateway_.network()
      .session_for(occupant->person, room_.id())
      .perform({room_.id(), join_token_, Join{nick, password_}});
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
  tell_present(occupant.jid, self, codes);
  const bool news = !occupant.entered;
  occupant.entered = true;
  tell_history(occupant);
  if (subject_known_) tell_subject(occupant.jid);  // else it is on its way
  if (news) gateway_.store().rooms().add_occupant({key_, occupant.jid, room_.nick()});
}

void Muc::on_entered(const Entered& entered, const Change& change) {
  gateway_.store().rooms().set_joined(key_, true, entered.nick, password_);
  join_token_.clear();
  features_changed();
  if (!change.first) {
    if (change.nick_before != entered.nick) {
      // The connection came back under another nick: to everyone it is a change of nick (303), ours included.
      Member self = room_.members().find(entered.nick).value_or(Member{.nick = entered.nick});
      Member old = self;
      old.nick = change.nick_before;
      for_each_entered([&](const Occupant& o) {
        tell_gone(o.jid, old, "303,110", {}, {}, entered.nick);
        tell_present(o.jid, self, "110");
      });
    }
    for (const std::string& nick : change.difference.left) {
      if (nick == change.nick_before) continue;
      for_each_entered([&](const Occupant& o) { tell_gone(o.jid, Member{.nick = nick}, {}, {}, {}); });
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
  bool somebody = false;
  for (std::size_t i = 0; i < occupants_.size(); ++i) {
    if (!occupants_[i].entered) welcome(occupants_[i], false);
    somebody = true;
  }
  if (!somebody && change.first && !preferences().persistent) {
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
    w.open("x", ns::muc).close();
    write_error(w, error);
    w.close();
    gateway_.send(out);
    if (o.entered) gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
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
      if (occupants_.empty() && !preferences().persistent) {
        gateway_.network()
            .session_for(room_.viewer().empty() ? PersonId{stanza.from.bare().str()} : room_.viewer(),
                         room_.id())
            .perform({room_.id(), {}, Leave{reason}});
        gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
        gateway_.close_room(*this);
      }
      return;
    }
    occupants_.erase(it);
    return remove_if_empty();
  }
}

void Muc::drop_occupant(const std::string& full_jid, const std::string& reason) {
  for (auto it = occupants_.begin(); it != occupants_.end(); ++it) {
    if (it->jid != full_jid) continue;
    gateway_.store().rooms().remove_occupant(key_, full_jid);
    occupants_.erase(it);
    if (occupants_.empty() && !preferences().persistent && room_.state() != Room::State::out) {
      if (Session* session = gateway_.network().find_session(room_.viewer(), room_.id())) {
        session->perform({room_.id(), {}, Leave{reason}});
      }
      gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
    }
    return remove_if_empty();
  }
}

void Muc::remove_if_empty() {
  if (!occupants_.empty()) return;
  if (room_.is_in() && preferences().persistent) return;
  if (room_.state() == Room::State::entering) {
    if (Session* session = gateway_.network().find_session(room_.viewer(), room_.id())) {
      session->perform({room_.id(), {}, Leave{}});
    }
  }
  gateway_.close_room(*this);
}

void Muc::change_nick(const Stanza& stanza, const std::string& nick) {
  std::string token = gateway_.new_token();
  renames_[token] = stanza.from.str() + '\n' + nick;
  gateway_.network()
      .session_for(PersonId{stanza.from.bare().str()}, room_.id())
      .perform({room_.id(), token, SetNick{nick}});
}

void Muc::set_availability(const Stanza& stanza) {
  const Element* show = stanza.root.child("show");
  const Element* status = stanza.root.child("status");
  const bool away = show != nullptr && (show->text == "away" || show->text == "xa" || show->text == "dnd");
  SetAvailability now{away ? Availability::away : Availability::online,
                      status != nullptr ? status->text : std::string()};
  if (away && now.status.empty()) now.status = show->text;
  gateway_.network()
      .session_for(PersonId{stanza.from.bare().str()}, room_.id())
      .perform({room_.id(), {}, std::move(now)});
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
      tell_gone(o.jid, self, codes, exited.by, exited.reason, {}, affiliation);
      gateway_.store().rooms().remove_occupant(key_, o.jid);
    }
  }
  for (auto& [token, pending] : std::exchange(pending_, {})) {
    pending_.emplace(token, pending);
    on_failed(token, {Reason::not_joined, "You left the room before this was sent."});
  }
  gateway_.close_room(*this);
}

void Muc::say_goodbye(const std::string& reason) {
  Member self = room_.members().find(room_.nick()).value_or(Member{.nick = room_.nick()});
  for (const Occupant& o : std::exchange(occupants_, {})) {
    if (o.entered) tell_gone(o.jid, self, "110,332", {}, reason);
    gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  if (!preferences().persistent) gateway_.store().rooms().set_joined(key_, false, room_.nick(), {});
}

void Muc::restore(const RoomRow& row, const std::vector<OccupantRow>& rows) {
  password_ = row.password;
  for (const OccupantRow& occupant : rows) {
    auto jid = Jid::parse(occupant.jid);
    if (!jid) continue;
    // Its history is what was said since: nothing was while we were away, and the rest it has.
    occupants_.push_back({occupant.jid, PersonId{jid->bare().str()}, row.nick, false, {.max_stanzas = 0}});
  }
  if (room_.state() != Room::State::out) return;
  room_.set_entering();
  join_token_ = gateway_.new_token();
  gateway_.network()
      .session_for(row.viewer, room_.id())
      .perform({room_.id(), join_token_, Join{row.nick, password_, true}});
}

void Muc::tell_again(Time since) {
  for (std::size_t i = 0; i < occupants_.size(); ++i) {
    if (!occupants_[i].entered) continue;
    occupants_[i].history = {.since = since};
    welcome(occupants_[i], true);
    occupants_[i].history = {};
  }
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
      this_gateway->refuse(question, to_error(failed->failure));
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

void Muc::tell_present(const std::string& to, const Member& member, std::string_view codes) {
  std::string out;
  out.reserve(384);
  out += "<presence from='";
  out += escaped_address_;
  out += '/';
  xml_escape(out, member.nick);
  out += "' to='";
  xml_escape(out, to);
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
  gateway_.send(out);
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
  if (!member.account.empty()) return gateway_.occupant_id(room_.id(), "account " + member.account);
  auto renamed = first_nick_.find(member.nick);
  return gateway_.occupant_id(room_.id(),
                              "nick " + (renamed == first_nick_.end() ? member.nick : renamed->second));
}

void Muc::for_each_entered(const std::function<void(const Occupant&)>& visit) const {
  for (const Occupant& o : occupants_) {
    if (o.entered) visit(o);
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
