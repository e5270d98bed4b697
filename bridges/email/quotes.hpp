// What a person wrote, apart from what their mail program added: quoted text, the line that introduces it,
// the signature, the footer of a mailing list. Reversible: nothing is dropped, `said` and `rest` hold it all.
#pragma once

#include <string>

#include "bridges/text.hpp"

namespace dragoman::email {

struct Folded {
  Text said;         // quotes between which somebody answers stay, as Style::quote
  std::string rest;  // what was folded away, in the order of the mail; empty: nothing was
};

// Text as it stood in a mail: ">" before lines of quotes, "-- " before a signature (RFC 3676 4.3), "On …
// wrote:" in the languages of the big mail programs, "-----Original Message-----", header blocks of Outlook.
// Where nothing would be left, all of it was said (a forwarded mail, a mail that is but a quote).
// `forwarded`: the subject says that a mail is passed on, so what an unmarked header begins is said.
Folded fold_quotes(const Text& text, bool forwarded = false);

// RFC 3676: soft line breaks are taken out, ">" and stuffed spaces stay what they mean.
std::string unflowed(std::string_view text, bool del_sp);

}  // namespace dragoman::email
