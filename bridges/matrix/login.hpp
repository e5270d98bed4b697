// Logging in to somebody's own account (client-server API, "Login"): by a password, by an access token they
// have, or by the token that a single sign-on ends with.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "bridges/matrix/foreign.hpp"

namespace dragoman::matrix {

struct Credentials {
  std::string user;          // "@alice:example.org" or "alice"; may be empty but with a password
  std::string homeserver;    // a server name or an URL; empty: the user id's
  std::string password;      // gone once it was sent
  std::string access_token;  // of a session there is already
  std::string login_token;   // m.login.token: also the whole address that a browser ended at
  std::string device_id;     // of the session before, to be the same device again; may be empty
};

struct LoggedIn {
  ServerAddress homeserver;
  std::string user_id, device_id, access_token;
};
// The homeserver takes people by single sign-on: where they begin. Without any credentials that is what is
// found out.
struct SignOn {
  std::string url;
};
using LoginResult = std::variant<LoggedIn, SignOn, Failure>;

class Login {
 public:
  // `done` is told once, from the loop, and not after this was destroyed.
  Login(Hub& hub, Credentials credentials, std::function<void(const LoginResult&)> done);
  Login(const Login&) = delete;
  Login& operator=(const Login&) = delete;
  ~Login();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// What stands after loginToken= in an address, decoded; the text itself where it is no address.
std::string login_token_in(std::string_view text);

}  // namespace dragoman::matrix
