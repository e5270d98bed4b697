#include "bridges/irc/casemap.hpp"

#include <algorithm>

namespace dragoman::irc {
namespace {

bool is_named(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return fold(a, Casemap::ascii) == b; });
}

}  // namespace

Casemap casemap_named(std::string_view name) {
  if (is_named(name, "rfc1459")) return Casemap::rfc1459;
  if (is_named(name, "rfc1459-strict") || is_named(name, "strict-rfc1459")) return Casemap::rfc1459_strict;
  return Casemap::ascii;
}

char fold(char c, Casemap map) {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  if (map == Casemap::ascii) return c;
  if (c >= '[' && c <= ']') return static_cast<char>(c - '[' + '{');
  if (c == '~' && map == Casemap::rfc1459) return '^';
  return c;
}

std::string fold(std::string_view name, Casemap map) {
  std::string out(name);
  for (char& c : out) c = fold(c, map);
  return out;
}

bool equal(std::string_view a, std::string_view b, Casemap map) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [map](char x, char y) { return fold(x, map) == fold(y, map); });
}

std::string fold_ascii(std::string_view name) { return fold(name, Casemap::ascii); }

}  // namespace dragoman::irc
