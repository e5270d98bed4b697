// The /sync of one account (client-server API, "Syncing"): long polls, one after the other, from a position
// that is kept. A position is kept in one group with what came before it, so that nothing is lost and
// nothing is told twice.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "bridges/matrix/foreign.hpp"
#include "bridges/reason.hpp"

namespace dragoman::matrix {

class Session;
class Stream;

class Sync {
 public:
  struct Account {
    ServerAddress homeserver;
    std::string user_id, token;
  };
  // `http`: without a limit of connections to one host, since each poll holds one. `ended`: the homeserver
  // takes the token no longer; from the loop, once, and it may destroy this.
  Sync(net::HttpClient& http, Stream& stream, Session& session, Account account,
       std::function<void(const Failure&)> ended);
  Sync(const Sync&) = delete;
  Sync& operator=(const Sync&) = delete;
  ~Sync();

  void start();
  // While held, nothing is taken over.
  void hold(bool held);

  // Forgets the position and what was learned up to it: of an account that is logged out.
  static void forget(Stream& stream);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
