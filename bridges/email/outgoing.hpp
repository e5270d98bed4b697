// From what was said to a mail: who gets it, what it answers, what stands in it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/email/compose.hpp"
#include "bridges/email/fetched.hpp"
#include "bridges/email/open_draft.hpp"
#include "bridges/email/session.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

struct Outgoing {
  Draft draft;
  std::vector<Mailbox> recipients;
  MailRow row;  // without person, conversation, time
  std::vector<std::pair<std::string, MessageId>> said;

  std::string about() const;  // `said`, to be kept
  static std::vector<std::pair<std::string, MessageId>> said_in(std::string_view about);
};

Outgoing outgoing(Wing& wing, const OpenDraft& draft, Fetched::Files files);

}  // namespace dragoman::email
