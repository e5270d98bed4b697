// A store in a folder of its own.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "mapping/store.hpp"

namespace dragoman::email::test {

class TemporaryStore {
 public:
  TemporaryStore() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-email-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    reopen();
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  ~TemporaryStore() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void reopen() {
    store_.reset();
    store_ = std::make_unique<Store>(folder_ + "/dragoman.db", folder_ + "/key");
  }
  // Seen by another connection: what has been committed.
  std::size_t rows_on_disk(const std::string& table) const {
    SQLite::Database other(folder_ + "/dragoman.db", SQLite::OPEN_READONLY);
    return static_cast<std::size_t>(other.execAndGet("SELECT count(*) FROM " + table).getInt64());
  }
  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }

 private:
  std::string folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace dragoman::email::test
