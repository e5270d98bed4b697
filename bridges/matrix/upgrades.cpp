// A room that was replaced (client-server API, "Room upgrades"): ours go over, the addresses lead to the new
// one, and for those on XMPP it stays the room it was.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {
namespace {

void add_server(std::string& query, std::string_view server) {
  if (server.empty()) return;
  const std::string encoded = net::url_encoded(server);
  if (query.find("via=" + encoded + "&") != std::string::npos) return;
  query += "via=" + encoded + "&server_name=" + encoded + "&";
}

std::string nick_in(const Room* room, const Session& session, const RoomId& address) {
  const Room::Occupant* here = room != nullptr ? room->find(session.user_id(), address) : nullptr;
  return here != nullptr ? here->nick : session.nick();
}

}  // namespace

std::string Stream::servers_of(const std::string& room_id, const RoomId& address) const {
  std::string query;
  add_server(query, server_of(room_id));
  add_server(query, server_of(address.value()));
  if (auto via = hub_.store.notes().get(hub_.network, "via", room_id)) add_server(query, *via);
  add_server(query, hub_.server_name());
  if (!query.empty()) query.pop_back();
  return query;
}

void Stream::follow_upgrade(Room& old, const std::string& replacement) {
  if (!is_room_id(replacement) || replacement == old.id() || latest(replacement) == old.id()) return;
  // Where it leads is one for all; who follows is each stream for itself.
  if (hub_.store.notes().get(hub_.network, kind("followed"), old.id())) return;
  hub_.store.notes().put(hub_.network, kind("followed"), old.id(), replacement);
  hub_.store.notes().put(hub_.network, "upgrade", old.id(), replacement);
  expected_.insert(replacement);  // what is said there may come before the join is answered
  spdlog::info("matrix: {}: {} was replaced by {}", hub_.network.value(), old.id(), replacement);

  if (const auto& direct = old.direct()) {
    note_direct(direct->person, direct->peer, replacement);
    Session& session = account_ != nullptr ? *account_ : hub_.ghost_session(direct->person);
    enter_replacement(session, old.id(), replacement, RoomId{}, {});
  }
  std::vector<RoomId> told;
  for (const Room::Occupant& occupant : std::vector<Room::Occupant>(old.occupants())) {
    if (std::find(told.begin(), told.end(), occupant.address) == told.end()) {
      told.push_back(occupant.address);
      dragoman::Session& from = account_ != nullptr ? *account_ : hub_.own_session();
      hub_.sink.on_event(
          from, {occupant.address,
                 {},
                 {},
                 {},
                 false,
                 Message{"This room was replaced by a new one. You are taken along.", MessageKind::notice}});
    }
    on_the_way_.put(occupant.session->person(), occupant.address, {old.id(), replacement});
    enter_replacement(*occupant.session, old.id(), replacement, occupant.address, occupant.nick);
  }
}

// `address` is empty for a one-to-one chat.
void Stream::enter_replacement(Session& session, const std::string& old_id, const std::string& replacement,
                               const RoomId& address, const std::string& nick) {
  Api::Call call;
  call.method = "POST";
  call.path = "/_matrix/client/v3/join/" + net::url_encoded(replacement);
  call.query = servers_of(replacement, address);
  if (const std::string_view server = server_of(old_id); !server.empty()) {
    call.query += "&via=" + net::url_encoded(server) + "&server_name=" + net::url_encoded(server);
  }
  call.body = json::object{};
  call.patience = Api::Patience::insist;
  call.timeout = hub_.patience.join;
  session.call(std::move(call), [this, weak = std::weak_ptr<bool>(alive_), voice = session.weak_from_this(),
                                 old_id, replacement, address, nick](const Reply& reply) {
    const auto speaker = voice.lock();
    if (weak.expired() || !speaker) return;
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      spdlog::info("matrix: {}: {} can't enter {}: {}", hub_.network.value(), speaker->user_id(), replacement,
                   refusal->failure.text);
      if (address.empty()) return;
      if (refusal->status == 403) return wait_for_invitation(*speaker, address);
      if (Room* old = find(old_id)) old->remove(speaker->user_id(), address);
      return speaker->tell(
          address, Exited{Departure::left,
                          {},
                          "This room was replaced by one that can't be entered: " + refusal->failure.text});
    }
    Room& now = open(replacement);
    if (address.empty()) return now.ensure_view([](const auto&) {});
    lead(address, replacement);
    if (Room* old = find(old_id)) old->remove(speaker->user_id(), address);
    now.add({speaker->user_id(), speaker, address, nick});
    now.ensure_view([this, weak, voice, replacement, address](const std::optional<Failure>& failure) {
      const auto still = voice.lock();
      if (weak.expired() || !still) return;
      Room* room = find(replacement);
      if (room == nullptr || failure) return;
      room->view().enter({still.get(), address}, still->user_id());
    });
  });
}

void Stream::wait_for_invitation(Session& session, const RoomId& address) {
  const OnTheWay::Move* found = on_the_way_.find(session.person(), address);
  if (found == nullptr) return;
  const OnTheWay::Move move = *found;
  if (move.invited) {
    const Room* old = find(move.from);
    on_the_way_.put(session.person(), address, {move.from, move.to, move.told});
    return enter_replacement(session, move.from, move.to, address, nick_in(old, session, address));
  }
  const bool told = on_the_way_.told(address, move.to);
  on_the_way_.note_told(session.person(), address);
  if (told) return;
  dragoman::Session& from = account_ != nullptr ? *account_ : hub_.own_session();
  hub_.sink.on_event(from,
                     {address,
                      {},
                      {},
                      {},
                      false,
                      Message{"The new room is for those who are invited. Whoever is invited there will be "
                              "taken along; this one stays as it is.",
                              MessageKind::notice}});
}

bool Stream::take_invitation(const std::string& replacement, const PersonId& person) {
  bool taken = false;
  for (const RoomId& address : on_the_way_.of(person, replacement)) {
    OnTheWay::Move& move = *on_the_way_.find(person, address);
    Session& session = account_ != nullptr ? *account_ : hub_.ghost_session(person);
    const Room* old = find(move.from);
    const bool here = old != nullptr && old->find(session.user_id(), address) != nullptr;
    if (here && move.told) {
      enter_replacement(session, move.from, replacement, address, nick_in(old, session, address));
    } else if (here || session.is_joining(address)) {
      move.invited = true;  // the refusal of the join is on its way, or the old room is being entered again
    } else {
      on_the_way_.erase(person, address);  // not back after a restart: an invitation like any other
      continue;
    }
    taken = true;
  }
  return taken;
}

}  // namespace dragoman::matrix
