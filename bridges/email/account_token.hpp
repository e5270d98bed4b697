// A new access token for a mail account, at the token endpoint of its provider (RFC 6749 6): https alone, no
// redirects, and what is secret stands in the request alone.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/email/account.hpp"
#include "bridges/net/http_client.hpp"
#include "bridges/reason.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

struct FreshToken {
  std::string access;
  std::string refresh;  // in place of the one that was used; empty: that goes on
  std::optional<std::chrono::seconds> lifetime;
};
struct TokenTrouble {
  Failure failure;       // with words for a person
  bool refused = false;  // for good: they have to log in anew
};
using TokenResult = std::variant<FreshToken, TokenTrouble>;

// Pure: what is asked, and what was answered.
net::HttpRequest token_request(const Renewal& renewal);
TokenResult token_in(const net::HttpResult& answer, const std::string& host);
void use(Account& account, const FreshToken& token, Time now);
// The host of an endpoint, in lower case; nothing: it is no URL with https and a plain host.
std::optional<std::string> endpoint_host(std::string_view url);

class TokenRefresh {
 public:
  // `done` comes once, from the loop; not after this was destroyed, which it may do. `public_only`: the
  // endpoint may not lie in a private network. `ca_file`: empty: the system's.
  TokenRefresh(boost::asio::io_context& loop, const Renewal& renewal, bool public_only,
               const std::string& ca_file, std::function<void(const TokenResult&)> done);

 private:
  net::HttpClient client_;
};

}  // namespace dragoman::email
