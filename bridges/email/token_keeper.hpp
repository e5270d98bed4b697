// Keeps the access tokens of people's mail accounts good: asks for a new one before the old one ends, and
// when a server refuses it. Each is in the store before it is used, since a token endpoint may take back the
// refresh token that it was given for (RFC 6749 6).
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "bridges/email/account_token.hpp"
#include "bridges/email/hub.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {

class TokenKeeper {
 public:
  // From the loop, never from within a call.
  struct Callbacks {
    std::function<void(const PersonId&, const Account&)> fresh;
    std::function<void(const PersonId&, const TokenTrouble&)> trouble;  // refused: none comes any more
  };
  TokenKeeper(Hub& hub, Callbacks callbacks) : hub_(hub), callbacks_(std::move(callbacks)) {}

  // False: its token is none any more, `fresh` is told when there is another one. An account that has no
  // renewal is left alone.
  bool begin(const PersonId& person, const Account& account);
  // A server refuses the token. True: another one is asked for.
  bool refused(const PersonId& person);
  void end(const PersonId& person) { kept_.erase(person); }
  void stop() { kept_.clear(); }

 private:
  struct Kept {
    explicit Kept(boost::asio::io_context& loop) : timer(loop) {}
    net::Timer timer;
    net::Backoff retry{std::chrono::seconds(10), std::chrono::minutes(10)};
    std::unique_ptr<TokenRefresh> refresh;  // on its way
    Time since{};                           // when the token was had; zero: before we began
    bool over = false;                      // none comes any more
  };
  void wait(Kept& kept, const PersonId& person, const Account& account);
  void ask(const PersonId& person);
  void on_result(const PersonId& person, const TokenResult& result);

  Hub& hub_;
  Callbacks callbacks_;
  std::map<PersonId, Kept> kept_;
};

}  // namespace dragoman::email
