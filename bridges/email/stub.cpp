#include "bridges/email/stub.hpp"

#include <algorithm>
#include <array>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::array<std::string_view, 10> kept{
    "from",       "to",      "cc",          "subject",    "date",
    "message-id", "list-id", "in-reply-to", "references", "authentication-results"};
constexpr std::size_t longest_field = 4000;
constexpr std::size_t most_fields = 100;

}  // namespace

std::string stub_of(std::string_view bytes, std::string_view words) {
  std::string out;
  bool keep = false;
  std::size_t fields = 0;
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (line.front() != ' ' && line.front() != '\t') {
      const auto colon = line.find(':');
      const std::string name = ascii_lower(line.substr(0, colon == std::string_view::npos ? 0 : colon));
      keep = std::find(kept.begin(), kept.end(), name) != kept.end() && ++fields <= most_fields;
    }
    if (keep && line.size() <= longest_field) out.append(line).append("\r\n");
  }
  return out.append("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n")
      .append(words)
      .append("\r\n");
}

}  // namespace dragoman::email
