#include "bridges/matrix/html_elements.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "bridges/matrix/address.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix::html {
namespace {

struct Name {
  std::string_view name;
  Element element;
};

// Sorted by name.
constexpr std::array kNames = {
    Name{"a", Element::anchor},        Name{"b", Element::bold},           Name{"blockquote", Element::quote},
    Name{"br", Element::line_break},   Name{"caption", Element::block},    Name{"code", Element::code},
    Name{"del", Element::strike},      Name{"details", Element::block},    Name{"div", Element::block},
    Name{"em", Element::italic},       Name{"font", Element::font},        Name{"h1", Element::heading},
    Name{"h2", Element::heading},      Name{"h3", Element::heading},       Name{"h4", Element::heading},
    Name{"h5", Element::heading},      Name{"h6", Element::heading},       Name{"head", Element::dropped},
    Name{"hr", Element::rule},         Name{"i", Element::italic},         Name{"img", Element::image},
    Name{"ins", Element::underline},   Name{"li", Element::item},          Name{"mx-reply", Element::dropped},
    Name{"ol", Element::ordered},      Name{"p", Element::paragraph},      Name{"pre", Element::preformatted},
    Name{"s", Element::strike},        Name{"script", Element::dropped},   Name{"span", Element::span},
    Name{"strike", Element::strike},   Name{"strong", Element::bold},      Name{"style", Element::dropped},
    Name{"summary", Element::summary}, Name{"sup", Element::superscript},  Name{"table", Element::block},
    Name{"td", Element::cell},         Name{"template", Element::dropped}, Name{"th", Element::head_cell},
    Name{"title", Element::dropped},   Name{"tr", Element::row},           Name{"tt", Element::code},
    Name{"u", Element::underline},     Name{"ul", Element::unordered},
};
static_assert(std::is_sorted(kNames.begin(), kNames.end(),
                             [](const Name& a, const Name& b) { return a.name < b.name; }));

}  // namespace

Element element_of(std::string_view name) {
  const auto found = std::lower_bound(kNames.begin(), kNames.end(), name,
                                      [](const Name& a, std::string_view b) { return a.name < b; });
  return found != kNames.end() && found->name == name ? found->element : Element::text;
}

std::optional<std::string_view> attribute(Attributes attributes, std::string_view name) {
  for (; attributes && attributes[0]; attributes += 2) {
    if (reinterpret_cast<const char*>(attributes[0]) != name) continue;
    if (!attributes[1]) return std::string_view();
    return reinterpret_cast<const char*>(attributes[1]);
  }
  return std::nullopt;
}

std::optional<std::string> colour_of(Attributes attributes, std::string_view name) {
  const auto value = attribute(attributes, name);
  if (!value || value->size() != 7 || value->front() != '#') return std::nullopt;
  std::string colour = ascii_lower(*value);
  if (colour.find_first_not_of("0123456789abcdef", 1) != std::string::npos) return std::nullopt;
  return colour;
}

std::optional<std::string> linked_user(std::string_view url) {
  const auto node = url.find("matrix.to/#/") != std::string_view::npos || url.substr(0, 7) == "matrix:"
                        ? node_from_prompt(url)
                        : std::nullopt;
  if (!node) return std::nullopt;
  const auto what = resolve(*node);
  if (!what || !std::holds_alternative<UserId>(*what)) return std::nullopt;
  return std::get<UserId>(*what).value();
}

std::string language_of(Attributes attributes) {
  std::string_view classes = attribute(attributes, "class").value_or(std::string_view());
  constexpr std::string_view prefix = "language-";
  while (!classes.empty()) {
    const auto end = std::min(classes.find(' '), classes.size());
    std::string_view one = classes.substr(0, end);
    classes.remove_prefix(std::min(end + 1, classes.size()));
    if (one.substr(0, prefix.size()) != prefix) continue;
    one.remove_prefix(prefix.size());
    const bool word = std::all_of(one.begin(), one.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::strchr("+#-_.", c) != nullptr;
    });
    if (word && !one.empty() && one.size() <= 32) return std::string(one);
  }
  return {};
}

long start_of(Attributes attributes) {
  const std::string_view start = attribute(attributes, "start").value_or(std::string_view());
  long number = 1;
  const auto [end, error] = std::from_chars(start.data(), start.data() + start.size(), number);
  if (error != std::errc() || end != start.data() + start.size()) return 1;
  return std::clamp(number, -999'999'999L, 999'999'999L);
}

}  // namespace dragoman::matrix::html
