// Which parts of a mail are its text, and which are files (RFC 2046, RFC 2387, RFC 1847).
#pragma once

#include <string>
#include <vector>

#include "bridges/email/files.hpp"
#include "bridges/email/gmime.hpp"
#include "bridges/email/mail.hpp"
#include "bridges/email/mime_in.hpp"

namespace dragoman::email {

struct Body {
  Text text;            // as it came, quotes and all
  bool wrapped = true;  // it is plain, and does not say where its paragraphs end
  std::vector<File> files;
  std::vector<std::string> notes;  // what calendars and cards say, for a reader
  Sealed sealed = Sealed::no;
  std::optional<Picture> picture;  // of the writer
};

// `writer`: the folded address of who wrote it.
Body read_body(const ParsedMail& mail, const MimeLimits& limits, std::string_view subject,
               std::string_view writer);

}  // namespace dragoman::email
