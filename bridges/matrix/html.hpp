// org.matrix.custom.html (client-server API 11.2.1.x) to Text and back, by libxml2's HTML parser with the
// network off. What comes in is hostile: bounded in size and depth, only what the specification lists is
// read, mx-reply is dropped.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "bridges/text.hpp"

namespace dragoman::matrix {

// The nick of somebody in this room, by user id; empty: not known.
using NickOf = std::function<std::string(std::string_view user_id)>;
// The user id of a nick in this room; empty: there is none.
using UserOf = std::function<std::string(std::string_view nick)>;

// Links to matrix.to and matrix: of users who are known here become mentions. Images become their alt text.
// Empty for what is larger than an event can be (64 KiB) or nested deeper than 100 levels: the plain body
// has to do then.
Text from_html(std::string_view html, const NickOf& nick_of);
// Empty where the text has no formatting that HTML would show.
std::string to_html(const Text& text, const UserOf& user_of);

// Text as Text::plain has it: valid, no control characters but tabs and newlines, at most `limit` bytes.
std::string clean_text(std::string_view text, std::size_t limit = std::size_t{64} * 1024);
// Fit to be followed by those who click on it: of a scheme that 11.2.1.7 lists, without spaces and controls.
bool is_safe_link(std::string_view url);

}  // namespace dragoman::matrix
