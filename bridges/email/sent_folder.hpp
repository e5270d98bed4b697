// Copies of what somebody has sent, in the Sent folder of their own account (RFC 6154), unless their server
// has put one there by itself.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridges/email/imap_connection.hpp"

namespace dragoman::email {

// Which of an account's mailboxes holds what was sent: by its attribute, else by its name. Empty: none.
std::string sent_among(const std::vector<ImapMailbox>& mailboxes);

// The same, asked of the server.
class SentFolder {
 public:
  static std::string command(const ImapConnection& connection);
  void told(const ImapResponse& response);  // before the command is answered
  std::string name() const { return sent_among(mailboxes_); }

 private:
  std::vector<ImapMailbox> mailboxes_;
};

struct SentMail {
  std::int64_t key = 0;    // the caller's
  std::string message_id;  // without brackets
  std::shared_ptr<const std::string> bytes;
};

// One visit, with all there is to be put there.
class SentVisit {
 public:
  // From the loop; after each mail that is there now, and once at the end, in words where not all could be
  // done. Either may destroy the visit.
  using Filed = std::function<void(std::int64_t key)>;
  using Done = std::function<void(const std::string& trouble)>;
  SentVisit(boost::asio::io_context& loop, const Account& account, bool public_only,
            std::shared_ptr<const net::TlsContext> context, std::vector<SentMail> mails, Filed filed,
            Done done);
  SentVisit(const SentVisit&) = delete;
  SentVisit& operator=(const SentVisit&) = delete;
  ~SentVisit();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
