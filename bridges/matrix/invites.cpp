// Invitations of ours: into one-to-one chats, which are accepted, and into rooms, which their person is told.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_missed = 20;  // messages of a chat before its invitation was accepted
constexpr const char* missed_query = "dir=b&limit=50";

const json::object* stripped_content(const json::array* stripped, std::string_view type) {
  if (stripped == nullptr) return nullptr;
  for (const json::value& entry : *stripped) {
    const json::object* event = entry.if_object();
    if (event != nullptr && text_at(*event, "type") == type) return object_at(*event, "content");
  }
  return nullptr;
}

// Another bridge's stand-in for the one who is invited: "@_other_juliet=40example.org:server",
// "@other_juliet_example.org:server". What they say to one another would go round for ever.
bool stands_for(std::string_view user_id, const PersonId& person) {
  const std::string_view jid = person.value();
  const std::size_t at = jid.find('@');
  if (at == std::string_view::npos) return false;
  const std::string_view local = jid.substr(0, at), domain = jid.substr(at + 1);
  const std::string localpart = ascii_lower(localpart_of(user_id));
  for (const char* joint : {"=40", "@", "_", "_at_", "="}) {
    std::string made(local);
    made.append(joint).append(domain);
    if (localpart.ends_with(made)) return true;
  }
  return false;
}

// What was said between somebody's invitation and their coming in, oldest first, of a page that has the
// newest first.
std::vector<json::object> missed_in(const json::array* chunk, std::string_view user_id,
                                    const std::string& room_id) {
  std::vector<json::object> missed;
  if (chunk == nullptr) return missed;
  bool before = false;  // the coming in
  for (const json::value& entry : *chunk) {
    const json::object* event = entry.if_object();
    if (event == nullptr) continue;
    if (text_at(*event, "type") == "m.room.member" && text_at(*event, "state_key") == user_id) {
      const json::object* content = object_at(*event, "content");
      if (before && content != nullptr && text_at(*content, "membership") == "invite") break;
      before = true;
    } else if (before && event->find("state_key") == event->end() && missed.size() < most_missed) {
      missed.push_back(*event);
      missed.back()["room_id"] = room_id;
    }
  }
  std::reverse(missed.begin(), missed.end());
  return missed;
}

std::string invited_key(const PersonId& person, const RoomId& address) {
  return person.value() + ' ' + address.value();
}

}  // namespace

// What is being done about it survives a kill.
struct Stream::Invitation {
  std::string room_id;
  PersonId person;
  UserId inviter;
  std::string reason;
  std::string alias;    // by which the room might be joined
  std::string refusal;  // why it is declined; empty: it is not
  bool direct = false;  // a chat, to be accepted

  std::string key() const { return room_id + ' ' + person.value(); }
  std::string packed() const {
    return json::serialize(json::object{{"room", room_id},
                                        {"person", person.value()},
                                        {"inviter", inviter.value()},
                                        {"reason", reason},
                                        {"alias", alias},
                                        {"refusal", refusal},
                                        {"direct", direct}});
  }
  static std::optional<Invitation> unpacked(std::string_view text) {
    const auto value = parse_json(text);
    if (!value || !value->is_object()) return std::nullopt;
    const json::object& in = value->get_object();
    const auto at = [&](const char* key) { return std::string(text_at(in, key)); };
    return Invitation{at("room"),  PersonId{at("person")}, UserId{at("inviter")}, at("reason"),
                      at("alias"), at("refusal"),          true_at(in, "direct")};
  }
};

void Stream::keep(const Invitation& invitation) {
  hub_.store.notes().put(hub_.network, kind("invitation"), invitation.key(), invitation.packed());
}
void Stream::is_done(const Invitation& invitation) {
  hub_.store.notes().erase(hub_.network, kind("invitation"), invitation.key());
}

void Stream::resume_invitations() {
  for (const auto& [key, text] : hub_.store.notes().all(hub_.network, kind("invitation"))) {
    if (const auto invitation = Invitation::unpacked(text)) deal_with(*invitation);
  }
}

Session& Stream::voice_of(const Invitation& invitation) const {
  return account_ != nullptr ? *account_ : hub_.ghost_session(invitation.person);
}

void Stream::on_invite(const std::string& room_id, const json::object& member_event,
                       const json::array* stripped) {
  Invitation invitation;
  invitation.room_id = room_id;
  invitation.person = viewer_;
  if (viewer_.empty()) {
    auto whose = hub_.ghosts->person_of(text_at(member_event, "state_key"));
    if (!whose) return;  // the bridge's own user goes nowhere by invitation
    invitation.person = *whose;
  }
  const json::object* content = object_at(member_event, "content");
  const UserId inviter{std::string(text_at(member_event, "sender"))};
  if (content == nullptr || !is_user_id(inviter.value())) return;
  const PersonId& person = invitation.person;
  if (take_invitation(room_id, person)) return;
  // Came late: they have entered it meanwhile, as they are invited.
  Room* entered = find(room_id);
  if (entered != nullptr && entered->is_live() && entered->find(text_at(member_event, "state_key"))) return;
  const bool direct = true_at(*content, "is_direct");
  invitation.inviter = inviter;
  invitation.reason = one_line(xml_clean(text_at(*content, "reason").substr(0, 1000)));

  if (viewer_.empty()) {
    // One of ours by another of ours: who did it told the other by XMPP.
    if (is_ours(inviter.value())) {
      if (!direct) return;
      invitation.refusal = "People on XMPP talk to one another there.";
    } else if (stands_for(inviter.value(), person)) {
      invitation.refusal = "This would be a loop of two bridges.";
    } else if (!hub_.may_use(person)) {
      invitation.refusal = person.value() + " may not use the bridge to XMPP.";
    }
  }
  if (invitation.refusal.empty() && direct) {
    invitation.direct = true;
    // Known as theirs at once: what is said in it while the join is on its way waits there.
    const bool first = !direct_room(person, inviter);
    note_direct(person, inviter, room_id);
    if (first) {
      voice_of(invitation).tell(inviter, Invited{inviter.value(), invitation.reason, {}}, {.user = inviter});
    }
  }
  if (invitation.refusal.empty() && !invitation.direct) {
    hub_.store.notes().put(hub_.network, "via", room_id, server_of(inviter.value()));
    const json::object* named = stripped_content(stripped, "m.room.canonical_alias");
    const std::string_view alias = named != nullptr ? text_at(*named, "alias") : std::string_view();
    if (!is_alias(alias)) return tell_invited(invitation, RoomId{room_id});
    invitation.alias = alias;
  }
  keep(invitation);
  deal_with(invitation);
}

void Stream::deal_with(const Invitation& invitation) {
  if (!invitation.refusal.empty()) return decline(invitation);
  if (invitation.direct) return accept_direct(invitation);
  look_up(invitation);
}

// What came with the invitation is the inviter's word: another room's name must not be lent to this one.
void Stream::look_up(const Invitation& invitation) {
  Api::Call ask;
  ask.path = "/_matrix/client/v3/directory/room/" + net::url_encoded(invitation.alias);
  ask.timeout = hub_.patience.answer;
  voice_of(invitation)
      .call(std::move(ask), [this, weak = std::weak_ptr<bool>(alive_), invitation](const Reply& reply) {
        if (weak.expired()) return;
        const auto* found = std::get_if<json::value>(&reply);
        const json::object* body = found != nullptr ? found->if_object() : nullptr;
        const bool same = body != nullptr && text_at(*body, "room_id") == invitation.room_id;
        is_done(invitation);
        tell_invited(invitation, RoomId{same ? invitation.alias : invitation.room_id});
      });
}

void Stream::tell_invited(const Invitation& invitation, const RoomId& address) {
  const UserId& inviter = invitation.inviter;
  hub_.store.notes().put(hub_.network, kind("invited"), invited_key(invitation.person, address),
                         invitation.packed());
  voice_of(invitation)
      .tell(address, Invited{inviter.value(), invitation.reason, {}},
            {.nick = inviter.value(), .user = inviter});
}

void Stream::forget_invitation(const PersonId& person, const RoomId& address) {
  hub_.store.notes().erase(hub_.network, kind("invited"), invited_key(person, address));
}

void Stream::decline_invitation(const PersonId& person, const RoomId& address, const std::string& reason) {
  const auto known = hub_.store.notes().get(hub_.network, kind("invited"), invited_key(person, address));
  auto invitation = known ? Invitation::unpacked(*known) : std::nullopt;
  if (!invitation) return;
  forget_invitation(person, address);
  const Room* room = find(invitation->room_id);
  const std::string own = voice_of(*invitation).user_id();
  const auto is_own = [&](const Room::Occupant& o) { return o.user_id == own; };
  if (room != nullptr && std::any_of(room->occupants().begin(), room->occupants().end(), is_own)) return;
  invitation->refusal = reason.empty() ? "The invitation was declined." : reason;
  keep(*invitation);
  decline(*invitation);
}

void Stream::decline(const Invitation& invitation) {
  Api::Call call;
  call.method = "POST";
  call.path = "/_matrix/client/v3/rooms/" + net::url_encoded(invitation.room_id) + "/leave";
  call.body = json::object{{"reason", invitation.refusal}};
  call.patience = Api::Patience::insist;
  voice_of(invitation)
      .call(std::move(call), [this, weak = std::weak_ptr<bool>(alive_), invitation](const Reply& reply) {
        if (weak.expired()) return;
        is_done(invitation);
        if (const auto* refusal = std::get_if<Refusal>(&reply)) {
          spdlog::info("matrix: an invitation to {} could not be declined: {}", invitation.room_id,
                       refusal->failure.text);
        }
      });
}

void Stream::accept_direct(const Invitation& invitation) {
  const std::string server = net::url_encoded(server_of(invitation.inviter.value()));
  Api::Call call;
  call.method = "POST";
  call.path = "/_matrix/client/v3/join/" + net::url_encoded(invitation.room_id);
  call.query = "via=" + server + "&server_name=" + server;
  call.body = json::object{};
  call.patience = Api::Patience::insist;
  call.timeout = hub_.patience.join;
  auto hold = open(invitation.room_id).hold();
  voice_of(invitation)
      .call(std::move(call),
            [this, weak = std::weak_ptr<bool>(alive_), invitation, hold](const Reply& reply) {
              if (weak.expired()) return;
              const auto* refusal = std::get_if<Refusal>(&reply);
              if (refusal == nullptr)
                return account_ != nullptr ? entered(invitation) : fetch_missed(invitation, hold);
              is_done(invitation);
              spdlog::info("matrix: {}: the chat {} of {} could not be entered: {}", hub_.network.value(),
                           invitation.room_id, invitation.inviter.value(), refusal->failure.text);
              if (direct_room(invitation.person, invitation.inviter) == invitation.room_id) {
                forget_direct(invitation.person, invitation.inviter);
              }
            });
}

// Of an account: what was said before is in its /sync.
void Stream::entered(const Invitation& invitation) {
  account_->list_chat(invitation.inviter, invitation.room_id);
  is_done(invitation);
  open(invitation.room_id).ensure_view([](const auto&) {});
}

// Who invites begins to talk: of that nobody tells us, for none of ours is in the room yet.
void Stream::fetch_missed(const Invitation& invitation, const std::shared_ptr<void>& hold) {
  Api::Call ask;
  ask.path = "/_matrix/client/v3/rooms/" + net::url_encoded(invitation.room_id) + "/messages";
  ask.query = missed_query;
  ask.patience = Api::Patience::insist;
  ask.timeout = hub_.patience.answer;
  voice_of(invitation)
      .call(std::move(ask), [this, weak = std::weak_ptr<bool>(alive_), invitation, hold](const Reply& reply) {
        if (weak.expired()) return;
        const std::string own = hub_.ghosts->id_of(invitation.person).value_or(std::string());
        const auto* page = std::get_if<json::value>(&reply);
        const json::object* body = page != nullptr ? page->if_object() : nullptr;
        Room& room = open(invitation.room_id);
        room.on_missed(missed_in(body != nullptr ? array_at(*body, "chunk") : nullptr, own, room.id()));
        is_done(invitation);
        room.ensure_view([](const auto&) {});
      });
}

}  // namespace dragoman::matrix
