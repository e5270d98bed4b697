// Mails as they came and as they were sent, for as long as somebody may ask for them; and what they say of
// their threads, for longer. Nothing here is about SMTP.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman {

using MailKey = std::int64_t;  // 0 is none

struct MailRow {
  MailKey key = 0;  // given by put()
  PersonId person;  // whose mailbox
  std::string message_id;
  std::string conversation;  // opaque: its network's name for it
  std::string subject;
  std::string references;  // ids, oldest first, with a space between; the mail's own is not in it
  std::string thread;      // what the person's client calls the thread; may be empty
  std::string digest;      // of the content: the same mail again has the same
  bool outgoing = false;
  std::chrono::sys_time<std::chrono::milliseconds> time{};
};

class MailsTable {
 public:
  explicit MailsTable(Store::Impl& store);
  ~MailsTable();
  // Several rows may share the bytes of one mail (one a recipient): give `same_as` in place of the bytes
  // then. Keys are never used again. 0 on trouble, or where there is no `same_as` with its bytes.
  MailKey put(const NetworkId& network, const MailRow& row, std::string_view bytes, MailKey same_as = 0);
  std::optional<MailRow> get(const NetworkId& network, MailKey key);
  std::optional<MailRow> find(const NetworkId& network, const PersonId& person, std::string_view message_id);
  // The newest with this digest.
  std::optional<MailRow> by_digest(const NetworkId& network, const PersonId& person, std::string_view digest);
  // The newest of a conversation: what was put last. Of a thread: the thread is not empty.
  std::optional<MailRow> last(const NetworkId& network, const PersonId& person,
                              std::string_view conversation);
  std::optional<MailRow> last_incoming(const NetworkId& network, const PersonId& person,
                                       std::string_view conversation);
  std::optional<MailRow> last_of_thread(const NetworkId& network, const PersonId& person,
                                        std::string_view conversation, std::string_view thread);
  // The oldest, so many of them; `after`: only those put after it.
  std::vector<MailKey> of(const NetworkId& network, const PersonId& person, std::size_t at_most,
                          MailKey after = 0);
  MailKey newest(const NetworkId& network, const PersonId& person);  // 0: there is none
  // What is kept of a person: mails with their bytes, and how many bytes.
  struct Held {
    std::uint64_t mails = 0, bytes = 0;
  };
  Held held(const NetworkId& network, const PersonId& person);
  // Forgets the bytes of a person's mails from before a moment; what waits to be sent stays. How many.
  std::size_t forget_bytes(const NetworkId& network, const PersonId& person,
                           std::chrono::sys_time<std::chrono::milliseconds> before, std::size_t at_most);
  // Nothing where they were forgotten.
  std::optional<std::string> bytes(const NetworkId& network, MailKey key);
  bool erase(const NetworkId& network, MailKey key);  // bytes go with the last row that has them
  // Forgets the bytes of mails from before a moment, and rows from before another, at most so many of each;
  // how many of both. What waits in the mail queue stays as it is.
  std::size_t prune(const NetworkId& network, std::chrono::sys_time<std::chrono::milliseconds> bytes_before,
                    std::chrono::sys_time<std::chrono::milliseconds> rows_before, std::size_t at_most);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
