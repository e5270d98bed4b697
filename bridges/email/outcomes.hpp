// What became of mails of ours: which messages a mail carried, and what is told of them when it was taken, is
// late, came back or was read. Each is told once, however often its report comes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridges/email/session.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class Outcomes {
 public:
  using SessionOf = std::function<Session&(const PersonId&)>;
  Outcomes(Hub& hub, SessionOf session_of) : hub_(hub), session_of_(std::move(session_of)) {}

  // The tokens and ids of a mail's messages, as Outgoing::about says them.
  void keep(MailKey mail, const std::string& about);

  void accepted(MailKey mail);  // in a chat; in a room they were told when it was kept
  void failed(MailKey mail, const std::string& recipient, Failure why);
  void late(MailKey mail, std::string words);  // a sentence for people
  void reported(MailKey mail, const Report& report);

 private:
  struct Sent {
    PersonId person;
    Conversation in;
    std::vector<std::pair<std::string, MessageId>> said;
  };
  std::optional<Sent> sent(MailKey mail) const;

  Hub& hub_;
  SessionOf session_of_;
};

}  // namespace dragoman::email
