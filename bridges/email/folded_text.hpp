// What is left of a mail's text when some of its lines are folded away.
#pragma once

#include "bridges/email/quote_rows.hpp"
#include "bridges/email/quotes.hpp"

namespace dragoman::email {

// `rows` are those of `text`. Its spans go where their words go.
Folded folded_text(const Text& text, const Rows& rows);

}  // namespace dragoman::email
