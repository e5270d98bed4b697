// Why the XMPP server does not let a component in, in words that say what to change, on Prosody and on
// ejabberd. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dragoman {

struct Door {  // where it was tried
  std::string_view host;
  std::uint16_t port = 0;
  std::string_view domain;
};

// The server answered a stream error before the handshake was done, or took the link away by one.
std::string refusal_words(const Door& door, std::string_view condition, std::string_view text);
// No TCP connection came about.
std::string unreachable_words(const Door& door, std::string_view why);
// The server hung up, or said nothing, before the handshake was done.
std::string hung_up_words(const Door& door);
std::string silent_words(const Door& door);
// What answers there is no XMPP server that takes components.
std::string stranger_words(const Door& door);

}  // namespace dragoman
