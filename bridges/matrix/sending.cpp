#include "bridges/matrix/sending.hpp"

#include <algorithm>
#include <utility>

#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/digest.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_reactions = 50;                // of one person on one message
constexpr std::size_t longest_file_name = 255;            // of a file, in bytes
constexpr const char* step_key = "what a step is about";  // a digest's key: of no secret

// The last part of an URL's path, which is most often a file's name.
std::string file_name_in(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const std::size_t host = url.find("://");
  const std::size_t slash = url.rfind('/');
  if (host == std::string_view::npos || slash == std::string_view::npos || slash < host + 3) return {};
  const auto decoded = net::url_decoded(url.substr(slash + 1));
  if (!decoded) return {};
  const std::string_view name = std::string_view(*decoded).substr(decoded->find_last_of("/\\") + 1);
  return display_clean(name.substr(0, prefix_within(name, longest_file_name)));
}

Failure encrypted_words(bool chat) {
  return {Reason::unsupported,
          std::string(chat ? "This chat" : "This room") +
              " is encrypted, and the bridge can neither read nor write encrypted messages: yours was not "
              "sent. " +
              (chat ? "Ask the other one to start a new chat with encryption turned off."
                    : "Encryption can't be turned off again: ask for a room without it.")};
}

}  // namespace

Sending::Sending(Hub& hub, Stream& stream, std::string key, Saved saved,
                 std::function<void(const Result&)> done)
    : hub_(hub), stream_(stream), key_(std::move(key)), saved_(std::move(saved)), done_(std::move(done)) {}

Sending::~Sending() = default;

std::string Sending::room_path() const { return "/_matrix/client/v3/rooms/" + net::url_encoded(room_id_); }

void Sending::start(Session& as) {
  voice_ = as.shared_from_this();
  user_id_ = as.user_id();
  as.reach(saved_.command.in, [weak = weak_from_this()](const std::variant<Room*, Failure>& found) {
    const auto self = weak.lock();
    if (!self) return;
    if (const auto* failure = std::get_if<Failure>(&found)) return self->finish(*failure);
    self->reached(*std::get<Room*>(found));
  });
}

void Sending::reached(Room& room) {
  room_id_ = room.id();
  // What the bridge itself says about encryption can't be said otherwise.
  const bool own_word = !saved_.voice.empty();
  const auto& act = saved_.command.what;
  const bool spoken = std::holds_alternative<Message>(act) || std::holds_alternative<Edit>(act);
  if (spoken && !own_word && room.view().encrypted())
    return finish(encrypted_words(room.direct().has_value()));
  upload_next();
}

void Sending::upload_next() {
  const auto* message = std::get_if<Message>(&saved_.command.what);
  if (message == nullptr || uploaded_.size() == message->attachments.size()) return plan();
  const Attachment& file = message->attachments[uploaded_.size()];
  hub_.media.upload(voice_->voice(), file,
                    [weak = weak_from_this(), &file](const std::variant<Uploaded, Failure>& result) {
                      const auto self = weak.lock();
                      if (!self) return;
                      if (const auto* uploaded = std::get_if<Uploaded>(&result)) {
                        self->uploaded_.push_back(*uploaded);
                        return self->upload_thumbnail_next();
                      }
                      // A file that can't be had stays a link in the text.
                      self->uploaded_.push_back({.remark = self->remark_on(file, std::get<Failure>(result))});
                      self->thumbnails_.emplace_back();
                      self->upload_next();
                    });
}

void Sending::upload_thumbnail_next() {
  const Attachment& file = std::get<Message>(saved_.command.what).attachments[thumbnails_.size()];
  if (file.thumbnail.empty()) {
    thumbnails_.emplace_back();
    return upload_next();
  }
  hub_.media.upload(voice_->voice(), {.url = file.thumbnail, .name = "thumbnail"},
                    [weak = weak_from_this()](const std::variant<Uploaded, Failure>& result) {
                      const auto self = weak.lock();
                      if (!self) return;
                      const auto* small = std::get_if<Uploaded>(&result);
                      const bool picture = small != nullptr && small->media_type.starts_with("image/");
                      self->thumbnails_.push_back(picture ? *small : Uploaded{});
                      self->upload_next();
                    });
}

std::string Sending::remark_on(const Attachment& file, const Failure& failure) {
  if (failure.reason != Reason::too_large) return {};
  const std::string name = file.name.empty() ? file_name_in(file.url) : file.name;
  std::string why = "larger than what the bridge passes on";
  words_.push_back((name.empty() ? "A file of " + voice_->nick() : name) + " is " + why +
                   ": people on Matrix see its link.");
  return why;
}

void Sending::plan() {
  Room* room = stream_.find(room_id_);
  const UserOf user_of = [room](std::string_view nick) {
    return room != nullptr ? room->view().user_of(nick).value_or(std::string()) : std::string();
  };
  const auto& act = saved_.command.what;
  if (const auto* message = std::get_if<Message>(&act)) {
    Message named = *message;
    for (Attachment& file : named.attachments) {
      if (file.name.empty()) file.name = file_name_in(file.url);
    }
    for (const Encoded& event : encode(named, user_of, uploaded_, thumbnails_)) plan(event);
  } else if (const auto* edit = std::get_if<Edit>(&act)) {
    plan(encode(*edit, user_of));
  } else if (const auto* retraction = std::get_if<Retraction>(&act)) {
    plan_redaction(retraction->target.value(), retraction->reason);
  } else if (const auto* reactions = std::get_if<Reactions>(&act)) {
    plan_reactions(*reactions);
  } else if (const auto* subject = std::get_if<Subject>(&act)) {
    plan_state("m.room.topic", {{"topic", subject->text.plain}});
  } else if (const auto* leave = std::get_if<Leave>(&act)) {
    plan_leave(*leave);
  }
  if (room != nullptr) {
    room->sending(user_id_);
    counted_ = true;
  }
  next();
}

std::string Sending::step_id(const std::string& what) const {
  return key_ + "." + keyed_digest(step_key, what);
}

void Sending::plan(const Encoded& encoded, const std::string& id,
                   std::function<void(const std::string&)> answered) {
  Step step;
  step.call.method = "PUT";
  step.call.path = room_path() + "/send/" + net::url_encoded(encoded.type) + "/" +
                   (id.empty() ? key_ + "." + std::to_string(steps_.size()) : id);
  step.call.body = encoded.content;
  step.answered = std::move(answered);
  steps_.push_back(std::move(step));
}

void Sending::plan_redaction(const std::string& event_id, const std::string& reason,
                             std::function<void(const std::string&)> answered) {
  Step step;
  step.call.method = "PUT";
  step.call.path = room_path() + "/redact/" + net::url_encoded(event_id) + "/" + step_id(event_id);
  json::object body;
  if (!reason.empty()) body["reason"] = reason;
  step.call.body = std::move(body);
  step.answered = std::move(answered);
  steps_.push_back(std::move(step));
}

// XMPP tells the whole set (XEP-0444), Matrix knows single ones: what is new is sent, what is missing is
// redacted.
void Sending::plan_reactions(const Reactions& reactions) {
  Room* room = stream_.find(room_id_);
  if (room == nullptr) return;
  const std::string& target = reactions.target.value();
  const auto before = room->view().reactions_of(user_id_, target);
  auto with_room = [&stream = stream_, id = room_id_](const auto& what) {
    if (Room* still = stream.find(id)) what(still->view());
  };
  for (const auto& [key, event_id] : before) {
    if (std::find(reactions.emoji.begin(), reactions.emoji.end(), key) != reactions.emoji.end()) continue;
    plan_redaction(event_id, {}, [with_room, event_id = event_id](const std::string&) {
      with_room([&](RoomView& view) { view.forget_reaction(event_id); });
    });
  }
  std::size_t count = 0;
  for (const std::string& key : reactions.emoji) {
    const bool known =
        std::any_of(before.begin(), before.end(), [&](const auto& b) { return b.first == key; });
    if (known || ++count > most_reactions) continue;
    plan(encode(Annotation{reactions.target, key}), step_id(key),
         [with_room, user = user_id_, target, key](const std::string& event_id) {
           with_room([&](RoomView& view) { view.note_reaction(user, target, key, event_id); });
         });
  }
}

void Sending::plan_state(const std::string& type, json::object content) {
  Step step;
  step.call.method = "PUT";
  step.call.path = room_path() + "/state/" + net::url_encoded(type) + "/";
  step.call.body = std::move(content);
  steps_.push_back(std::move(step));
}

void Sending::plan_leave(const Leave& leave) {
  // Under another of the room's addresses the same person may still be there.
  const auto* address = std::get_if<RoomId>(&saved_.command.in);
  Room* room = stream_.find(room_id_);
  if (room != nullptr && address != nullptr) {
    const auto& all = room->occupants();
    if (std::any_of(all.begin(), all.end(), [&](const Room::Occupant& o) {
          return o.user_id == user_id_ && o.address != *address;
        })) {
      return;
    }
  }
  Step step;
  step.call.method = "POST";
  step.call.path = room_path() + "/leave";
  json::object body;
  if (!leave.reason.empty()) body["reason"] = leave.reason;
  step.call.body = std::move(body);
  steps_.push_back(std::move(step));
}

void Sending::next() {
  if (step_ == steps_.size()) return finish(first_);
  Api::Call call = std::move(steps_[step_].call);
  call.patience = Api::Patience::insist;
  call.timeout = hub_.patience.answer;
  voice_->call(std::move(call), [weak = weak_from_this()](const Reply& reply) {
    const auto self = weak.lock();
    if (!self) return;
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      // The same reaction is there already: it is what was wanted, and its event comes or has come.
      if (refusal->errcode == "M_DUPLICATE_ANNOTATION") {
        ++self->step_;
        return self->next();
      }
      // Somebody who has left already has what was wanted.
      const bool leaving = std::holds_alternative<Leave>(self->saved_.command.what);
      if (leaving && (refusal->status == 403 || refusal->status == 404)) return self->finish(MessageId{});
      Failure why = refusal->failure;
      if (refusal->errcode == "M_FORBIDDEN" && self->is_said()) why.reason = Reason::cannot_speak;
      return self->finish(why);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    const std::string event_id(body != nullptr ? text_at(*body, "event_id") : std::string_view());
    self->hub_.note_delivered(event_id);
    if (self->first_.empty()) self->first_ = MessageId{event_id};
    Step& step = self->steps_[self->step_++];
    if (step.answered) step.answered(event_id);
    self->next();
  });
}

bool Sending::is_said() const {
  const Act& act = saved_.command.what;
  return std::holds_alternative<Message>(act) || std::holds_alternative<Edit>(act) ||
         std::holds_alternative<Reactions>(act);
}

void Sending::finish(const Result& result) {
  // Nothing is told from within start(): who pushed it still holds what the answer is about.
  if (auto done = std::exchange(done_, nullptr)) {
    net::post(hub_.loop, [self = shared_from_this(), done = std::move(done), result] { done(result); });
  }
}

void Sending::tell_waits() {
  static const std::string words =
      "The homeserver takes nothing at the moment. What is said here waits, and is sent once it does.";
  if (Room* room = stream_.find(room_id_)) {
    room->view().tell_service(words);
  } else if (voice_ && std::holds_alternative<UserId>(saved_.command.in)) {
    // A chat that has no room yet.
    voice_->tell(saved_.command.in, Message{.text = words, .kind = MessageKind::notice});
  }
}

void Sending::told() {
  if (voice_ && std::holds_alternative<Leave>(saved_.command.what)) {
    voice_->has_left(saved_.command.in, room_id_);
  }
  Room* room = stream_.find(room_id_);
  const bool counted = std::exchange(counted_, false);
  if (room == nullptr) return;
  for (const std::string& words : std::exchange(words_, {})) room->view().tell_service(words);
  counted ? room->answered(user_id_) : room->flush();
}

}  // namespace dragoman::matrix
