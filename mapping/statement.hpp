// A prepared statement that never throws once it is made: what SQLite reports goes to Store::Impl, which
// tells the admin. On SQLite's own interface, since SQLiteCpp throws where this must not, and costs on the
// archive's hot path.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "mapping/store.hpp"

namespace dragoman {

struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  // A row being read; valid inside the call it was given to.
  class Row {
   public:
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) const;  // or the bytes of a blob; empty for NULL
    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

   private:
    friend class Statement;
    explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
    sqlite3_stmt* statement_;
  };

  Statement(Store::Impl& store, const char* sql);  // throws StoreError
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement();

  // Changes something, in the open group. The number of rows changed (none too where a constraint says no),
  // or nothing on trouble.
  template <class... Args>
  std::optional<int> change(const Args&... args) {
    if (!begin()) return {};
    bind_all(args...);
    return finish_change(sqlite3_step(statement_));
  }

  // Calls `each` with every row. False on trouble.
  template <class Each, class... Args>
  bool read(const Each& each, const Args&... args) {
    bind_all(args...);
    int result = 0;
    while ((result = sqlite3_step(statement_)) == SQLITE_ROW) each(Row(statement_));
    return finish_read(result);
  }

 private:
  template <class... Args>
  void bind_all(const Args&... args) {
    int index = 0;
    (bind(++index, args), ...);
  }
  // The caller's bytes outlive the step: nothing is copied.
  void bind(int index, std::int64_t value) { sqlite3_bind_int64(statement_, index, value); }
  void bind(int index, std::string_view text) {
    sqlite3_bind_text(statement_, index, text.data() ? text.data() : "", static_cast<int>(text.size()),
                      SQLITE_STATIC);
  }
  void bind(int index, Blob blob) {
    sqlite3_bind_blob64(statement_, index, blob.bytes.data() ? blob.bytes.data() : "", blob.bytes.size(),
                        SQLITE_STATIC);
  }
  void bind(int index, std::nullopt_t) { sqlite3_bind_null(statement_, index); }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    value ? bind(index, *value) : bind(index, std::nullopt);
  }

  bool begin();
  std::optional<int> finish_change(int result);
  bool finish_read(int result);

  Store::Impl& store_;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace dragoman
