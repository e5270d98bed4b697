// Digests as XEPs ask for them.
#pragma once

#include <string>
#include <string_view>

namespace dragoman {

std::string sha1_hex(std::string_view bytes);     // lower case (XEP-0114 handshake, XEP-0153)
std::string sha1_base64(std::string_view bytes);  // XEP-0115 verification strings
std::string sha256_hex(std::string_view bytes);
std::string hmac_sha256_hex(std::string_view key,
                            std::string_view bytes);  // names that outsiders can't make up (XEP-0421)

}  // namespace dragoman
