// Mail that comes in: whose it is, whether they want it, where it is told.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridges/email/drafts.hpp"
#include "bridges/email/lmtp.hpp"
#include "bridges/email/session.hpp"
#include "bridges/email/telling.hpp"
#include "bridges/email/untold.hpp"

namespace dragoman::email {

class Links;
class Quota;

class Incoming final : public LmtpHandler {
 public:
  Incoming(Wing& wing, Links& links, Quota& quota, Drafts::SessionOf session_of);

  // LmtpHandler
  LmtpReply may_accept() override;
  LmtpReply on_recipient(std::string_view from, std::string_view recipient) override;
  std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) override;
  bool settle() override;

  // From somebody's own account: taken (250), not wanted (550, 452), unreadable (554), or to be given again
  // (451). It is known by its Message-ID, by whatever way it came first. `authserv_id`: their provider's.
  struct Taken {
    LmtpReply reply;
    std::string message_id;
  };
  Taken on_own_mail(const PersonId& person, const std::string& bytes, const std::string& authserv_id);

  // What they have sent by another program is told as their own (250), or is nothing to tell (250 as well),
  // has no room (452), is unreadable (554), or to be given again (451).
  Taken on_sent_mail(const PersonId& person, const std::string& bytes);

  // Whoever asked to write may, or may not: what they wrote is told, or dropped.
  void let_in(Session& session, const UserId& user);
  void turn_away(Session& session, const UserId& user);

  // Tells what was taken and has not been told; after the start, and whenever it may be possible again.
  void resume() { untold_.resume(); }

  // Takes no mail while the XMPP side can't follow: the mail server keeps it.
  void hold(bool held) { held_ = held; }
  void reachable(bool there) { away_ = !there; }

 private:
  // `provider`: see read_mail().
  std::variant<Mail, LmtpReply> read(const std::string& bytes, const std::string* provider) const;
  std::vector<LmtpReply> replies_to(const Envelope& envelope, const std::string& bytes);
  LmtpReply trouble() const;
  void tell_full(Session& session);
  LmtpReply deliver(const PersonId& person, const Mail& mail, const std::string& bytes,
                    const std::string& digest, const std::string* provider);
  LmtpReply ask(Session& session, const Mail& mail, MailRow row, const std::string& bytes,
                const std::string* provider);
  // Where it belongs it is kept and told; the bytes, or the row that has them. False: it could not be kept.
  bool take(Session& session, const Mail& mail, MailRow row, std::string_view bytes, MailKey same_as,
            const std::string* provider);
  // In no place it is kept alone.
  bool keep_and_tell(Session& session, const Mail& mail, MailRow row, std::string_view bytes, MailKey same_as,
                     const std::optional<Conversations::Place>& place, const std::string* provider);

  Wing& wing_;
  Quota& quota_;
  Drafts::SessionOf session_of_;
  Telling telling_;
  Untold untold_;
  bool held_ = false, away_ = false;
  bool settled_ = true;              // no mail since settle()
  std::uint64_t losses_before_ = 0;  // of the store, when the first of those came that wait for settle()
};

}  // namespace dragoman::email
