#include "bridges/email/imap_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace dragoman::email {

bool ImapReader::announces(std::string_view line, std::size_t& size, bool& too_large) {
  if (!line.ends_with('}')) return false;
  const auto open = line.rfind('{');
  if (open == std::string_view::npos) return false;
  auto digits = line.substr(open + 1, line.size() - open - 2);
  if (digits.empty() ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  too_large = std::from_chars(digits.data(), digits.data() + digits.size(), size).ec != std::errc();
  return true;
}

std::string ImapReader::take(std::string_view bytes, const std::function<bool(ImapLine)>& tell) {
  while (!bytes.empty()) {
    if (in_literal_) {
      const auto part = bytes.substr(0, wanted_);
      line_.literals.back().append(part);
      wanted_ -= part.size();
      bytes.remove_prefix(part.size());
      in_literal_ = wanted_ > 0;
      continue;
    }
    const auto end = bytes.find('\n');
    const auto part = bytes.substr(0, end);
    if (line_.line.size() + part.size() > limits_.line_bytes)
      return "The mail server sent a line that is too long";
    line_.line.append(part);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    if (line_.line.ends_with('\r')) line_.line.pop_back();
    std::size_t size = 0;
    bool too_large = false;
    if (announces(line_.line, size, too_large)) {
      if (too_large || size > limits_.literal_bytes || literals_ + size > limits_.literal_bytes)
        return "The mail server sent more than was asked for";
      if (line_.literals.size() >= limits_.literals) return "The mail server sent too many strings at once";
      literals_ += size;
      line_.line += '\n';
      line_.literals.emplace_back();
      wanted_ = size;
      in_literal_ = size > 0;
      continue;
    }
    literals_ = 0;
    if (tell(std::exchange(line_, {}))) continue;
    dropped_ = !bytes.empty();
    return {};
  }
  return {};
}

}  // namespace dragoman::email
