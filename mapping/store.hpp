// The SQLite store: opened, migrated, and written in groups. SQL stays inside mapping/, behind functions that
// say what they do. One thread. Writes join the open group; the group is ended by commit(), which the owner
// calls soon after the first write (see on_first_write). What must survive a power cut asks for durable():
// that group is synced to the disk.
//
// When the disk fails (locked, full, read-only, corrupt) no call throws: writes are dropped and answer false,
// reads answer nothing, `on_trouble` is told once in words, and again when it works once more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace dragoman {

class SettingsTable;
class RoomsTable;
class MessagesTable;
class ArchiveTable;
class OutboxTable;
class NotesTable;
class MailsTable;
class MailQueueTable;

struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  // Opens or makes the database and the key (mode 0600), and migrates. Throws StoreError with words for an
  // admin.
  Store(const std::string& path, const std::string& key_file);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  ~Store();  // commits

  SettingsTable& settings();
  RoomsTable& rooms();
  MessagesTable& messages();
  ArchiveTable& archive();
  OutboxTable& outbox();
  NotesTable& notes();
  MailsTable& mails();
  MailQueueTable& mail_queue();

  void on_first_write(std::function<void()> wake);             // called when a group opens
  void on_trouble(std::function<void(const std::string&)> f);  // for an admin; empty text: over
  bool commit();                                               // ends the group; true when nothing was lost
  bool durable();  // commits and syncs; true when it is on the disk
  bool healthy() const;
  bool full() const;             // in trouble, and that is since there is no room
  std::uint64_t losses() const;  // how often a group or a write was lost: the same before and after is none
  bool try_again();              // in trouble: writes what changes nothing, to see whether it is over

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman
