// What a room is, changed as one voice: state events (client-server API, "Room events"), and whether the
// homeserver's directory lists it ("Listing rooms").
//
// XMPP knows rooms that anybody may enter and rooms for members. Of the join rules (client-server API,
// "m.room.join_rules") "public" is the first, and all others are the second: to open a room is to make it
// "public", to close an open one "invite". A room that is closed by a finer rule (knock, restricted) is one
// for members as it is, and keeps its rule.
#include <deque>
#include <utility>

#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"

namespace dragoman::matrix {
namespace {

std::string directory_path(const std::string& room_id) {
  return "/_matrix/client/v3/directory/list/room/" + net::url_encoded(room_id);
}

}  // namespace

// A change on its way: one call after the other, and the first refusal ends it.
struct Session::Changing {
  Conversation in;
  std::string token, room_id;
  std::deque<Api::Call> calls;
  std::optional<bool> hidden;  // as it is asked for
  bool begun = false;          // something was changed

  void put(std::string_view type, json::object content) {
    calls.push_back(request(
        "PUT",
        "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/state/" + net::url_encoded(type) + "/",
        std::move(content)));
  }
};

void Session::fetch_room_info(const Command& command) {
  Room* room = joined(command);
  if (room == nullptr) return;
  Api::Call ask;
  ask.path = directory_path(room->id());
  ask.timeout = hub_.patience.answer;
  call(std::move(ask),
       [this, in = command.in, token = command.token, room_id = room->id()](const Reply& reply) {
         const auto* value = std::get_if<json::value>(&reply);
         const json::object* body = value != nullptr ? value->if_object() : nullptr;
         Room* known = stream_.find(room_id);
         // Where the directory says nothing, the rest is known all the same.
         if (body != nullptr && known != nullptr) {
           known->view().note_listed(text_at(*body, "visibility") == "public");
         }
         delivered(in, token);
       });
}

void Session::set_room_info(const Command& command, const SetRoomInfo& wish) {
  Room* room = joined(command);
  if (room == nullptr) return;
  if (wish.key || wish.limit) {
    return failed(command.in, command.token,
                  {Reason::unsupported, "A room on Matrix has neither a password nor a limit of people."});
  }
  const RoomView& view = room->view();
  auto changing =
      std::make_shared<Changing>(Changing{command.in, command.token, room->id(), {}, wish.hidden});
  if (wish.name) changing->put("m.room.name", {{"name", *wish.name}});
  if (wish.members_only && *wish.members_only == view.anybody_may_join()) {
    changing->put("m.room.join_rules", {{"join_rule", *wish.members_only ? "invite" : "public"}});
  }
  if (wish.moderated) changing->put("m.room.power_levels", view.power().with_moderation(*wish.moderated));
  if (wish.hidden) {
    changing->calls.push_back(
        request("PUT", directory_path(room->id()), {{"visibility", *wish.hidden ? "private" : "public"}}));
  }
  if (!wish.picture) return change_next(changing);
  if (wish.picture->bytes.empty()) {
    changing->put("m.room.avatar", {});
    return change_next(changing);
  }
  hub_.media.upload(voice_, *wish.picture,
                    [weak = weak_from_this(), changing](const std::variant<Uploaded, Failure>& result) {
                      const auto self = weak.lock();
                      if (!self) return;
                      if (const auto* failure = std::get_if<Failure>(&result))
                        return self->failed(changing->in, changing->token, *failure);
                      const auto& picture = std::get<Uploaded>(result);
                      json::object info{{"mimetype", picture.media_type}, {"size", picture.size}};
                      if (picture.width && picture.height) {
                        info["w"] = *picture.width;
                        info["h"] = *picture.height;
                      }
                      changing->put("m.room.avatar", {{"url", picture.mxc}, {"info", std::move(info)}});
                      self->change_next(changing);
                    });
}

void Session::change_next(const std::shared_ptr<Changing>& changing) {
  if (changing->calls.empty()) {
    if (changing->hidden) {
      if (Room* room = stream_.find(changing->room_id)) room->view().note_listed(!*changing->hidden);
    }
    return delivered(changing->in, changing->token);
  }
  Api::Call next = std::move(changing->calls.front());
  changing->calls.pop_front();
  next.timeout = hub_.patience.answer;
  call(std::move(next), [this, changing](const Reply& reply) {
    const auto* refusal = std::get_if<Refusal>(&reply);
    if (refusal == nullptr) {
      changing->begun = true;
      return change_next(changing);
    }
    Failure why = refusal->failure;
    if (changing->begun) why.text += " Part of it was changed before that.";
    failed(changing->in, changing->token, std::move(why));
  });
}

}  // namespace dragoman::matrix
