// Bytes of a text part as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// `charset` as the mail names it (RFC 2046 4.1.2; empty: it names none). Names are taken as web browsers take
// them: ISO-8859-1 is Windows-1252, GB2312 is GB18030. No name, US-ASCII with 8 bit, and what nobody knows:
// UTF-8 where it is that, else Windows-1252. UTF-7 is left as it stands: nothing reads it any more but
// filters that it deceives. Bytes that are no character become U+FFFD. Clean as Text::plain has to be.
std::string text_of_bytes(std::string_view bytes, std::string_view charset);

// Text as Text::plain has it: valid, no control characters but tabs and newlines.
std::string clean_text(std::string_view text);

}  // namespace dragoman::email
