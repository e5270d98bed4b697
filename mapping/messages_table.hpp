// Message ids both ways: what the XMPP side calls a message and what its network calls it. Kept for messages
// whose two names differ (those that our own users sent).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "mapping/ids.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

class MessagesTable {
 public:
  explicit MessagesTable(Store::Impl& store);
  ~MessagesTable();
  // False on trouble, and where there is no such room. Put again, the newer pair is found.
  bool put(RoomKey room, const std::string& local_id, const MessageId& network_id, const std::string& sender);
  struct Row {
    std::string local_id;
    MessageId network_id;
    std::string sender;
  };
  std::optional<Row> by_local(RoomKey room, const std::string& local_id);
  std::optional<Row> by_network(RoomKey room, const MessageId& id);
  // Forgets pairs written before a moment; how many.
  std::size_t prune(std::chrono::sys_time<std::chrono::milliseconds> older_than, std::size_t at_most);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
