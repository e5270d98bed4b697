#include "bridges/email/content_lines.hpp"

#include <algorithm>

#include "bridges/email/charset.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {

std::string Property::parameter(std::string_view wanted) const {
  for (const auto& [key, text] : parameters) {
    if (key == wanted) return text;
  }
  return {};
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return out;
}

std::optional<Property> property_of(std::string_view line) {
  Property property;
  std::size_t at = std::min(line.find_first_of(";:"), line.size());
  if (at == line.size()) return std::nullopt;
  property.name = upper(line.substr(0, at));
  // "item1.EMAIL": a group.
  if (const auto dot = property.name.rfind('.'); dot != std::string::npos) property.name.erase(0, dot + 1);
  while (at < line.size() && line[at] == ';') {
    const std::size_t begin = ++at;
    std::string value;
    while (at < line.size() && line[at] != '=' && line[at] != ';' && line[at] != ':') ++at;
    const std::string key = upper(line.substr(begin, at - begin));
    if (at < line.size() && line[at] == '=') {
      bool quoted = false;
      for (++at; at < line.size() && (quoted || (line[at] != ';' && line[at] != ':')); ++at) {
        if (line[at] == '"') {
          quoted = !quoted;
        } else {
          value += line[at];
        }
      }
    }
    property.parameters.emplace_back(key, value);
  }
  if (at >= line.size()) return std::nullopt;
  property.value = line.substr(at + 1);
  return property;
}

std::string value_words(std::string_view value, std::size_t limit) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) {
      ++i;
      out += value[i] == 'n' || value[i] == 'N' ? ' ' : value[i];
    } else {
      out += value[i];
    }
  }
  std::string clean = display_clean(out);
  clean.resize(prefix_within(clean, limit));
  return clean;
}

}  // namespace dragoman::email
