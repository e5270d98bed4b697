#include "bridges/email/charset.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <iconv.h>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Alias {
  std::string_view name, meant;
};

// Sorted by name. WHATWG's Encoding Standard 4.2, as far as iconv has it.
constexpr std::array kAliases = {
    Alias{"ansi_x3.4-1968", "WINDOWS-1252"},
    Alias{"ascii", "WINDOWS-1252"},
    Alias{"big5", "BIG5-HKSCS"},
    Alias{"cn-gb", "GB18030"},
    Alias{"euc-kr", "UHC"},
    Alias{"gb2312", "GB18030"},
    Alias{"gbk", "GB18030"},
    Alias{"iso-8859-1", "WINDOWS-1252"},
    Alias{"iso-8859-11", "CP874"},
    Alias{"iso-8859-8-i", "ISO-8859-8"},
    Alias{"iso-8859-9", "WINDOWS-1254"},
    Alias{"iso8859-1", "WINDOWS-1252"},
    Alias{"ks_c_5601-1987", "UHC"},
    Alias{"ksc5601", "UHC"},
    Alias{"latin1", "WINDOWS-1252"},
    Alias{"shift-jis", "CP932"},
    Alias{"shift_jis", "CP932"},
    Alias{"sjis", "CP932"},
    Alias{"tis-620", "CP874"},
    Alias{"us-ascii", "WINDOWS-1252"},
    Alias{"utf8", "UTF-8"},
    Alias{"x-gbk", "GB18030"},
    Alias{"x-mac-roman", "MACINTOSH"},
    Alias{"x-sjis", "CP932"},
    Alias{"x-x-big5", "BIG5-HKSCS"},
};

class Decoder {
 public:
  explicit Decoder(const std::string& charset) : cd_(iconv_open("UTF-8", charset.c_str())) {}
  ~Decoder() {
    if (usable()) iconv_close(cd_);
  }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;
  bool usable() const { return cd_ != reinterpret_cast<iconv_t>(-1); }

  std::string run(std::string_view bytes) {
    std::string out;
    out.reserve(bytes.size() + bytes.size() / 8 + 16);
    char* from = const_cast<char*>(bytes.data());  // iconv's signature; it does not write there
    std::size_t left = bytes.size();
    std::array<char, 4096> buffer;
    while (true) {
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const bool flush = left == 0;
      const std::size_t result = iconv(cd_, flush ? nullptr : &from, flush ? nullptr : &left, &to, &room);
      out.append(buffer.data(), buffer.size() - room);
      if (flush) return out;
      if (result != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
      out += kReplacement;
      ++from;
      --left;
    }
  }

 private:
  iconv_t cd_;
};

bool is_unicode_marked(std::string_view bytes) {
  return bytes.substr(0, 2) == "\xFF\xFE" || bytes.substr(0, 2) == "\xFE\xFF";
}

std::string meant(std::string_view charset) {
  std::string name = ascii_lower(charset.substr(0, 40));
  name.erase(std::remove_if(name.begin(), name.end(),
                            [](char c) {
                              return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                                       c == '_' || c == '.' || c == ':');
                            }),
             name.end());
  const auto* alias = std::lower_bound(kAliases.begin(), kAliases.end(), std::string_view(name),
                                       [](const Alias& a, std::string_view n) { return a.name < n; });
  return alias != kAliases.end() && alias->name == name ? std::string(alias->meant) : name;
}

std::string decoded(std::string_view bytes, std::string_view charset) {
  const std::string name = meant(charset);
  // Programs that label all they write "iso-8859-1" are as many as those that mean it: what is well-formed
  // UTF-8 by accident is next to none.
  const bool is_vague = name.empty() || name == "WINDOWS-1252" || name == "UTF-8" || name == "utf-8" ||
                        name == "unknown-8bit" || name == "x-unknown" || name == "utf-7" ||
                        name == "unicode-1-1-utf-7";
  if (is_vague) {
    if (is_utf8(bytes)) return std::string(bytes);
    if (is_unicode_marked(bytes)) return Decoder("UTF-16").run(bytes);
    if (name != "utf-8" && name != "UTF-8") return to_utf8(bytes, "WINDOWS-1252");
    return Decoder("UTF-8").run(bytes);
  }
  Decoder decoder(name == "utf-16" && !is_unicode_marked(bytes) ? "UTF-16LE" : name);
  if (!decoder.usable()) return to_utf8(bytes);
  return decoder.run(bytes);
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean = xml_clean(text);
  // XML takes DEL and C1; people don't. NEL, and Unicode's separators, are newlines.
  std::size_t to = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    if (byte == 0x7F) continue;
    if (byte == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0) {
      if (static_cast<unsigned char>(clean[++i]) == 0x85) clean[to++] = '\n';
      continue;
    }
    if (byte == 0xE2 && i + 2 < clean.size() && clean[i + 1] == '\x80' &&
        (clean[i + 2] == '\xA8' || clean[i + 2] == '\xA9')) {
      clean[to++] = '\n';
      i += 2;
      continue;
    }
    clean[to++] = clean[i];
  }
  clean.resize(to);
  return clean;
}

std::string text_of_bytes(std::string_view bytes, std::string_view charset) {
  std::string text = clean_text(decoded(bytes, charset));
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.erase(0, 3);
  return text;
}

}  // namespace dragoman::email
