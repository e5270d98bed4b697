// Bounces that are no RFC 3464 report: qmail, Exim, old sendmail, Exchange and what else writes to people
// alone; and the words and codes in all of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/email/gmime.hpp"
#include "bridges/email/mail.hpp"

namespace dragoman::email {

// Nothing where the mail is none. Its original_id stays empty.
std::optional<Report> plain_bounce(const ParsedMail& parsed, const Mail& mail, std::string_view text);

// The first code of RFC 3463 ("5.1.1") in a text; empty: none.
std::string status_in(std::string_view text);
// The Message-ID field in a mail that stands within a text; empty: none.
std::string quoted_message_id(std::string_view text);
// One line for people, clean, of bounded length.
std::string one_line_of_words(std::string_view text);
// Where nobody said why.
std::string words_of_status(std::string_view status, Outcome outcome);

}  // namespace dragoman::email
