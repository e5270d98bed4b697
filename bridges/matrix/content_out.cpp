#include <algorithm>
#include <array>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/content.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxFallback = 1000;   // bytes of an edit's text for those who know no edits
constexpr std::size_t kMaxAddressed = 256;   // bytes of a nick at the beginning
constexpr std::size_t kMaxWritten = 50'000;  // bytes of body and HTML: they leave room for the rest

json::string text(std::string_view value) { return json::string(value.data(), value.size()); }

// ----------------------------------------------------------------------------------------------------------
// mentions

// "nick: " and "nick, " at the beginning: the longest nick that is here, since a nick may have either in it.
void mark_addressed(Text& text, const UserOf& user_of) {
  if (!user_of) return;
  const std::string_view plain = text.plain;
  for (std::size_t at = std::min(plain.size(), kMaxAddressed); at-- > 1;) {
    if (plain[at] != ':' && plain[at] != ',') continue;
    if (at + 1 < plain.size() && plain[at + 1] != ' ' && plain[at + 1] != '\n') continue;
    std::string nick(plain.substr(0, at));
    if (nick.find('\n') != std::string::npos || user_of(nick).empty()) continue;
    const bool marked = std::any_of(text.spans.begin(), text.spans.end(), [&](const Span& span) {
      return span.begin < at && (span.style == Style::mention || span.style == Style::link ||
                                 span.style == Style::code || span.style == Style::block_code);
    });
    if (marked) return;
    const Span span{0, at, Style::mention, std::move(nick)};
    const auto place = std::find_if(text.spans.begin(), text.spans.end(),
                                    [&](const Span& other) { return other.begin > 0 || other.end < at; });
    text.spans.insert(place, span);
    return;
  }
}

json::object mentions_of(const Text& said, const UserOf& user_of) {
  json::object mentions;
  json::array users;
  for (const Span& span : said.spans) {
    if (span.style != Style::mention) continue;
    if (span.detail.empty()) {
      mentions["room"] = true;
      continue;
    }
    const std::string user = user_of ? user_of(span.detail) : std::string();
    if (user.empty()) continue;
    json::value id = text(user);
    if (std::find(users.begin(), users.end(), id) == users.end()) users.push_back(std::move(id));
  }
  if (!users.empty()) mentions["user_ids"] = std::move(users);
  return mentions;
}

// ----------------------------------------------------------------------------------------------------------
// contents

std::string_view msgtype_of(MessageKind kind) {
  switch (kind) {
    case MessageKind::normal: return "m.text";
    case MessageKind::notice: return "m.notice";
    case MessageKind::action: return "m.emote";
  }
  return "m.text";
}

std::size_t json_size(std::string_view value) {
  std::size_t size = value.size();
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '\n' || c == '\t') ++size;
  }
  return size;
}

void put_text(json::object& content, const Text& said, const UserOf& user_of) {
  content["body"] = text(said.plain);
  const std::string html = to_html(said, user_of);
  // A long text that is only HTML because it speaks to somebody does without.
  if (html.empty() || json_size(said.plain) + json_size(html) > kMaxWritten) return;
  content["format"] = "org.matrix.custom.html";
  content["formatted_body"] = text(html);
}

void put_relation(json::object& content, const Message& message) {
  const bool answers = message.quote && is_event_id(message.quote->message.value());
  json::object relation;
  if (is_event_id(message.thread)) {
    relation["rel_type"] = "m.thread";
    relation["event_id"] = text(message.thread);
    relation["is_falling_back"] = !answers;
    relation["m.in_reply_to"] = json::object{{"event_id", text(message.thread)}};
  }
  if (answers) relation["m.in_reply_to"] = json::object{{"event_id", text(message.quote->message.value())}};
  if (!relation.empty()) content["m.relates_to"] = std::move(relation);
}

// What is said, with what can't be said otherwise: a quote of something without an id, files that are
// nowhere but at their URL.
Text said_by(const Message& message, const std::vector<Uploaded>& uploaded, const UserOf& user_of) {
  Text said = message.text;
  mark_addressed(said, user_of);
  if (message.quote && !is_event_id(message.quote->message.value()) && !message.quote->text.empty()) {
    const Quote& quote = *message.quote;
    Text before = clean_text(quote.author.empty() ? quote.text : quote.author + ": " + quote.text);
    before.spans.push_back({0, before.plain.size(), Style::quote, {}});
    before.plain += '\n';
    said = concat(std::move(before), said);
  }
  for (std::size_t i = 0; i < message.attachments.size(); ++i) {
    const Attachment& file = message.attachments[i];
    if (i < uploaded.size() && !uploaded[i].mxc.empty()) {
      // Some clients say a file's URL as text too, for those who know no files.
      if (said.plain == file.url) said = Text();
      continue;
    }
    if (file.url.empty() || said.plain.find(file.url) != std::string::npos) continue;
    if (!said.empty()) said.plain += '\n';
    said.plain += clean_text(file.url);
  }
  for (const Uploaded& file : uploaded) {
    if (!file.remark.empty()) said.plain += " (" + file.remark + ")";
  }
  return said;
}

std::string name_of(const Attachment& file) {
  std::string name = display_clean(file.name);
  if (!name.empty()) return name;
  return file.voice ? "Voice message" : "file";
}

json::object picture_info(const Uploaded& picture) {
  json::object info{{"mimetype", text(picture.media_type)}, {"size", picture.size}};
  if (picture.width) info["w"] = *picture.width;
  if (picture.height) info["h"] = *picture.height;
  return info;
}

json::object info_of(const Attachment& file, const Uploaded& uploaded, const Uploaded* thumbnail) {
  json::object info;
  if (thumbnail != nullptr && !thumbnail->mxc.empty()) {
    info["thumbnail_url"] = text(thumbnail->mxc);
    info["thumbnail_info"] = picture_info(*thumbnail);
  }
  const std::string& type = uploaded.media_type.empty() ? file.media_type : uploaded.media_type;
  if (!type.empty()) info["mimetype"] = text(type);
  const std::uint64_t size = uploaded.size > 0 ? uploaded.size : file.size.value_or(0);
  if (size > 0) info["size"] = size;
  // Its bytes know better than who sends it.
  if (const auto width = uploaded.width ? uploaded.width : file.width) info["w"] = *width;
  if (const auto height = uploaded.height ? uploaded.height : file.height) info["h"] = *height;
  if (file.length) info["duration"] = *file.length;
  return info;
}

std::string_view msgtype_of(std::string_view media_type) {
  constexpr std::array<std::array<std::string_view, 2>, 3> kinds = {
      {{"image/", "m.image"}, {"video/", "m.video"}, {"audio/", "m.audio"}}};
  for (const auto& [prefix, msgtype] : kinds) {
    if (media_type.substr(0, prefix.size()) == prefix) return msgtype;
  }
  return "m.file";
}

// A file with its caption, which may be empty.
Encoded file_event(const Attachment& file, const Uploaded& uploaded, const Uploaded* thumbnail,
                   const Text& caption, const UserOf& user_of) {
  Encoded event;
  event.content["url"] = text(uploaded.mxc);
  event.content["info"] = info_of(file, uploaded, thumbnail);
  if (file.sticker && caption.empty()) {
    event.type = "m.sticker";
    const std::string about = display_clean(file.description);
    event.content["body"] = text(about.empty() ? name_of(file) : about);
    return event;
  }
  event.type = "m.room.message";
  const std::string name = name_of(file);
  const std::string_view msgtype =
      msgtype_of(uploaded.media_type.empty() ? file.media_type : uploaded.media_type);
  event.content["msgtype"] = text(msgtype);
  event.content["filename"] = text(name);
  if (!caption.empty()) {
    put_text(event.content, caption, user_of);
  } else {
    event.content["body"] = text(name);
  }
  if (file.voice && msgtype == "m.audio") {
    event.content["org.matrix.msc3245.voice"] = json::object();
    json::object audio;
    if (file.length) audio["duration"] = *file.length;
    event.content["org.matrix.msc1767.audio"] = std::move(audio);
  }
  return event;
}

Encoded text_event(const Message& message, const Text& said, const UserOf& user_of) {
  Encoded event;
  event.type = "m.room.message";
  event.content["msgtype"] = text(msgtype_of(message.kind));
  put_text(event.content, said, user_of);
  return event;
}

}  // namespace

std::vector<Encoded> encode(const Message& message, const UserOf& user_of,
                            const std::vector<Uploaded>& uploaded, const std::vector<Uploaded>& thumbnails) {
  const Text said = said_by(message, uploaded, user_of);
  const Text nothing;
  std::vector<Encoded> events;
  for (std::size_t i = 0; i < message.attachments.size() && i < uploaded.size(); ++i) {
    if (uploaded[i].mxc.empty()) continue;
    const Uploaded* thumbnail = i < thumbnails.size() ? &thumbnails[i] : nullptr;
    events.push_back(
        file_event(message.attachments[i], uploaded[i], thumbnail, events.empty() ? said : nothing, user_of));
  }
  if (events.empty()) events.push_back(text_event(message, said, user_of));
  put_relation(events.front().content, message);
  for (Encoded& event : events) event.content["m.mentions"] = json::object();
  events.front().content["m.mentions"] = mentions_of(said, user_of);
  return events;
}

Encoded encode(const Edit& edit, const UserOf& user_of) {
  const Text said = said_by(edit.message, {}, user_of);
  Encoded event = text_event(edit.message, said, user_of);
  event.content["m.mentions"] = mentions_of(said, user_of);
  json::object outer;
  outer["msgtype"] = event.content["msgtype"];
  const std::size_t length = prefix_within(said.plain, kMaxFallback);
  outer["body"] =
      text("* " + said.plain.substr(0, length) + (length < said.plain.size() ? "\xE2\x80\xA6" : ""));
  // Nobody is told of an edit that names them: who was named before isn't known here, and was told then.
  outer["m.mentions"] = json::object();
  outer["m.new_content"] = std::move(event.content);
  outer["m.relates_to"] = json::object{{"rel_type", "m.replace"}, {"event_id", text(edit.target.value())}};
  event.content = std::move(outer);
  return event;
}

Encoded encode(const Annotation& annotation) {
  Encoded event;
  event.type = "m.reaction";
  event.content["m.relates_to"] = json::object{{"rel_type", "m.annotation"},
                                               {"event_id", text(annotation.target.value())},
                                               {"key", text(annotation.key)}};
  return event;
}

std::size_t wire_size(const Text& text) {
  constexpr std::size_t mention = 3 * 255 + 80;  // a link with an id, all of it encoded, and the id again
  std::size_t size = json_size(text.plain);
  const std::string html = to_html(text, nullptr);
  const auto mentions = static_cast<std::size_t>(std::count_if(
      text.spans.begin(), text.spans.end(), [](const Span& span) { return span.style == Style::mention; }));
  // With a mention there is HTML, if there was none without.
  if (!html.empty()) {
    size += json_size(html);
  } else if (mentions > 0) {
    size += 2 * json_size(text.plain);
  }
  return size + mentions * mention;
}

}  // namespace dragoman::matrix
