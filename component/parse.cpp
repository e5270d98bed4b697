#include <algorithm>
#include <charconv>
#include <utility>

#include "component/codepoint.hpp"
#include "component/content.hpp"
#include "component/mentions.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::parse {

namespace {

// What one message may carry of a kind; more is nobody's honest message.
constexpr std::size_t max_attachments = 16;
constexpr std::size_t max_reactions = 64;
constexpr std::size_t max_ranges = 64;
constexpr std::size_t max_mentions = 64;

// ----------------------------------------------------------------------------------------- XEP-0428 fallback

struct Range {  // bytes of the body
  std::size_t begin, end;
  bool of_reply;
};

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void add_range(std::vector<Range>& ranges, const Element& region, std::string_view body, bool of_reply) {
  if (ranges.size() >= max_ranges) return;
  // Code points (XEP-0426). What does not stand there reaches from the beginning, and to the end.
  const std::string* start = region.attr("start");
  const std::string* stop = region.attr("end");
  const std::optional<std::size_t> first = start ? number(*start) : std::optional<std::size_t>(0);
  const std::optional<std::size_t> last = stop ? number(*stop) : std::optional<std::size_t>(body.size());
  if (!first || !last || *first >= *last) return;
  const std::size_t begin = codepoint_offset(body, *first);
  const std::size_t end = begin + codepoint_offset(body.substr(begin), *last - *first);
  if (begin < end) ranges.push_back({begin, end, of_reply});
}

// The parts of the body that say again what we have read elsewhere in the stanza, in order, none touching
// another.
std::vector<Range> fallback_ranges(const Stanza& message, std::string_view body, bool replies, bool corrects,
                                   bool has_files) {
  std::vector<Range> ranges;
  for (const Element& fallback : message.root.children) {
    if (fallback.ns != ns::fallback || fallback.name != "fallback") continue;
    const std::string_view what = fallback.attr_or("for");
    const bool of_reply = what == ns::reply;
    const bool understood = of_reply ? replies
                            : what == ns::correct
                                ? corrects
                                : (what == ns::file_sharing || what == ns::oob) && has_files;
    if (!understood) continue;
    if (fallback.children.empty()) add_range(ranges, fallback, body, of_reply);
    for (const Element& region : fallback.children)
      if (region.name == "body" && region.ns == ns::fallback) add_range(ranges, region, body, of_reply);
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::size_t kept = 0;
  for (const Range& range : ranges) {
    if (kept > 0 && range.begin <= ranges[kept - 1].end) {
      ranges[kept - 1].end = std::max(ranges[kept - 1].end, range.end);
      ranges[kept - 1].of_reply = ranges[kept - 1].of_reply || range.of_reply;
    } else {
      ranges[kept++] = range;
    }
  }
  ranges.resize(kept);
  return ranges;
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// "> Anna wrote:\n> We should bake a cake\n": the author where it says one, and what was quoted.
void read_quote(std::string_view fallback, Quote& quote) {
  constexpr std::string_view wrote = " wrote:";
  std::string text;
  bool first = true;
  for (std::size_t begin = 0; begin < fallback.size();) {
    std::size_t end = fallback.find('\n', begin);
    if (end == std::string_view::npos) end = fallback.size();
    std::string_view line = fallback.substr(begin, end - begin);
    begin = end + 1;
    if (line.starts_with('>')) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    const bool names_author =
        first && line.size() > wrote.size() && line.ends_with(wrote) && begin < fallback.size();
    first = false;
    if (names_author) {
      if (quote.author.empty()) quote.author = display_clean(line.substr(0, line.size() - wrote.size()));
      continue;
    }
    if (!text.empty()) text += '\n';
    text += line;
  }
  quote.text = xml_clean(trimmed(text));
}

// ----------------------------------------------------------------------------------------------- attachments

std::string file_name(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  return display_clean(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

void add_attachment(std::vector<Attachment>& files, Attachment file) {
  if (file.url.empty() || files.size() >= max_attachments) return;
  const bool known =
      std::any_of(files.begin(), files.end(), [&](const Attachment& f) { return f.url == file.url; });
  if (!known) files.push_back(std::move(file));
}

std::string_view text_of(const Element& parent, std::string_view name) {
  const Element* child = parent.child(name);
  return child ? std::string_view(child->text) : std::string_view();
}

std::optional<std::uint32_t> pixels(std::string_view text) {
  const std::optional<std::size_t> value = number(trimmed(text));
  if (!value || *value == 0 || *value > 1'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// A picture that can be fetched by whoever reads of it.
std::string_view fetchable(std::string_view url) {
  url = trimmed(url);
  return url.starts_with("https://") || url.starts_with("http://") ? url : std::string_view();
}

// XEP-0446; XEP-0234's older form of it has the same children.
Attachment described(const Element* file) {
  Attachment out;
  if (file == nullptr) return out;
  out.name = file_name(text_of(*file, "name"));
  out.media_type = display_clean(text_of(*file, "media-type"));
  out.size = number(trimmed(text_of(*file, "size")));
  out.description = xml_clean(text_of(*file, "desc"));
  out.width = pixels(text_of(*file, "width"));
  out.height = pixels(text_of(*file, "height"));
  out.length = number(trimmed(text_of(*file, "length")));
  for (const Element& child : file->children) {
    if (child.name != "thumbnail" || child.ns != ns::thumbnails || !out.thumbnail.empty()) continue;
    out.thumbnail = one_line(fetchable(child.attr_or("uri")));
  }
  return out;
}

// XEP-0447.
void add_file_sharing(std::vector<Attachment>& files, const Element& sharing) {
  Attachment file = described(sharing.child("file", ns::file_metadata));
  const Element* sources = sharing.child("sources");
  const Element* url = sources ? sources->child("url-data", ns::url_data) : nullptr;
  if (url) file.url = one_line(trimmed(url->attr_or("target")));
  add_attachment(files, std::move(file));
}

// XEP-0385, XEP-0447's elder.
void add_media_sharing(std::vector<Attachment>& files, const Element& reference) {
  const Element* sharing = reference.child("media-sharing", ns::media_sharing);
  if (!sharing) return;
  Attachment file = described(sharing->child("file", ns::jingle_file));
  if (const Element* sources = sharing->child("sources")) {
    for (const Element& source : sources->children) {
      if (source.name != "reference" || source.ns != ns::reference || !file.url.empty()) continue;
      file.url = one_line(fetchable(source.attr_or("uri")));
    }
  }
  add_attachment(files, std::move(file));
}

std::vector<Attachment> attachments(const Stanza& message) {
  std::vector<Attachment> files;
  for (const Element& child : message.root.children)
    if (child.ns == ns::file_sharing && child.name == "file-sharing") add_file_sharing(files, child);
  for (const Element& child : message.root.children)
    if (child.ns == ns::reference && child.name == "reference") add_media_sharing(files, child);
  for (const Element& child : message.root.children) {
    if (child.ns != ns::oob || child.name != "x") continue;
    Attachment file;
    file.url = one_line(trimmed(text_of(child, "url")));
    file.description = xml_clean(text_of(child, "desc"));
    add_attachment(files, std::move(file));
  }
  if (!files.empty() && message.child("sticker", ns::stickers))
    for (Attachment& file : files) file.sticker = true;
  return files;
}

// --------------------------------------------------------------------------------------------------- message

std::optional<Quote> quote(const Stanza& message) {
  const Element* reply = message.child("reply", ns::reply);
  if (!reply) return std::nullopt;
  Quote found;
  found.message = MessageId(std::string(reply->attr_or("id")));
  if (found.message.empty()) return std::nullopt;
  // In a room the author is an occupant, by nick.
  const std::string_view author = reply->attr_or("to");
  const std::size_t slash = author.find('/');
  if (message.type == "groupchat" && slash != std::string_view::npos)
    found.author = display_clean(author.substr(slash + 1));
  return found;
}

// XEP-0372, of those parts of the body that became the text: `ranges` were cut out of it.
void add_mentions(const Stanza& message, std::string_view body, const std::vector<Range>& ranges,
                  Text& text) {
  const Jid room = message.to.bare();
  std::size_t count = 0;
  for (const Element& child : message.root.children) {
    if (child.ns != ns::reference || child.name != "reference" || child.attr_or("type") != "mention")
      continue;
    if (++count > max_mentions) return;
    const std::optional<std::size_t> first = number(child.attr_or("begin"));
    const std::optional<std::size_t> last = number(child.attr_or("end"));
    if (!first || !last || *first >= *last) continue;
    const std::size_t begin = codepoint_offset(body, *first);
    const std::size_t size = codepoint_offset(body.substr(begin), *last - *first);
    const bool cut = std::any_of(ranges.begin(), ranges.end(),
                                 [&](const Range& r) { return begin < r.end && r.begin < begin + size; });
    if (size == 0 || cut) continue;
    std::string before;  // what is left of what stands before it
    std::size_t at = 0;
    for (const Range& range : ranges) {
      if (range.begin >= begin) break;
      before.append(body, at, range.begin - at);
      at = range.end;
    }
    before.append(body, at, begin - at);
    const std::size_t from = before.size();
    before.append(body, begin, size);
    const auto place = mentions::same_place(before, from, size, text.plain);
    if (!place) continue;
    std::string_view shown = std::string_view(text.plain).substr(*place, size);
    std::optional<std::string> nick = mentions::nick_in(child.attr_or("uri"), room);
    if (!nick) {  // by an address of their own: the text says what they are called here
      if (shown.starts_with('@')) shown.remove_prefix(1);
      nick = display_clean(shown);
    }
    mentions::add(text, {*place, *place + size, Style::mention, display_clean(*nick)});
  }
}

std::optional<Message> message_of(const Stanza& message, bool corrects) {
  Message out;
  out.attachments = attachments(message);
  out.quote = quote(message);
  if (const Element* thread = message.root.child("thread")) out.thread = display_clean(thread->text);

  const Element* body = message.root.child("body");
  std::string_view text = body ? std::string_view(body->text) : std::string_view();
  const std::string_view whole_body = text;
  std::string cut;  // the text, where something is taken out of it
  std::vector<Range> ranges =
      fallback_ranges(message, text, out.quote.has_value(), corrects, !out.attachments.empty());
  if (!ranges.empty()) {
    std::string quoted;
    std::size_t at = 0;
    for (const Range& range : ranges) {
      cut.append(text, at, range.begin - at);
      if (range.of_reply) quoted.append(text, range.begin, range.end - range.begin);
      at = range.end;
    }
    cut.append(text, at);
    // Where all would be fallback the sender has marked too much: better said twice than lost.
    if (!blank(cut) || !out.attachments.empty()) {
      text = cut;
      if (ranges.front().begin == 0) text.remove_prefix(std::min(text.find_first_not_of('\n'), text.size()));
      if (!quoted.empty()) read_quote(quoted, *out.quote);
    } else {
      ranges.clear();
    }
  }
  const std::string_view whole = trimmed(text);
  if (std::any_of(out.attachments.begin(), out.attachments.end(),
                  [&](const Attachment& f) { return f.url == whole; }))
    text = {};

  // XML can bring a CR by reference only.
  std::string clean;
  if (text.find('\r') != std::string_view::npos) text = clean = xml_clean(text);
  constexpr std::string_view me = "/me ";  // XEP-0245
  if (text.starts_with(me)) {
    out.kind = MessageKind::action;
    text.remove_prefix(me.size());
  }
  if (message.child("unstyled", ns::styling)) {
    out.text = Text(std::string(text));
  } else {
    out.text = styled(text);
  }
  if (message.root.child_ns(ns::reference)) add_mentions(message, whole_body, ranges, out.text);
  // XEP-0382 hides a message whole.
  if (const Element* spoiler = message.child("spoiler", ns::spoiler); spoiler && !out.text.empty())
    mentions::add(out.text, {0, out.text.plain.size(), Style::spoiler, one_line(xml_clean(spoiler->text))});
  if (const Element* subject = message.root.child("subject"); body && subject && !blank(subject->text))
    out.subject = display_clean(subject->text);
  if (blank(out.text.plain) && out.attachments.empty()) return std::nullopt;
  return out;
}

MessageId target(const Element& element) { return MessageId(std::string(element.attr_or("id"))); }

std::optional<Content> retraction(const Element& retract) {
  Retraction out;
  out.target = target(retract);
  if (out.target.empty()) return std::nullopt;
  if (retract.child("moderated", ns::moderate)) out.moderation = true;
  if (const Element* reason = retract.child("reason")) out.reason = one_line(xml_clean(reason->text));
  return out;
}

std::optional<Content> reactions(const Element& element) {
  Reactions out;
  out.target = target(element);
  if (out.target.empty()) return std::nullopt;
  for (const Element& child : element.children) {
    if (child.name != "reaction" || child.ns != element.ns || out.emoji.size() >= max_reactions) continue;
    std::string emoji = display_clean(child.text);
    // XEP-0444: the same one twice counts once.
    if (!emoji.empty() && std::find(out.emoji.begin(), out.emoji.end(), emoji) == out.emoji.end())
      out.emoji.push_back(std::move(emoji));
  }
  return out;
}

std::optional<TypingState> typing_state(std::string_view name) {
  if (name == "active") return TypingState::active;
  if (name == "composing") return TypingState::composing;
  if (name == "paused") return TypingState::paused;
  if (name == "inactive") return TypingState::inactive;
  if (name == "gone") return TypingState::gone;
  return std::nullopt;
}

std::optional<Content> read_mark(const Stanza& message) {
  const Element* found = message.child("displayed", ns::markers);
  const bool displayed = found;
  if (!found) found = message.child("received", ns::receipts);
  if (!found) found = message.child("received", ns::markers);
  if (!found) return std::nullopt;
  ReadMark mark{target(*found), displayed};
  if (mark.up_to.empty()) return std::nullopt;
  return mark;
}

}  // namespace

std::optional<Content> content(const Stanza& message) {
  if (message.type == "error") return std::nullopt;
  if (const Element* retract = message.child("retract", ns::retract)) return retraction(*retract);
  if (const Element* found = message.child("reactions", ns::reactions)) return reactions(*found);

  const Element* replace = message.child("replace", ns::correct);
  const bool corrects = replace && !target(*replace).empty();
  if (std::optional<Message> said = message_of(message, corrects)) {
    if (corrects) return Edit{target(*replace), std::move(*said)};
    return std::move(*said);
  }
  // XEP-0045 8.1: a subject alone changes the room's, an empty one clears it.
  if (const Element* subject = message.root.child("subject"); subject && !message.root.child("body"))
    return Subject{Text(xml_clean(subject->text))};
  if (std::optional<Content> mark = read_mark(message)) return mark;
  if (const Element* state = message.root.child_ns(ns::chat_states))
    if (const std::optional<TypingState> typing = typing_state(state->name)) return Typing{*typing};
  return std::nullopt;
}

}  // namespace dragoman::parse
