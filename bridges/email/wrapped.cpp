#include "bridges/email/wrapped.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman::email {
namespace {

// Programs break at 65 to 78 characters; RFC 5322 2.1.1 has 78.
constexpr std::size_t kNarrowest = 60, kWidest = 80;
constexpr std::size_t kSureBreaks = 3;  // so many full lines are no chance

struct ProseLine {
  std::size_t begin = 0, end = 0;
  std::size_t width = 0;  // in characters
  bool joins = false;     // may be a line of prose
};

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xC0') != '\x80'; }));
}

bool is_number_digit(char c) { return c >= '0' && c <= '9'; }

// "- milk", "* milk", "1. milk", "a) milk", "• milk", "> milk", "| milk |".
bool is_item(std::string_view line) {
  constexpr std::string_view marks = "-*+>|#=_~";
  if (marks.find(line.front()) != std::string_view::npos) return true;
  if (line.substr(0, 3) == "\xE2\x80\xA2" || line.substr(0, 3) == "\xE2\x80\x93" ||
      line.substr(0, 3) == "\xE2\x80\x94")
    return true;  // bullet, dashes
  std::size_t at = 0;
  while (at < line.size() && at < 3 && is_number_digit(line[at])) ++at;
  if (at == 0 && line.size() > 1 && line.front() != 'I') at = 1;
  return at > 0 && at < line.size() &&
         (line[at] == ')' || (line[at] == '.' && is_number_digit(line[at - 1])));
}

// What has columns, or is indented, was put so.
bool is_prose(std::string_view line) {
  return !line.empty() && line.front() != ' ' && line.front() != '\t' &&
         line.find("   ") == std::string_view::npos && line.find('\t') == std::string_view::npos &&
         !is_item(line);
}

std::vector<ProseLine> prose_lines(std::string_view text) {
  std::vector<ProseLine> lines;
  for (std::size_t at = 0; at <= text.size();) {
    ProseLine line;
    line.begin = at;
    line.end = std::min(text.find('\n', at), text.size());
    const std::string_view words = text.substr(line.begin, line.end - line.begin);
    line.width = width_of(words);
    line.joins = is_prose(words);
    lines.push_back(line);
    at = line.end + 1;
  }
  return lines;
}

class Unwrapper {
 public:
  explicit Unwrapper(Text& said) : said_(said), lines_(prose_lines(said.plain)) {
    for (const Span& span : said.spans) {
      if (span.style != Style::quote && span.style != Style::code) continue;
      for (ProseLine& line : lines_)
        if (line.begin < span.end && span.begin <= line.end) line.joins = false;
    }
  }

  void run() {
    // Nothing to join in a text without two such lines; a long address alone in a line says nothing.
    for (const ProseLine& line : lines_) {
      const std::string_view words = words_of(line);
      if (words.find(' ') != std::string_view::npos) width_ = std::max(width_, line.width);
    }
    if (width_ < kNarrowest || width_ > kWidest) return;
    std::size_t full = 0, broken = 0;
    for (std::size_t i = 0; i + 1 < lines_.size(); ++i) {
      if (!within(i)) continue;
      ++(is_full(i) ? full : broken);
    }
    sure_ = full >= kSureBreaks && full >= 3 * broken;
    for (std::size_t i = 0; i < lines_.size();) {
      std::size_t end = i + 1;
      while (end < lines_.size() && within(end - 1)) ++end;
      if (end - i > 1) paragraph(i, end);
      i = end;
    }
  }

 private:
  std::string_view words_of(const ProseLine& line) const {
    return std::string_view(said_.plain).substr(line.begin, line.end - line.begin);
  }
  // Between this line and the next there is a break within a paragraph.
  bool within(std::size_t i) const { return lines_[i].joins && lines_[i + 1].joins; }
  // The first word of the next line had no place in this one.
  bool is_full(std::size_t i) const {
    const std::string_view next = words_of(lines_[i + 1]);
    return lines_[i].width + 1 + width_of(next.substr(0, next.find(' '))) > width_;
  }
  bool goes_on(std::size_t i) const {
    const char next = words_of(lines_[i + 1]).front(), last = words_of(lines_[i]).back();
    return next >= 'a' && next <= 'z' && last != ':' && last != '.' && last != '!' && last != '?';
  }

  // One line of it that has room for more was ended by somebody: then they all may have been.
  void paragraph(std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i + 1 < end; ++i) {
      if (lines_[i].width < kNarrowest * 2 / 3 || !is_full(i)) return;
      if (!sure_ && !goes_on(i)) return;
    }
    for (std::size_t i = begin; i + 1 < end; ++i) said_.plain[lines_[i].end] = ' ';
  }

  Text& said_;
  std::vector<ProseLine> lines_;
  std::size_t width_ = 0;  // of the longest line
  bool sure_ = false;      // that a program broke the lines
};

}  // namespace

void unwrap(Text& said) { Unwrapper(said).run(); }

}  // namespace dragoman::email
