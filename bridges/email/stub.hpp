// What is said of a mail that can't be shown.
#pragma once

#include <string>
#include <string_view>

namespace dragoman::email {

// A small mail of the same writer, to the same readers, in the same thread, with these words for its text.
// `bytes`: of the mail, its beginning at least.
std::string stub_of(std::string_view bytes, std::string_view words);

}  // namespace dragoman::email
