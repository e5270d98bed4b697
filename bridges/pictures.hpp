// Pictures of people and rooms, as they come in from anywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::pictures {

// What is more is no picture to be shown beside a name, and too much for a stanza.
inline constexpr std::size_t most_bytes = std::size_t{256} * 1024;

// The media type by the first bytes, whatever anybody says; empty where it is no picture of the kinds that
// every client shows (PNG, JPEG, GIF, WebP).
std::string_view type_of(std::string_view bytes);
// Out of base64 (RFC 4648, padded) with any white space in it; nothing where it is none, too much or no
// picture.
std::optional<Picture> decode(std::string_view base64);

}  // namespace dragoman::pictures
