// The HTML of a mail as text: by libxml2 with network off. Links, emphasis, lists, tables of words and quotes
// (with "> " before their lines, so that fold_quotes sees them) are kept; hidden text, style, script,
// pictures of a pixel and what only tracks are dropped. Linear in the size of what comes in.
#pragma once

#include <string_view>

#include "bridges/text.hpp"

namespace dragoman::email {

Text html_text(std::string_view html_utf8);

}  // namespace dragoman::email
