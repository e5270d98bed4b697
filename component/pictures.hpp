// Pictures as XMPP carries them: base64 in a stanza, named by their SHA-1 (XEP-0084, XEP-0153).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"
#include "component/xml.hpp"

namespace dragoman::pictures {

// What is more is no picture to be shown beside a name, and too much for a stanza.
inline constexpr std::size_t most_bytes = std::size_t{256} * 1024;

// The media type by the first bytes, whatever anybody says; empty where it is no picture of the kinds that
// every client shows (PNG, JPEG, GIF, WebP).
std::string_view type_of(std::string_view bytes);
// Out of base64 with any white space in it; nothing where it is none, too much or no picture.
std::optional<Picture> decode(std::string_view base64);
std::string hash_of(const Picture& picture);  // SHA-1 in hex
// The item of urn:xmpp:avatar:metadata (XEP-0084 4.2.1).
void write_metadata(XmlWriter& out, const Picture& picture, std::string_view hash);

}  // namespace dragoman::pictures
