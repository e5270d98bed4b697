#include "mapping/notes_table.hpp"

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {

struct NotesTable::Statements {
  explicit Statements(Store::Impl& store)
      : put(store, "INSERT OR REPLACE INTO notes(network, kind, key, value, time) VALUES(?,?,?,?,?)"),
        get(store, "SELECT value FROM notes WHERE network=? AND kind=? AND key=?"),
        erase(store, "DELETE FROM notes WHERE network=? AND kind=? AND key=?"),
        // 0xFF is in no UTF-8 text: behind every key that begins so.
        all(store,
            "SELECT key, value FROM notes WHERE network=? AND kind=? AND key>=? AND key<CAST(? AS TEXT) "
            "ORDER BY key"),
        prune(store,
              "DELETE FROM notes WHERE (network, kind, key) IN (SELECT network, kind, key FROM notes "
              "WHERE network=? AND kind=? AND time<? LIMIT ?)") {}
  Statement put, get, erase, all, prune;
};

NotesTable::NotesTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
NotesTable::~NotesTable() = default;

bool NotesTable::put(const NetworkId& network, std::string_view kind, std::string_view key,
                     std::string_view value) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  return sql_->put
             .change(network.value(), kind, key, Blob{value}, std::int64_t{now.time_since_epoch().count()})
             .value_or(0) > 0;
}

std::optional<std::string> NotesTable::get(const NetworkId& network, std::string_view kind,
                                           std::string_view key) {
  std::optional<std::string> found;
  sql_->get.read([&](const Statement::Row& row) { found = row.text(0); }, network.value(), kind, key);
  return found;
}

bool NotesTable::erase(const NetworkId& network, std::string_view kind, std::string_view key) {
  return sql_->erase.change(network.value(), kind, key).value_or(0) > 0;
}

std::vector<std::pair<std::string, std::string>> NotesTable::all(const NetworkId& network,
                                                                 std::string_view kind,
                                                                 std::string_view prefix) {
  std::vector<std::pair<std::string, std::string>> found;
  const std::string end = std::string(prefix) + '\xFF';
  sql_->all.read([&](const Statement::Row& row) { found.emplace_back(row.text(0), row.text(1)); },
                 network.value(), kind, prefix, std::string_view(end));
  return found;
}

std::size_t NotesTable::prune(const NetworkId& network, std::string_view kind,
                              std::chrono::sys_time<std::chrono::milliseconds> older_than,
                              std::size_t at_most) {
  return static_cast<std::size_t>(sql_->prune
                                      .change(network.value(), kind,
                                              std::int64_t{older_than.time_since_epoch().count()},
                                              static_cast<std::int64_t>(at_most))
                                      .value_or(0));
}

}  // namespace dragoman
