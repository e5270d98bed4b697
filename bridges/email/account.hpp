// Somebody's own mail account: where it is and how it is entered.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "bridges/event.hpp"
#include "bridges/net/smtp_client.hpp"

namespace dragoman::email {

struct MailServer {
  std::string host;  // lower case
  std::uint16_t port = 0;
  bool tls_at_once = true;  // else STARTTLS, which has to succeed
  bool operator==(const MailServer&) const = default;
};

// By what an access token is had again and again (RFC 6749 6); without a refresh token there is none.
struct Renewal {
  std::string refresh_token;
  std::string url;  // the token endpoint: https, with an endpoint_host()
  std::string client_id, client_secret;
  bool given() const { return !refresh_token.empty(); }
  bool operator==(const Renewal&) const = default;
};

struct Account {
  std::string address;  // what they write from; valid_address()
  MailServer imap, smtp;
  std::string user;
  std::string password, token;  // one of them, or no token yet; the token is of OAuth 2
  Renewal renewal;              // of the token
  Time token_ends{};            // zero: that is not known
  std::string authserv_id;  // by which their provider calls itself in Authentication-Results; may be empty
  bool operator==(const Account&) const = default;
};

// The account's server that takes its mail; `own_name`: how we call ourselves; the rest: see net::SmtpServer.
net::SmtpServer submission_of(const Account& account, bool public_only, const std::string& own_name,
                              const std::string& ca_file, std::shared_ptr<net::CurlMulti> pool);

}  // namespace dragoman::email
