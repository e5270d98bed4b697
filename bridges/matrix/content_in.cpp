#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/matrix/polls.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxMentions = 50;
constexpr std::size_t kMaxReaction = 128;  // bytes
constexpr std::size_t kMaxName = 255, kMaxDescription = 1024, kMaxReason = 1024, kMaxType = 127;

// ----------------------------------------------------------------------------------------------------------
// text

bool is_html(const json::object& content) { return text_at(content, "format") == "org.matrix.custom.html"; }

// The lines that quote what is answered, and the empty one behind them.
std::string_view without_fallback(std::string_view body) {
  std::string_view rest = body;
  while (rest.substr(0, 2) == "> " || rest == ">" || rest.substr(0, 2) == ">\n") {
    const auto newline = rest.find('\n');
    if (newline == std::string_view::npos) return {};
    rest.remove_prefix(newline + 1);
  }
  if (rest.size() != body.size() && !rest.empty() && rest.front() == '\n') rest.remove_prefix(1);
  return rest;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Where `word` stands by itself, and no mention is yet.
std::optional<std::size_t> find_alone(const Text& text, std::string_view word) {
  for (std::size_t at = text.plain.find(word); at != std::string::npos; at = text.plain.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if (at > 0 && is_word(text.plain[at - 1]) && is_word(word.front())) continue;
    if (end < text.plain.size() && is_word(text.plain[end]) && is_word(word.back())) continue;
    const bool taken = std::any_of(text.spans.begin(), text.spans.end(), [&](const Span& span) {
      const bool claims = span.style == Style::mention || span.style == Style::link ||
                          span.style == Style::code || span.style == Style::block_code;
      return claims && span.begin < end && at < span.end;
    });
    if (!taken) return at;
  }
  return std::nullopt;
}

void add_mention(Text& text, std::string_view word, std::string nick) {
  if (word.empty()) return;
  const auto at = find_alone(text, word);
  if (!at) return;
  const Span span{*at, *at + word.size(), Style::mention, std::move(nick)};
  const auto place = std::upper_bound(
      text.spans.begin(), text.spans.end(), span,
      [](const Span& a, const Span& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
  text.spans.insert(place, span);
}

// Those who are named without a link: m.mentions says who, the text where.
void mark_mentions(Text& text, const json::object& content, const Reader& reader) {
  const json::object* mentions = object_at(content, "m.mentions");
  if (!mentions) return;
  if (true_at(*mentions, "room")) add_mention(text, "@room", {});
  const json::array* users = array_at(*mentions, "user_ids");
  if (!users || !reader.nick_of) return;
  std::size_t left = kMaxMentions;
  for (const json::value& one : *users) {
    const auto* id = one.if_string();
    if (!id || left-- == 0) break;
    std::string nick = reader.nick_of({id->data(), id->size()});
    const bool marked =
        nick.empty() || std::any_of(text.spans.begin(), text.spans.end(), [&](const Span& span) {
          return span.style == Style::mention && span.detail == nick;
        });
    if (!marked) add_mention(text, nick, nick);
  }
}

// The body and its formatted version; `answers`: there may be a fallback for a reply in them.
Text text_of(const json::object& content, bool answers, const Reader& reader) {
  Text text;
  const std::string_view html = is_html(content) ? text_at(content, "formatted_body") : std::string_view();
  if (!html.empty()) text = from_html(html, reader.nick_of);
  if (text.empty()) {
    // In an edit only the mx-reply tells that there is one.
    answers = answers || html.substr(0, 9) == "<mx-reply";
    const std::string_view body = text_at(content, "body");
    text.plain = clean_text(answers ? without_fallback(body) : body);
  }
  mark_mentions(text, content, reader);
  return text;
}

std::string line_of(std::string_view text, std::size_t limit) {
  return display_clean(text.substr(0, prefix_within(text, limit)));
}

// ----------------------------------------------------------------------------------------------------------
// files

bool is_mxc(std::string_view url) {
  constexpr std::string_view scheme = "mxc://";
  if (url.substr(0, scheme.size()) != scheme || url.size() > 512) return false;
  url.remove_prefix(scheme.size());
  const auto slash = url.find('/');
  if (slash == std::string_view::npos || !is_server_name(url.substr(0, slash))) return false;
  const std::string_view id = url.substr(slash + 1);
  return !id.empty() && id != "." && id != ".." && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~' || c == '=';
  });
}

// A file's name, of which no path is made.
std::string file_name(std::string_view name) {
  const auto slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string clean = line_of(name, kMaxName);
  return clean == "." || clean == ".." ? std::string() : clean;
}

// "type/subtype" (RFC 6838 section 4.2), without parameters.
std::string media_type_of(const json::object& info) {
  std::string type = ascii_lower(text_at(info, "mimetype"));
  type.resize(std::min(type.find(';'), type.size()));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  const bool good = type.size() <= kMaxType && std::count(type.begin(), type.end(), '/') == 1 &&
                    type.front() != '/' && type.back() != '/' &&
                    std::all_of(type.begin(), type.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                             std::string_view("/!#$&-^_.+").find(c) != std::string_view::npos;
                    });
  return good ? type : std::string();
}

std::optional<std::uint64_t> count_at(const json::object& in, std::string_view key) {
  const auto number = number_at(in, key);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*number);
}

std::optional<std::uint32_t> pixels_at(const json::object& in, std::string_view key) {
  const auto number = number_at(in, key);
  if (!number || *number <= 0 || *number > 1'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

std::string link_of(const Reader& reader, const MediaRef& ref) {
  return reader.link ? reader.link(ref) : std::string();
}

std::string thumbnail_of(const json::object& info, const MediaRef& file, bool picture, const Reader& reader) {
  const std::string_view mxc = text_at(info, "thumbnail_url");
  if (!is_mxc(mxc)) {
    // A homeserver makes small pictures of pictures alone.
    if (!picture) return {};
    MediaRef small = file;
    small.thumbnail = true;
    return link_of(reader, small);
  }
  const json::object* about = object_at(info, "thumbnail_info");
  MediaRef small{std::string(mxc), {}, about ? media_type_of(*about) : std::string(), file.event_id, true};
  return link_of(reader, small);
}

struct FileKind {
  std::string_view msgtype, word;
};
constexpr FileKind kKinds[] = {
    {"m.image", "picture"}, {"m.video", "video"}, {"m.audio", "sound"}, {"m.file", "file"}};

const FileKind* file_kind(std::string_view msgtype) {
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const FileKind& kind) { return kind.msgtype == msgtype; });
  return found == std::end(kKinds) ? nullptr : found;
}

bool is_too_large(const std::optional<std::uint64_t>& size, const Reader& reader) {
  return size && reader.most_bytes && *size > reader.most_bytes();
}

Attachment attachment_of(const json::object& content, std::string_view event_id, bool picture,
                         const Reader& reader) {
  static const json::object none;
  const json::object* given = object_at(content, "info");
  const json::object& info = given ? *given : none;
  const std::string_view named = text_at(content, "filename");
  MediaRef ref{std::string(text_at(content, "url")),
               file_name(named.empty() ? text_at(content, "body") : named), media_type_of(info),
               std::string(event_id), false};
  Attachment file;
  file.size = count_at(info, "size");
  if (is_mxc(ref.mxc) && !is_too_large(file.size, reader)) file.url = link_of(reader, ref);
  file.name = ref.name;
  file.media_type = ref.media_type;
  file.width = pixels_at(info, "w");
  file.height = pixels_at(info, "h");
  file.length = count_at(info, "duration");
  if (!file.url.empty()) file.thumbnail = thumbnail_of(info, ref, picture, reader);
  return file;
}

// A file that can't be fetched is told at least.
Text lost_file(std::string_view what, const std::string& name, const std::string& why = {}) {
  std::string words = "[" + std::string(what);
  if (!name.empty()) words += ": " + name;
  if (!why.empty()) words += "; " + why;
  return words + "]";
}

Message file_message(const json::object& content, const FileKind& kind, std::string_view event_id,
                     const Reader& reader) {
  Message message;
  Attachment file = attachment_of(content, event_id, kind.msgtype == "m.image", reader);
  file.voice = content.contains("org.matrix.msc3245.voice") || content.contains("m.voice");
  if (!file.length) {
    if (const json::object* audio = object_at(content, "org.matrix.msc1767.audio")) {
      file.length = count_at(*audio, "duration");
    }
  }
  const std::string_view named = text_at(content, "filename");
  const bool caption = !named.empty() && named != text_at(content, "body");
  if (caption) message.text = text_of(content, false, reader);
  if (!file.url.empty()) {
    message.attachments.push_back(std::move(file));
    return message;
  }
  const bool encrypted = object_at(content, "file") != nullptr;
  std::string why;
  if (is_too_large(file.size, reader)) {
    why = size_words(*file.size) + ", more than the " + size_words(reader.most_bytes()) +
          " that the bridge passes on";
  }
  Text lost = lost_file((encrypted ? "encrypted " : "") + std::string(kind.word), file.name, why);
  message.text = message.text.empty() ? std::move(lost) : concat(concat(std::move(lost), "\n"), message.text);
  return message;
}

Message sticker_message(const json::object& content, std::string_view event_id, const Reader& reader) {
  Message message;
  Attachment file = attachment_of(content, event_id, true, reader);
  file.sticker = true;
  file.name.clear();  // the body of a sticker is no file name
  file.description = line_of(text_at(content, "body"), kMaxDescription);
  if (file.url.empty()) {
    message.text = lost_file("sticker", file.description);
  } else {
    message.attachments.push_back(std::move(file));
  }
  return message;
}

// ----------------------------------------------------------------------------------------------------------
// places

// RFC 5870; nothing where it is no such URI.
std::string geo_of(const json::object& content) {
  std::string_view uri = text_at(content, "geo_uri");
  for (const std::string_view key : {"m.location", "org.matrix.msc3488.location"}) {
    if (const json::object* location = object_at(content, key); location && uri.empty()) {
      uri = text_at(*location, "uri");
    }
  }
  return uri.substr(0, 4) == "geo:" && is_safe_link(uri) ? std::string(uri) : std::string();
}

Text location_text(const json::object& content) {
  Text text = clean_text(extensible_text(content));
  const std::string geo = geo_of(content);
  if (geo.empty() || text.plain.find(geo) != std::string::npos) return text;
  if (!text.empty()) text.plain += '\n';
  const std::size_t begin = text.plain.size();
  text.plain += geo;
  text.spans.push_back({begin, text.plain.size(), Style::link, geo});
  return text;
}

// ----------------------------------------------------------------------------------------------------------
// events

// Of m.room.message; `answers` as in text_of.
std::optional<Message> room_message(const json::object& content, std::string_view event_id, bool answers,
                                    const Reader& reader) {
  const std::string_view type = text_at(content, "msgtype");
  if (type.empty() || type == "m.key.verification.request") return std::nullopt;
  if (const FileKind* kind = file_kind(type)) return file_message(content, *kind, event_id, reader);
  Message message;
  if (type == "m.emote") message.kind = MessageKind::action;
  if (type == "m.notice" || type == "m.server_notice") message.kind = MessageKind::notice;
  message.text = type == "m.location" ? location_text(content) : text_of(content, answers, reader);
  if (message.text.empty()) return std::nullopt;
  return message;
}

std::optional<Message> message_of(std::string_view type, const json::object& content,
                                  std::string_view event_id, bool answers, const Reader& reader) {
  if (type == "m.room.message") return room_message(content, event_id, answers, reader);
  if (type == "m.sticker") return sticker_message(content, event_id, reader);
  Message message;
  if (is_poll_start(type)) {
    message.text = clean_text(poll_text(content));
  } else if (is_poll_end(type)) {
    message.kind = MessageKind::notice;
    message.text = clean_text(extensible_text(content));
    if (message.text.empty()) message.text = "The poll has ended.";
  } else if (is_poll_response(type)) {
    return std::nullopt;  // who chose what is told when the poll ends
  } else if (type == "m.location" || type == "org.matrix.msc3488.location") {
    message.text = location_text(content);
  } else {
    message.text = clean_text(extensible_text(content));
  }
  if (message.text.empty()) return std::nullopt;
  return message;
}

MessageId event_at(const json::object& in, std::string_view key) {
  const std::string_view id = text_at(in, key);
  return is_event_id(id) ? MessageId(std::string(id)) : MessageId();
}

void relate(Message& message, const json::object& relation) {
  const bool thread =
      text_at(relation, "rel_type") == "m.thread" || text_at(relation, "rel_type") == "io.element.thread";
  if (thread) message.thread = event_at(relation, "event_id").value();
  // In a thread it may be there for those who know no threads.
  const json::object* answered = object_at(relation, "m.in_reply_to");
  if (!answered || (thread && true_at(relation, "is_falling_back"))) return;
  MessageId id = event_at(*answered, "event_id");
  if (!id.empty()) message.quote = Quote{std::move(id), {}, {}};
}

Decoded decode_edit(const json::object& event, const json::object& content, const json::object& relation,
                    std::string_view type, const Reader& reader) {
  MessageId target = event_at(relation, "event_id");
  const json::object* fresh = object_at(content, "m.new_content");
  if (target.empty() || !fresh) return Nothing{};
  auto message = message_of(type, *fresh, text_at(event, "event_id"), false, reader);
  if (!message) return Nothing{};
  return Edit{std::move(target), std::move(*message)};
}

Decoded decode_reaction(const json::object& content, const json::object& relation) {
  if (text_at(relation, "rel_type") != "m.annotation") return Nothing{};
  std::string_view key = text_at(relation, "key");
  // A picture as a reaction (MSC4027) has a name besides.
  if (key.substr(0, 6) == "mxc://") {
    key = text_at(content, "shortcode");
    if (key.empty()) key = text_at(content, "com.beeper.reaction.shortcode");
  }
  Annotation annotation{event_at(relation, "event_id"), clean_text(key, kMaxReaction)};
  annotation.key = one_line(annotation.key);
  if (annotation.target.empty() || annotation.key.empty()) return Nothing{};
  return annotation;
}

Decoded decode_redaction(const json::object& event, const json::object& content) {
  MessageId target = event_at(event, "redacts");
  if (target.empty()) target = event_at(content, "redacts");
  if (target.empty()) return Nothing{};
  return Redaction{std::move(target), line_of(text_at(content, "reason"), kMaxReason)};
}

}  // namespace

Decoded decode(const json::object& event, const Reader& reader) {
  const std::string_view type = text_at(event, "type");
  const json::object* content = object_at(event, "content");
  if (type.empty() || !content || event.contains("state_key")) return Nothing{};
  if (type == "m.room.redaction") return decode_redaction(event, *content);
  if (type == "m.room.encrypted") return content->empty() ? Decoded(Nothing{}) : Decoded(Encrypted{});

  static const json::object none;
  const json::object* given = object_at(*content, "m.relates_to");
  const json::object& relation = given ? *given : none;
  if (type == "m.reaction") return decode_reaction(*content, relation);
  if (text_at(relation, "rel_type") == "m.replace")
    return decode_edit(event, *content, relation, type, reader);

  const bool answers = object_at(relation, "m.in_reply_to") != nullptr;
  auto message = message_of(type, *content, text_at(event, "event_id"), answers, reader);
  if (!message) return Nothing{};
  relate(*message, relation);
  return std::move(*message);
}

bool brings_too_much(const json::object& event, const Reader& reader) {
  const json::object* content = object_at(event, "content");
  const json::object* info = content != nullptr ? object_at(*content, "info") : nullptr;
  return info != nullptr && text_at(event, "type") == "m.room.message" &&
         file_kind(text_at(*content, "msgtype")) != nullptr && is_mxc(text_at(*content, "url")) &&
         is_too_large(count_at(*info, "size"), reader);
}

std::string size_words(std::uint64_t bytes) {
  if (bytes < 1'000) return fmt::format("{} bytes", bytes);
  const auto of = [bytes](double unit) { return static_cast<double>(bytes) / unit; };
  return bytes < 1'000'000 ? fmt::format("{:.1f} kB", of(1e3)) : fmt::format("{:.1f} MB", of(1e6));
}

}  // namespace dragoman::matrix
