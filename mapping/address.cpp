#include "mapping/address.hpp"

#include <array>

namespace dragoman {
namespace {

struct Escape {
  char plain;
  char high, low;
};

// XEP-0106 section 3.2.
constexpr std::array<Escape, 10> escapes{{{' ', '2', '0'},
                                          {'"', '2', '2'},
                                          {'&', '2', '6'},
                                          {'\'', '2', '7'},
                                          {'/', '2', 'f'},
                                          {':', '3', 'a'},
                                          {'<', '3', 'c'},
                                          {'>', '3', 'e'},
                                          {'@', '4', '0'},
                                          {'\\', '5', 'c'}}};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

const Escape* by_plain(char c) {
  for (const auto& e : escapes) {
    if (e.plain == c) return &e;
  }
  return nullptr;
}

// The escape that `text` continues with behind a backslash at `at`.
const Escape* by_sequence(std::string_view text, std::size_t at, bool any_case) {
  if (at + 2 >= text.size()) return nullptr;
  const char high = text[at + 1];
  const char low = any_case ? lower(text[at + 2]) : text[at + 2];
  for (const auto& e : escapes) {
    if (e.high == high && e.low == low) return &e;
  }
  return nullptr;
}

}  // namespace

std::string escape_node(std::string_view name) {
  while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  std::string node;
  node.reserve(name.size() + 8);
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const Escape* e = nullptr;
    if (c == '\\') {
      // Upper case too: nodeprep would turn "\2F" into an escape that nobody meant.
      if (by_sequence(name, i, true)) e = by_plain('\\');
    } else {
      e = by_plain(c);
    }
    if (e) {
      node += '\\';
      node += e->high;
      node += e->low;
    } else {
      node += c;
    }
  }
  return node;
}

std::string unescape_node(std::string_view node) {
  std::string name;
  name.reserve(node.size());
  for (std::size_t i = 0; i < node.size(); ++i) {
    const Escape* e = node[i] == '\\' ? by_sequence(node, i, false) : nullptr;
    // An escaped space is none at either end (XEP-0106 section 4.1).
    if (e && e->plain == ' ' && (i == 0 || i + 3 == node.size())) e = nullptr;
    if (e) {
      name += e->plain;
      i += 2;
    } else {
      name += node[i];
    }
  }
  return name;
}

}  // namespace dragoman
