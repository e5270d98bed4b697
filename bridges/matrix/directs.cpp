// The room of a one-to-one chat: the one that is known, entered again where one side has left it, or a new
// one (client-server API, "Direct messaging").
#include <random>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {

namespace {

constexpr const char* making_kind = "making chat";
constexpr const char* mark_field = "net.dragoman.chat";  // of m.room.create

}  // namespace

// What waits for a chat that is being made.
struct Session::Making {
  explicit Making(boost::asio::io_context& loop) : again(loop) {}
  std::vector<OnRoom> waiting;
  net::Timer again;
  net::Backoff backoff{std::chrono::seconds(1), std::chrono::minutes(1)};
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
  room.ensure_view([self = shared_from_this(), peer, id = *room_id,
                    done = std::move(done)](const std::optional<Failure>& failure) mutable {
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
               now.ensure_view([self = shared_from_this(), peer, id,
                                done = std::move(done)](const std::optional<Failure>& failure) mutable {
                 if (failure) return done(*failure);
                 self->fetch_back(peer, self->stream_.open(id), std::move(done));
               });
             });
}

// Somebody who has left is asked in again; where that can't be, there is a new room.
void Session::fetch_back(const UserId& peer, Room& room, OnRoom done) {
  const std::string theirs = room.view().membership_of(peer.value());
  if (theirs == "join" || theirs == "invite") return done(&room);
  if (!theirs.empty()) return ask_in(peer, room.id(), std::move(done));
  // Who has not come in yet is not in the list of people: of them it is asked.
  Api::Call ask;
  ask.path = "/_matrix/client/v3/rooms/" + net::url_encoded(room.id()) + "/state/m.room.member/" +
             net::url_encoded(peer.value());
  ask.patience = Api::Patience::insist;
  ask.timeout = hub_.patience.answer;
  this->call(std::move(ask),
             [this, peer, id = room.id(), done = std::move(done)](const Reply& reply) mutable {
               const auto* value = std::get_if<json::value>(&reply);
               const json::object* content = value != nullptr ? value->if_object() : nullptr;
               if (content != nullptr && text_at(*content, "membership") == "invite")
                 return done(&stream_.open(id));
               ask_in(peer, id, std::move(done));
             });
}

void Session::ask_in(const UserId& peer, const std::string& room_id, OnRoom done) {
  Api::Call call = request("POST", "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/invite",
                           {{"user_id", peer.value()}});
  call.patience = Api::Patience::insist;
  this->call(std::move(call), [this, peer, id = room_id, done = std::move(done)](const Reply& reply) mutable {
    if (std::holds_alternative<Refusal>(reply)) {
      stream_.forget_direct(person_, peer);
      return make_chat(peer, std::move(done));
    }
    done(&stream_.open(id));
  });
}

void Session::make_chat(const UserId& peer, OnRoom done) {
  auto& making = making_[peer];
  if (!making) making = std::make_shared<Making>(hub_.loop);
  making->waiting.push_back(std::move(done));
  if (making->waiting.size() > 1) return;
  // A homeserver makes rooms with people who do not exist.
  Api::Call look;
  look.path = "/_matrix/client/v3/profile/" + net::url_encoded(peer.value());
  look.patience = Api::Patience::insist;
  look.timeout = hub_.patience.answer;
  this->call(std::move(look), [this, peer](const Reply& known) {
    const auto* unknown = std::get_if<Refusal>(&known);
    if (unknown != nullptr && unknown->status == 404) {
      return made_chat(peer,
                       Failure{Reason::no_such_user, "There is no user " + peer.value() + " on Matrix."});
    }
    if (unknown != nullptr && unknown->status == 0) return made_chat(peer, unknown->failure);
    // What is not known to have been answered may have been done.
    const std::string key = person_.value() + ' ' + peer.value();
    auto mark = hub_.store.notes().get(hub_.network, making_kind, key);
    if (mark) return find_room_made(peer, *mark);
    mark = hub_.new_id();
    hub_.store.notes().put(hub_.network, making_kind, key, *mark);
    hub_.store.durable();
    make_room(peer, *mark);
  });
}

// Nothing keeps a homeserver from doing this twice: the room has a mark by which it is found again.
void Session::make_room(const UserId& peer, const std::string& mark) {
  Api::Call create = request("POST", "/_matrix/client/v3/createRoom",
                             {{"preset", "trusted_private_chat"},
                              {"is_direct", true},
                              {"invite", json::array{peer.value()}},
                              {"creation_content", json::object{{mark_field, mark}}}});
  create.timeout = hub_.patience.join;
  this->call(std::move(create), [this, peer, mark](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      const bool passing = refusal->status < 300 || refusal->status == 429 || refusal->status >= 500;
      if (!passing) return made_chat(peer, refusal->failure);
      Making& making = *making_.at(peer);
      return making.again.after(making.backoff.next(std::random_device{}()),
                                [this, peer, mark] { find_room_made(peer, mark); });
    }
    const auto* body = std::get<json::value>(reply).if_object();
    const std::string id(body != nullptr ? text_at(*body, "room_id") : std::string_view());
    if (!is_room_id(id)) {
      return made_chat(peer, Failure{Reason::network_error, "The homeserver's answer makes no sense."});
    }
    use_room(peer, id);
  });
}

void Session::find_room_made(const UserId& peer, const std::string& mark) {
  Api::Call ask;
  ask.path = "/_matrix/client/v3/joined_rooms";
  ask.patience = Api::Patience::insist;
  ask.timeout = hub_.patience.answer;
  this->call(std::move(ask), [this, peer, mark](const Reply& reply) {
    auto rooms = std::make_shared<std::deque<std::string>>();
    const auto* value = std::get_if<json::value>(&reply);
    const json::object* body = value != nullptr ? value->if_object() : nullptr;
    const json::array* joined = body != nullptr ? array_at(*body, "joined_rooms") : nullptr;
    if (joined != nullptr) {
      for (const json::value& entry : *joined) {
        const auto* id = entry.if_string();
        if (id != nullptr && is_room_id(*id) && !stream_.direct_of(*id)) rooms->emplace_back(*id);
      }
    }
    look_for_mark(peer, mark, rooms);
  });
}

void Session::look_for_mark(const UserId& peer, const std::string& mark,
                            const std::shared_ptr<std::deque<std::string>>& rooms) {
  if (rooms->empty()) return make_room(peer, mark);
  const std::string id = std::move(rooms->back());  // the newest are most often the last
  rooms->pop_back();
  Api::Call ask;
  ask.path = "/_matrix/client/v3/rooms/" + net::url_encoded(id) + "/state/m.room.create";
  ask.patience = Api::Patience::insist;
  ask.timeout = hub_.patience.answer;
  this->call(std::move(ask), [this, peer, mark, rooms, id](const Reply& reply) {
    const auto* value = std::get_if<json::value>(&reply);
    const json::object* content = value != nullptr ? value->if_object() : nullptr;
    if (content != nullptr && text_at(*content, mark_field) == mark) return use_room(peer, id);
    look_for_mark(peer, mark, rooms);
  });
}

void Session::use_room(const UserId& peer, const std::string& room_id) {
  stream_.note_direct(person_, peer, room_id);
  list_chat(peer, room_id);
  stream_.open(room_id).ensure_view([self = shared_from_this(), peer, room_id](const auto& failure) {
    if (failure) return self->made_chat(peer, *failure);
    self->made_chat(peer, &self->stream_.open(room_id));
  });
}

void Session::made_chat(const UserId& peer, const std::variant<Room*, Failure>& result) {
  hub_.store.notes().erase(hub_.network, making_kind, person_.value() + ' ' + peer.value());
  const auto made = making_.extract(peer);
  if (made.empty()) return;
  for (const OnRoom& waiting : made.mapped()->waiting) waiting(result);
}

void Session::list_chat(const UserId& peer, const std::string& room_id) {
  if (kind_ != Kind::account) return;
  unlisted_.emplace_back(peer, room_id);
  if (unlisted_.size() == 1) list_next_chat();
}

// It is one whole thing at the homeserver: read, and written with what is new, one chat after the other.
void Session::list_next_chat() {
  const std::string path =
      "/_matrix/client/v3/user/" + net::url_encoded(voice_user_) + "/account_data/m.direct";
  Api::Call ask;
  ask.path = path;
  ask.patience = Api::Patience::insist;
  call(std::move(ask), [this, path](const Reply& reply) {
    const auto* refusal = std::get_if<Refusal>(&reply);
    if (refusal != nullptr && refusal->status != 404) return listed_chat(refusal);
    const auto* known = std::get_if<json::value>(&reply);
    json::object directs = known != nullptr && known->is_object() ? known->get_object() : json::object();
    const auto& [peer, room_id] = unlisted_.front();
    json::value& rooms = directs[peer.value()];
    if (!rooms.is_array()) rooms = json::array();
    rooms.get_array().emplace_back(room_id);
    Api::Call put = request("PUT", path, std::move(directs));
    put.patience = Api::Patience::insist;
    call(std::move(put), [this](const Reply& answer) { listed_chat(std::get_if<Refusal>(&answer)); });
  });
}

void Session::listed_chat(const Refusal* refusal) {
  if (refusal != nullptr) {
    spdlog::info("matrix: {}: {}'s other devices were not told of a chat: {}", hub_.network.value(),
                 voice_user_, refusal->failure.text);
  }
  unlisted_.pop_front();
  if (!unlisted_.empty()) list_next_chat();
}

}  // namespace dragoman::matrix
