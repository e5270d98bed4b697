// Which mails of somebody's account were read here and are still to be marked there. Kept in the store's
// notes: who is offline, or the server, loses nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridges/email/hub.hpp"

namespace dragoman::email {

class ReadMarks {
 public:
  explicit ReadMarks(Hub& hub) : hub_(hub) {}

  // A mail that came from there and is unread there.
  void note(const PersonId& person, std::uint32_t validity, std::uint32_t uid, const std::string& message_id);
  // It, and what came before it in the conversation, is to be marked.
  void read(const PersonId& person, const Conversation& in, const MessageId& mail);
  // What is to be marked there now; those of another validity are forgotten.
  std::vector<std::uint32_t> waiting(const PersonId& person, std::uint32_t validity);
  void marked(const PersonId& person, std::uint32_t validity, const std::vector<std::uint32_t>& uids);
  void forget(const PersonId& person);

 private:
  Hub& hub_;
};

}  // namespace dragoman::email
