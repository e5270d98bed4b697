#include "bridges/email/html_styles.hpp"

#include <algorithm>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxRules = 1000, kMaxClasses = 20, kMaxSelector = 100;

bool is_gap(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

std::string_view without_gaps(std::string_view text) {
  while (!text.empty() && is_gap(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_gap(text.back())) text.remove_suffix(1);
  return text;
}

// Without comments, and without the marks that hide a sheet from programs that know none.
std::string plain_sheet(std::string_view sheet) {
  std::string out;
  out.reserve(sheet.size());
  for (std::size_t i = 0; i < sheet.size();) {
    if (sheet.substr(i, 2) == "/*") {
      const auto end = sheet.find("*/", i + 2);
      if (end == std::string_view::npos) break;
      i = end + 2;
      out += ' ';
    } else if (sheet.substr(i, 4) == "<!--") {
      i += 4;
    } else if (sheet.substr(i, 3) == "-->") {
      i += 3;
    } else {
      out += sheet[i++];
    }
  }
  return out;
}

// Behind the "}" that ends the block that begins at `at`.
std::size_t block_end(std::string_view sheet, std::size_t at) {
  std::size_t open = 0;
  for (; at < sheet.size(); ++at) {
    if (sheet[at] == '{') ++open;
    if (sheet[at] == '}' && --open == 0) return at + 1;
  }
  return sheet.size();
}

// One class or one id, an element's or any's.
bool is_simple(std::string_view selector) {
  if (selector.empty() || selector.size() > kMaxSelector) return false;
  const auto mark = selector.find_first_of(".#");
  if (mark == std::string_view::npos || mark + 1 == selector.size()) return false;
  return std::all_of(selector.begin(), selector.end(), [&](const char& c) {
    const bool name = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
    return name || static_cast<std::size_t>(&c - selector.data()) == mark;
  });
}

}  // namespace

void HiddenStyles::read(std::string_view sheet) {
  const std::string plain = plain_sheet(sheet);
  const std::string_view all(plain);
  for (std::size_t at = 0; at < all.size();) {
    const auto begin = all.find_first_of("{;", at);
    if (begin == std::string_view::npos) return;
    const std::string_view selectors = without_gaps(all.substr(at, begin - at));
    if (all[begin] == ';') {  // "@import …;"
      at = begin + 1;
      continue;
    }
    at = block_end(all, begin);
    if (selectors.empty() || selectors.front() == '@') continue;
    std::string_view block = all.substr(begin + 1, at - begin - 1);
    if (!block.empty() && block.back() == '}') block.remove_suffix(1);
    rule(selectors, block);
  }
}

void HiddenStyles::rule(std::string_view selectors, std::string_view declarations) {
  const bool hides = hides_by_style(declarations);
  if (!hides && !shows_by_style(declarations)) return;
  while (!selectors.empty() && rules_.size() < kMaxRules) {
    const auto end = std::min(selectors.find(','), selectors.size());
    const std::string_view one = without_gaps(selectors.substr(0, end));
    selectors.remove_prefix(std::min(end + 1, selectors.size()));
    if (!is_simple(one)) continue;
    rules_[ascii_lower(one)] = hides;
    any_ = any_ || hides;
  }
}

bool HiddenStyles::has(const std::string& selector) const {
  const auto found = rules_.find(selector);
  return found != rules_.end() && found->second;
}

bool HiddenStyles::hide(std::string_view element, Attributes attributes) const {
  if (!any_) return false;
  const auto either = [&](const std::string& mark) { return has(mark) || has(std::string(element) + mark); };
  const auto id = attribute(attributes, "id");
  if (id && id->size() <= kMaxSelector && either("#" + ascii_lower(*id))) return true;
  std::string_view classes = attribute(attributes, "class").value_or(std::string_view());
  for (std::size_t i = 0; i < kMaxClasses && !classes.empty(); ++i) {
    const auto end = std::min(classes.find_first_of(" \t\n\r"), classes.size());
    const std::string_view one = classes.substr(0, end);
    if (!one.empty() && one.size() <= kMaxSelector && either("." + ascii_lower(one))) return true;
    classes.remove_prefix(std::min(end + 1, classes.size()));
  }
  return false;
}

}  // namespace dragoman::email
