// A mail that was handed over, as far as it can be told: read, judged, and never without an id.
#pragma once

#include <string>
#include <variant>

#include "bridges/email/hub.hpp"
#include "bridges/email/mail.hpp"

namespace dragoman::email {

// The mail, or why it is none that can be told (words for an SMTP reply). `provider`: the authserv-id of its
// reader's own account; null: it came by our own server.
std::variant<Mail, std::string> read_mail(const Hub& hub, const std::string& bytes,
                                          const std::string* provider);

// It came by a mailing list.
bool is_of_list(const Mail& mail);

}  // namespace dragoman::email
