#include <algorithm>
#include <utility>
#include <variant>

#include "component/codepoint.hpp"
#include "component/content.hpp"
#include "component/mentions.hpp"

namespace dragoman::render {

namespace {

// The lines of a quote that a client without replies reads (XEP-0461 4.1).
constexpr std::size_t quoted_lines = 8;
constexpr std::size_t most_mentions = 64;

std::string quote_lines(const Quote& quote) {
  std::string out;
  std::size_t lines = 0;
  const std::string_view text = quote.text;
  for (std::size_t begin = 0; begin < text.size() && lines < quoted_lines; ++lines) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    out += "> ";
    if (lines == 0 && !quote.author.empty()) out.append(quote.author).append(": ");
    out.append(text, begin, end - begin).append("\n");
    begin = end + 1;
  }
  return out;
}

void fallback(XmlWriter& out, std::string_view what, std::size_t begin, std::size_t end) {
  out.open("fallback", ns::fallback).attr("for", what);
  out.open("body").attr("start", std::to_string(begin)).attr("end", std::to_string(end)).close();
  out.close();
}

void file_sharing(XmlWriter& out, const Attachment& file) {
  out.open("file-sharing", ns::file_sharing).attr("disposition", "inline");
  out.open("file", ns::file_metadata);
  if (!file.media_type.empty()) out.element("media-type", file.media_type);
  if (!file.name.empty()) out.element("name", file.name);
  if (file.size) out.element("size", std::to_string(*file.size));
  if (file.width) out.element("width", std::to_string(*file.width));
  if (file.height) out.element("height", std::to_string(*file.height));
  if (file.length) out.element("length", std::to_string(*file.length));
  if (!file.description.empty()) {
    out.element("desc", file.description);
  } else if (file.voice) {
    out.element("desc", "Voice message");
  }
  if (!file.thumbnail.empty()) out.open("thumbnail", ns::thumbnails).attr("uri", file.thumbnail).close();
  out.close();
  out.open("sources").open("url-data", ns::url_data).attr("target", file.url).close().close();
  out.close();
}

bool is_shown(const Span& span) { return span.style != Style::mention && span.style != Style::spoiler; }

// XEP-0372: `said` stands in `body` from byte `from` on, with marks of XEP-0393 in it.
void mention_references(XmlWriter& out, const Text& said, const std::string& body, std::size_t from,
                        std::string_view room) {
  std::size_t count = 0;
  for (const Span& span : said.spans) {
    if (span.style != Style::mention || span.begin >= span.end || span.end > said.plain.size()) continue;
    if (++count > most_mentions) return;
    const std::string_view rest = std::string_view(body).substr(from);
    const auto place = mentions::same_place(said.plain, span.begin, span.end - span.begin, rest);
    if (!place) continue;
    const std::size_t begin = from + *place;
    const std::size_t first = count_codepoints(std::string_view(body).substr(0, begin));
    const std::size_t size = count_codepoints(std::string_view(body).substr(begin, span.end - span.begin));
    out.open("reference", ns::reference).attr("type", "mention");
    out.attr("begin", std::to_string(first)).attr("end", std::to_string(first + size));
    out.attr("uri", mentions::uri_of(room, span.detail)).close();
  }
}

// XEP-0393 6: whether a text without any formatting would be read as if it had some.
bool looks_styled(const Text& said) {
  if (std::any_of(said.spans.begin(), said.spans.end(), is_shown)) return false;
  if (!parse::has_markers(said.plain)) return false;
  const Text read = parse::styled(said.plain);
  return !read.spans.empty() || read.plain != said.plain;
}

void write_message(XmlWriter& out, const Message& message, bool is_group, std::string_view room) {
  if (!message.subject.empty()) out.element("subject", message.subject);
  Text said = message.text;
  if (message.kind == MessageKind::action) said = concat(Text("/me "), said);
  // In a room nothing else tells a notice from a message; in private it comes as it is.
  if (message.kind == MessageKind::notice && is_group) said = concat(Text("[notice] "), said);

  std::string body;
  std::size_t quoted = 0;  // code points of the reply's fallback
  // "/me" is one at the very beginning only (XEP-0245): an action goes without.
  if (message.quote && message.kind != MessageKind::action && !message.quote->text.empty()) {
    body = quote_lines(*message.quote);
    quoted = count_codepoints(body);
  }
  const std::size_t before_text = body.size();
  body += styled(said);
  const bool has_files = !message.attachments.empty();
  const std::size_t before_files = has_files ? count_codepoints(body) : 0;
  for (const Attachment& file : message.attachments) {
    if (!body.empty()) body += '\n';
    body += file.url;
  }
  out.element("body", body);

  // A client that shows XHTML shows nothing of the body: not where the body says more than the text.
  if (!has_files && quoted == 0 && std::any_of(said.spans.begin(), said.spans.end(), is_shown))
    xhtml(out, said);
  if (looks_styled(said)) out.open("unstyled", ns::styling).close();
  if (!room.empty() && !said.spans.empty()) mention_references(out, said, body, before_text, room);
  const auto spoiler = std::find_if(said.spans.begin(), said.spans.end(),
                                    [](const Span& s) { return s.style == Style::spoiler; });
  if (spoiler != said.spans.end()) out.element("spoiler", spoiler->detail, ns::spoiler);
  if (!message.thread.empty()) out.element("thread", message.thread);
  if (message.quote && !message.quote->message.empty()) {
    out.open("reply", ns::reply).attr("id", message.quote->message.value());
    if (!room.empty() && !message.quote->author.empty())
      out.attr("to", std::string(room) + "/" + message.quote->author);
    out.close();
    if (quoted > 0) fallback(out, ns::reply, 0, quoted);
  }
  if (!has_files) return;
  for (const Attachment& file : message.attachments) file_sharing(out, file);
  fallback(out, ns::file_sharing, before_files, count_codepoints(body));
  if (std::all_of(message.attachments.begin(), message.attachments.end(),
                  [](const Attachment& file) { return file.sticker; }))
    out.open("sticker", ns::stickers).close();
  // XEP-0447 3.1, and what most clients of today go by: one file, its URL alone in the body.
  if (message.attachments.size() == 1)
    out.open("x", ns::oob).element("url", message.attachments.front().url).close();
}

// Archives of servers keep what has a body, or this (XEP-0334).
void store_hint(XmlWriter& out) { out.open("store", ns::hints).close(); }

struct Writer {
  XmlWriter& out;
  bool is_group;
  std::string_view room;

  void operator()(const Message& message) const { write_message(out, message, is_group, room); }
  void operator()(const Edit& edit) const {
    write_message(out, edit.message, is_group, room);
    out.open("replace", ns::correct).attr("id", edit.target.value()).close();
  }
  void operator()(const Retraction& retraction) const {
    out.element("body", "/me retracted a previous message, but this client does not show it.");
    out.open("fallback", ns::fallback).attr("for", ns::retract).close();
    out.open("retract", ns::retract).attr("id", retraction.target.value());
    if (retraction.moderation) out.open("moderated", ns::moderate).close();
    if (!retraction.reason.empty()) out.element("reason", retraction.reason);
    out.close();
    store_hint(out);
  }
  void operator()(const Reactions& reactions) const {
    out.open("reactions", ns::reactions).attr("id", reactions.target.value());
    for (const std::string& emoji : reactions.emoji) out.element("reaction", emoji);
    out.close();
    store_hint(out);
  }
  void operator()(const Typing& typing) const { out.open(state_name(typing.state), ns::chat_states).close(); }
  void operator()(const ReadMark& mark) const {
    if (mark.displayed) {
      out.open("displayed", ns::markers).attr("id", mark.up_to.value()).close();
    } else {
      out.open("received", ns::receipts).attr("id", mark.up_to.value()).close();
    }
  }
  // Empty, too: XEP-0045 8.1 clears it so.
  void operator()(const Subject& subject) const { out.element("subject", subject.text.plain); }

  static std::string_view state_name(TypingState state) {
    switch (state) {
      case TypingState::active: return "active";
      case TypingState::composing: return "composing";
      case TypingState::paused: return "paused";
      case TypingState::inactive: return "inactive";
      case TypingState::gone: return "gone";
    }
    return "active";
  }
};

}  // namespace

void content(XmlWriter& out, const Content& content, bool is_group, std::string_view room) {
  std::visit(Writer{out, is_group, room}, content);
}

}  // namespace dragoman::render
