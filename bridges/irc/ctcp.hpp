// CTCP: a word and its parameters between two 0x01 in a PRIVMSG (a question) or a NOTICE (its answer).
// ircdocs "CTCP".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dragoman::irc {

struct Ctcp {
  std::string command;  // in upper case: ACTION, VERSION, PING, TIME, CLIENTINFO, SOURCE, USERINFO, DCC …
  std::string_view params;  // into the text that was parsed
};

// The final 0x01 may be missing. Nothing where it is plain text or has no command.
std::optional<Ctcp> parse_ctcp(std::string_view text);

// CR, LF, NUL and 0x01 within become spaces.
std::string format_ctcp(std::string_view command, std::string_view params = {});

}  // namespace dragoman::irc
