// Tokens that somebody needs no more: each is worth something until its homeserver has taken it back, and is
// kept for that, over restarts.
#pragma once

#include <memory>
#include <string>

#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/login.hpp"

namespace dragoman::matrix {

// What is kept of a homeserver: of our own nothing, where it is, the configuration says.
ServerAddress homeserver_of(const Hub& hub, const std::string& kept);
std::string kept_of(const ServerAddress& homeserver);

class Logouts : public std::enable_shared_from_this<Logouts> {
 public:
  explicit Logouts(Hub& hub) : hub_(hub) {}

  void revoke(const PersonId& person, const ServerAddress& homeserver, const std::string& token);
  void resume();  // once, at the start

 private:
  void take_back(const PersonId& person, const std::string& id);

  Hub& hub_;
};

}  // namespace dragoman::matrix
