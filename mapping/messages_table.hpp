// Message ids both ways: what the XMPP side calls a message and what its network calls it. Kept for messages whose two
// names differ (those that our own users sent).
#pragma once

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
  bool put(RoomKey room, const std::string& local_id, const MessageId& network_id, const std::string& sender);
  struct Row { std::string local_id; MessageId network_id; std::string sender; };
  std::optional<Row> by_local(RoomKey room, const std::string& local_id);
  std::optional<Row> by_network(RoomKey room, const MessageId& id);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
