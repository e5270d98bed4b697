// Where an older mail begins in a mail's text that has no marks of quotes before its lines.
#pragma once

#include "bridges/email/quote_rows.hpp"

namespace dragoman::email {

// Its first line, or the number of lines. `end` becomes where a mail that is passed on begins: that is said,
// whatever stands in it. `forwarded`: the subject says that one is.
std::size_t older_mail(const Rows& rows, bool forwarded, std::size_t& end);

}  // namespace dragoman::email
