// The lines of calendars (RFC 5545 3.1) and contact cards (RFC 6350 3.3).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dragoman::email {

// Names, also of parameters, in upper case; without its group ("item1.EMAIL").
struct Property {
  std::string name;
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string value;

  std::string parameter(std::string_view wanted) const;
};

std::optional<Property> property_of(std::string_view line);
std::string upper(std::string_view text);  // ASCII
// A value as a person reads it (RFC 5545 3.3.11): one line, bounded.
std::string value_words(std::string_view value, std::size_t limit);

// Each line with what is folded onto it.
template <class Call>
void each_property(std::string_view text, const Call& call) {
  std::string line;
  const auto tell = [&] {
    if (const auto property = property_of(line)) call(*property);
    line.clear();
  };
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!piece.empty() && (piece.front() == ' ' || piece.front() == '\t')) {
      line += piece.substr(1);
      continue;
    }
    tell();
    line = piece;
  }
  tell();
}

}  // namespace dragoman::email
