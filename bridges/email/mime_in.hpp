// A mail from its bytes: RFC 5322, MIME, RFC 2047 and 2231, by GMime. Everything is capped before it is
// parsed: hostile mails cost no more than large ones.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/email/mail.hpp"

namespace dragoman::email {

struct MimeLimits {
  std::size_t header_bytes = std::size_t{100} * 1024;  // of the mail, and of each part
  std::size_t headers = 1000;                          // of the mail and all its parts
  std::size_t parts = 500;
  std::size_t depth = 50;
  std::size_t text_bytes = 1 << 20;  // of all that is shown as text; what is more is a file
  std::size_t addresses = 500;       // of To and Cc together
  std::size_t references = 50;
};

// Looks at the bytes without parsing: whether they are within limits. Empty: they are. Linear, no allocation
// that grows with the mail.
std::string beyond_limits(std::string_view bytes, const MimeLimits& limits);

// What the mail says, or why it is none (words for an SMTP reply, one line of ASCII).
std::variant<Mail, std::string> parse_mail(std::string_view bytes, const std::string& authserv_id,
                                           const MimeLimits& limits = {});

// The decoded bytes of one file of a mail, piece by piece; `take` answers whether it wants more. False: there
// is no such part. Part 0 is the whole mail as it came.
bool write_part(std::string_view bytes, std::size_t part, const std::function<bool(std::string_view)>& take);

}  // namespace dragoman::email
