// What the style sheets within a mail hide: by rules of one class or id (".preview", "div.preview",
// "#preview"), which is what mail programs write. Other selectors, and what only holds for some screens, are
// not looked at.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "bridges/email/html_marks.hpp"

namespace dragoman::email {

class HiddenStyles {
 public:
  void read(std::string_view sheet);  // of several, the later ones count
  bool hide(std::string_view element, Attributes attributes) const;

 private:
  void rule(std::string_view selectors, std::string_view declarations);
  bool has(const std::string& selector) const;

  std::unordered_map<std::string, bool> rules_;  // selector: whether it hides
  bool any_ = false;                             // one of them does
};

}  // namespace dragoman::email
