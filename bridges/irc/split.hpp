// Long texts into lines that the server passes on whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/irc/isupport.hpp"
#include "bridges/text.hpp"

namespace dragoman::irc {

// How many bytes of text fit into `command target :text` as the server sends it to others, with our source
// before it
// (":nick!user@host ") and CR LF. An empty user or host is not known yet: the longest that the server may
// show counts. Never less than 32.
std::size_t text_budget(const Isupport& server, const Source& self, std::string_view command,
                        std::string_view target);

// UTF-8 in pieces of at most `limit` bytes (of one character where that is longer): at a space where there is
// one in the second half of the piece, and the space is dropped; else between two characters. No empty
// pieces.
std::vector<std::string_view> split_bytes(std::string_view text, std::size_t limit);

// The same by the wire's measure (wire_size), first at newlines. Formatting goes on in each piece; blank
// lines are dropped.
std::vector<Text> split_text(const Text& text, std::size_t limit);

// As much of the beginning as fits, its newlines made spaces. No room for a character is nothing.
Text cut_text(const Text& text, std::size_t limit);

}  // namespace dragoman::irc
