// The text of a mail of ours: plain, with soft line breaks (RFC 3676), and as HTML where it has formatting
// that plain text lacks. Lines end with '\n'; linear in the size of the text and its spans.
#pragma once

#include <string>
#include <string_view>

#include "bridges/text.hpp"

namespace dragoman::email {

// format=flowed, without DelSp: lines of about 72 columns, ">" before quotes, a link's URL behind its words;
// what would look like a quote or a signature and is none is stuffed. `signature` follows "-- ".
std::string flowed_text(const Text& text, std::string_view signature);

bool needs_html(const Text& text);
std::string html_text_of(const Text& text, std::string_view signature);

}  // namespace dragoman::email
