#include "bridges/email/encoded_words.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include <glib.h>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

struct Base64Word {
  std::string_view charset, payload;
  std::size_t size = 0;  // of the whole word
};

constexpr std::string_view base64_signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=";

// The word that `text`, which begins with "=?", begins with.
std::optional<Base64Word> base64_word(std::string_view text) {
  const auto charset_end = text.find_first_of("? \t", 2);
  if (charset_end == std::string_view::npos || charset_end == 2 || charset_end > 60) return {};
  const auto mark = text.substr(charset_end, 3);
  if (mark != "?B?" && mark != "?b?") return {};
  const auto begin = charset_end + 3;
  const auto end = text.find_first_not_of(base64_signs, begin);
  if (end == std::string_view::npos || text.substr(end, 2) != "?=") return {};
  return Base64Word{text.substr(2, charset_end - 2), text.substr(begin, end - begin), end + 2};
}

void append_decoded(std::string& bytes, std::string_view payload) {
  gsize size = 0;
  const std::string given(payload);
  const std::unique_ptr<guchar, decltype(&g_free)> found(g_base64_decode(given.c_str(), &size), &g_free);
  if (found) bytes.append(reinterpret_cast<const char*>(found.get()), size);
}

std::string encoded(std::string_view bytes) {
  const std::unique_ptr<char, decltype(&g_free)> text(
      g_base64_encode(reinterpret_cast<const guchar*>(bytes.data()), bytes.size()), &g_free);
  return text.get();
}

}  // namespace

std::string joined_words(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  while (!line.empty()) {
    const auto begin = std::min(line.find("=?"), line.size());
    out.append(line.substr(0, begin));
    line.remove_prefix(begin);
    auto word = line.empty() ? std::nullopt : base64_word(line);
    if (!word) {
      // Not both signs: the second may begin a word of its own.
      out.append(line.substr(0, 1));
      line.remove_prefix(std::min<std::size_t>(1, line.size()));
      continue;
    }
    const auto charset = word->charset;
    auto whole = line.substr(0, word->size);
    std::string bytes;
    bool several = false;
    append_decoded(bytes, word->payload);
    line.remove_prefix(word->size);
    while (true) {
      const auto next = line.find_first_not_of(" \t\r\n");
      if (next == std::string_view::npos || next == 0 || line.substr(next, 2) != "=?") break;
      word = base64_word(line.substr(next));
      if (!word || ascii_lower(word->charset) != ascii_lower(charset)) break;
      append_decoded(bytes, word->payload);
      line.remove_prefix(next + word->size);
      several = true;
    }
    if (several) {
      out.append("=?").append(charset).append("?B?").append(encoded(bytes)).append("?=");
    } else {
      out.append(whole);
    }
  }
  return out;
}

}  // namespace dragoman::email
