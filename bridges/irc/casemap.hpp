// When two names are one: ISUPPORT CASEMAPPING.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dragoman::irc {

enum class Casemap : std::uint8_t {
  ascii,           // A-Z
  rfc1459,         // also []\~ are the capitals of {}|^
  rfc1459_strict,  // also []\ are the capitals of {}|
};

// By the value of CASEMAPPING; a name we don't know is ascii: it takes two names for one only when they
// surely are.
Casemap casemap_named(std::string_view name);

char fold(char c, Casemap map);
std::string fold(std::string_view name, Casemap map);
bool equal(std::string_view a, std::string_view b, Casemap map);

// As MemberTable::Fold wants it: holds for every server, since no casemapping parts what ASCII joins.
std::string fold_ascii(std::string_view name);

}  // namespace dragoman::irc
