// What the doctor says of people's own mail accounts: whether their servers can be used, and how many people
// are connected. Nobody is logged in for it, and nobody is named.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridges/email/account.hpp"
#include "config/settings.hpp"
#include "mapping/ids.hpp"

namespace dragoman {
class Store;
}

namespace dragoman::email {

struct Finding {
  enum class Mark : std::uint8_t { ok, note, wrong } mark = Mark::ok;
  std::string text;
};

// Takes some minutes at most where servers are silent.
std::vector<Finding> look_at_accounts(const config::Email& settings, Store& store, const NetworkId& network);

// Empty: it can be used; else why not.
enum class MailProtocol : std::uint8_t { imap, smtp };
std::string trouble_of(const MailServer& server, MailProtocol protocol, const config::Email::Accounts& rules);

}  // namespace dragoman::email
