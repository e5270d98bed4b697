// Contact cards (RFC 6350; RFC 2426 and what was before it).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::email {

// As a person reads it, in one line: the name, the addresses, the numbers.
std::string card_text(std::string_view vcard);
// The picture in it; nothing where it has none, where it is only a link, or where the card is not of the one
// with this address.
std::optional<Picture> card_picture(std::string_view vcard, std::string_view folded_address);

}  // namespace dragoman::email
