#include "bridges/irc/ctcp.hpp"

namespace dragoman::irc {
namespace {

constexpr char kDelimiter = '\x01';

void append_clean(std::string& to, std::string_view text) {
  for (const char c : text) to += c == '\r' || c == '\n' || c == '\0' || c == kDelimiter ? ' ' : c;
}

}  // namespace

std::optional<Ctcp> parse_ctcp(std::string_view text) {
  if (text.empty() || text.front() != kDelimiter) return std::nullopt;
  text.remove_prefix(1);
  if (!text.empty() && text.back() == kDelimiter) text.remove_suffix(1);
  const auto space = text.find(' ');
  const auto command = text.substr(0, space);
  if (command.empty()) return std::nullopt;
  Ctcp ctcp{std::string(command),
            space == std::string_view::npos ? std::string_view{} : text.substr(space + 1)};
  for (char& c : ctcp.command) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return ctcp;
}

std::string format_ctcp(std::string_view command, std::string_view params) {
  std::string out;
  out.reserve(command.size() + params.size() + 3);
  out += kDelimiter;
  append_clean(out, command);
  if (!params.empty()) {
    out += ' ';
    append_clean(out, params);
  }
  out += kDelimiter;
  return out;
}

}  // namespace dragoman::irc
