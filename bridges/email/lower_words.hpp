// Lines of mails as the words of mail programs are compared with them.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// In lower case (Latin, Greek, Cyrillic), without bidi marks and the spaces and stars at the end; hard spaces
// are spaces.
std::string lower_words(std::string_view text);

}  // namespace dragoman::email
