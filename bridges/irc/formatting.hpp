// mIRC formatting codes <-> Text (ircdocs "formatting").
#pragma once

#include <string>
#include <string_view>

#include "bridges/text.hpp"

namespace dragoman::irc {

// Valid UTF-8 with codes, one line, into text. Reverse (0x16) is dropped, as are other controls; letters in
// the colour of their background are a spoiler.
Text from_mirc(std::string_view wire);

// One line of text as codes: '\n' becomes a space and other controls are dropped. Colours are the nearest of
// mIRC's 99. A quote is "> " before it, nested quotes as many; block code is plain; a link whose URL isn't
// its text is followed by it.
std::string to_mirc(const Text& text);

// The text with the URL of each link written after what it stands under ("here <https://…>"), where that
// isn't a part of it, and without link spans. to_mirc does this; whoever cuts a text does it first, so that
// no piece repeats a URL.
Text links_told(const Text& text);

// to_mirc(text).size(): Features::wire_size.
std::size_t wire_size(const Text& text);

}  // namespace dragoman::irc
