// A mail to its bytes: by GMime, and proof against what people may put into names, subjects, ids and file
// names: no CR, LF or NUL of theirs becomes one of the mail's. Lines end with CRLF, none is longer than 998
// octets, nothing but ASCII stands in the header unless `utf8`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/email/mail.hpp"

namespace dragoman::email {

struct Enclosure {
  std::string name, media_type, bytes;
};

struct Draft {
  Mailbox from;
  std::optional<Mailbox> reply_to;
  std::vector<Mailbox> to, cc;
  std::string message_id, in_reply_to;  // without brackets
  std::vector<std::string> references;
  Time date{};
  std::string subject;
  Text text;              // as text/plain, format=flowed; with HTML beside it where it has spans that need it
  std::string signature;  // after "-- "
  std::vector<Enclosure> files;
  std::string jabber_id;                // RFC 7259; empty: none
  std::string unsubscribe;              // not used but for a room's fan-out
  bool automatic = false;               // Auto-Submitted: auto-replied
  std::string receipt_to;               // asks for a receipt
  std::optional<std::string> reaction;  // RFC 9078, in place of the text
};

std::string compose(const Draft& draft);

// RFC 8098: the reader of `original` has seen it.
std::string compose_receipt(const Draft& frame, const Mailbox& reader, std::string_view original_id);

// Message-IDs of ours: opaque, the same each time for the same token.
std::string message_id_of(std::string_view token, std::string_view secret_key, std::string_view domain);
// "Re: " before a subject, once.
std::string answer_subject(std::string_view subject);

}  // namespace dragoman::email
