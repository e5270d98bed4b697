// Who somebody is, and what a room is called and looks like (client-server API, "Profiles").
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

// Tells a profile, its picture fetched.
void tell_profile(const std::shared_ptr<Session>& session, const Conversation& in, const std::string& token,
                  Profile profile, const std::string& mxc) {
  if (mxc.empty()) {
    session->tell(in, std::move(profile));
    return session->delivered(in, token);
  }
  session->hub().media.fetch_picture(
      mxc, [session, in, token, profile = std::move(profile)](const std::optional<Picture>& picture) mutable {
        profile.picture = picture;
        session->tell(in, std::move(profile));
        session->delivered(in, token);
      });
}

}  // namespace

void Session::fetch_profile(const Command& command, const std::string& nick) {
  std::string user;
  Room* room = nullptr;
  if (const auto* peer = std::get_if<UserId>(&command.in)) {
    user = peer->value();
  } else if (const auto* address = std::get_if<RoomId>(&command.in)) {
    room = stream_.find(*address, person_);
    if (room == nullptr || !room->view().ready()) {
      return failed(command.in, command.token, {Reason::not_joined, {}});
    }
    if (!nick.empty()) user = somebody(*room, nick).value_or(std::string());
  } else {
    return failed(command.in, command.token, {Reason::unsupported, {}});
  }
  if (room != nullptr && nick.empty()) {
    const std::string name = room->view().name();
    return tell_profile(shared_from_this(), command.in, command.token,
                        Profile{.nick = name, .full_name = name}, room->view().avatar_of({}));
  }
  if (!is_user_id(user)) return failed(command.in, command.token, {Reason::no_such_user, {}});

  Api::Call ask;
  ask.path = "/_matrix/client/v3/profile/" + net::url_encoded(user);
  ask.timeout = hub_.patience.answer;
  call(std::move(ask), [this, in = command.in, token = command.token, user, nick](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      Failure failure = refusal->failure;
      if (refusal->status == 404)
        failure = {Reason::no_such_user, "There is no user " + user + " on Matrix."};
      return failed(in, token, failure);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    const std::string name =
        body != nullptr ? display_clean(text_at(*body, "displayname").substr(0, 500)) : std::string();
    const std::string mxc(body != nullptr ? text_at(*body, "avatar_url") : std::string_view());
    const bool in_room = std::holds_alternative<RoomId>(in);
    tell_profile(shared_from_this(), in, token,
                 Profile{.nick = in_room && !nick.empty() ? nick : name, .full_name = name, .address = user},
                 mxc);
  });
}

void Session::set_profile(const Command& command, const SetProfile& profile) {
  // Somebody's own account is looked after where it is at home.
  if (kind_ != Kind::ghost) return delivered(command.in, command.token);
  hub_.ghosts->ensure(person_, profile.name,
                      [self = shared_from_this(), command, profile](const std::optional<Failure>& failure) {
                        if (failure) return self->failed(command.in, command.token, *failure);
                        self->hub_.ghosts->set_profile(
                            self->person_, profile, [self, command](const std::optional<Failure>& refusal) {
                              if (refusal) return self->failed(command.in, command.token, *refusal);
                              self->delivered(command.in, command.token);
                            });
                      });
}

// Whether somebody is there: in a room its member, else a user that exists.
void Session::ping(const Command& command, const std::string& nick) {
  if (const auto* address = std::get_if<RoomId>(&command.in)) {
    Room* room = stream_.find(*address, person_);
    const auto user = room != nullptr ? somebody(*room, nick) : std::nullopt;
    if (user && room->view().membership_of(*user) == "join") return delivered(command.in, command.token);
    return failed(command.in, command.token, {Reason::no_such_user, {}});
  }
  const auto* peer = std::get_if<UserId>(&command.in);
  if (peer == nullptr) return delivered(command.in, command.token);
  for (const auto& [id, room] : stream_.rooms()) {
    if (room->view().ready() && room->view().membership_of(peer->value()) == "join") {
      return delivered(command.in, command.token);
    }
  }
  Api::Call ask;
  ask.path = "/_matrix/client/v3/profile/" + net::url_encoded(peer->value());
  plain_call(command, std::move(ask));
}

}  // namespace dragoman::matrix
