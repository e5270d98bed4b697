// Somebody's own mail account: where it is and how it is entered.
#pragma once

#include <cstdint>
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
  std::string authserv_id;      // by which their provider calls itself in Authentication-Results; may be empty
  bool operator==(const Account&) const = default;
};

// What the administrator lays down for a connection to somebody's servers.
struct AccountRules {
  std::string ca_file;       // empty: the system's
  bool public_only = true;   // of this server: see net::Target
  std::string own_name;      // how we call ourselves
};

// The account's server that takes its mail.
net::SmtpServer submission_of(const Account& account, const AccountRules& rules);

}  // namespace dragoman::email
