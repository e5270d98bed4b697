#include "bridges/email/html_elements.hpp"

#include <algorithm>
#include <array>

namespace dragoman::email {
namespace {

struct Name {
  std::string_view name;
  Element element;
};

// Sorted by name.
constexpr std::array kNames = {
    Name{"a", Element::anchor},         Name{"address", Element::block},  Name{"article", Element::block},
    Name{"aside", Element::block},      Name{"b", Element::bold},         Name{"blockquote", Element::quote},
    Name{"br", Element::line_break},    Name{"button", Element::text},    Name{"caption", Element::block},
    Name{"center", Element::block},     Name{"code", Element::code},      Name{"dd", Element::block},
    Name{"del", Element::strike},       Name{"dir", Element::unordered},  Name{"div", Element::block},
    Name{"dl", Element::block},         Name{"dt", Element::block},       Name{"em", Element::italic},
    Name{"fieldset", Element::block},   Name{"figure", Element::block},   Name{"footer", Element::block},
    Name{"form", Element::block},       Name{"h1", Element::heading},     Name{"h2", Element::heading},
    Name{"h3", Element::heading},       Name{"h4", Element::heading},     Name{"h5", Element::heading},
    Name{"h6", Element::heading},       Name{"head", Element::dropped},   Name{"header", Element::block},
    Name{"hr", Element::rule},          Name{"i", Element::italic},       Name{"iframe", Element::dropped},
    Name{"img", Element::image},        Name{"ins", Element::underline},  Name{"kbd", Element::code},
    Name{"li", Element::item},          Name{"main", Element::block},     Name{"menu", Element::unordered},
    Name{"nav", Element::block},        Name{"noscript", Element::text},  Name{"object", Element::dropped},
    Name{"ol", Element::ordered},       Name{"option", Element::dropped}, Name{"p", Element::paragraph},
    Name{"pre", Element::preformatted}, Name{"s", Element::strike},       Name{"samp", Element::code},
    Name{"script", Element::dropped},   Name{"section", Element::block},  Name{"select", Element::dropped},
    Name{"strike", Element::strike},    Name{"strong", Element::bold},    Name{"style", Element::dropped},
    Name{"table", Element::table},      Name{"td", Element::cell},        Name{"template", Element::dropped},
    Name{"textarea", Element::text},    Name{"th", Element::cell},        Name{"title", Element::dropped},
    Name{"tr", Element::row},           Name{"tt", Element::code},        Name{"u", Element::underline},
    Name{"ul", Element::unordered},     Name{"var", Element::italic},
};

}  // namespace

Element element_of(std::string_view name) {
  const auto* found = std::lower_bound(kNames.begin(), kNames.end(), name,
                                       [](const Name& a, std::string_view n) { return a.name < n; });
  return found != kNames.end() && found->name == name ? found->element : Element::text;
}

bool has_end(std::string_view name) {
  constexpr auto empty = std::to_array<std::string_view>(
      {"area", "base", "br", "col", "frame", "hr", "img", "input", "link", "meta", "param"});
  return std::find(empty.begin(), empty.end(), name) == empty.end();
}

}  // namespace dragoman::email
