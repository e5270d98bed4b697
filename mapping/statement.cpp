#include "mapping/statement.hpp"

#include "mapping/store_impl.hpp"

namespace dragoman {

Statement::Statement(Store::Impl& store, const char* sql) : store_(store) {
  if (sqlite3_prepare_v3(store.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr) !=
      SQLITE_OK) {
    throw StoreError(std::string("the database can't be read: ") + sqlite3_errmsg(store.handle()));
  }
}

Statement::~Statement() { sqlite3_finalize(statement_); }

std::string Statement::Row::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes ? std::string(static_cast<const char*>(bytes), size) : std::string();
}

bool Statement::begin() { return store_.begin(); }

std::optional<int> Statement::finish_change(int result) {
  const int changed = sqlite3_changes(store_.handle());
  // Reset before anybody is told: they may use the store.
  sqlite3_reset(statement_);
  if (result == SQLITE_DONE || result == SQLITE_CONSTRAINT) {
    store_.wrote();
    return result == SQLITE_DONE ? changed : 0;
  }
  store_.write_failed(result);
  return {};
}

bool Statement::finish_read(int result) {
  sqlite3_reset(statement_);
  if (result == SQLITE_DONE) return true;
  store_.failed(result);
  return false;
}

}  // namespace dragoman
