// The parts of a mail that are to be had as files: their names (RFC 2183, RFC 2231) made harmless.
#pragma once

#include <string>
#include <string_view>

#include "bridges/email/gmime.hpp"
#include "bridges/email/mail.hpp"

namespace dragoman::email {

// A leaf as a file. `inlined`: it is shown within the text.
File file_of(const ParsedMail& mail, GMimeObject* leaf, bool inlined);
// The whole mail as a file (part 0).
File whole_mail(const ParsedMail& mail, std::string_view subject);

// What the mail calls a part; empty: it does not.
std::string given_name(GMimeObject* leaf);
// A name without path, control and bidi characters, and what file systems refuse; at most 200 bytes, the
// ending kept. Empty where nothing is left.
std::string file_name(std::string_view given);
// ".pdf" for "application/pdf"; ".bin" where nobody knows.
std::string_view ending_of(std::string_view media_type);

}  // namespace dragoman::email
