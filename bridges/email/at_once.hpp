// Mails that wait for nothing more to be said: reactions, the house's own words to a writer, and receipts.
#pragma once

#include "bridges/email/posting.hpp"
#include "bridges/email/session.hpp"

namespace dragoman::email {

// RFC 9078. Answered by Delivered or Failed, as Drafts::add is.
void send_reaction(Wing& wing, Posting& posting, Session& session, Command reactions);
// What the house itself has to say to the writer of a mail: not to programs and lists, and so that nothing
// answers it.
void send_notice(Wing& wing, Posting& posting, Session& session, Command notice);
// What the gateway has to say, from a person's own address. False: they may send no more, or it was not kept.
bool send_word(Wing& wing, Posting& posting, const PersonId& person, const std::string& to,
               const std::string& subject, Text words);
// Tells who asked for it that their mail was read (RFC 8098), where its reader wants that.
void send_receipt(Wing& wing, Posting& posting, Session& session, const MessageId& mail);

}  // namespace dragoman::email
