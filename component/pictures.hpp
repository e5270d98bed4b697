// Pictures as XMPP carries them: base64 in a stanza, named by their SHA-1 (XEP-0084, XEP-0153).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/pictures.hpp"
#include "component/xml.hpp"

namespace dragoman::pictures {

std::string hash_of(const Picture& picture);  // SHA-1 in hex
// The item of urn:xmpp:avatar:metadata (XEP-0084 4.2.1).
void write_metadata(XmlWriter& out, const Picture& picture, std::string_view hash);

}  // namespace dragoman::pictures
