// Which addresses belong to the public Internet, for URLs that somebody else gave us. Pure.
#pragma once

#include <sys/socket.h>

namespace dragoman::net {

// False for all that IANA's special-purpose registries (RFC 6890) keep from global reach, multicast, anything
// but IPv4 and IPv6, and for an IPv6 address that carries such an IPv4 one (mapped, 6to4, NAT64).
bool is_public_address(const sockaddr& address);

}  // namespace dragoman::net
