// What is said in a room: messages and what refers to them.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room_view_impl.hpp"

namespace dragoman::matrix {

namespace {

// The beginning of what somebody said, or what it was.
std::string_view gist(const Message& message) {
  if (!message.text.empty() || message.attachments.empty()) return message.text.plain;
  return message.attachments.front().name;
}

}  // namespace

void RoomView::Impl::handle(const json::object& event) {
  if (!is_ready) {
    if (queued.size() >= most_queued) {
      spdlog::warn("matrix: {} waits for its state; the oldest of {} events is dropped", room_id,
                   queued.size());
      queued.pop_front();
    }
    queued.push_back(event);
    return;
  }
  const std::string_view id = text_at(event, "event_id"), sender = text_at(event, "sender");
  if (!is_event_id(id) || !is_user_id(sender)) return;
  if (recent.seen(id)) return;
  const json::value* key = event.if_contains("state_key");
  if (key != nullptr && key->is_string()) return on_state(event, sender);
  on_message(event, sender);
}

void RoomView::Impl::on_message(const json::object& event, std::string_view sender) {
  Decoded decoded = decode(event, reader);
  if (std::holds_alternative<Nothing>(decoded)) return;
  const std::string user(sender);
  spoke(user);
  if (closed) return;
  const Origin origin = origin_of(event, sender, nullptr);
  // Our own words were told when the homeserver took them; what they mean for later is noted all the same.
  const bool quiet = is_ours(sender) && owner.is_delivered(origin.id.value());
  struct Take {
    Impl& view;
    const json::object& event;
    const Origin& origin;
    const std::string& user;
    bool quiet;
    void operator()(Nothing&) const {}
    void operator()(Message& message) const {
      view.fill_quote(message);
      view.recent.put(origin.id.value(), user, gist(message));
      if (!quiet) view.tell(origin, To::all, std::move(message));
      if (origin.voice == nullptr && brings_too_much(event, view.reader)) {
        view.owner.on_large_file(view.room_id, user);
      }
    }
    void operator()(Edit& edit) const {
      if (quiet) {
        view.recent.set_text(edit.target.value(), gist(edit.message));
      } else {
        view.on_edit(origin, user, std::move(edit));
      }
    }
    void operator()(Annotation& annotation) const { view.on_annotation(origin, user, annotation, quiet); }
    void operator()(Redaction& redaction) const { view.on_redaction(origin, user, redaction, quiet); }
    void operator()(Encrypted&) const { view.on_encrypted(origin, user, event); }
  };
  std::visit(Take{*this, event, origin, user, quiet}, decoded);
}

void RoomView::Impl::fill_quote(Message& message, const Recent* also) {
  if (!message.quote) return;
  const Recent::Message* quoted = recent.find(message.quote->message.value());
  if (quoted == nullptr && also != nullptr) quoted = also->find(message.quote->message.value());
  if (quoted == nullptr) return;
  message.quote->author = nick_of(quoted->author.view());
  message.quote->text = quoted->text;
}

void RoomView::Impl::on_edit(const Origin& origin, const std::string& user, Edit edit) {
  const Recent::Message* original = recent.find(edit.target.value());
  if (original == nullptr) return ask_author(user, origin, std::move(edit));
  // Nothing on the way here keeps people from "editing" what others said.
  if (original->author.view() != user) {
    spdlog::debug("matrix: {} in {} tried to edit what somebody else said", user, room_id);
    return;
  }
  tell_edit(origin, std::move(edit));
}

void RoomView::Impl::tell_edit(const Origin& origin, Edit edit) {
  fill_quote(edit.message);
  recent.set_text(edit.target.value(), gist(edit.message));
  tell(origin, To::all, std::move(edit));
}

void RoomView::Impl::ask_author(const std::string& user, const Origin& origin, Edit edit) {
  // Where nobody can say whose message it was, the new words stand for themselves.
  const auto as_message = [origin](Impl& view, Edit& said) {
    view.tell(origin, To::all, std::move(said.message));
  };
  const std::optional<Voice> as = owner.reader(room_id);
  if (!as) return as_message(*this, edit);
  Api::Call call;
  call.path = path("/event/" + net::url_encoded(edit.target.value()));
  const auto shared = std::make_shared<Edit>(std::move(edit));
  context.api.call(*as, std::move(call),
                   [weak = weak_from_this(), user, origin, shared, as_message](const Reply& reply) {
                     const auto self = weak.lock();
                     if (!self || self->closed) return;
                     const auto* answer = std::get_if<json::value>(&reply);
                     const json::object* original = answer == nullptr ? nullptr : answer->if_object();
                     if (original == nullptr) return as_message(*self, *shared);
                     if (text_at(*original, "sender") == user) self->tell_edit(origin, std::move(*shared));
                   });
}

void RoomView::Impl::tell_reactions(const Origin& origin, const std::string& user,
                                    const std::string& target) {
  Reactions set{.target = MessageId(target)};
  for (auto& [key, event_id] : reactions.of(user, target)) {
    if (std::find(set.emoji.begin(), set.emoji.end(), key) == set.emoji.end())
      set.emoji.push_back(std::move(key));
  }
  tell(origin, To::all, std::move(set));
}

void RoomView::Impl::on_annotation(const Origin& origin, const std::string& user,
                                   const Annotation& annotation, bool quiet) {
  const bool fresh = reactions.note(user, annotation.target.value(), annotation.key, origin.id.value());
  if (fresh && !quiet) tell_reactions(origin, user, annotation.target.value());
}

void RoomView::Impl::on_redaction(const Origin& origin, const std::string& user, const Redaction& redaction,
                                  bool quiet) {
  const std::string& target = redaction.target.value();
  if (const auto reaction = reactions.forget(target)) {
    if (quiet) return;
    Origin theirs = origin;
    if (reaction->user != user) {
      theirs.voice = owner.own_voice(reaction->user);
      theirs.sender = sender_of(reaction->user, theirs.voice != nullptr);
    }
    return tell_reactions(theirs, reaction->user, reaction->target);
  }
  context.media.revoke(target);
  const Recent::Message* gone = recent.find(target);
  // The homeserver has seen to it that the sender may do so; of an author that is not known, a moderator's
  // redaction is more likely of somebody else's words.
  const bool moderation = gone != nullptr ? gone->author.view() != user
                                          : state.power_levels.of(user) >= state.power_levels.redact();
  recent.set_text(target, {});
  if (!quiet) tell(origin, To::all, Retraction{redaction.target, redaction.reason, moderation});
}

void RoomView::Impl::on_encrypted(const Origin& origin, const std::string& user, const json::object& event) {
  const json::object* relation = object_at(content_of(event), "m.relates_to");
  if (relation != nullptr && text_at(*relation, "rel_type") == "m.replace")
    return;  // its first version was told
  Message message;
  message.kind = MessageKind::action;
  message.text = Text(
      "sent an encrypted message that can't be read here: the bridge is not part of the encryption. It takes "
      "a room without encryption to talk over the bridge.");
  if (origin.past == nullptr) recent.put(origin.id.value(), user, message.text.plain);
  tell(origin, To::all, std::move(message));
}

}  // namespace dragoman::matrix
