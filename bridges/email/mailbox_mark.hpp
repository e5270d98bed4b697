// How far a mailbox has been told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::email {

struct MailboxMark {
  std::uint32_t validity = 0;  // UIDVALIDITY; 0: nothing of it is known yet
  std::uint32_t last = 0;      // the highest UID that needs no look any more
  Time since{};                // mails that arrived before are not told
  Time looked{};               // when `last` was written down
  bool operator==(const MailboxMark&) const = default;
};

std::string packed(const MailboxMark& mark);
MailboxMark unpacked_mark(std::string_view text);  // what is malformed is 0

}  // namespace dragoman::email
