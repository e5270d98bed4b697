// Plain text whose paragraphs a mail program has broken into lines of some seventy characters, as most do
// where they don't say so by format=flowed (RFC 3676).
#pragma once

#include "bridges/text.hpp"

namespace dragoman::email {

// Paragraphs become one line each again, where the text itself gives evidence that a program broke them:
// every line but the last is as full as the longest one allows. What somebody has broken by hand stays as it
// is: verses, addresses, lists, tables, code, quotes, signatures. No byte comes or goes: a line feed becomes
// a space.
void unwrap(Text& said);

}  // namespace dragoman::email
