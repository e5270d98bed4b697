// Into a room: where its alias leads, the join itself, its state, what was said lately, and then Entered.
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_recent = 50;  // messages told of what was said before the first came in

}  // namespace

struct Session::Joining {
  RoomId address;
  std::string nick, token;
  bool patient = false;
  bool off = false;  // left meanwhile
  std::string room_id, servers;
  std::string stay;            // the room they are in while they may not enter the one that replaced it
  std::shared_ptr<void> hold;  // of the room's events, until what was before them is told
};

void Session::join(const RoomId& address, const Join& join, const std::string& token) {
  auto& slot = joining_[address];
  if (slot) {
    // Asked twice: the newer one is answered by what comes of the first.
    failed(address, std::exchange(slot->token, token), {Reason::conflict, "You are joining it already."});
    slot->nick = join.nick;
    return;
  }
  slot = std::make_shared<Joining>(Joining{address, join.nick, token, join.patient, false, {}, {}, {}, {}});
  nick_ = join.nick;
  const auto joining = slot;
  // What is left and entered again at once must not be left afterwards.
  stream_.queues().settle_leave(person_, address, [weak = weak_from_this(), joining] {
    if (const auto self = weak.lock()) self->look_up(joining);
  });
}

void Session::look_up(const std::shared_ptr<Joining>& joining) {
  const std::string& address = joining->address.value();
  // Where somebody is there under this address, that is where it leads; after a restart too.
  const bool there = stream_.find(joining->address) != nullptr &&
                     stream_.find(joining->address)->anybody_at(joining->address);
  if (is_room_id(address) || there || joining->patient) {
    if (auto known = stream_.room_id_of(joining->address, person_)) {
      if (stream_.on_the_way().find(person_, joining->address) != nullptr) joining->stay = *known;
      joining->room_id = stream_.latest(*known);
      joining->servers = stream_.servers_of(joining->room_id, joining->address);
      return enter(joining);
    }
  }
  Api::Call call;
  call.path = "/_matrix/client/v3/directory/room/" + net::url_encoded(address);
  call.timeout = hub_.patience.answer;
  if (joining->patient) call.patience = Api::Patience::insist;
  this->call(std::move(call), [this, joining](const Reply& reply) {
    if (joining->off) return;
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      Failure failure = refusal->failure;
      if (refusal->status == 404) {
        failure = {Reason::no_such_room, "There is no room " + joining->address.value() + "."};
      }
      return give_up(joining, failure);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    const std::string_view room_id = body != nullptr ? text_at(*body, "room_id") : std::string_view();
    if (!is_room_id(room_id)) {
      return give_up(joining, {Reason::network_error, "The homeserver's answer makes no sense."});
    }
    joining->room_id = stream_.latest(std::string(room_id));
    joining->servers = stream_.servers_of(joining->room_id, joining->address);
    if (const json::array* servers = array_at(*body, "servers")) {
      for (std::size_t i = 0; i < servers->size() && i < 5; ++i) {
        const auto* name = (*servers)[i].if_string();
        if (name == nullptr || !is_server_name(*name)) continue;
        const std::string encoded = net::url_encoded(*name);
        joining->servers.append("&via=").append(encoded).append("&server_name=").append(encoded);
      }
    }
    enter(joining);
  });
}

void Session::enter(const std::shared_ptr<Joining>& joining) {
  if (joining->off) return;
  Api::Call call = request("POST", "/_matrix/client/v3/join/" + net::url_encoded(joining->room_id), {});
  call.query = joining->servers;
  call.timeout = hub_.patience.join;
  if (joining->patient) call.patience = Api::Patience::insist;
  this->call(std::move(call), [this, joining](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return refused(joining, *refusal);
    // Left while the join was on its way.
    if (joining->off) return leave_quietly(joining->address, joining->room_id);
    load(joining);
  });
}

void Session::refused(const std::shared_ptr<Joining>& joining, const Refusal& refusal) {
  if (joining->off) return;
  if (refusal.status != 403) {
    Failure failure = refusal.failure;
    if (refusal.status == 404) failure.reason = Reason::no_such_room;
    return give_up(joining, failure);
  }
  if (!joining->stay.empty()) {
    joining->room_id = std::exchange(joining->stay, {});
    joining->servers = stream_.servers_of(joining->room_id, joining->address);
    return enter(joining);
  }
  Room* room = stream_.find(joining->room_id);
  const std::string words = ascii_lower(refusal.failure.text);
  if ((room != nullptr && room->view().membership_of(voice_user_) == "ban") ||
      words.find("banned") != std::string::npos) {
    return give_up(joining, {Reason::banned, "You are banned from this room."});
  }
  knock(joining, refusal);
}

// Client-server API, "Knocking on rooms": where the room takes no knocks, the refusal of the join is the
// word.
void Session::knock(const std::shared_ptr<Joining>& joining, const Refusal& refusal) {
  Api::Call call = request("POST", "/_matrix/client/v3/knock/" + net::url_encoded(joining->room_id), {});
  call.query = joining->servers;
  this->call(std::move(call), [this, joining, words = refusal.failure.text](const Reply& reply) {
    if (joining->off) return;
    if (std::holds_alternative<Refusal>(reply)) {
      return give_up(joining, {Reason::members_only,
                               "Only people who were invited may enter this room." +
                                   (words.empty() ? std::string() : " The homeserver says: " + words)});
    }
    give_up(joining, {Reason::members_only,
                      "You have asked to be let in. When somebody in the room agrees, you will be invited."});
  });
}

void Session::load(const std::shared_ptr<Joining>& joining) {
  Room& room = stream_.open(joining->room_id);
  if (kind_ != Kind::account) room.set_spare_reader(voice_user_);
  if (room.occupants().empty()) joining->hold = room.hold();
  room.ensure_view([self = shared_from_this(), joining](const std::optional<Failure>& failure) {
    if (joining->off) return self->leave_quietly(joining->address, joining->room_id);
    if (failure) return self->give_up(joining, *failure);
    self->settle(joining);
  });
}

void Session::settle(const std::shared_ptr<Joining>& joining) {
  Room& room = stream_.open(joining->room_id);
  const auto other = room.view().user_of(joining->nick);
  if (other && *other != voice_user_ && kind_ == Kind::ghost) {
    give_up(joining, {Reason::nick_in_use, {}});
    return leave_quietly(joining->address, joining->room_id);
  }
  const OnTheWay::Move* move = stream_.on_the_way().find(person_, joining->address);
  const bool on_the_way = move != nullptr && move->from == joining->room_id;
  if (!on_the_way) {
    stream_.on_the_way().erase(person_, joining->address);
    stream_.lead(joining->address, joining->room_id);
  }
  stream_.forget_invitation(person_, joining->address);
  const bool first = !room.anybody_at(joining->address);
  room.add({voice_user_, shared_from_this(), joining->address, joining->nick});
  auto enter_now = [weak = weak_from_this(), joining, on_the_way] {
    const auto self = weak.lock();
    if (!self) return;
    Room* now = self->stream_.find(joining->room_id);
    if (joining->off) return;
    if (now == nullptr || now->find(self->voice_user_, joining->address) == nullptr)
      return self->give_up(joining, {Reason::not_joined, "You were removed before you were in."});
    self->joining_.erase(joining->address);
    now->view().enter({self.get(), joining->address}, self->voice_user_);
    joining->hold.reset();
    if (on_the_way) self->stream_.wait_for_invitation(*self, joining->address);
  };
  if (kind_ == Kind::ghost) {
    if (hub_.ghosts->name_of(person_) != joining->nick) {
      put_nick(joining->room_id, joining->nick, [](const auto&) {});
    }
    if (!shown_) show(SetAvailability{}, true);
  }
  if (!first) return enter_now();
  dragoman::Session& from =
      kind_ == Kind::account ? static_cast<dragoman::Session&>(*this) : hub_.own_session();
  room.view().fetch_recent({&from, joining->address}, most_recent, enter_now);
}

void Session::give_up(const std::shared_ptr<Joining>& joining, const Failure& failure) {
  if (auto found = joining_.find(joining->address); found != joining_.end() && found->second == joining) {
    joining_.erase(found);
    stream_.on_the_way().erase(person_, joining->address);
  }
  failed(joining->address, joining->token, failure);
}

bool Session::abandon(const RoomId& address) {
  auto found = joining_.extract(address);
  if (found.empty()) return false;
  found.mapped()->off = true;
  stream_.on_the_way().erase(person_, address);
  failed(address, found.mapped()->token, {Reason::not_joined, "You left before you were in."});
  return true;
}

void Session::leave_quietly(const RoomId& address, const std::string& room_id) {
  const auto wanted = [weak = weak_from_this(), address, room_id] {
    const auto self = weak.lock();
    if (!self || self->joining_.contains(address)) return false;
    Room* room = self->stream_.find(room_id);
    return room == nullptr || room->find(self->voice_user_) == nullptr;
  };
  if (!wanted()) return;
  Api::Call leave = request("POST", "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/leave", {});
  leave.patience = Api::Patience::insist;
  leave.still_wanted = [wanted](const Refusal&) { return wanted(); };
  call(std::move(leave), [](const Reply&) {});
}

// A nick of one room alone is the displayname of its m.room.member event.
void Session::put_nick(const std::string& room_id, const std::string& nick,
                       std::function<void(const std::optional<Failure>&)> done) {
  json::object content{{"membership", "join"}, {"displayname", nick}};
  if (kind_ == Kind::ghost) {
    if (const std::string avatar = hub_.ghosts->avatar_of(person_); !avatar.empty()) {
      content["avatar_url"] = avatar;
    }
  } else if (Room* room = stream_.find(room_id)) {
    if (const std::string avatar = room->view().avatar_of(voice_user_); !avatar.empty()) {
      content["avatar_url"] = avatar;
    }
  }
  call(request("PUT",
               "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/state/m.room.member/" +
                   net::url_encoded(voice_user_),
               std::move(content)),
       [done = std::move(done)](const Reply& reply) {
         const auto* refusal = std::get_if<Refusal>(&reply);
         done(refusal != nullptr ? std::optional(refusal->failure) : std::nullopt);
       });
}

}  // namespace dragoman::matrix
