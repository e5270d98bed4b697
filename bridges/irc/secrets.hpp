// What must not get into a log.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::irc {

// A line that we send or receive, fit for a log: the parameters of PASS, AUTHENTICATE and OPER, of anything
// said to a service (NickServ, ChanServ, …) and the keys of JOIN are gone, and so are control characters.
std::string without_secrets(std::string_view line);

}  // namespace dragoman::irc
