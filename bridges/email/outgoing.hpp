// From what was said to a mail: who gets it, what it answers, what stands in it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/email/compose.hpp"
#include "bridges/email/fetched.hpp"
#include "bridges/email/session.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

struct DraftLine {
  Command command;  // a Message
  MessageId id;
};

// Lines that are to be one mail.
struct OpenDraft {
  std::string base;  // the mail's id, and its first line's
  PersonId person;
  Conversation in;
  std::vector<DraftLine> lines;
  std::size_t next = 0;  // number of the next line
  Time first{}, due{};
  bool being_made = false;

  // Whether a message belongs into the same mail: it answers nothing else, and is of the same thread and
  // subject.
  bool takes(const Message& message, std::size_t most_lines, std::size_t most_bytes) const;
  DraftLine* find(const MessageId& id);  // by its id, or its sender's name for it
};

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
