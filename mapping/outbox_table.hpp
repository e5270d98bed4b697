// What was taken over and is not yet handed on: survives a kill at any point. `payload` is opaque here.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman {

struct OutboxItem {
  std::int64_t order = 0;  // given by put(); items of one queue leave in this order
  std::string queue;       // "irc <person> <place>" or "xmpp <domain>": whose it is
  std::string key;         // idempotency key, unique within the queue
  std::string payload;
  std::chrono::sys_time<std::chrono::milliseconds> time{};  // when it was taken over
  std::uint32_t attempts = 0;
};

class OutboxTable {
 public:
  explicit OutboxTable(Store::Impl& store);
  ~OutboxTable();
  bool put(const NetworkId& network, OutboxItem& item);  // false if the key is there already, or on trouble
  bool done(const NetworkId& network, const std::string& queue, const std::string& key);
  bool tried(const NetworkId& network, const std::string& queue, const std::string& key);
  std::vector<OutboxItem> pending(const NetworkId& network, const std::string& queue, std::size_t at_most);
  std::vector<std::string> queues(const NetworkId& network);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
