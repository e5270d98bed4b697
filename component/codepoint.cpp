#include "component/codepoint.hpp"

namespace dragoman {

char32_t next_codepoint(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  // Well-formed sequences, RFC 3629 section 4: the second byte's range depends on the lead.
  std::size_t length = 0;
  char32_t c = 0;
  unsigned char low = 0x80, high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    c = lead & 0x1Fu;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    c = lead & 0x0Fu;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    c = lead & 0x07u;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() - at < length || byte(at + 1) < low || byte(at + 1) > high) {
    ++at;
    return no_codepoint;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80) {
      ++at;
      return no_codepoint;
    }
    c = (c << 6) | (byte(at + i) & 0x3Fu);
  }
  at += length;
  return c;
}

char32_t previous_codepoint(std::string_view text, std::size_t at) {
  if (at == 0 || at > text.size()) return no_codepoint;
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80) --begin;
  return next_codepoint(text, begin);
}

bool is_space(char32_t c) {
  if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

std::size_t count_codepoints(std::string_view text) {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); ++n) next_codepoint(text, at);
  return n;
}

std::size_t codepoint_offset(std::string_view text, std::size_t n) {
  std::size_t at = 0;
  while (n-- > 0 && at < text.size()) next_codepoint(text, at);
  return at;
}

std::string shortened(std::string_view text, std::size_t limit) {
  std::string out;
  std::size_t count = 0;
  bool space = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = at;
    const char32_t c = next_codepoint(text, at);
    if (is_space(c) || c < 0x20 || c == 0x7F) {
      space = !out.empty();
      continue;
    }
    if (count + (space ? 1 : 0) >= limit) {
      out += "…";
      break;
    }
    if (space) {
      out += ' ';
      ++count;
    }
    space = false;
    out.append(text, begin, at - begin);
    ++count;
  }
  return out;
}

}  // namespace dragoman
