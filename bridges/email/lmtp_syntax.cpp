#include "bridges/email/lmtp_syntax.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t longest_local_of_envelope = 64, longest_domain_of_envelope = 255,
                      longest_path_of_envelope = 254;  // octets
constexpr std::size_t longest_size = 20;               // digits, RFC 1870 4

char ascii_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Where the path that begins with "<" ends; a quoted local part may have ">" in it.
std::size_t end_of_path(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (!quoted && text[i] == '>') return i;
  }
  return std::string_view::npos;
}

bool may_be_in_a_word(unsigned char c) {  // RFC 5322 3.2.3, RFC 6531 3.3
  return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_dotted_text(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return c == '.' || may_be_in_a_word(c); });
}

bool is_quoted_string(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return false;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '"') return false;
    if (text[i] == '\\' && ++i + 1 >= text.size()) return false;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < ' ' || c == 0x7f) return false;
  }
  return true;
}

bool is_domain_of_path(std::string_view text) {
  if (text.empty() || text.size() > longest_domain_of_envelope) return false;
  if (text.front() == '[') {
    return text.size() > 2 && text.back() == ']' &&
           std::all_of(text.begin() + 1, text.end() - 1, [](unsigned char c) {
             return c > ' ' && c < 0x7f && c != '[' && c != ']' && c != '\\' && c != '<' && c != '>';
           });
  }
  if (text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '.' || c == '_';
  });
}

}  // namespace

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return ascii_upper(x) == ascii_upper(y); });
}

std::optional<Path> parse_path(std::string_view argument, std::string_view keyword) {
  if (!same_word(argument.substr(0, keyword.size()), keyword)) return {};
  argument.remove_prefix(keyword.size());
  if (argument.substr(0, 1) != ":") return {};
  argument.remove_prefix(1);
  argument.remove_prefix(std::min(argument.find_first_not_of(' '), argument.size()));
  if (argument.substr(0, 1) != "<") return {};
  const auto end = end_of_path(argument);
  if (end == std::string_view::npos) return {};
  Path path{argument.substr(1, end - 1), argument.substr(end + 1)};
  if (!path.parameters.empty()) {
    if (path.parameters.front() != ' ') return {};
    path.parameters.remove_prefix(std::min(path.parameters.find_first_not_of(' '), path.parameters.size()));
  }
  if (path.address.substr(0, 1) == "@") {
    const auto colon = path.address.find(':');
    if (colon == std::string_view::npos) return {};
    path.address.remove_prefix(colon + 1);
  }
  return path;
}

bool is_address(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos || text.size() > longest_path_of_envelope ||
      at > longest_local_of_envelope)
    return false;
  const std::string_view local = text.substr(0, at);
  return (is_dotted_text(local) || is_quoted_string(local)) && is_domain_of_path(text.substr(at + 1)) &&
         is_utf8(text);
}

std::optional<LmtpReply> parse_parameters(std::string_view text, MailParameters& parameters) {
  const LmtpReply bad_value{501, "5.5.4 a parameter has no such value"};
  bool size_seen = false, body_seen = false;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? "" : word.substr(equals + 1);
    if (same_word(name, "SIZE")) {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parameters.size);
      if (std::exchange(size_seen, true) || value.empty() || value.size() > longest_size ||
          end != value.data() + value.size())
        return bad_value;
      if (error == std::errc::result_out_of_range) parameters.size = UINT64_MAX;
    } else if (same_word(name, "BODY")) {
      if (std::exchange(body_seen, true) || !(same_word(value, "7BIT") || same_word(value, "8BITMIME")))
        return bad_value;
    } else if (same_word(name, "SMTPUTF8")) {
      if (std::exchange(parameters.utf8, true) || equals != std::string_view::npos) return bad_value;
    } else {
      return LmtpReply{555, "5.5.4 that parameter is not known"};
    }
  }
  return {};
}

}  // namespace dragoman::email
