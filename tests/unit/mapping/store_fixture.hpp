// A store in a folder of its own, and a hand on its connection for what an admin's disk does to it.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "mapping/archive_table.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

using Millis = std::chrono::sys_time<std::chrono::milliseconds>;
inline Millis at(std::int64_t ms) { return Millis(std::chrono::milliseconds(ms)); }

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-store-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    path = folder + "/dragoman.db";
    key_file = folder + "/key";
  }
  ~StoreTest() override {
    store.reset();
    std::filesystem::remove_all(folder);
  }

  // SQLite tells of each new connection: the last one made by open() is the store's.
  void open() {
    last_connection() = nullptr;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&keep_connection));
    store.reset();
    store = std::make_unique<Store>(path, key_file);
    sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&keep_connection));
    connection = last_connection();
    store->on_trouble([this](const std::string& text) { troubles.push_back(text); });
  }
  void reopen() { open(); }

  // What opening says, or "" if nothing is wrong.
  std::string refusal() {
    try {
      Store opened(path, key_file);
      return {};
    } catch (const StoreError& e) {
      return e.what();
    }
  }

  // On the store's own connection.
  void pragma(const std::string& text) {
    ASSERT_EQ(sqlite3_exec(connection, ("PRAGMA " + text).c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << text;
  }

  // Seen by another connection: what has been committed.
  std::int64_t committed(const std::string& query) {
    SQLite::Database other(path, SQLite::OPEN_READONLY);
    return other.execAndGet(query).getInt64();
  }

  RoomKey room(const std::string& name = "#a%irc.localhost", const std::string& viewer = "u@example.org") {
    return store->rooms().open(net, RoomId(name), PersonId(viewer));
  }

  bool say(RoomKey key, int n) {
    return store->archive().append(key, MessageId("id" + std::to_string(n)), at(1000 * n),
                                   n % 2 ? "odd" : "even", "line " + std::to_string(n));
  }

  std::string folder, path, key_file;
  NetworkId net{"irc.example.org"};
  std::unique_ptr<Store> store;
  sqlite3* connection = nullptr;
  std::vector<std::string> troubles;

 private:
  static sqlite3*& last_connection() {
    static sqlite3* last = nullptr;
    return last;
  }
  static int keep_connection(sqlite3* db, char**, const struct sqlite3_api_routines*) {
    last_connection() = db;
    return SQLITE_OK;
  }
};

}  // namespace dragoman
