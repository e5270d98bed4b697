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
  const std::string local(jid.substr(0, at)), domain(jid.substr(at + 1));
  const std::string localpart = ascii_lower(localpart_of(user_id));
  for (const char* joint : {"=40", "@", "_", "_at_", "="}) {
    if (localpart.ends_with(local + joint + domain)) return true;
  }
  return false;
}

}  // namespace

void Stream::on_invite(const std::string& room_id, const json::object& member_event,
                       const json::array* stripped) {
  PersonId person = viewer_;
  if (person.empty()) {
    auto whose = hub_.ghosts->person_of(text_at(member_event, "state_key"));
    if (!whose) return;  // the bridge's own user goes nowhere by invitation
    person = *whose;
  }
  const json::object* content = object_at(member_event, "content");
  const UserId inviter{std::string(text_at(member_event, "sender"))};
  if (content == nullptr || !is_user_id(inviter.value())) return;
  const bool direct = true_at(*content, "is_direct");
  const std::string reason = one_line(xml_clean(text_at(*content, "reason").substr(0, 1000)));

  if (viewer_.empty()) {
    // One of ours by another of ours: who did it told the other by XMPP.
    if (is_ours(inviter.value())) {
      if (direct) decline(room_id, person, "People on XMPP talk to one another there.");
      return;
    }
    if (stands_for(inviter.value(), person)) {
      return decline(room_id, person, "This would be a loop of two bridges.");
    }
    if (!hub_.may_use(person)) {
      return decline(room_id, person, person.value() + " may not use the bridge to XMPP.");
    }
    if (direct) return accept_direct(room_id, person, inviter, reason);
  }

  hub_.store.notes().put(hub_.network, "via", room_id, server_of(inviter.value()));
  RoomId address{room_id};
  if (const json::object* alias = stripped_content(stripped, "m.room.canonical_alias");
      alias != nullptr && is_alias(text_at(*alias, "alias"))) {
    address = RoomId{std::string(text_at(*alias, "alias"))};
    // Where somebody was invited by this alias they are joined by it: it is the room's own word, and is
    // looked up again then.
  }
  dragoman::Session& from = account_ != nullptr ? static_cast<dragoman::Session&>(*account_)
                                                : static_cast<dragoman::Session&>(hub_.ghost_session(person));
  hub_.sink.on_event(from, {address,
                            {.nick = inviter.value(), .user = inviter},
                            {},
                            {},
                            false,
                            Invited{inviter.value(), reason, {}}});
}

void Stream::decline(const std::string& room_id, const PersonId& person, const std::string& why) {
  Api::Call call;
  call.method = "POST";
  call.path = "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/leave";
  call.body = json::object{{"reason", why}};
  hub_.ghost_session(person).call(std::move(call), [room_id](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      spdlog::info("matrix: an invitation to {} could not be declined: {}", room_id, refusal->failure.text);
    }
  });
}

void Stream::accept_direct(const std::string& room_id, const PersonId& person, const UserId& inviter,
                           const std::string& reason) {
  Api::Call call;
  call.method = "POST";
  call.path = "/_matrix/client/v3/join/" + net::url_encoded(room_id);
  call.query = "via=" + net::url_encoded(server_of(inviter.value())) +
               "&server_name=" + net::url_encoded(server_of(inviter.value()));
  call.body = json::object{};
  call.patience = Api::Patience::insist;
  call.timeout = hub_.patience.join;
  // Known as theirs at once: what is said in it while the join is on its way waits there.
  const bool first = !direct_room(person, inviter);
  note_direct(person, inviter, room_id);
  Session& session = hub_.ghost_session(person);
  if (first) session.tell(inviter, Invited{inviter.value(), reason, {}}, {.user = inviter});
  session.call(std::move(call),
               [this, weak = std::weak_ptr<bool>(alive_), room_id, person, inviter](const Reply& reply) {
                 if (weak.expired()) return;
                 if (const auto* refusal = std::get_if<Refusal>(&reply)) {
                   spdlog::info("matrix: {}: the chat {} of {} could not be entered: {}",
                                hub_.network.value(), room_id, inviter.value(), refusal->failure.text);
                   if (direct_room(person, inviter) == room_id) forget_direct(person, inviter);
                   return;
                 }
                 open(room_id).ensure_view([](const auto&) {});
               });
}

}  // namespace dragoman::matrix
