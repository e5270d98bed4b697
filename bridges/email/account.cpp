#include "bridges/email/account.hpp"

#include <utility>

namespace dragoman::email {

net::SmtpServer submission_of(const Account& account, bool public_only, const std::string& own_name,
                              const std::string& ca_file, std::shared_ptr<net::CurlMulti> pool) {
  net::SmtpServer server;
  const std::string host =
      account.smtp.host.find(':') == std::string::npos ? account.smtp.host : '[' + account.smtp.host + ']';
  server.url =
      (account.smtp.tls_at_once ? "smtps://" : "smtp://") + host + ':' + std::to_string(account.smtp.port);
  server.username = account.user;
  server.password = account.password;
  server.bearer = account.token;
  server.require_tls = true;
  server.host = own_name;
  server.public_only = public_only;
  server.ca_file = ca_file;
  server.pool = std::move(pool);
  return server;
}

}  // namespace dragoman::email
