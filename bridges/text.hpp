// Text with its formatting, neutral between XEP-0393, XHTML-IM, mIRC codes and HTML: plain UTF-8, and spans
// over it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace dragoman {

enum class Style : std::uint8_t {
  bold,
  italic,
  underline,
  strike,
  code,        // inline, monospace
  block_code,  // whole lines; `detail` is the language, if known
  quote,       // whole lines; nesting by overlapping spans
  spoiler,     // `detail` is what may be said of it beforehand, may be empty
  colour,      // `detail` is "#rrggbb"
  background,  // `detail` is "#rrggbb"
  link,        // `detail` is the URL
  mention,     // of somebody in the room: `detail` is the nick; empty: of all
};

struct Span {
  std::size_t begin = 0;  // bytes into Text::plain, on character boundaries, begin < end <= size
  std::size_t end = 0;
  Style style = Style::bold;
  std::string detail;
  bool operator==(const Span&) const = default;
};

// `plain` is valid UTF-8, lines end with '\n', no other control characters but '\t', nothing that XML
// forbids. `spans` are ordered by begin, then by end descending (outer before inner), and may overlap.
struct Text {
  std::string plain;
  std::vector<Span> spans;

  Text() = default;
  Text(std::string p) : plain(std::move(p)) {}  // NOLINT: plain text is text
  Text(const char* p) : plain(p) {}             // NOLINT
  Text(std::string p, std::vector<Span> s) : plain(std::move(p)), spans(std::move(s)) {}

  bool empty() const { return plain.empty(); }
  bool operator==(const Text&) const = default;
};

// The bytes [begin, end) of a text with the spans that touch them, clipped and moved along.
Text slice(const Text& text, std::size_t begin, std::size_t end);
// Both in a row, the second's spans moved along.
Text concat(Text first, const Text& second);

}  // namespace dragoman
