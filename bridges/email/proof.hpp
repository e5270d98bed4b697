// That an address is somebody's own: a code goes there by mail, and comes back by chat. Kept in the store's
// notes. So few codes are sent and so few guesses taken that neither a mailbox is flooded nor a code found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/email/hub.hpp"

namespace dragoman::email {

class Proof {
 public:
  explicit Proof(Hub& hub) : hub_(hub) {}

  // A new code for an address, to be sent there; the one before is void. Or why there is none.
  std::variant<std::string, Failure> begin(const PersonId& person, const std::string& address);
  std::optional<std::string> waiting(const PersonId& person) const;  // the address whose code is still good
  // The address that is proved by it, or why not. A code is good once.
  std::variant<std::string, Failure> end(const PersonId& person, std::string_view code);
  void forget(const PersonId& person);

 private:
  struct State;
  State state(const PersonId& person) const;
  bool keep(const PersonId& person, const State& state);

  Hub& hub_;
};

}  // namespace dragoman::email
