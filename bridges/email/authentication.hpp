// RFC 8601: what our own mail server found out about the sender.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/email/gmime.hpp"

namespace dragoman::email {

// DMARC (RFC 7489) passed for the one author of the mail, says the topmost Authentication-Results field of
// `authserv_id`; those of others, and what stands below, are somebody's claims. False without an
// `authserv_id`, and with more than one From.
bool is_verified(GMimeMessage* message, std::string_view authserv_id);

// What one method found: "dkim=pass header.d=example.org". Names and results in lower case.
struct MethodResult {
  std::string method, result;
  std::vector<std::pair<std::string, std::string>> properties;
  std::string property(std::string_view name) const;  // empty: there is none
};
struct AuthenticationResults {
  std::string authserv_id;  // lower case
  std::vector<MethodResult> methods;
};
AuthenticationResults results_in(std::string_view value);
// The field of a mail that is_verified() goes by.
std::optional<AuthenticationResults> results_of(GMimeMessage* message, std::string_view authserv_id);

struct DmarcResult {
  bool told = false;  // there is a result
  bool passed = false;
  std::string domain;  // header.from, lower case; may be empty
};
DmarcResult dmarc_in(const AuthenticationResults& results);

}  // namespace dragoman::email
