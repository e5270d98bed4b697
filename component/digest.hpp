// The one digest that an XEP prescribes to a component.
#pragma once

#include <string>
#include <string_view>

namespace dragoman {

// Lower-case hex of SHA-1 (XEP-0114 3).
std::string sha1_hex(std::string_view bytes);

}  // namespace dragoman
