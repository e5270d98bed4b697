// The room of a one-to-one chat: the one that is known, entered again where one side has left it, or a new
// one (client-server API, "Direct messaging").
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"

namespace dragoman::matrix {

// What waits for a chat that is being made.
struct Session::Making {
  std::vector<OnRoom> waiting;
};

void Session::reach_chat(const UserId& peer, OnRoom done) {
  if (!is_user_id(peer.value())) {
    return done(Failure{Reason::no_such_user, "There is no such user on Matrix."});
  }
  if (const auto other = hub_.ghosts->person_of(peer.value()); other && kind_ == Kind::ghost) {
    return done(Failure{Reason::unsupported, other->value() + " is on XMPP too: write to that address."});
  }
  const auto room_id = stream_.direct_room(person_, peer);
  if (!room_id) return make_chat(peer, std::move(done));
  Room& room = stream_.open(*room_id);
  room.ensure_view([weak = weak_from_this(), peer, id = *room_id,
                    done = std::move(done)](const std::optional<Failure>& failure) mutable {
    const auto self = weak.lock();
    if (!self) return;
    Room& now = self->stream_.open(id);
    // A room whose state we may not see is one that we are not in.
    if (failure || now.view().membership_of(self->voice_user_) != "join") {
      return self->enter_chat(peer, now, std::move(done));
    }
    self->fetch_back(peer, now, std::move(done));
  });
}

void Session::enter_chat(const UserId& peer, Room& room, OnRoom done) {
  Api::Call call = request("POST", "/_matrix/client/v3/join/" + net::url_encoded(room.id()), {});
  call.query = "via=" + net::url_encoded(server_of(peer.value())) +
               "&server_name=" + net::url_encoded(server_of(peer.value()));
  call.patience = Api::Patience::insist;
  call.timeout = hub_.patience.join;
  this->call(std::move(call),
             [this, peer, id = room.id(), done = std::move(done)](const Reply& reply) mutable {
               if (std::holds_alternative<Refusal>(reply)) {
                 stream_.forget_direct(person_, peer);
                 return make_chat(peer, std::move(done));
               }
               Room& now = stream_.open(id);
               now.ensure_view([weak = weak_from_this(), peer, id,
                                done = std::move(done)](const std::optional<Failure>& failure) mutable {
                 const auto self = weak.lock();
                 if (!self) return;
                 if (failure) return done(*failure);
                 self->fetch_back(peer, self->stream_.open(id), std::move(done));
               });
             });
}

// Somebody who has left is asked in again; where that can't be, there is a new room.
void Session::fetch_back(const UserId& peer, Room& room, OnRoom done) {
  const std::string theirs = room.view().membership_of(peer.value());
  if (theirs == "join" || theirs == "invite") return done(&room);
  Api::Call call = request("POST", "/_matrix/client/v3/rooms/" + net::url_encoded(room.id()) + "/invite",
                           {{"user_id", peer.value()}});
  call.patience = Api::Patience::insist;
  this->call(std::move(call),
             [this, peer, id = room.id(), done = std::move(done)](const Reply& reply) mutable {
               if (std::holds_alternative<Refusal>(reply)) {
                 stream_.forget_direct(person_, peer);
                 return make_chat(peer, std::move(done));
               }
               done(&stream_.open(id));
             });
}

void Session::make_chat(const UserId& peer, OnRoom done) {
  auto& making = making_[peer];
  if (!making) making = std::make_shared<Making>();
  making->waiting.push_back(std::move(done));
  if (making->waiting.size() > 1) return;
  auto finish = [this, peer](const std::variant<Room*, Failure>& result) {
    auto made = making_.extract(peer);
    if (made.empty()) return;
    for (OnRoom& waiting : made.mapped()->waiting) waiting(result);
  };
  // A homeserver makes rooms with people who do not exist.
  Api::Call look;
  look.path = "/_matrix/client/v3/profile/" + net::url_encoded(peer.value());
  look.patience = Api::Patience::insist;
  look.timeout = hub_.patience.answer;
  this->call(std::move(look), [this, peer, finish](const Reply& known) {
    const auto* unknown = std::get_if<Refusal>(&known);
    if (unknown != nullptr && unknown->status == 404) {
      return finish(Failure{Reason::no_such_user, "There is no user " + peer.value() + " on Matrix."});
    }
    if (unknown != nullptr && unknown->status == 0) return finish(unknown->failure);
    Api::Call create = request(
        "POST", "/_matrix/client/v3/createRoom",
        {{"preset", "trusted_private_chat"}, {"is_direct", true}, {"invite", json::array{peer.value()}}});
    create.patience = Api::Patience::insist;
    create.timeout = hub_.patience.join;
    this->call(std::move(create), [this, peer, finish](const Reply& reply) {
      if (const auto* refusal = std::get_if<Refusal>(&reply)) return finish(refusal->failure);
      const auto* body = std::get<json::value>(reply).if_object();
      const std::string id(body != nullptr ? text_at(*body, "room_id") : std::string_view());
      if (!is_room_id(id)) {
        return finish(Failure{Reason::network_error, "The homeserver's answer makes no sense."});
      }
      stream_.note_direct(person_, peer, id);
      stream_.open(id).ensure_view([weak = weak_from_this(), id, finish](const auto& failure) {
        const auto self = weak.lock();
        if (!self) return;
        if (failure) return finish(*failure);
        finish(&self->stream_.open(id));
      });
    });
  });
}

}  // namespace dragoman::matrix
