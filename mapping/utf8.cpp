#include "mapping/utf8.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include <iconv.h>

namespace dragoman {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// The number of bytes of the well-formed character that `text` begins with; 0 where it begins with none.
// The Unicode Standard, table 3-7.
std::size_t character_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (text.empty()) return 0;
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return within(1, 0x80, 0xBF) ? 2 : 0;
  if (first < 0xF0) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first < 0xF5) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

std::uint64_t load8(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

class Converter {
 public:
  Converter(const std::string& to, const std::string& from) : cd_(open(to, from)) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (usable()) iconv_close(cd_);
  }
  bool usable() const { return cd_ != invalid(); }

  // Converts what can be. Where something can't, `fill` writes what stands for it, and `skip` says how long
  // it is.
  template <class Skip, class Fill>
  std::string run(std::string_view in, Skip skip, Fill fill) {
    std::string out;
    out.reserve(in.size() + in.size() / 2 + 16);
    while (!in.empty()) {
      step(in, out);
      if (in.empty()) break;
      fill(out);
      in.remove_prefix(std::min(skip(in), in.size()));
    }
    flush(out);
    return out;
  }

  // Converts as far as it goes.
  void step(std::string_view& in, std::string& out) {
    char* from = const_cast<char*>(in.data());  // iconv's signature; it doesn't write there
    std::size_t left = in.size();
    char buffer[512];
    while (left > 0) {
      char* to = buffer;
      std::size_t room = sizeof buffer;
      const std::size_t result = iconv(cd_, &from, &left, &to, &room);
      out.append(buffer, sizeof buffer - room);
      if (result == static_cast<std::size_t>(-1) && errno != E2BIG) break;
    }
    in.remove_prefix(in.size() - left);
  }

 private:
  static iconv_t invalid() { return reinterpret_cast<iconv_t>(-1); }

  static iconv_t open(const std::string& to, const std::string& from) {
    // "//TRANSLIT" and the like are no part of a name, and names come from users.
    for (const std::string* name : {&to, &from}) {
      if (name->empty() || name->size() > 40 ||
          name->find_first_of(std::string_view("/\0,", 3)) != std::string::npos) {
        return invalid();
      }
    }
    return iconv_open(to.c_str(), from.c_str());
  }

  // Back to the initial shift state.
  void flush(std::string& out) {
    char buffer[64];
    char* to = buffer;
    std::size_t room = sizeof buffer;
    iconv(cd_, nullptr, nullptr, &to, &room);
    out.append(buffer, sizeof buffer - room);
  }

  iconv_t cd_;
};

// Each byte that is part of no character becomes U+FFFD.
std::string repaired(std::string_view text) {
  std::string good;
  good.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    good += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return good;
}

std::string decode_from(Converter& converter, std::string_view bytes) {
  std::string text = converter.run(
      bytes, [](std::string_view) { return std::size_t{1}; }, [](std::string& out) { out += replacement; });
  // iconv passes code points beyond U+10FFFF and surrogates from some encodings.
  return is_utf8(text) ? text : repaired(text);
}

bool is_bidi_or_invisible(char32_t c) {
  return c == 0x00AD || c == 0x034F || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
         (c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
         (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

bool is_space(char32_t c) {
  return c == ' ' || c == '\t' || c == '\n' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_line_or_tab(char32_t c) { return c == '\t' || c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029; }

// U+FFFE and U+FFFF; the others of their kind are characters to XML.
bool is_noncharacter(std::string_view c) { return c == "\xEF\xBF\xBE" || c == "\xEF\xBF\xBF"; }

// True where xml_clean has nothing to do.
bool is_xml_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 && c != '\t' && c != '\n') return false;
    if (c == 0xEF && (text.substr(i, 3) == "\xEF\xBF\xBE" || text.substr(i, 3) == "\xEF\xBF\xBF"))
      return false;
  }
  return is_utf8(text);
}

}  // namespace

char32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) {
    return static_cast<char32_t>(static_cast<unsigned char>(character[i]));
  };
  switch (character.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
    case 3: return (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    default:
      return (byte(0) & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
  }
}

bool is_utf8(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    // Most text is ASCII: eight bytes at a step.
    while (i + 8 <= bytes.size() && (load8(bytes.data() + i) & 0x8080808080808080ULL) == 0) i += 8;
    if (i == bytes.size()) break;
    const std::size_t length = character_length(bytes.substr(i));
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string to_utf8(std::string_view bytes, const std::string& fallback) {
  if (is_utf8(bytes)) return std::string(bytes);
  if (!fallback.empty()) {
    Converter chosen("UTF-8", fallback);
    if (chosen.usable()) return decode_from(chosen, bytes);
  }
  Converter western("UTF-8", "WINDOWS-1252");
  if (western.usable()) return decode_from(western, bytes);
  return repaired(bytes);  // a system without iconv's modules
}

std::string from_utf8(std::string_view text, const std::string& encoding) {
  Converter converter(encoding, "UTF-8");
  if (!converter.usable()) return std::string(text);
  const auto one_character = [](std::string_view rest) {
    return std::max<std::size_t>(character_length(rest), 1);
  };
  // Converted too: the encoding may be in a shift state here.
  const auto question_mark = [&](std::string& out) {
    std::string_view mark = "?";
    converter.step(mark, out);
  };
  return converter.run(text, one_character, question_mark);
}

std::size_t prefix_within(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text.size();
  std::size_t end = limit;
  // A character has at most three continuation bytes; more of them are no UTF-8, and any place is as good.
  for (int back = 0; back < 4; ++back) {
    if (!is_continuation(text[end])) return end;
    if (end == 0) break;
    --end;
  }
  return limit;
}

std::string xml_clean(std::string_view text) {
  if (is_xml_text(text)) return std::string(text);
  if (!is_utf8(text)) return xml_clean(repaired(text));
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\r') {
      if (i + 1 == text.size() || text[i + 1] != '\n') clean += '\n';
    } else if (c == 0xEF && is_noncharacter(text.substr(i, 3))) {
      i += 2;
    } else if (c >= 0x20 || c == '\t' || c == '\n') {
      clean += text[i];
    }
  }
  return clean;
}

std::string display_clean(std::string_view text) {
  const std::string source = xml_clean(text);
  std::string_view rest = source;
  std::string clean;
  clean.reserve(rest.size());
  std::size_t end = 0;  // behind the last character that is no space
  while (!rest.empty()) {
    const std::string_view character = rest.substr(0, character_length(rest));
    const char32_t c = code_point(character);
    rest.remove_prefix(character.size());
    if (is_bidi_or_invisible(c)) continue;
    if (is_space(c)) {
      if (clean.empty()) continue;
      clean += is_line_or_tab(c) ? std::string_view(" ") : character;
      continue;
    }
    if (is_control(c)) continue;
    clean += character;
    end = clean.size();
  }
  clean.resize(end);
  return clean;
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  }
  return line;
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

}  // namespace dragoman
