// What a client says to log in (RFC 4422), in base64. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dragoman::net::sasl {

std::string plain(std::string_view user, std::string_view password);  // RFC 4616
// By an access token of OAuth 2: RFC 7628, and what providers had before it.
std::string oauthbearer(std::string_view user, std::string_view host, std::uint16_t port,
                        std::string_view token);
std::string xoauth2(std::string_view user, std::string_view token);
// What is said to a server that has told why the token is none, so that it may refuse it.
inline constexpr std::string_view after_oauthbearer = "AQ==", after_xoauth2;

}  // namespace dragoman::net::sasl
