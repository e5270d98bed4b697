// Addresses of mail (RFC 5321 4.1.2, RFC 6531) and what they are called here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dragoman::email {

// An address somebody gave, as it is written into mail: the local part as it stands, the domain in lower case
// and as A-labels (IDNA 2008). Nothing where it is none, is too long (64 octets before the @, 254 in all), or
// holds what must not be in an envelope (control characters, spaces, quotes with either, source routes,
// address literals).
std::optional<std::string> valid_address(std::string_view given);

// The same address always looks so: for look-up, never for sending (the local part's case is the receiver's
// affair).
std::string folded(std::string_view valid);

std::string_view local_part(std::string_view valid);
std::string_view domain_part(std::string_view valid);
bool is_ascii_only(std::string_view text);  // false: sending needs SMTPUTF8

// The (unescaped) local part of a JID -> the address: "bob@example.org", also "bob%example.org" (split at the
// last %). Nothing: no address.
std::optional<std::string> address_of_node(std::string_view node);

}  // namespace dragoman::email
