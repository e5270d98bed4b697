// RFC 8601: what our own mail server found out about the sender.
#pragma once

#include <string>
#include <string_view>

#include "bridges/email/gmime.hpp"

namespace dragoman::email {

// DMARC (RFC 7489) passed for the one author of the mail, says the topmost Authentication-Results field of
// `authserv_id`; those of others, and what stands below, are somebody's claims. False without an
// `authserv_id`, and with more than one From.
bool is_verified(GMimeMessage* message, std::string_view authserv_id);

struct DmarcResult {
  std::string authserv_id;  // lower case
  bool told = false;        // there is a result
  bool passed = false;
  std::string domain;  // header.from, lower case; may be empty
};
DmarcResult dmarc_in(std::string_view value);

}  // namespace dragoman::email
