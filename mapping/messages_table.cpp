#include "mapping/messages_table.hpp"

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {

struct MessagesTable::Statements {
  explicit Statements(Store::Impl& store)
      : last(store, "SELECT max(seq) FROM messages"),
        put(store, "INSERT INTO messages(seq, room, local_id, network_id, sender) VALUES(?,?,?,?,?)"),
        by_local(store,
                 "SELECT local_id, network_id, sender FROM messages WHERE room=? AND local_id=? "
                 "ORDER BY seq DESC LIMIT 1"),
        by_network(store,
                   "SELECT local_id, network_id, sender FROM messages WHERE room=? AND network_id=? "
                   "ORDER BY seq DESC LIMIT 1"),
        prune(
            store,
            "DELETE FROM messages WHERE seq IN (SELECT seq FROM messages WHERE seq<? ORDER BY seq LIMIT ?)") {
    last.read([&](const Statement::Row& row) { last_seq = row.number(0); });
  }
  Statement last, put, by_local, by_network, prune;
  std::int64_t last_seq = 0;
};

MessagesTable::MessagesTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
MessagesTable::~MessagesTable() = default;

bool MessagesTable::put(RoomKey room, const std::string& local_id, const MessageId& network_id,
                        const std::string& sender) {
  const auto seq = Store::Impl::next_seq(sql_->last_seq);
  return sql_->put.change(seq, room, local_id, network_id.value(), sender).value_or(0) > 0;
}

std::optional<MessagesTable::Row> MessagesTable::by_local(RoomKey room, const std::string& local_id) {
  std::optional<Row> found;
  sql_->by_local.read(
      [&](const Statement::Row& row) {
        found = Row{row.text(0), MessageId(row.text(1)), row.text(2)};
      },
      room, local_id);
  return found;
}

std::optional<MessagesTable::Row> MessagesTable::by_network(RoomKey room, const MessageId& id) {
  std::optional<Row> found;
  sql_->by_network.read(
      [&](const Statement::Row& row) {
        found = Row{row.text(0), MessageId(row.text(1)), row.text(2)};
      },
      room, id.value());
  return found;
}

std::size_t MessagesTable::prune(std::chrono::sys_time<std::chrono::milliseconds> older_than,
                                 std::size_t at_most) {
  return static_cast<std::size_t>(
      sql_->prune.change(Store::Impl::seq_at(older_than), static_cast<std::int64_t>(at_most)).value_or(0));
}

}  // namespace dragoman
