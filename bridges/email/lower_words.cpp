#include "bridges/email/lower_words.hpp"

namespace dragoman::email {
namespace {

// The small letter of one of two bytes: Latin, Greek, Cyrillic, as far as those languages above go.
unsigned small(unsigned c) {
  const auto within = [&](unsigned first, unsigned last) { return c >= first && c <= last; };
  if ((within(0xC0, 0xDE) && c != 0xD7) || within(0x391, 0x3A9) || within(0x410, 0x42F)) return c + 0x20;
  if (within(0x400, 0x40F)) return c + 0x50;
  if ((within(0x100, 0x12F) || within(0x132, 0x137) || within(0x14A, 0x177)) && c % 2 == 0) return c + 1;
  if ((within(0x139, 0x148) || within(0x179, 0x17E)) && c % 2 == 1) return c + 1;
  if (c == 0x386) return 0x3AC;
  if (within(0x388, 0x38A)) return c + 0x25;
  return c;
}

}  // namespace

std::string lower_words(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (three.size() == 3 && three[0] == '\xE2' && three[1] == '\x80' &&
        ((three[2] >= '\x8E' && three[2] <= '\x8F') || (three[2] >= '\xAA' && three[2] <= '\xAE'))) {
      i += 2;
    } else if (three.size() == 3 && three[0] == '\xE2' && three[1] == '\x80' && three[2] == '\xAF') {
      out += ' ';
      i += 2;
    } else if (byte >= 0xC2 && byte <= 0xDF && i + 1 < text.size()) {
      const unsigned c = small((byte & 0x1FU) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3FU));
      if (c == 0xA0) {
        out += ' ';
        continue;
      }
      out += static_cast<char>(0xC0U | c >> 6);
      out += static_cast<char>(0x80U | (c & 0x3FU));
    } else {
      out += byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : text[i];
    }
  }
  const auto end = out.find_last_not_of(" \t*");
  out.resize(end == std::string::npos ? 0 : end + 1);
  return out;
}

}  // namespace dragoman::email
