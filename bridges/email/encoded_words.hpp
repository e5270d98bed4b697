// RFC 2047's encoded words, where GMime reads less than there is.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// Adjacent words in base64 of one charset become one word: GMime takes the padding of the first for the end
// of all (3.2.13), and many mail programs pad each. Characters that were cut apart between words come
// together as well. All else is as it was; linear.
std::string joined_words(std::string_view line);

}  // namespace dragoman::email
