// Somebody's own mail account: where it is and how it is entered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bridges/net/smtp_client.hpp"

namespace dragoman::email {

struct MailServer {
  std::string host;  // lower case
  std::uint16_t port = 0;
  bool tls_at_once = true;  // else STARTTLS, which has to succeed
  bool operator==(const MailServer&) const = default;
};

struct Account {
  std::string address;  // what they write from; valid_address()
  MailServer imap, smtp;
  std::string user;
  std::string password, token;  // one of them; the token is of OAuth 2, for XOAUTH2
  std::string authserv_id;  // by which their provider calls itself in Authentication-Results; may be empty
  bool operator==(const Account&) const = default;
};

// The account's server that takes its mail; `own_name`: how we call ourselves; the rest: see net::SmtpServer.
net::SmtpServer submission_of(const Account& account, bool public_only, const std::string& own_name,
                              std::shared_ptr<const net::TlsContext> context);

}  // namespace dragoman::email
