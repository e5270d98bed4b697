// XEP-0106: an address of another network as the local part of a JID, and back.
#pragma once

#include <string>
#include <string_view>

namespace dragoman {

// "d'artagnan" -> "d\27artagnan". Never begins or ends with an escaped space (the rule's own exception: such a name can't
// be a local part; the caller strips first).
std::string escape_node(std::string_view name);
std::string unescape_node(std::string_view node);

}  // namespace dragoman
