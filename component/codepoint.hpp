// Code points of UTF-8 text: what XEPs count in (XEP-0426) and what XEP-0393 calls whitespace.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dragoman {

inline constexpr char32_t no_codepoint = 0xFFFFFFFF;

// The code point that begins at `at`, which moves behind it. Where the bytes are not well-formed UTF-8:
// no_codepoint, and `at` moves by one.
char32_t next_codepoint(std::string_view text, std::size_t& at);
// The code point that ends before `at`; no_codepoint where there is none.
char32_t previous_codepoint(std::string_view text, std::size_t at);

// The property White_Space, or category Z.
bool is_space(char32_t c);

// How many code points a text has, and the byte where the nth begins (the text's size when it has no more).
std::size_t count_codepoints(std::string_view text);
std::size_t codepoint_offset(std::string_view text, std::size_t n);

// At most `limit` code points of the text's beginning, in one line, whitespace collapsed, "…" where something
// was cut.
std::string shortened(std::string_view text, std::size_t limit);

}  // namespace dragoman
