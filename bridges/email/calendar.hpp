// Invitations as a person reads them (RFC 5545, RFC 5546).
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// Several lines: what it is (an invitation, cancelled, an answer), of what, when, where, who asks. Empty
// where nothing is to be told.
std::string invitation_text(std::string_view icalendar);

}  // namespace dragoman::email
