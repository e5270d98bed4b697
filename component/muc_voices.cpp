// Which of our persons are in the room, each by a voice of its own: how they come in, and how they go.
#include <algorithm>
#include <utility>

#include "component/gateway.hpp"
#include "component/muc.hpp"
#include "mapping/rooms_table.hpp"

namespace dragoman {

void Muc::ask_in(const PersonId& person, const std::string& nick, bool patient) {
  room_.set_entering(person);
  gateway_.note_voice(person, *this);
  std::string token = gateway_.new_token();
  guests_[person].join_token = token;
  gateway_.network()
      .session_for(person, room_.id())
      .perform({room_.id(), std::move(token), Join{nick, password_, patient}});
}

bool Muc::is_here(const PersonId& person) const {
  return std::any_of(occupants_.begin(), occupants_.end(),
                     [&](const Occupant& o) { return o.person == person; });
}

void Muc::call_occupants(const PersonId& person, const std::string& nick) {
  for (Occupant& o : occupants_) {
    if (o.person != person || !o.entered || o.nick == nick) continue;
    o.nick = nick;
    gateway_.store().rooms().add_occupant({key_, o.jid, nick});
  }
}

void Muc::on_entered(const Entered& entered, const Change& change, const PersonId& from) {
  if (!change.concerns_voice) return;
  last_nick_ = entered.nick;
  gateway_.note_voice(from, *this);
  gateway_.store().rooms().set_joined(key(), true, entered.nick, password_);
  const bool asked_for = !std::exchange(guests_[from].join_token, {}).empty();
  features_changed();
  tell_early();
  if (!change.opened) {
    const bool renamed = !change.first && change.nick_before != entered.nick;
    if (renamed) {
      // The connection came back under another nick: to everyone it is a change of nick (303), ours included.
      Member old = self(from);
      old.nick = change.nick_before;
      tell_all_renamed(old, entered.nick, from);
    }
    for (const std::string& nick : change.difference.left) {
      if (!change.first && nick == change.nick_before) continue;
      const Member left{.nick = nick};
      for_each_entered([&](const Occupant& o) { tell_gone(o.jid, left, {}, {}, {}); });
      identities_.left(left);
      if (behind_since_) ghosts_.went(nick);
    }
    for (const Member& member : change.difference.joined) {
      if (!change.first && member.nick == entered.nick) continue;
      identities_.entered(member);
      if (behind_since_) ghosts_.came(member.nick);
    }
    for (const auto* list : {&change.difference.joined, &change.difference.changed}) {
      for (const Member& member : *list) {
        if (renamed && member.nick == entered.nick) continue;
        tell_all_present(member);
      }
    }
    if (!change.first) {
      history_.forget();  // there may be a gap now
      if (std::exchange(guests_[from].told_lost, false)) tell_service("The connection is back.", &from);
    }
  }
  std::vector<std::string> waiting;
  for (const Occupant& o : occupants_) {
    if (!o.entered && o.person == from) waiting.push_back(o.jid);
  }
  for (const std::string& jid : waiting) admit(jid);
  if (change.first && !asked_for && !room_.is_shared()) {
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

void Muc::refuse_entry(const PersonId& person, const Failure& failure) {
  const StanzaError error = to_error(failure);
  guests_.erase(person);
  room_.drop_voice(person);
  auto all = std::exchange(occupants_, {});
  for (Occupant& o : all) {
    if (o.person != person) {
      occupants_.push_back(std::move(o));
      continue;
    }
    std::string out;
    XmlWriter w(out);
    w.open("presence").attr("from", address_ + "/" + o.wanted).attr("to", o.jid).attr("type", "error");
    w.attr_if("id", o.presence_id).open("x", ns::muc).close();
    write_error(w, error);
    w.close();
    tell_surely(o, std::move(out));
    if (key_ != 0) gateway_.store().rooms().remove_occupant(key_, o.jid);
  }
  settle();
}

void Muc::on_exited(const Exited& exited, const Change& change, const PersonId& from) {
  if (!change.concerns_voice) return;
  const Member gone_now = change.before.value_or(Member{.nick = change.nick_before});
  std::string codes;
  std::string_view affiliation;
  switch (exited.how) {
    case Departure::kicked: codes = "307"; break;
    case Departure::banned:
      codes = "301";
      affiliation = "outcast";
      break;
    case Departure::lost:
    case Departure::left:
    case Departure::quit: break;
  }
  std::string own_codes = codes.empty() ? "110" : "110," + codes;
  if (exited.how == Departure::lost) own_codes += ",332";
  auto all = std::exchange(occupants_, {});
  for (Occupant& o : all) {
    if (o.person != from) {
      occupants_.push_back(std::move(o));
    } else if (o.entered) {
      tell_surely(o, gone(o.jid, gone_now, own_codes, exited.by, exited.reason, {}, affiliation));
      gateway_.store().rooms().remove_occupant(key_, o.jid);
    }
  }
  if (change.before) tell_voice_gone(gone_now, codes, exited.by, exited.reason, affiliation);
  guests_.erase(from);
  // A network that names messages answers each by itself, however late.
  if (!has_history(from)) {
    std::vector<std::string> open;
    for (const auto& [token, pending] : pending_) {
      if (pending->person == from) open.push_back(token);
    }
    for (const std::string& token : open)
      on_failed(token, {Reason::not_joined, "You left the room before this was sent."});
  }
  settle();
}

void Muc::tell_voice_gone(const Member& member, std::string_view codes, std::string_view by,
                          std::string_view reason, std::string_view affiliation) {
  if (!room_.is_in()) return;  // nobody is left to hear it
  for_each_entered([&](const Occupant& o) { tell_gone(o.jid, member, codes, by, reason, {}, affiliation); });
  identities_.left(member);
  if (behind_since_) ghosts_.went(member.nick);
}

void Muc::leave(const Stanza& stanza) {
  const std::string jid = stanza.from.str();
  auto it =
      std::find_if(occupants_.begin(), occupants_.end(), [&](const Occupant& o) { return o.jid == jid; });
  if (it == occupants_.end()) return;
  const PersonId person = it->person;
  std::string reason;
  if (const Element* status = stanza.root.child("status")) reason = status->text;
  if (it->entered) {
    tell_gone(jid, self(person), "110", {}, reason);
    gateway_.store().rooms().remove_occupant(key_, jid);
  }
  occupants_.erase(it);
  if (is_here(person)) return;
  if (room_.state(person) == Room::State::entering) return leave_network(person, reason);
  part(person, reason);
}

void Muc::part(const PersonId& person, const std::string& reason) {
  const RoomPreferences wanted = preferences(person);
  if (!wanted.persistent && wanted.linger == wanted.linger.zero()) return leave_network(person, reason);
  if (!wanted.persistent) {
    Guest& guest = guests_[person];
    guest.until = gateway_.now() + wanted.linger;
    guest.reason = reason;
  }
  settle();
}

void Muc::leave_network(const PersonId& person, const std::string& reason) {
  if (Session* session = gateway_.network().find_session(person, room_.id()))
    session->perform({room_.id(), {}, Leave{reason}});
  const std::optional<Member> member = room_.drop_voice(person);
  guests_.erase(person);
  if (member) tell_voice_gone(*member, {}, {}, reason, {});
  settle();
}

void Muc::settle() {
  if (!occupants_.empty()) return;
  if (room_.voices() > 0) {
    const bool awaited = std::any_of(guests_.begin(), guests_.end(), [](const auto& guest) {
      return guest.second.until || !guest.second.join_token.empty();
    });
    // Voices that stay: a network with a history tells later what was said meanwhile.
    if (awaited || !has_history(room_.viewer())) return;
  }
  if (key_ != 0) gateway_.store().rooms().set_joined(key_, false, last_nick_, {});
  history_.give_up();
  gateway_.close_room(*this);
}

}  // namespace dragoman
