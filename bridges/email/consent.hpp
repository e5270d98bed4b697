// Who may write to whom: whoever a person has written to, added or let in is known to them; others as the
// person chose. Kept in the store's notes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/hub.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class Consent {
 public:
  enum class Answer : std::uint8_t { welcome, ask, refused };

  explicit Consent(Hub& hub) : hub_(hub) {}

  // Addresses are folded.
  Answer of(const PersonId& person, std::string_view address, bool verified) const;
  bool is_blocked(const PersonId& person, std::string_view address) const;
  void know(const PersonId& person, std::string_view address);
  void block(const PersonId& person, std::string_view address);
  bool unblock(const PersonId& person, std::string_view address);  // false: they were not blocked
  std::vector<std::string> blocked(const PersonId& person) const;

  // A mail that waits until its reader has said whether they want it.
  bool hold(const PersonId& person, std::string_view address, MailKey mail);
  std::vector<MailKey> held(const PersonId& person, std::string_view address) const;  // as they came
  std::size_t held(const PersonId& person) const;                                     // of all who ask
  void release(const PersonId& person, std::string_view address, MailKey mail);

 private:
  Hub& hub_;
};

}  // namespace dragoman::email
