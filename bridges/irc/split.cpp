#include "bridges/irc/split.hpp"

#include <algorithm>

#include "bridges/irc/formatting.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

// What servers show at most, where they don't say (the common limits of today's servers).
constexpr std::size_t kNick = 32, kUser = 12, kHost = 64;
constexpr std::size_t kLeast = 32;
constexpr std::size_t kLongestCharacter = 4;

std::size_t character_at(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) ++size;
  return size;
}

// How much of `text` one piece takes: `fits` bytes at most, which end on a character boundary.
std::size_t piece_within(std::string_view text, std::size_t fits) {
  if (text.size() <= fits) return text.size();
  if (fits == 0) return character_at(text);
  // The byte after the piece may be the space itself.
  const auto space = text.rfind(' ', fits);
  return space != std::string_view::npos && space >= fits / 2 && space > 0 ? space : fits;
}

// How many bytes of `text`, from its begin on, take at most `limit` on the wire. Ends on a character
// boundary.
std::size_t fitting(const Text& text, std::size_t limit) {
  if (wire_size(text) <= limit) return text.plain.size();
  std::size_t low = 0, high = std::min(text.plain.size(), limit);
  while (low < high) {
    const std::size_t middle = low + (high - low + 1) / 2;
    if (wire_size(slice(text, 0, middle)) <= limit) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return prefix_within(text.plain, low);
}

// Walks through a text from its begin to its end, so that no piece looks at the spans of all others.
class Cutter {
 public:
  explicit Cutter(const Text& text) : text_(text) {}

  // slice(text, begin, end); `begin` never goes back.
  Text window(std::size_t begin, std::size_t end) {
    std::erase_if(over_, [&](const Span* span) { return span->end <= begin; });
    for (; next_ < text_.spans.size() && text_.spans[next_].begin < end; ++next_) {
      if (text_.spans[next_].end > begin) over_.push_back(&text_.spans[next_]);
    }
    Text out(text_.plain.substr(begin, end - begin));
    for (const Span* span : over_) {
      if (span->begin >= end) continue;
      out.spans.push_back({std::max(span->begin, begin) - begin, std::min(span->end, end) - begin,
                           span->style, span->detail});
    }
    std::stable_sort(out.spans.begin(), out.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    return out;
  }

  void line(std::size_t begin, std::size_t end, std::size_t limit, std::vector<Text>& out) {
    while (begin < end) {
      // A character more than can fit: it may be the space to cut at.
      const auto rest = std::string_view(text_.plain).substr(begin, end - begin);
      const Text ahead = window(begin, begin + prefix_within(rest, limit + kLongestCharacter));
      const std::size_t size = piece_within(ahead.plain, fitting(ahead, limit));
      out.push_back(slice(ahead, 0, size));
      begin += size;
      if (begin < end && text_.plain[begin] == ' ') ++begin;
    }
  }

 private:
  const Text& text_;
  std::vector<const Span*> over_;
  std::size_t next_ = 0;
};

}  // namespace

std::size_t text_budget(const Isupport& server, const Source& self, std::string_view command,
                        std::string_view target) {
  const auto or_longest = [](std::string_view known, std::size_t told, std::size_t usual) {
    return !known.empty() ? known.size() : told != 0 ? told : usual;
  };
  const std::size_t taken = 1 + or_longest(self.nick, server.nicklen, kNick) + 1 +
                            or_longest(self.user, server.userlen, kUser) + 1 +
                            or_longest(self.host, server.hostlen, kHost) + 1 + command.size() + 1 +
                            target.size() + 2 /* " :" */ + 2 /* CR LF */;
  return taken + kLeast < server.linelen ? server.linelen - taken : kLeast;
}

std::vector<std::string_view> split_bytes(std::string_view text, std::size_t limit) {
  std::vector<std::string_view> pieces;
  while (!text.empty()) {
    const std::size_t size = piece_within(text, prefix_within(text, limit));
    pieces.push_back(text.substr(0, size));
    text.remove_prefix(size);
    if (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  }
  return pieces;
}

std::vector<Text> split_text(const Text& text, std::size_t limit) {
  std::vector<Text> pieces;
  if (text.empty()) return pieces;
  if (text.spans.empty() && text.plain.size() <= limit && text.plain.find('\n') == std::string::npos &&
      text.plain.find_first_not_of(" \t") != std::string::npos) {
    pieces.push_back(text);
    return pieces;
  }
  const Text told = links_told(text);
  Cutter cutter(told);
  std::size_t begin = 0;
  while (begin < told.plain.size()) {
    const std::size_t end = std::min(told.plain.find('\n', begin), told.plain.size());
    if (told.plain.find_first_not_of(" \t", begin) < end) cutter.line(begin, end, limit, pieces);
    begin = end + 1;
  }
  return pieces;
}

Text cut_text(const Text& text, std::size_t limit) {
  const Text told = links_told(text);
  Text ahead = slice(told, 0, prefix_within(told.plain, limit + kLongestCharacter));
  std::replace(ahead.plain.begin(), ahead.plain.end(), '\n', ' ');
  return slice(ahead, 0, fitting(ahead, limit));
}

}  // namespace dragoman::irc
