// Date and time as XEP-0082 writes them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman {

// "2002-09-10T23:08:25Z", with milliseconds where there are some. UTC.
std::string format_datetime(Time time);
// The DateTime profile: any zone, any fraction of a second (cut to milliseconds), years 1 to 9999. Nothing
// for all else.
std::optional<Time> parse_datetime(std::string_view text);

}  // namespace dragoman
