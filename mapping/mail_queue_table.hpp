// Mails that are to be sent: one row a recipient, kept until the mail server has answered for good.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

struct QueuedMail {
  using Time = std::chrono::sys_time<std::chrono::milliseconds>;
  std::int64_t key = 0;  // given by put()
  PersonId person;       // who sends; empty: the gateway itself
  MailKey mail = 0;      // its bytes
  std::string envelope_from, recipient;
  std::string about;  // opaque: its network's own (which messages it carries)
  std::string route;  // opaque, the same: by which of several servers it leaves
  Time taken{}, due{};
  std::uint32_t attempts = 0;
  bool late_told = false;
  std::string last_words;  // why it was not accepted yet
};

class MailQueueTable {
 public:
  explicit MailQueueTable(Store::Impl& store);
  ~MailQueueTable();
  std::int64_t put(const NetworkId& network, const QueuedMail& mail);  // 0 on trouble
  bool update(const NetworkId& network, const QueuedMail& mail);       // due, attempts, late_told, last_words
  bool done(const NetworkId& network, std::int64_t key);
  std::optional<QueuedMail> get(const NetworkId& network, std::int64_t key);
  // By due time, those due first.
  std::vector<QueuedMail> due(const NetworkId& network, QueuedMail::Time until, std::size_t at_most);
  std::optional<QueuedMail::Time> next_due(const NetworkId& network, QueuedMail::Time after);
  std::vector<QueuedMail> of(const NetworkId& network, const PersonId& person);
  std::size_t count(const NetworkId& network, const PersonId& person);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
