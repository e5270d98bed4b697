#include "component/fallback.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <variant>

#include "component/codepoint.hpp"
#include "component/content.hpp"
#include "mapping/utf8.hpp"

namespace dragoman {

namespace {

// How much of an earlier message is said again, in code points.
constexpr std::size_t quote_length = 60;
constexpr std::size_t mention_length = 40;
constexpr std::size_t author_length = 40;
// Emoji come from outside: what is no emoji is not told at length.
constexpr std::size_t emoji_length = 16, emoji_count = 12;

// ------------------------------------------------------------------------------------------------- splitting

bool joins(char32_t c) {  // to the character before it
  return c == 0x200D || (c >= 0x0300 && c <= 0x036F) || (c >= 0x1F3FB && c <= 0x1F3FF) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x20D0 && c <= 0x20FF);
}

// The end of the character that contains the code point beginning at `at`, at most: a place where a text may
// be cut.
std::size_t soft_boundary(std::string_view text, std::size_t at) {
  std::size_t found = at;
  for (std::size_t tries = 0; tries < 16 && found > 0 && found < text.size(); ++tries) {
    std::size_t next = found;
    if (!joins(next_codepoint(text, next)) && previous_codepoint(text, found) != 0x200D) return found;
    --found;
    while (found > 0 && (static_cast<unsigned char>(text[found]) & 0xC0u) == 0x80) --found;
  }
  return found == 0 ? at : found;
}

class Splitter {
 public:
  explicit Splitter(const Features& features) : features_(features) {}

  std::size_t measure(const Text& text) const {
    return features_.wire_size ? features_.wire_size(text) : text.plain.size();
  }
  bool fits(const Text& text) const {
    return features_.max_bytes == 0 || measure(text) <= features_.max_bytes;
  }

  // `text` in pieces that fit with `prefix` before each, cut at line ends or spaces where there are some,
  // else between characters. A character that fits by no means is left out.
  std::vector<Text> split(const Text& prefix, const Text& text) const {
    std::vector<Text> pieces;
    for (std::size_t at = 0; at < text.plain.size();) {
      // No encoding makes four bytes into less than one: the rest of a long text need not be looked at each
      // time.
      if (features_.max_bytes == 0 || text.plain.size() - at <= 4 * features_.max_bytes) {
        Text rest = concat(prefix, slice(text, at, text.plain.size()));
        if (fits(rest)) {
          pieces.push_back(std::move(rest));
          break;
        }
      }
      std::size_t end = longest(prefix, text, at);
      if (end == at) {
        at = without_spans(prefix, text, at, pieces);
        continue;
      }
      const std::size_t space = break_before(text.plain, at, end);
      if (space > at) {
        pieces.push_back(concat(prefix, slice(text, at, space)));
        at = space + 1;
        continue;
      }
      if (const std::size_t soft = soft_boundary(text.plain, end); soft > at) end = soft;
      pieces.push_back(concat(prefix, slice(text, at, end)));
      at = end;
    }
    return pieces;
  }

 private:
  // The furthest end, on a boundary of code points, up to which it fits; `at` where not even one does.
  std::size_t longest(const Text& prefix, const Text& text, std::size_t at) const {
    const std::string_view plain(text.plain);
    std::size_t low = at, high = std::min(plain.size(), at + 4 * features_.max_bytes + 4);
    high = at + prefix_within(plain.substr(at), high - at);
    while (low < high) {
      std::size_t middle = low + (high - low + 1) / 2;
      middle = at + prefix_within(plain.substr(at), middle - at);
      if (middle <= low) {  // the next boundary is the only one between
        middle = low;
        next_codepoint(plain, middle);
        if (middle > high) break;
      }
      if (fits(concat(prefix, slice(text, at, middle)))) {
        low = middle;
      } else {
        high = middle - 1;
        high = at + prefix_within(plain.substr(at), high - at);
        if (high < low) high = low;
      }
    }
    return low;
  }

  // One character whose formatting alone is too much for a message: without it, or not at all.
  std::size_t without_spans(const Text& prefix, const Text& text, std::size_t at,
                            std::vector<Text>& pieces) const {
    std::size_t next = at;
    next_codepoint(text.plain, next);
    Text bare(text.plain.substr(at, next - at));
    Text piece = concat(prefix, bare);
    if (fits(piece)) {
      pieces.push_back(std::move(piece));
    } else if (fits(bare)) {
      pieces.push_back(std::move(bare));
    }
    return next;
  }

  // The line end or space to break at; `at` where there is none in the second half.
  static std::size_t break_before(std::string_view plain, std::size_t at, std::size_t end) {
    // The character right behind may be the space.
    const std::string_view window = plain.substr(at, end - at + (end < plain.size() ? 1 : 0));
    const std::size_t least = (end - at) / 2;
    const std::size_t line = window.rfind('\n');
    if (line != std::string_view::npos && line > least) return at + line;
    const std::size_t space = window.rfind(' ');
    if (space != std::string_view::npos && space > least) return at + space;
    return at;
  }

  const Features& features_;
};

// --------------------------------------------------------------------------------------------------- wording

std::string human_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 5> units{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (value /= 1000; value >= 999.5 && unit + 1 < units.size(); ++unit) value /= 1000;
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return out.data();
}

std::string human_length(std::uint64_t milliseconds) {
  const std::uint64_t seconds = (milliseconds + 999) / 1000;
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), "%llu:%02llu", static_cast<unsigned long long>(seconds / 60),
                static_cast<unsigned long long>(seconds % 60));
  return out.data();
}

// "name (1.2 MB, image/png): URL", with as much of it as is known.
std::string file_line(const Attachment& file) {
  std::string details;
  if (file.length && *file.length > 0) details = human_length(*file.length);
  if (file.size) details += (details.empty() ? "" : ", ") + human_size(*file.size);
  if (!file.media_type.empty()) details += (details.empty() ? "" : ", ") + one_line(file.media_type);
  std::string line = one_line(file.name);
  if (file.voice) line = "voice message";
  if (file.sticker) line = "sticker";
  if (!details.empty()) line += (line.empty() ? "file (" : " (") + details + ")";
  if (!file.description.empty())
    line += (line.empty() ? "" : ", ") + shortened(file.description, quote_length);
  if (!line.empty()) line += ": ";
  return line + one_line(file.url);
}

std::string guillemets(std::string_view text, std::size_t length) {
  const std::string said = shortened(text, length);
  return said.empty() ? std::string() : "«" + said + "»";
}

// A link whose text does not say where it leads says so behind it.
Text spelled_links(const Text& text) {
  Text out;
  std::size_t at = 0;
  for (const Span& span : text.spans) {
    if (span.style != Style::link || span.end < at || span.end > text.plain.size() || span.begin >= span.end)
      continue;
    const std::string_view shown = std::string_view(text.plain).substr(span.begin, span.end - span.begin);
    if (span.detail.empty() || shown.find(span.detail) != std::string_view::npos) continue;
    out = concat(std::move(out), slice(text, at, span.end));
    out.plain += " (" + one_line(span.detail) + ")";
    at = span.end;
  }
  if (at == 0) return text;
  return concat(std::move(out), slice(text, at, text.plain.size()));
}

std::vector<Text> lines_of(const Text& text) {
  std::vector<Text> lines;
  for (std::size_t begin = 0; begin <= text.plain.size();) {
    std::size_t end = text.plain.find('\n', begin);
    if (end == std::string::npos) end = text.plain.size();
    if (end > begin) lines.push_back(slice(text, begin, end));
    begin = end + 1;
  }
  return lines;
}

// ------------------------------------------------------------------------------------------------- degrading

class Degrader {
 public:
  Degrader(const Features& features, const Recall& recall, const std::string& author)
      : features_(features), splitter_(features), recall_(recall) {
    if (!features.own_voice) author_ = shortened(author, author_length);
  }

  std::vector<Content> operator()(const Message& message) const { return wrap(pieces(message)); }

  std::vector<Content> operator()(const Edit& edit) const {
    if (features_.edits) {
      Message fresh = edit.message;
      if (!features_.replies) fresh.quote.reset();
      std::vector<Message> told = pieces(fresh);
      // One message can be put in the place of one; what takes several is told anew.
      if (told.size() == 1) return {Edit{edit.target, std::move(told.front())}};
    }
    std::string what = "edit";
    if (const std::optional<Remembered> old = remember(edit.target))
      if (const std::string said = guillemets(old->text, mention_length); !said.empty())
        what += " of " + said;
    Message marked = edit.message;
    // What it answered was said the first time.
    marked.quote.reset();
    if (marked.kind == MessageKind::action) {
      marked.text = concat(marked.text, Text(" (" + what + ")"));
    } else {
      marked.text = concat(Text(what + ": "), marked.text);
    }
    return wrap(pieces(marked));
  }

  std::vector<Content> operator()(const Retraction& retraction) const {
    if (retraction.moderation ? features_.moderation : features_.retractions) return {retraction};
    const std::optional<Remembered> old = remember(retraction.target);
    std::string said = old ? guillemets(old->text, mention_length) : std::string();
    std::string text;
    if (retraction.moderation) {
      text = "removed a message";
      if (old && !old->author.empty()) text += " of " + shortened(old->author, author_length);
      if (!said.empty()) text += ": " + said;
      if (!retraction.reason.empty()) text += " (" + shortened(retraction.reason, quote_length) + ")";
    } else {
      text = said.empty() ? "retracted a message" : "retracted: " + said;
    }
    return act(std::move(text));
  }

  std::vector<Content> operator()(const Reactions& reactions) const {
    if (features_.reactions) return {reactions};
    std::string text = "reacted";
    std::size_t count = 0;
    for (const std::string& emoji : reactions.emoji) {
      const std::string said = shortened(emoji, emoji_length);
      if (said.empty()) continue;
      if (++count > emoji_count) break;
      text += " " + said;
    }
    if (count == 0) return {};  // taken back: nobody need be told
    if (const std::optional<Remembered> old = remember(reactions.target))
      if (const std::string said = guillemets(old->text, mention_length); !said.empty())
        text += " to " + said;
    return act(std::move(text));
  }

  std::vector<Content> operator()(const Typing& typing) const {
    return features_.typing ? std::vector<Content>{typing} : std::vector<Content>{};
  }
  std::vector<Content> operator()(const ReadMark& mark) const {
    return features_.read_marks ? std::vector<Content>{mark} : std::vector<Content>{};
  }

  std::vector<Content> operator()(const Subject& subject) const {
    Text text = in_its_formatting(subject.text);
    if (!features_.multiline) std::replace(text.plain.begin(), text.plain.end(), '\n', ' ');
    if (splitter_.fits(text)) return {Subject{std::move(text)}};
    // A subject is one: what is too much is left out.
    std::vector<Text> cut = splitter_.split({}, text);
    if (cut.empty()) return {};
    return {Subject{std::move(cut.front())}};
  }

 private:
  static std::vector<Content> wrap(std::vector<Message> messages) {
    return {std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end())};
  }

  std::optional<Remembered> remember(const MessageId& id) const {
    if (!recall_ || id.empty()) return std::nullopt;
    return recall_(id);
  }

  std::vector<Content> act(std::string text) const {
    Message message;
    message.kind = MessageKind::action;
    message.text = Text(std::move(text));
    return wrap(pieces(message));
  }

  Text in_its_formatting(Text text) const {
    if (!features_.mentions)
      std::erase_if(text.spans, [](const Span& s) { return s.style == Style::mention; });
    if (features_.formatting || text.spans.empty()) return text;
    Text spelled = spelled_links(text);
    // A fence would be a line of its own, and its block several messages.
    if (!features_.multiline)
      std::erase_if(spelled.spans, [](const Span& s) { return s.style == Style::block_code; });
    return Text(render::styled(spelled));
  }

  // The line that says what is answered; empty where nothing of it is known.
  std::string quote_line(const Quote& quote) const {
    std::string author = shortened(quote.author, author_length);
    std::string text = shortened(quote.text, quote_length);
    if (author.empty() || text.empty()) {
      if (const std::optional<Remembered> old = remember(quote.message)) {
        if (author.empty()) author = shortened(old->author, author_length);
        if (text.empty()) text = shortened(old->text, quote_length);
      }
    }
    if (text.empty()) return author.empty() ? author : "> " + author;
    return "> " + (author.empty() ? "" : author + ": ") + text;
  }

  // What stands before each message where the voice is not the author's own.
  Text voice(MessageKind kind) const {
    if (author_.empty()) return {};
    Text prefix(kind == MessageKind::action ? "* " + author_ + " " : "<" + author_ + "> ");
    // A name that leaves no room for what was said is of no use.
    return features_.max_bytes > 0 && 2 * splitter_.measure(prefix) > features_.max_bytes ? Text() : prefix;
  }

  std::vector<Message> pieces(const Message& message) const {
    std::vector<Message> out;
    Text text = in_its_formatting(message.text);
    // A letter's subject is its first line.
    if (!features_.subjects && !message.subject.empty() && message.kind == MessageKind::normal)
      text = concat(Text(one_line(message.subject) + (text.empty() ? "" : "\n")), text);
    if (!features_.files) append_files(text, message.attachments);

    if (message.quote && !features_.replies) {
      const std::string line = quote_line(*message.quote);
      if (!line.empty() && features_.multiline && message.kind != MessageKind::action) {
        text = concat(Text(line + "\n"), text);
      } else if (!line.empty()) {
        append(out, MessageKind::normal, Text(line));
      }
    }
    const std::size_t first = out.size();
    append(out, message.kind, text);
    if (out.size() == first && features_.files && !message.attachments.empty()) {
      out.emplace_back().kind = message.kind == MessageKind::action ? MessageKind::normal : message.kind;
    }
    if (out.empty()) return out;
    if (features_.files) out.back().attachments = message.attachments;
    if (features_.replies) out.front().quote = message.quote;
    if (features_.subjects) out.front().subject = message.subject;
    if (features_.threads)
      for (Message& piece : out) piece.thread = message.thread;
    if (features_.addressing)
      for (Message& piece : out) piece.addressed = message.addressed;
    return out;
  }

  static void append_files(Text& text, const std::vector<Attachment>& files) {
    for (const Attachment& file : files) {
      const std::string url = one_line(file.url);
      // Said already, by a client that writes for those who see the text alone.
      if (!url.empty() && text.plain.find(url) != std::string::npos) continue;
      if (!text.plain.empty()) text.plain += '\n';
      text.plain += file_line(file);
    }
  }

  // `text` as messages that the network can carry, one after the other.
  void append(std::vector<Message>& out, MessageKind kind, const Text& text) const {
    std::vector<Text> parts;
    if (features_.multiline) {
      if (!text.empty()) parts.push_back(text);
    } else {
      parts = lines_of(text);
    }
    for (const Text& part : parts) {
      Text prefix = voice(kind);
      MessageKind told = kind;
      if (kind == MessageKind::action && (!features_.actions || !author_.empty())) {
        if (author_.empty()) prefix = Text("* ");
        if (features_.max_bytes > 0 && 2 * splitter_.measure(prefix) > features_.max_bytes) prefix = Text();
        told = MessageKind::normal;
      }
      for (Text& piece : splitter_.split(prefix, part)) {
        Message& message = out.emplace_back();
        message.kind = told;
        message.text = std::move(piece);
      }
      // Only what stands first is what somebody does; the rest is said.
      if (kind == MessageKind::action) kind = MessageKind::normal;
    }
  }

  const Features& features_;
  Splitter splitter_;
  const Recall& recall_;
  std::string author_;  // empty: the voice is their own
};

}  // namespace

std::vector<Content> degrade(const Content& content, const Features& features, const Recall& recall,
                             const std::string& author) {
  return std::visit(Degrader(features, recall, author), content);
}

}  // namespace dragoman
