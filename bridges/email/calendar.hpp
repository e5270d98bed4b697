// Invitations (RFC 5545, RFC 5546) and contact cards (RFC 6350) as a person reads them.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// Several lines: what it is (an invitation, cancelled, an answer), of what, when, where, who asks. Empty
// where nothing is to be told.
std::string invitation_text(std::string_view icalendar);
// One line: the name, the addresses, the numbers.
std::string card_text(std::string_view vcard);

}  // namespace dragoman::email
