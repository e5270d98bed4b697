#include "bridges/saved.hpp"

#include "bridges/json.hpp"

namespace dragoman {
namespace {

// ---- writing

json::object packed(const Text& text) {
  json::object out{{"plain", text.plain}};
  if (text.spans.empty()) return out;
  json::array spans;
  for (const Span& span : text.spans) {
    spans.push_back(json::array{span.begin, span.end, static_cast<int>(span.style), span.detail});
  }
  out["spans"] = std::move(spans);
  return out;
}

json::object packed(const Attachment& file) {
  json::object out{{"url", file.url},
                   {"name", file.name},
                   {"type", file.media_type},
                   {"description", file.description},
                   {"thumbnail", file.thumbnail},
                   {"voice", file.voice},
                   {"sticker", file.sticker}};
  if (file.size) out["size"] = *file.size;
  if (file.width) out["width"] = *file.width;
  if (file.height) out["height"] = *file.height;
  if (file.length) out["length"] = *file.length;
  return out;
}

json::object packed(const Message& message) {
  json::object out{{"text", packed(message.text)}, {"kind", static_cast<int>(message.kind)}};
  if (!message.attachments.empty()) {
    json::array files;
    for (const Attachment& file : message.attachments) files.push_back(packed(file));
    out["files"] = std::move(files);
  }
  if (message.quote) {
    out["quote"] = json::object{{"message", message.quote->message.value()},
                                {"author", message.quote->author},
                                {"text", message.quote->text}};
  }
  if (!message.thread.empty()) out["thread"] = message.thread;
  if (!message.subject.empty()) out["subject"] = message.subject;
  return out;
}

struct PackAct {
  json::object operator()(const Message& m) const {
    json::object out = packed(m);
    out["act"] = "message";
    return out;
  }
  json::object operator()(const Edit& e) const {
    return {{"act", "edit"}, {"target", e.target.value()}, {"message", packed(e.message)}};
  }
  json::object operator()(const Retraction& r) const {
    return {{"act", "retraction"},
            {"target", r.target.value()},
            {"reason", r.reason},
            {"moderation", r.moderation}};
  }
  json::object operator()(const Reactions& r) const {
    json::array emoji;
    for (const std::string& one : r.emoji) emoji.emplace_back(one);
    return {{"act", "reactions"}, {"target", r.target.value()}, {"emoji", std::move(emoji)}};
  }
  json::object operator()(const Subject& s) const { return {{"act", "subject"}, {"text", packed(s.text)}}; }
  json::object operator()(const Leave& l) const { return {{"act", "leave"}, {"reason", l.reason}}; }
  template <class Other>
  json::object operator()(const Other&) const {
    return {};  // is not queued
  }
};

// ---- reading

template <class Number>
std::optional<Number> optional_at(const json::object& in, std::string_view key) {
  const auto number = number_at(in, key);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<Number>(*number);
}

Text text_of(const json::object* in) {
  if (in == nullptr) return {};
  Text text{std::string(text_at(*in, "plain"))};
  const json::array* spans = array_at(*in, "spans");
  if (spans == nullptr) return text;
  for (const json::value& entry : *spans) {
    const json::array* span = entry.if_array();
    if (span == nullptr || span->size() != 4) continue;
    auto number = [&](std::size_t i) -> std::uint64_t {
      if ((*span)[i].is_uint64()) return (*span)[i].get_uint64();
      return (*span)[i].is_int64() ? static_cast<std::uint64_t>((*span)[i].get_int64()) : 0;
    };
    const auto* detail = (*span)[3].if_string();
    text.spans.push_back({static_cast<std::size_t>(number(0)), static_cast<std::size_t>(number(1)),
                          static_cast<Style>(number(2)), detail ? std::string(*detail) : std::string()});
  }
  return text;
}

Message message_of(const json::object& in) {
  Message message;
  message.text = text_of(object_at(in, "text"));
  message.kind = static_cast<MessageKind>(number_at(in, "kind").value_or(0));
  message.thread = text_at(in, "thread");
  message.subject = text_at(in, "subject");
  if (const json::object* quote = object_at(in, "quote")) {
    message.quote = Quote{MessageId{std::string(text_at(*quote, "message"))},
                          std::string(text_at(*quote, "author")), std::string(text_at(*quote, "text"))};
  }
  if (const json::array* files = array_at(in, "files")) {
    for (const json::value& entry : *files) {
      const json::object* file = entry.if_object();
      if (file == nullptr) continue;
      Attachment attachment;
      attachment.url = text_at(*file, "url");
      attachment.name = text_at(*file, "name");
      attachment.media_type = text_at(*file, "type");
      attachment.size = optional_at<std::uint64_t>(*file, "size");
      attachment.description = text_at(*file, "description");
      attachment.width = optional_at<std::uint32_t>(*file, "width");
      attachment.height = optional_at<std::uint32_t>(*file, "height");
      attachment.length = optional_at<std::uint64_t>(*file, "length");
      attachment.thumbnail = text_at(*file, "thumbnail");
      attachment.voice = true_at(*file, "voice");
      attachment.sticker = true_at(*file, "sticker");
      message.attachments.push_back(std::move(attachment));
    }
  }
  return message;
}

std::optional<Act> act_of(const json::object& in) {
  const std::string_view act = text_at(in, "act");
  const MessageId target{std::string(text_at(in, "target"))};
  if (act == "message") return message_of(in);
  if (act == "edit") {
    const json::object* message = object_at(in, "message");
    if (message == nullptr) return std::nullopt;
    return Edit{target, message_of(*message)};
  }
  if (act == "retraction") {
    return Retraction{target, std::string(text_at(in, "reason")), true_at(in, "moderation")};
  }
  if (act == "reactions") {
    Reactions reactions{target, {}};
    if (const json::array* emoji = array_at(in, "emoji")) {
      for (const json::value& one : *emoji) {
        if (const auto* text = one.if_string()) reactions.emoji.emplace_back(*text);
      }
    }
    return reactions;
  }
  if (act == "subject") return Subject{text_of(object_at(in, "text"))};
  if (act == "leave") return Leave{std::string(text_at(in, "reason"))};
  return std::nullopt;
}

}  // namespace

std::string packed(const Saved& saved) {
  json::object out = std::visit(PackAct{}, saved.command.what);
  if (!saved.person.empty()) out["person"] = saved.person.value();
  if (!saved.voice.empty()) out["as"] = saved.voice;
  if (!saved.command.token.empty()) out["token"] = saved.command.token;
  if (!saved.command.name.empty()) out["name"] = saved.command.name.value();
  const bool room = std::holds_alternative<RoomId>(saved.command.in);
  out[room ? "room" : "user"] = std::visit([](const auto& id) { return id.value(); }, saved.command.in);
  return json::serialize(out);
}

std::optional<Saved> unpacked(std::string_view text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return std::nullopt;
  const json::object& in = value->get_object();
  auto act = act_of(in);
  if (!act) return std::nullopt;
  Conversation where = UserId{std::string(text_at(in, "user"))};
  if (const std::string_view room = text_at(in, "room"); !room.empty()) where = RoomId{std::string(room)};
  return Saved{PersonId{std::string(text_at(in, "person"))}, std::string(text_at(in, "as")),
               Command{std::move(where), std::string(text_at(in, "token")), std::move(*act),
                       MessageId{std::string(text_at(in, "name"))}}};
}

}  // namespace dragoman
