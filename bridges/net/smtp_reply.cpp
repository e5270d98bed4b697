#include "bridges/net/smtp_reply.hpp"

#include <algorithm>

#include "mapping/utf8.hpp"

namespace dragoman::net {
namespace {

constexpr std::size_t max_lines = 100;
constexpr std::size_t max_words = 500;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The length of "5.1.10" at the beginning, of the code's own kind; 0: there is none.
std::size_t status_length(std::string_view text, char kind) {
  if (text.empty() || text.front() != kind) return 0;
  std::size_t at = 1;
  for (int part = 0; part < 2; ++part) {
    if (at >= text.size() || text[at] != '.') return 0;
    const auto begin = ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == begin || at - begin > 3) return 0;
  }
  return at == text.size() || text[at] == ' ' ? at : 0;
}

}  // namespace

SmtpReplyReader::Step SmtpReplyReader::take(std::string_view line) {
  if (line.size() < 3 || !std::all_of(line.begin(), line.begin() + 3, is_digit)) return Step::broken;
  const int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
  const char mark = line.size() > 3 ? line[3] : ' ';
  if (code < 200 || code > 599 || (mark != ' ' && mark != '-')) return Step::broken;
  if (!open_) reply_ = {};
  if (open_ && code != reply_.code) return Step::broken;
  open_ = mark == '-';
  reply_.code = code;
  auto text = line.substr(std::min<std::size_t>(4, line.size()));
  if (reply_.lines.size() == max_lines) return Step::broken;
  reply_.lines.emplace_back(text);
  if (const auto length = status_length(text, line[0]); length > 0) {
    reply_.status = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  const auto clean = display_clean(text);
  if (!clean.empty()) reply_.words += (reply_.words.empty() ? "" : " ") + clean;
  if (open_) return Step::more;
  reply_.words.resize(prefix_within(reply_.words, max_words));
  return Step::whole;
}

}  // namespace dragoman::net
