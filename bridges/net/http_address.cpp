#include "bridges/net/http_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include <netinet/in.h>

namespace dragoman::net {

namespace {

struct Range4 {
  std::uint32_t base;
  int bits;
};

constexpr std::array special4{
    Range4{0x00000000, 8},   // this network
    Range4{0x0a000000, 8},   // private
    Range4{0x64400000, 10},  // behind a provider's NAT
    Range4{0x7f000000, 8},   // loopback
    Range4{0xa9fe0000, 16},  // link-local
    Range4{0xac100000, 12},  // private
    Range4{0xc0000000, 24},  // IETF protocols
    Range4{0xc0000200, 24},  // documentation
    Range4{0xc0586300, 24},  // 6to4 relays
    Range4{0xc0a80000, 16},  // private
    Range4{0xc6120000, 15},  // benchmarks
    Range4{0xc6336400, 24},  // documentation
    Range4{0xcb007100, 24},  // documentation
    Range4{0xe0000000, 4},   // multicast
    Range4{0xf0000000, 4},   // reserved, broadcast
};

bool is_public_v4(std::uint32_t address) {
  return std::none_of(special4.begin(), special4.end(), [&](const Range4& range) {
    return ((address ^ range.base) >> (32 - range.bits)) == 0;
  });
}

struct Range6 {
  std::array<std::uint8_t, 8> base;
  int bits;
};

// Within 2000::/3, which is all there is of public addresses.
constexpr std::array special6{
    Range6{{0x20, 0x01, 0x00, 0x00}, 23},  // IETF protocols, Teredo, ORCHID
    Range6{{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    Range6{{0x3f, 0xff, 0x00, 0x00}, 20},  // documentation
};

bool begins_with(const std::uint8_t* address, const std::uint8_t* base, int bits) {
  auto whole = static_cast<std::size_t>(bits / 8);
  if (std::memcmp(address, base, whole) != 0) return false;
  int rest = bits % 8;
  return rest == 0 || ((address[whole] ^ base[whole]) >> (8 - rest)) == 0;
}

std::uint32_t v4_at(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
         std::uint32_t{bytes[3]};
}

bool is_public_v6(const std::uint8_t* address) {
  constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xff, 0x9b};
  constexpr std::array<std::uint8_t, 2> six_to_four{0x20, 0x02};
  if (begins_with(address, mapped.data(), 96) || begins_with(address, nat64.data(), 96)) {
    return is_public_v4(v4_at(address + 12));
  }
  if (begins_with(address, six_to_four.data(), 16)) return is_public_v4(v4_at(address + 2));
  if ((address[0] & 0xe0) != 0x20) return false;
  return std::none_of(special6.begin(), special6.end(), [&](const Range6& range) {
    return begins_with(address, range.base.data(), range.bits);
  });
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    return is_public_v4(ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    return is_public_v6(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr);
  }
  return false;
}

}  // namespace dragoman::net
