// How a mail is told: who says it and where, what of it as text and what as files.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridges/email/conversations.hpp"
#include "bridges/email/mail.hpp"
#include "bridges/email/session.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class Links;

class Telling {
 public:
  Telling(Wing& wing, const Links& links) : wing_(wing), links_(links) {}

  struct What {
    MailRow row;  // as it is kept
    Conversations::Place place;
    std::optional<MailRow> last;  // what was said there before it
    // Where its files were put, by part; those that are not in it are links to our own server.
    std::map<std::size_t, std::string> lies_at = {};
  };
  void tell(Session& session, const Mail& mail, const What& what);

 private:
  void set_scene(Session& session, const RoomId& room, const Conversations::Place& place);
  // All that their writer has sent to that message by now, this one with them.
  std::vector<std::string> reactions_of(const PersonId& person, const Mail& mail);
  Message message_of(const PersonId& person, const Mail& mail, const What& what) const;
  void add_files(Message& message, const Mail& mail, const What& what) const;

  Wing& wing_;
  const Links& links_;
};

}  // namespace dragoman::email
