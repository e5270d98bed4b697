// From an event of the room to what its occupants are told. Each alternative is named: a forgotten one does
// not compile.
#include "component/muc.hpp"

#include <algorithm>
#include <utility>

#include "component/gateway.hpp"
#include "component/xml.hpp"

namespace dragoman {

struct MucEvents {
  Muc& muc;
  const Event& event;
  const Change& change;
  const PersonId& from;

  void operator()(const Message& m) const { muc.on_content(event, m, from); }
  void operator()(const Edit& e) const { muc.on_content(event, e, from); }
  void operator()(const Retraction& r) const { muc.on_content(event, r, from); }
  void operator()(const Reactions& r) const { muc.on_content(event, r, from); }
  void operator()(const Typing& t) const { muc.on_content(event, t, from); }
  void operator()(const ReadMark& r) const { muc.on_content(event, r, from); }
  void operator()(const Subject&) const {
    // After a reconnection the network repeats it.
    if (std::exchange(muc.subject_known_, true) && !change.topic_changed) return;
    muc.for_each_entered([&](const Occupant& o) { muc.tell_subject(o.jid); });
  }

  void operator()(const Entered& entered) const { muc.on_entered(entered, change, from); }
  void operator()(const MemberJoined& joined) const {
    if (change.before == joined.member) return;  // a voice of ours, that was told with its Entered
    muc.identities_.entered(joined.member);
    if (muc.behind_since_) muc.ghosts_.came(joined.member.nick);
    muc.tell_all_present(joined.member);
  }
  void operator()(const MemberLeft& left) const {
    if (muc.room_.is_shared() && !change.before) return;  // told with their Exited
    Member gone = change.before.value_or(Member{.nick = left.nick});
    std::string_view codes, affiliation;
    if (left.how == Departure::kicked) codes = "307";
    if (left.how == Departure::banned) codes = "301", affiliation = "outcast";
    // Whose own it is hears of it by Exited.
    const PersonId& own = muc.room_.voice_called(left.nick);
    muc.for_each_entered([&](const Occupant& o) {
      if (!own.empty() && o.person == own) return;
      muc.tell_gone(o.jid, gone, codes, left.by, left.reason, {}, affiliation);
    });
    muc.identities_.left(gone);
    if (muc.behind_since_) muc.ghosts_.went(left.nick);
  }
  void operator()(const MemberRenamed& renamed) const {
    Member old = change.before.value_or(Member{.nick = renamed.nick});
    const PersonId whose = muc.room_.voice_called(renamed.new_nick);
    muc.tell_all_renamed(old, renamed.new_nick, whose);
    if (whose.empty()) return;
    std::erase_if(muc.renames_, [&](const auto& r) { return r.second.jid.starts_with(whose.value() + "/"); });
  }
  void operator()(const MemberUpdated& updated) const {
    if (change.before) muc.identities_.updated(*change.before, updated.member);
    muc.tell_all_present(updated.member);
  }
  void operator()(const Exited& exited) const { muc.on_exited(exited, change, from); }
  void operator()(const LinkState& link) const {
    if (!change.concerns_voice) return;
    muc.guests_[from].told_lost = true;
    muc.tell_service(link.why.text.empty()
                         ? std::string("The connection to the network was lost; trying again.")
                         : "The connection was lost (" + link.why.text + "); trying again.",
                     &from);
  }
  void operator()(const RoomInfo&) const {
    if (change.info_changed) tell_configuration();
  }
  void operator()(const FeaturesChanged&) const {
    if (muc.features_changed()) tell_configuration();
  }
  void tell_configuration() const {
    // 104: the room's configuration changed; clients ask disco again.
    std::string out;
    XmlWriter w(out);
    muc.for_each_entered([&](const Occupant& o) {
      w.open("message").attr("from", muc.address_).attr("to", o.jid).attr("type", "groupchat");
      w.open("x", ns::muc_user).open("status").attr("code", "104").close().close().close();
      muc.gateway_.send(std::exchange(out, {}));
    });
  }

  // Addressed to the gateway, which has taken them before the room.
  void operator()(const Invited&) const {}
  void operator()(const Profile&) const {}
  void operator()(const Presence&) const {}
  void operator()(const Listing&) const {}
  void operator()(const OwnPlaces&) const {}
  void operator()(const StandingList&) const {}
  void operator()(const Delivered& delivered) const { muc.on_delivered(event, delivered.token); }
  void operator()(const Failed& failed) const { muc.on_failed(failed.token, failed.failure); }
  void operator()(const HistoryTold& told) const { muc.history_.on_told(told); }
  void operator()(const Answered&) const {}
};

Muc::Muc(Gateway& gateway, const RoomId& room, const PersonId& viewer)
    : gateway_(gateway),
      room_(room, viewer, gateway.network().nick_fold()),
      key_(gateway.store().rooms().find(gateway.id(), room, viewer)),
      address_(gateway.address_of(room)),
      escaped_address_(xml_escaped(address_)),
      history_(gateway, room_.id()) {
  room_.listen(*this);
}

Muc::~Muc() = default;

RoomKey Muc::key() {
  if (key_ == 0) key_ = gateway_.store().rooms().open(gateway_.id(), room_.id(), room_.viewer());
  return key_;
}

const Occupant* Muc::find_occupant(std::string_view full_jid) const {
  for (const Occupant& o : occupants_) {
    if (o.jid == full_jid) return &o;
  }
  return nullptr;
}

bool Muc::is_known_to(const PersonId& person) const {
  if (!room_.is_shared() || room_.is_in(person)) return true;
  const RoomInfo info = room_.info();
  return !info.members_only;
}

const RoomPreferences& Muc::preferences() {
  if (!preferences_) preferences_ = gateway_.network().preferences(room_.viewer(), room_.id());
  return *preferences_;
}

RoomPreferences Muc::preferences(const PersonId& person) {
  return person == room_.viewer() ? preferences() : gateway_.network().preferences(person, room_.id());
}

bool Muc::has_history(const PersonId& as) const {
  Session* session = gateway_.network().find_session(as, room_.id());
  return session != nullptr && session->features(room_.id()).history;
}

bool Muc::features_changed() {
  Session* session = gateway_.network().find_session(room_.viewer(), room_.id());
  if (session == nullptr) return false;
  Features now = session->features(room_.id());
  now.max_bytes = 0;
  return std::exchange(advertised_, now) != now;
}

void Muc::on_room_event(const Room&, const Event& event, const Change& change, const PersonId& from) {
  std::visit(MucEvents{*this, event, change, from}, event.what);
}

bool Muc::on_failed(const std::string& token, const Failure& failure) {
  if (token.empty()) return false;
  for (auto& [guest, state] : guests_) {
    if (state.join_token != token) continue;
    const PersonId person = guest;
    refuse_entry(person, failure);
    return true;
  }
  if (history_.on_failed(token)) return true;
  if (auto rename = renames_.extract(token)) {
    const Rename& asked = rename.mapped();
    std::string out;
    XmlWriter w(out);
    w.open("presence").attr("from", address_ + "/" + asked.nick).attr("to", asked.jid);
    w.attr("type", "error").attr_if("id", asked.presence_id).open("x", ns::muc).close();
    write_error(w, to_error(failure));
    w.close();
    gateway_.send(out);
    return true;
  }
  std::shared_ptr<Pending> of_token;
  if (auto found = pending_.extract(token)) {
    of_token = std::move(found.mapped());
    keep_sent(token, of_token);  // it may fail again, for another of its readers
  } else {
    auto sent = std::find_if(sent_.begin(), sent_.end(), [&](const auto& s) { return s.first == token; });
    // A bounce may come days later.
    if (sent == sent_.end()) return gateway_.refuse_late(room_.id(), token, failure);
    of_token = sent->second;
  }
  Pending& pending = *of_token;
  if (std::exchange(pending.failed, true))
    return true;  // told once a stanza, whatever became of its other pieces
  StanzaError error = to_error(failure);
  if (pending.iq) {
    gateway_.refuse(*pending.iq, error);
    return true;
  }
  if (pending.delivered > 0 && pending.pieces > 1)
    error.text += " The first " + std::to_string(pending.delivered) + " lines of it were sent.";
  std::string out;
  XmlWriter w(out);
  w.open("message")
      .attr("from", address_)
      .attr("to", pending.from)
      .attr("type", "error")
      .attr_if("id", pending.stanza_id);
  write_error(w, error);
  w.close();
  gateway_.deliver(pending.person, std::move(out));
  return true;
}

}  // namespace dragoman
