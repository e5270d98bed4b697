// What the tables share: the connection, the open group, the key, and the state of health.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <SQLiteCpp/Database.h>

#include "mapping/archive_table.hpp"
#include "mapping/mail_queue_table.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/messages_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/outbox_table.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/secret_box.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/statement.hpp"
#include "mapping/store.hpp"

namespace dragoman {

struct Store::Impl {
  Impl(const std::string& path, const std::string& key_file);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // For Statement.
  bool begin();                   // opens a group if none is; false on trouble
  void wrote();                   // a statement of the open group was run
  void write_failed(int result);  // a statement of the open group ended with this code
  void failed(int result);        // a read did

  // For tables: all of `changes` or nothing of it. `changes` answers whether to keep it.
  bool atomically(const std::function<bool()>& changes);
  void settle() { end_group(); }  // commits what is open; commit() still tells what was lost
  // A number greater than any before it that also says when it was made; `last` is the greatest so far.
  static std::int64_t next_seq(std::int64_t& last);
  static std::int64_t seq_at(std::chrono::sys_time<std::chrono::milliseconds> time);

  bool commit();
  bool durable();
  bool healthy() const { return !in_trouble_; }
  bool full() const { return in_trouble_ && full_; }
  std::uint64_t losses() const { return losses_; }
  bool try_again();  // where it is over, commit() tells no more of what was lost before

  sqlite3* handle() const { return db_.getHandle(); }
  const SecretBox& secrets() const { return *box_; }

  std::function<void()> on_first_write;
  std::function<void(const std::string&)> on_trouble;

 private:
  bool end_group();
  bool sync_wal();
  void lose();
  void recovered();
  void migrate();
  void take_key(const std::string& key_file);

  std::string path_;
  SQLite::Database db_;
  std::unique_ptr<SecretBox> box_;

  bool group_open_ = false;
  bool group_hurt_ = false;  // a write of this group failed
  bool wake_due_ = false;    // the owner has not yet been told of this group
  std::size_t group_size_ = 0;
  bool lost_ = false;  // a write was dropped since the last commit()
  std::uint64_t losses_ = 0;
  bool unsynced_ = false;  // committed, and perhaps not on the disk
  bool in_trouble_ = false, full_ = false;
  bool damaged_ = false;  // corrupt: a write that works doesn't mend that

 public:
  // Last, so that their statements end before the connection does.
  std::optional<SettingsTable> settings;
  std::optional<RoomsTable> rooms;
  std::optional<MessagesTable> messages;
  std::optional<ArchiveTable> archive;
  std::optional<OutboxTable> outbox;
  std::optional<NotesTable> notes;
  std::optional<MailsTable> mails;
  std::optional<MailQueueTable> mail_queue;
};

}  // namespace dragoman
