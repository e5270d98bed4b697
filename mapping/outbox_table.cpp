#include "mapping/outbox_table.hpp"

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {

struct OutboxTable::Statements {
  explicit Statements(Store::Impl& store)
      : last(store, "SELECT max(seq) FROM outbox"),
        put(store,
            "INSERT OR IGNORE INTO outbox(seq, network, queue, key, payload, time, attempts) "
            "VALUES(?,?,?,?,?,?,?)"),
        done(store, "DELETE FROM outbox WHERE network=? AND queue=? AND key=?"),
        tried(store, "UPDATE outbox SET attempts=attempts+1 WHERE network=? AND queue=? AND key=?"),
        pending(store,
                "SELECT seq, key, payload, time, attempts FROM outbox WHERE network=? AND queue=? ORDER BY "
                "seq LIMIT ?"),
        queues(store, "SELECT DISTINCT queue FROM outbox WHERE network=? ORDER BY queue") {
    last.read([&](const Statement::Row& row) { last_seq = row.number(0); });
  }
  Statement last, put, done, tried, pending, queues;
  std::int64_t last_seq = 0;
};

OutboxTable::OutboxTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
OutboxTable::~OutboxTable() = default;

bool OutboxTable::put(const NetworkId& network, OutboxItem& item) {
  const auto order = Store::Impl::next_seq(sql_->last_seq);
  const auto changed = sql_->put.change(order, network.value(), item.queue, item.key, item.payload,
                                        std::int64_t{item.time.time_since_epoch().count()},
                                        static_cast<std::int64_t>(item.attempts));
  if (changed.value_or(0) == 0) return false;
  item.order = order;
  return true;
}

bool OutboxTable::done(const NetworkId& network, const std::string& queue, const std::string& key) {
  return sql_->done.change(network.value(), queue, key).value_or(0) > 0;
}

bool OutboxTable::tried(const NetworkId& network, const std::string& queue, const std::string& key) {
  return sql_->tried.change(network.value(), queue, key).value_or(0) > 0;
}

std::vector<OutboxItem> OutboxTable::pending(const NetworkId& network, const std::string& queue,
                                             std::size_t at_most) {
  std::vector<OutboxItem> items;
  sql_->pending.read(
      [&](const Statement::Row& row) {
        OutboxItem item;
        item.order = row.number(0);
        item.queue = queue;
        item.key = row.text(1);
        item.payload = row.text(2);
        item.time = decltype(item.time)(std::chrono::milliseconds(row.number(3)));
        item.attempts = static_cast<std::uint32_t>(row.number(4));
        items.push_back(std::move(item));
      },
      network.value(), queue, static_cast<std::int64_t>(at_most));
  return items;
}

std::vector<std::string> OutboxTable::queues(const NetworkId& network) {
  std::vector<std::string> names;
  sql_->queues.read([&](const Statement::Row& row) { names.push_back(row.text(0)); }, network.value());
  return names;
}

}  // namespace dragoman
