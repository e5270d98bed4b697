// Watches one of somebody's mailboxes, the INBOX or where lies what they sent: what comes there is told,
// once, over restarts, lost connections and a server that numbers its mails anew. IDLE (RFC 2177), renewed
// before the half hour that servers bear; else a look every minute. Reconnects with backoff and jitter.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridges/email/imap_connection.hpp"
#include "bridges/email/mailbox_mark.hpp"

namespace dragoman::email {

class MailboxWatcher {
 public:
  // Of what was sent whatever is_known is passed by; there need not be such a mailbox.
  enum class Which : std::uint8_t { inbox, sent };
  struct Arrived {
    std::uint32_t uid = 0, validity = 0;
    std::string bytes;
    bool seen = false;       // read by another program already
    bool truncated = false;  // it is larger than it may be: this is its beginning
  };
  // From the loop, never from within a call; none after the end of the watcher, which any may bring.
  struct Callbacks {
    // A mail, and the mark to be kept together with it. False: it can't be taken now, and is told again.
    std::function<bool(Arrived, const MailboxMark&)> mail;
    // Whether a mail of this Message-ID needs no telling: asked where the server numbers its mails anew, and
    // of what was sent.
    std::function<bool(const std::string& message_id)> is_known;
    std::function<void(const MailboxMark&)> moved;  // to be kept
    std::function<void()> up;                       // the mailbox is open
    std::function<void(std::uint32_t validity, const std::vector<std::uint32_t>& uids)> marked;
    std::function<void(const ImapTrouble&)> down;  // it is tried again
  };
  struct Options {
    Which which = Which::inbox;
    std::size_t max_mail_bytes = 25'000'000;
    std::chrono::milliseconds renew{14 * 60'000};
    std::chrono::milliseconds poll{60'000};
  };

  MailboxWatcher(boost::asio::io_context& loop, Account account, bool public_only,
                 std::shared_ptr<const net::TlsContext> context, const MailboxMark& mark, Options options,
                 Callbacks callbacks);
  MailboxWatcher(const MailboxWatcher&) = delete;
  MailboxWatcher& operator=(const MailboxWatcher&) = delete;
  ~MailboxWatcher();  // says goodbye

  // They get \Seen; `marked` then.
  void mark_seen(const std::vector<std::uint32_t>& uids);
  // While held nothing is told.
  void hold(bool held);
  // It is entered by this from now on, and at once where it was refused.
  void renew(const Account& account);
  bool is_up() const;
  std::uint32_t validity() const;  // of the open mailbox; 0: none

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
