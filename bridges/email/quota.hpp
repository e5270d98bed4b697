// How much is kept for each person, and whether more may come. Counted in the store at times, and in memory
// between.
#pragma once

#include <chrono>
#include <cstdint>
#include <unordered_map>

#include "bridges/email/hub.hpp"
#include "mapping/mails_table.hpp"

namespace dragoman::email {

class Quota {
 public:
  explicit Quota(Hub& hub) : hub_(hub) {}

  std::uint64_t most() const { return hub_.email().max_mailbox_bytes; }  // 0: no limit
  MailsTable::Held held(const PersonId& person);                         // as the store has it
  bool has_room(const PersonId& person, std::uint64_t bytes);
  void taken(const PersonId& person, std::uint64_t bytes);
  void forget(const PersonId& person) { counted_.erase(person); }  // some of it went
  // Whether they are to be told that nothing comes any more: once a day.
  bool is_news(const PersonId& person);

 private:
  struct Counted {
    std::uint64_t bytes = 0;
    Time when{}, told{};
  };
  Hub& hub_;
  std::unordered_map<PersonId, Counted> counted_;
};

}  // namespace dragoman::email
