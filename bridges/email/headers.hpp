// The header of a mail: who, to whom, what it answers (RFC 5322 3.6), lists (RFC 2919, 2369, 8058), and what
// says that no person wrote it (RFC 3834).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/gmime.hpp"
#include "bridges/email/mail.hpp"
#include "bridges/email/mime_in.hpp"

namespace dragoman::email {

// All of Mail that stands in the header, but `verified`.
void read_headers(GMimeMessage* message, const MimeLimits& limits, Mail& mail);

// Words of a header as people read them: RFC 2047 decoded, one line, clean, at most `limit` bytes.
std::string header_words(std::string_view raw, std::size_t limit);
// "<a@b>" and what real programs make of it -> "a@b"; empty: there is none.
std::string message_id_in(std::string_view raw);
// All of a field, in order.
std::vector<std::string> message_ids_in(std::string_view raw);
// The valid addresses of a field, groups taken apart.
std::vector<Mailbox> mailboxes_in(std::string_view raw, std::size_t limit);
// The id of a list; empty: that is none.
std::string list_id_in(std::string_view raw);

}  // namespace dragoman::email
