// RFC 8058: whether the one click that leaves a list is what its sender wrote.
#pragma once

#include <string_view>

#include "bridges/email/gmime.hpp"

namespace dragoman::email {

// List-Unsubscribe and List-Unsubscribe-Post, once each, stand in a DKIM signature (RFC 6376) that our own
// mail server found to be valid (`authserv_id`, see authentication.hpp): section 4 wants no less before
// anything is posted. Where the server does not say which of a domain's signatures it means, all of that
// domain's have to cover both.
bool is_one_click_signed(GMimeMessage* message, std::string_view authserv_id);

}  // namespace dragoman::email
