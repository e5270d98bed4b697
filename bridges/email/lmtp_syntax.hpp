// The arguments of SMTP's commands (RFC 5321 4.1.2), as LMTP has them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "bridges/email/lmtp.hpp"

namespace dragoman::email {

bool same_word(std::string_view a, std::string_view lower_or_upper);  // ASCII, in any case

struct Path {
  std::string_view address;     // between < and >, without a source route (RFC 5321 appendix C)
  std::string_view parameters;  // after it
};
// "FROM:<a@b> SIZE=1"; nothing: it is no such argument.
std::optional<Path> parse_path(std::string_view argument, std::string_view keyword);

// Whether an envelope may have it: a local part, quoted or not, and a domain or an address literal, no longer
// than RFC 5321 4.5.3.1 has it. Which addresses are ours is not asked here.
bool is_address(std::string_view text);

struct MailParameters {
  std::uint64_t size = 0;  // RFC 1870; 0: nothing was said
  bool utf8 = false;       // RFC 6531
};
// What is wrong with them; nothing: nothing.
std::optional<LmtpReply> parse_parameters(std::string_view text, MailParameters& parameters);

}  // namespace dragoman::email
