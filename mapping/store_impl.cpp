#include "mapping/store_impl.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mapping/migrations.hpp"

namespace dragoman {
namespace {

constexpr int patience_at_opening = 250;  // milliseconds that another process may hold its lock
constexpr int patience = 50;              // the same later, when the loop stands still meanwhile
constexpr std::size_t max_group = 8192;   // writes; a group that nobody ends is ended here

// `path` stands in these words since an admin has to act on that file.
std::string words(const std::string& path, int result, const std::string& detail) {
  const std::string file = "the database " + path;
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return file + " is locked by another process: end that one (fuser " + path + " names it)";
    case SQLITE_FULL: return file + " has no room to grow: make room on its disk";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return file + " can't be written: look at its permissions, its folder's and its mount's";
    case SQLITE_CORRUPT:
      return file +
             " is damaged: stop dragoman, then bring back a backup or save what can be read with sqlite3 " +
             path + " .recover";
    case SQLITE_NOTADB:
      return file + " is no SQLite database: name another file in store.path, or move that one away";
    case SQLITE_CANTOPEN: return file + " can't be opened: look at its path and its permissions";
    default: return file + " can't be used: " + detail;
  }
}

void check_folder(const std::string& path) {
  const auto folder = std::filesystem::path(path).parent_path();
  std::error_code none;
  if (!folder.empty() && !std::filesystem::is_directory(folder, none)) {
    throw StoreError("the folder " + folder.string() +
                     " of the database does not exist: make it, owned by the user that dragoman runs as");
  }
}

// People's messages are nobody else's to read. SQLite gives its -wal and -shm files the mode of the database.
void make_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file >= 0) ::close(file);  // SQLite tells what is wrong otherwise
}

SQLite::Database opened(const std::string& path) {
  check_folder(path);
  make_private(path);
  try {
    // One thread uses SQLite in this process (see store.hpp): its mutexes would be 3 % of a message. It says
    // no, and no harm is done, when it is running already.
    static_cast<void>(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD));
    return SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                            patience_at_opening);
  } catch (const SQLite::Exception& e) {
    throw StoreError(words(path, e.getErrorCode(), e.what()));
  }
}

}  // namespace

Store::Impl::Impl(const std::string& path, const std::string& key_file) : path_(path), db_(opened(path)) {
  try {
    // NORMAL: a commit is in the WAL but waits for the disk; durable() doesn't.
    db_.exec("PRAGMA journal_mode=WAL");
    db_.exec("PRAGMA synchronous=NORMAL");
    db_.exec("PRAGMA foreign_keys=ON");
    db_.exec("PRAGMA cache_size=-8000");
    db_.exec("PRAGMA temp_store=MEMORY");
    db_.exec("PRAGMA wal_autocheckpoint=2000");
    db_.exec("PRAGMA journal_size_limit=67108864");
    migrate();
    take_key(key_file);
    settings.emplace(*this);
    rooms.emplace(*this);
    messages.emplace(*this);
    archive.emplace(*this);
    outbox.emplace(*this);
    notes.emplace(*this);
    mails.emplace(*this);
    mail_queue.emplace(*this);
  } catch (const SQLite::Exception& e) {
    throw StoreError(words(path_, e.getErrorCode(), e.what()));
  }
  if (in_trouble_) throw StoreError(words(path_, sqlite3_errcode(handle()), sqlite3_errmsg(handle())));
  sqlite3_busy_timeout(handle(), patience);
}

void Store::Impl::migrate() {
  const auto steps = migrations();
  SQLite::Transaction transaction(db_, SQLite::TransactionBehavior::IMMEDIATE);
  const int version = db_.execAndGet("PRAGMA user_version").getInt();
  if (version < 0 || version > static_cast<int>(steps.size())) {
    throw StoreError("the database " + path_ + " is of version " + std::to_string(version) +
                     ", which a newer dragoman made; this one knows versions up to " +
                     std::to_string(steps.size()) +
                     ": install the newer dragoman, or bring back the backup from before it");
  }
  if (version == 0 && db_.execAndGet("SELECT count(*) FROM sqlite_master").getInt() > 0) {
    throw StoreError("the database " + path_ +
                     " belongs to another program: name another file in store.path");
  }
  for (auto step = static_cast<std::size_t>(version); step < steps.size(); ++step) db_.exec(steps[step]);
  if (version != static_cast<int>(steps.size()))
    db_.exec("PRAGMA user_version=" + std::to_string(steps.size()));
  transaction.commit();
}

void Store::Impl::take_key(const std::string& key_file) {
  constexpr const char* known = "dragoman";
  SQLite::Statement find(db_, "SELECT value FROM meta WHERE name='key_check'");
  if (find.executeStep()) {
    box_ = std::make_unique<SecretBox>(key_file, false);
    if (box_->open(find.getColumn(0).getString()) == known) return;
    throw StoreError(
        "the key file " + key_file + " is not the one that the secrets in the database " + path_ +
        " were sealed with: bring that one back from a backup. Where it is lost for good: sqlite3 " + path_ +
        " \"DELETE FROM meta WHERE name='key_check'\" gives the sealed passwords up");
  }
  box_ = std::make_unique<SecretBox>(key_file, true);
  const std::string check = box_->seal(known);
  SQLite::Statement keep(db_, "INSERT INTO meta(name, value) VALUES('key_check', ?)");
  keep.bindNoCopy(1, check.data(), static_cast<int>(check.size()));
  keep.exec();
}

bool Store::Impl::begin() {
  if (group_open_) return true;
  const int result = db_.tryExec("BEGIN IMMEDIATE");
  if (result != SQLITE_OK) {
    lose();
    failed(result);
    return false;
  }
  group_open_ = true;
  group_hurt_ = false;
  wake_due_ = true;
  group_size_ = 0;
  return true;
}

void Store::Impl::wrote() {
  // Told after the write: an owner that commits at once then ends a group with something in it.
  if (std::exchange(wake_due_, false) && on_first_write) on_first_write();
  if (++group_size_ >= max_group && group_open_) end_group();
}

void Store::Impl::write_failed(int result) {
  lose();
  group_hurt_ = true;
  // SQLite ends the whole transaction after some errors (a full disk, an I/O error).
  if (sqlite3_get_autocommit(handle()) != 0) group_open_ = false;
  failed(result);
  if (group_open_) wrote();
}

void Store::Impl::lose() {
  lost_ = true;
  ++losses_;
}

void Store::Impl::failed(int result) {
  const int kind = result & 0xff;
  full_ = kind == SQLITE_FULL;
  if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) damaged_ = true;
  if (std::exchange(in_trouble_, true)) return;
  sqlite3_busy_timeout(handle(), 0);  // each try would wait again, with the loop
  if (on_trouble) on_trouble(words(path_, result, sqlite3_errstr(result)));
}

void Store::Impl::recovered() {
  if (!in_trouble_ || damaged_) return;
  in_trouble_ = false;
  sqlite3_busy_timeout(handle(), patience);
  if (on_trouble) on_trouble({});
}

bool Store::Impl::atomically(const std::function<bool()>& changes) {
  if (!begin()) return false;
  if (const int result = db_.tryExec("SAVEPOINT changes"); result != SQLITE_OK) {
    write_failed(result);
    return false;
  }
  // A commit in the middle would end the savepoint too: the owner is told at the end.
  const bool wake = std::exchange(wake_due_, false);
  group_size_ = 0;
  const bool keep = changes();
  if (!group_open_) return false;
  const int undone = keep ? SQLITE_OK : db_.tryExec("ROLLBACK TO changes");
  const int result = undone == SQLITE_OK ? db_.tryExec("RELEASE changes") : undone;
  wake_due_ = wake;
  if (result != SQLITE_OK) {
    write_failed(result);
    return false;
  }
  wrote();
  return keep;
}

bool Store::Impl::end_group() {
  if (!group_open_) return true;
  const int result = db_.tryExec("COMMIT");
  group_open_ = false;
  if (result != SQLITE_OK) {
    if (sqlite3_get_autocommit(handle()) == 0) db_.tryExec("ROLLBACK");
    lose();
    failed(result);
    return false;
  }
  unsynced_ = true;
  if (!group_hurt_) recovered();
  return true;
}

bool Store::Impl::try_again() {
  if (!in_trouble_) return true;
  if (!begin()) return false;
  // Added and taken away again: SQLite writes no row that is as it was.
  for (const char* change : {"INSERT OR REPLACE INTO meta(name, value) VALUES('trouble', '')",
                             "DELETE FROM meta WHERE name='trouble'"}) {
    if (!group_open_) break;
    if (const int result = db_.tryExec(change); result != SQLITE_OK) write_failed(result);
  }
  end_group();
  if (in_trouble_) return false;
  // Of what was lost meanwhile its writers know by the calls themselves, and by losses(): the next group is
  // not to be taken for lost.
  lost_ = false;
  return true;
}

bool Store::Impl::commit() {
  end_group();
  return !std::exchange(lost_, false);
}

bool Store::Impl::durable() {
  const bool all = commit();
  if (!unsynced_) return all;
  if (!sync_wal()) return false;
  unsynced_ = false;
  return all;
}

// What a commit with synchronous=FULL does at its end. That setting can't be changed inside a transaction,
// and a group learns only at its end that it must be durable.
bool Store::Impl::sync_wal() {
  sqlite3_file* wal = nullptr;
  int result = sqlite3_file_control(handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (result == SQLITE_OK && wal && wal->pMethods) result = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
  if (result == SQLITE_OK) return true;
  failed(result);
  return false;
}

std::int64_t Store::Impl::seq_at(std::chrono::sys_time<std::chrono::milliseconds> time) {
  return time.time_since_epoch().count() * 1024;
}

std::int64_t Store::Impl::next_seq(std::int64_t& last) {
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  last = std::max(last + 1, seq_at(now));
  return last;
}

}  // namespace dragoman
