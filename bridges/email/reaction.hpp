// A mail that is a reaction: RFC 9078, and what Gmail sends in place of it.
#pragma once

#include <optional>
#include <string>

#include "bridges/email/gmime.hpp"

namespace dragoman::email {

// The emoji; nothing where the mail is none.
std::optional<std::string> reaction_in(const ParsedMail& mail);

}  // namespace dragoman::email
