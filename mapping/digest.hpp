// Names that can't be guessed or turned back (libsodium).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dragoman {

// 32 hex digits of BLAKE2b keyed with `key` (16 to 64 bytes).
std::string keyed_digest(std::string_view key, std::string_view text);
// `bytes` random bytes as hex digits.
std::string random_hex(std::size_t bytes);

}  // namespace dragoman
