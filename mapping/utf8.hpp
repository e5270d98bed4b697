// Bytes from anywhere into text that may go anywhere.
#pragma once

#include <string>
#include <string_view>

namespace dragoman {

bool is_utf8(std::string_view bytes);  // well-formed, no surrogates, no overlong forms
// Valid UTF-8 as it is; anything else read as `fallback` (an iconv name; unknown or empty: Windows-1252).
std::string to_utf8(std::string_view bytes, const std::string& fallback = {});
// UTF-8 to another encoding, '?' for what it lacks.
std::string from_utf8(std::string_view text, const std::string& encoding);

char32_t code_point(std::string_view character);  // of one character that is well-formed
// The length of the longest prefix of at most `limit` bytes that ends on a character boundary.
std::size_t prefix_within(std::string_view text, std::size_t limit);

// Without what XML 1.0 forbids (C0 but tab and newline, U+FFFE, U+FFFF). CR and CRLF become '\n'.
std::string xml_clean(std::string_view text);
// For names that people trust: also without newlines, tabs, bidi controls and zero-width characters, trimmed.
std::string display_clean(std::string_view text);
// One line: CR, LF and NUL become a space.
std::string one_line(std::string_view text);
std::string ascii_lower(std::string_view text);

}  // namespace dragoman
