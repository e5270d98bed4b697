// The HTML of a mail as text: by libxml2 with network off. Links, emphasis, lists, tables of words and quotes
// (with "> " before their lines, so that fold_quotes sees them) are kept; hidden text, style, script,
// pictures of a pixel and what only tracks are dropped. Linear in the size of what comes in.
#pragma once

#include <string>
#include <string_view>

#include "bridges/text.hpp"

namespace dragoman::email {

Text html_text(std::string_view html_utf8);

// The charset that a page names itself in its first bytes; empty: none. For mails that name none.
std::string html_charset(std::string_view bytes);

}  // namespace dragoman::email
