// What a mail server's answer to a mail means, and how it is said. Pure.
#pragma once

#include <string>

#include "bridges/net/smtp_client.hpp"
#include "bridges/reason.hpp"

namespace dragoman::email {

std::string in_words(const net::SmtpResult& result);
Reason reason_of(const net::SmtpResult& result);  // RFC 3463
// The server does not take our user name and password (RFC 4954 6): trying again does not help.
bool is_login_refused(const net::SmtpResult& result);

}  // namespace dragoman::email
