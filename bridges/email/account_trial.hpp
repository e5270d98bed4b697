// Whether somebody's account can be used: an access token is had where it needs one, its servers are entered,
// one after the other, and left again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "bridges/email/account_forms.hpp"
#include "bridges/net/tls.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

class AccountTrial {
 public:
  using Result = std::variant<Account, Failure>;
  // `done` is told once, from the loop, and not after this was destroyed, which it may do.
  AccountTrial(boost::asio::io_context& loop, Wanted wanted, const config::Email::Accounts& rules,
               std::string own_name, std::shared_ptr<const net::TlsContext> context,
               std::function<void(const Result&)> done);
  AccountTrial(const AccountTrial&) = delete;
  AccountTrial& operator=(const AccountTrial&) = delete;
  ~AccountTrial();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
