// XEP-0106: an address of another network as the local part of a JID, and back.
#pragma once

#include <string>
#include <string_view>

namespace dragoman {

// "d'artagnan" -> "d\27artagnan". Spaces at either end are dropped, since a local part never begins or ends
// with an escaped space. Nothing else is changed: a caller with control characters or an empty name has to
// refuse it.
std::string escape_node(std::string_view name);
// Takes a prepared local part. What is no escape stays as it is; so does "\20" at either end.
std::string unescape_node(std::string_view node);

}  // namespace dragoman
