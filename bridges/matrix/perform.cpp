// What a voice is asked to do: one function for each act, so that a forgotten one does not compile.
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"

namespace dragoman::matrix {
namespace {

std::string room_path(const Room& room) { return "/_matrix/client/v3/rooms/" + net::url_encoded(room.id()); }

}  // namespace

struct Perform {
  Session& session;
  Command& command;

  void queue() const {
    if (std::holds_alternative<PlaceId>(command.in)) return no("Nobody reads what is said to a server here.");
    if (std::holds_alternative<RoomId>(command.in) && session.joined(command) == nullptr) return;
    session.stream_.queues().push(session, std::move(command));
  }
  void no(std::string words = {}) const {
    session.failed(command.in, command.token, {Reason::unsupported, std::move(words)});
  }
  void done() const { session.delivered(command.in, command.token); }

  void operator()(Message&) const { queue(); }
  void operator()(Edit&) const { queue(); }
  void operator()(Retraction&) const { queue(); }
  void operator()(Reactions&) const { queue(); }
  void operator()(Subject&) const { queue(); }
  void operator()(Typing& typing) const {
    session.typing(command.in, typing.state);
    done();
  }
  void operator()(ReadMark& mark) const {
    if (mark.displayed) session.read(command.in, mark.up_to);
    done();
  }
  void operator()(Join& join) const {
    const auto* room = std::get_if<RoomId>(&command.in);
    if (room == nullptr) return no();
    session.join(*room, join, command.token);
  }
  void operator()(Leave& leave) const {
    const auto* address = std::get_if<RoomId>(&command.in);
    if (address == nullptr) return no();
    if (session.abandon(*address)) return done();
    Room* room = session.stream_.find(*address, session.person_);
    if (room == nullptr || room->find(session.user_id(), *address) == nullptr) {
      session.stream_.decline_invitation(session.person_, *address, leave.reason);
      return done();
    }
    session.stream_.queues().push(session, std::move(command));
  }
  void operator()(Invite& invite) const { session.invite(command, invite); }
  void operator()(SetStanding& standing) const { session.set_standing(command, standing); }
  void operator()(Remove& remove) const {
    Room* room = session.joined(command);
    if (room == nullptr) return;
    const auto who = session.somebody(*room, remove.nick);
    if (!who) return session.failed(command.in, command.token, {Reason::no_such_user, {}});
    json::object body{{"user_id", *who}};
    if (!remove.reason.empty()) body["reason"] = remove.reason;
    session.plain_call(command, Session::request("POST", room_path(*room) + "/kick", std::move(body)));
  }
  void operator()(SetNick& nick) const { session.set_nick(command, nick.nick); }
  void operator()(SetAvailability& availability) const {
    session.show(availability);
    done();
  }
  void operator()(ListStandings& list) const { session.list_standings(command, list.standing); }
  void operator()(FetchHistory& fetch) const {
    Room* room = session.room_of(command.in);
    if (room == nullptr || !room->view().ready()) {
      return session.failed(command.in, command.token, {Reason::not_joined, {}});
    }
    room->view().fetch_history({&session, command.in}, fetch.count, command.token,
                               session.shared_from_this());
  }
  void operator()(FetchProfile& fetch) const { session.fetch_profile(command, fetch.nick); }
  void operator()(SetProfile& profile) const { session.set_profile(command, profile); }
  void operator()(FetchRoomInfo&) const { session.fetch_room_info(command); }
  void operator()(SetRoomInfo& wish) const { session.set_room_info(command, wish); }
  void operator()(FetchVersion&) const { no("Matrix does not tell which program somebody uses."); }
  void operator()(Ping& ping) const { session.ping(command, ping.nick); }
  void operator()(Search& search) const { session.search(command, search); }
};

void Session::perform(Command command) {
  if (kind_ == Kind::ghost && !hub_.may_use(person_)) {
    return failed(command.in, command.token,
                  {Reason::not_permitted, "You may not use this bridge. Its administrator decides who may."});
  }
  std::visit([&](auto& act) { Perform{*this, command}(act); }, command.what);
}

Room* Session::joined(const Command& command) {
  Room* room = room_of(command.in);
  if (room == nullptr) failed(command.in, command.token, {Reason::not_joined, {}});
  return room;
}

// A user id by the nick somebody has in this room, by their id, or by the address of somebody on XMPP.
std::optional<std::string> Session::somebody(Room& room, const std::string& who) const {
  if (is_user_id(who)) return who;
  if (auto user = room.view().user_of(who)) return user;
  if (who.find('@') != std::string::npos && stream_.viewer().empty())
    return hub_.ghosts->id_of(PersonId{who});
  return std::nullopt;
}

// A call whose answer is all there is to tell.
void Session::plain_call(const Command& command, Api::Call what) {
  what.timeout = hub_.patience.answer;
  call(std::move(what), [this, in = command.in, token = command.token](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return failed(in, token, refusal->failure);
    delivered(in, token);
  });
}

void Session::typing(const Conversation& in, TypingState state) {
  Room* room = room_of(in);
  if (room == nullptr) return;
  const bool now = state == TypingState::composing;
  if (!now && typing_in_.erase(room->id()) == 0) return;
  if (now) {
    typing_in_.insert(room->id());
    typing_until_ = std::chrono::steady_clock::now() + hub_.patience.typing;
  }
  json::object body{{"typing", now}};
  if (now) body["timeout"] = hub_.patience.typing.count();
  call(request("PUT", room_path(*room) + "/typing/" + net::url_encoded(voice_user_), std::move(body)),
       [](const Reply&) {});
}

void Session::read(const Conversation& in, const MessageId& up_to) {
  Room* room = room_of(in);
  if (room == nullptr || !is_event_id(up_to.value())) return;
  if (kind_ == Kind::account) {
    room->view().note_read(voice_user_, up_to.value());
    return call(request("POST", room_path(*room) + "/read_markers",
                        {{"m.fully_read", up_to.value()}, {"m.read", up_to.value()}}),
                [](const Reply&) {});
  }
  call(request("POST", room_path(*room) + "/receipt/m.read/" + net::url_encoded(up_to.value()), {}),
       [](const Reply&) {});
}

void Session::show(const SetAvailability& availability, bool for_room) {
  shown_ = availability;
  shown_for_room_ = for_room;
  refresh_presence();
}

void Session::refresh_presence() {
  if (!shown_) return;
  const char* state = !shown_->online                              ? "offline"
                      : shown_->availability == Availability::away ? "unavailable"
                                                                   : "online";
  json::object body{{"presence", state}};
  if (!shown_->status.empty()) body["status_msg"] = shown_->status;
  const bool last = !shown_->online;
  call(request("PUT", "/_matrix/client/v3/presence/" + net::url_encoded(voice_user_) + "/status",
               std::move(body)),
       [](const Reply&) {});
  if (last) shown_.reset();
}

void Session::set_nick(const Command& command, const std::string& nick) {
  const auto* address = std::get_if<RoomId>(&command.in);
  if (address == nullptr) return set_profile(command, SetProfile{nick, {}});
  Room* room = joined(command);
  if (room == nullptr) return;
  const auto other = room->view().user_of(nick);
  if (other && *other != voice_user_) return failed(command.in, command.token, {Reason::nick_in_use, {}});
  Room::Occupant* self = room->find(voice_user_, *address);
  const std::string before = std::exchange(self->nick, nick);
  put_nick(room->id(), nick,
           [this, in = command.in, address = *address, token = command.token, before,
            nick](const std::optional<Failure>& failure) {
             if (!failure) {
               nick_ = nick;
               return delivered(in, token);
             }
             if (Room* still = stream_.find(address, person_)) {
               if (Room::Occupant* occupant = still->find(voice_user_, address)) occupant->nick = before;
             }
             failed(in, token, *failure);
           });
}

void Session::invite(const Command& command, const Invite& wish) {
  Room* room = joined(command);
  if (room == nullptr) return;
  const auto who = somebody(*room, wish.who);
  if (!who) return failed(command.in, command.token, {Reason::no_such_user, {}});
  const std::string membership = room->view().membership_of(*who);
  if (membership == "join" || membership == "invite") return delivered(command.in, command.token);
  json::object body{{"user_id", *who}};
  if (!wish.reason.empty()) body["reason"] = wish.reason;
  plain_call(command, request("POST", room_path(*room) + "/invite", std::move(body)));
}

void Session::set_standing(const Command& command, const SetStanding& wish) {
  Room* room = joined(command);
  if (room == nullptr) return;
  const auto who = somebody(*room, wish.who);
  if (!who) return failed(command.in, command.token, {Reason::no_such_user, {}});
  json::object body{{"user_id", *who}};
  if (!wish.reason.empty()) body["reason"] = wish.reason;
  if (wish.standing == Standing::banned) {
    return plain_call(command, request("POST", room_path(*room) + "/ban", std::move(body)));
  }
  const auto level = room->view().power().level_for(wish.standing);
  const bool banned = room->view().membership_of(*who) == "ban";
  const bool as_all = wish.standing == Standing::participant;
  if (banned) {
    Api::Call pardon = request("POST", room_path(*room) + "/unban", std::move(body));
    if (as_all || !level) return plain_call(command, std::move(pardon));
    return call(std::move(pardon), [this, command, wish](const Reply& reply) {
      if (const auto* refusal = std::get_if<Refusal>(&reply)) {
        return failed(command.in, command.token, refusal->failure);
      }
      put_level(command, wish);
    });
  }
  put_level(command, wish);
}

void Session::put_level(const Command& command, const SetStanding& wish) {
  Room* room = joined(command);
  if (room == nullptr) return;
  const auto who = somebody(*room, wish.who);
  auto level = room->view().power().level_for(wish.standing);
  // Who may send people out of a room may mostly ban them as well.
  if (!level && wish.standing == Standing::moderator) level = room->view().power().level_for(Standing::admin);
  if (who && room->view().power().of(*who) == PowerLevels::creator) {
    return failed(command.in, command.token,
                  {Reason::not_permitted, "What the one who made a room may do there, nobody can change."});
  }
  if (!who || !level) {
    return failed(command.in, command.token,
                  {Reason::unsupported, "This room's power levels have no such rank."});
  }
  if (room->view().power().of(*who) == *level) return delivered(command.in, command.token);
  plain_call(command, request("PUT", room_path(*room) + "/state/m.room.power_levels/",
                              room->view().power().with(*who, *level)));
}

void Session::list_standings(const Command& command, Standing standing) {
  Room* room = joined(command);
  if (room == nullptr) return;
  if (standing != Standing::banned) {
    StandingList list;
    for (const std::string& user : room->view().power().elevated()) {
      const bool banned = room->view().membership_of(user) == "ban";
      if (!banned && room->view().power().standing(user) == standing)
        list.users.push_back({user, standing, {}, {}});
    }
    tell(command.in, std::move(list));
    return delivered(command.in, command.token);
  }
  Api::Call ask;
  ask.path = room_path(*room) + "/members";
  ask.query = "membership=ban";
  ask.timeout = hub_.patience.answer;
  call(std::move(ask), [this, in = command.in, token = command.token](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return failed(in, token, refusal->failure);
    StandingList list;
    const auto* body = std::get<json::value>(reply).if_object();
    if (const json::array* chunk = body != nullptr ? array_at(*body, "chunk") : nullptr) {
      for (const json::value& entry : *chunk) {
        const json::object* event = entry.if_object();
        const json::object* content = event != nullptr ? object_at(*event, "content") : nullptr;
        if (content == nullptr || text_at(*content, "membership") != "ban") continue;
        list.users.push_back({std::string(text_at(*event, "state_key")), Standing::banned,
                              std::string(text_at(*event, "sender")),
                              std::string(text_at(*content, "reason"))});
      }
    }
    tell(in, std::move(list));
    delivered(in, token);
  });
}

}  // namespace dragoman::matrix
