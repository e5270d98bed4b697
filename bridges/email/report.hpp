// What became of a mail of ours: RFC 3464 and RFC 8098 reports, and bounces in a mail server's own words.
#pragma once

#include <optional>
#include <string_view>

#include "bridges/email/gmime.hpp"
#include "bridges/email/mail.hpp"

namespace dragoman::email {

// `mail` has its header read; `text` is what it says to people.
std::optional<Report> report_in(const ParsedMail& parsed, const Mail& mail, std::string_view text);

}  // namespace dragoman::email
