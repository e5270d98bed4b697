#include "mapping/mails_table.hpp"

#include <sqlite3.h>

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {
namespace {

// Bytes of a mail, read and written in place: SQLite would put a large value together in memory first.
class BodyHandle {
 public:
  BodyHandle(sqlite3* db, std::int64_t key, bool write) {
    result_ = sqlite3_blob_open(db, "main", "mail_bodies", "bytes", key, write ? 1 : 0, &blob_);
  }
  BodyHandle(const BodyHandle&) = delete;
  BodyHandle& operator=(const BodyHandle&) = delete;
  ~BodyHandle() { sqlite3_blob_close(blob_); }

  int result() const { return result_; }
  std::size_t size() const { return static_cast<std::size_t>(sqlite3_blob_bytes(blob_)); }
  int read(std::string& into) const {
    return sqlite3_blob_read(blob_, into.data(), static_cast<int>(into.size()), 0);
  }
  int write(std::string_view bytes) const {
    return sqlite3_blob_write(blob_, bytes.data(), static_cast<int>(bytes.size()), 0);
  }

 private:
  sqlite3_blob* blob_ = nullptr;
  int result_;
};

std::string select_mail(std::string_view where) {
  return "SELECT key, person, message_id, conversation, subject, refs, thread, digest, outgoing, time "
         "FROM mails WHERE " +
         std::string(where);
}

MailRow row_of(const Statement::Row& row) {
  MailRow mail;
  mail.key = row.number(0);
  mail.person = PersonId(row.text(1));
  mail.message_id = row.text(2);
  mail.conversation = row.text(3);
  mail.subject = row.text(4);
  mail.references = row.text(5);
  mail.thread = row.text(6);
  mail.digest = row.text(7);
  mail.outgoing = row.number(8) != 0;
  mail.time = decltype(mail.time)(std::chrono::milliseconds(row.number(9)));
  return mail;
}

constexpr std::size_t max_bytes = 1'000'000'000;  // SQLite's own limit of a value

}  // namespace

struct MailsTable::Statements {
  explicit Statements(Store::Impl& store)
      : put_body(store, "INSERT INTO mail_bodies(bytes) VALUES(zeroblob(?))"),
        put(store,
            "INSERT INTO mails(network, person, message_id, conversation, subject, refs, thread, digest, "
            "outgoing, time, body) VALUES(?,?,?,?,?,?,?,?,?,?,?)"),
        body(store, "SELECT body FROM mails WHERE key=? AND network=? AND body IS NOT NULL"),
        get(store, select_mail("key=? AND network=?").c_str()),
        find(store, select_mail("message_id=? AND person=? AND network=? ORDER BY key DESC LIMIT 1").c_str()),
        by_digest(store,
                  select_mail("digest=? AND person=? AND network=? ORDER BY key DESC LIMIT 1").c_str()),
        last(store,
             select_mail("conversation=? AND person=? AND network=? ORDER BY key DESC LIMIT 1").c_str()),
        last_incoming(store, select_mail("conversation=? AND person=? AND network=? AND outgoing=0 "
                                         "ORDER BY key DESC LIMIT 1")
                                 .c_str()),
        last_of_thread(store,
                       select_mail("thread=? AND conversation=? AND person=? AND network=? AND thread<>'' "
                                   "ORDER BY key DESC LIMIT 1")
                           .c_str()),
        of(store, "SELECT key FROM mails WHERE person=? AND network=? AND key>? ORDER BY key LIMIT ?"),
        newest(store, "SELECT coalesce(max(key), 0) FROM mails WHERE person=? AND network=?"),
        held(store,
             "SELECT count(*), coalesce(sum(length(bytes)), 0) FROM mails JOIN mail_bodies ON "
             "mail_bodies.key=mails.body WHERE person=? AND network=?"),
        old_of(store,
               "SELECT key, body FROM mails WHERE person=? AND network=? AND body IS NOT NULL AND time<? AND "
               "NOT EXISTS (SELECT 1 FROM mail_queue WHERE mail=mails.key) ORDER BY mails.key LIMIT ?"),
        erase(store, "DELETE FROM mails WHERE key=? AND network=?"),
        erase_body(store,
                   "DELETE FROM mail_bodies WHERE key=?1 AND NOT EXISTS (SELECT 1 FROM mails WHERE body=?1)"),
        old_bodies(
            store,
            "SELECT key, body FROM mails WHERE network=? AND (body IS NULL)=0 AND time<? AND NOT EXISTS "
            "(SELECT 1 FROM mail_queue WHERE mail=mails.key) LIMIT ?"),
        old_rows(
            store,
            "SELECT key, body FROM mails WHERE network=? AND (body IS NULL) IN (0, 1) AND time<? AND NOT "
            "EXISTS (SELECT 1 FROM mail_queue WHERE mail=mails.key) LIMIT ?"),
        forget(store, "UPDATE mails SET body=NULL WHERE key=? AND network=?") {}
  Statement put_body, put, body, get, find, by_digest, last, last_incoming, last_of_thread, of, newest, held,
      old_of, erase, erase_body, old_bodies, old_rows, forget;

  template <class... Args>
  static std::optional<MailRow> one(Statement& statement, const Args&... args) {
    std::optional<MailRow> found;
    statement.read([&](const Statement::Row& row) { found = row_of(row); }, args...);
    return found;
  }

  std::optional<std::int64_t> body_of(const NetworkId& network, MailKey key) {
    std::optional<std::int64_t> found;
    body.read([&](const Statement::Row& row) { found = row.number(0); }, key, network.value());
    return found;
  }

  std::optional<std::int64_t> keep(Store::Impl& store, std::string_view bytes) {
    if (put_body.change(static_cast<std::int64_t>(bytes.size())).value_or(0) == 0) return {};
    const auto key = sqlite3_last_insert_rowid(store.handle());
    const BodyHandle body_bytes(store.handle(), key, true);
    const int result = body_bytes.result() == SQLITE_OK ? body_bytes.write(bytes) : body_bytes.result();
    if (result == SQLITE_OK) return key;
    store.write_failed(result);
    return {};
  }

  struct Old {
    MailKey key;
    std::optional<std::int64_t> body;
  };
  static std::vector<Old> all(Statement& statement, const NetworkId& network, std::int64_t before,
                              std::size_t at_most) {
    std::vector<Old> found;
    statement.read(
        [&](const Statement::Row& row) {
          found.push_back({row.number(0), row.is_null(1) ? std::nullopt : std::optional(row.number(1))});
        },
        network.value(), before, static_cast<std::int64_t>(at_most));
    return found;
  }
};

MailsTable::MailsTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
MailsTable::~MailsTable() = default;

MailKey MailsTable::put(const NetworkId& network, const MailRow& row, std::string_view bytes,
                        MailKey same_as) {
  if (bytes.size() > max_bytes) return 0;
  MailKey key = 0;
  const bool kept = store_.atomically([&] {
    const auto body = same_as != 0 ? sql_->body_of(network, same_as) : sql_->keep(store_, bytes);
    if (!body) return false;
    const auto changed =
        sql_->put.change(network.value(), row.person.value(), row.message_id, row.conversation, row.subject,
                         row.references, row.thread, row.digest, std::int64_t{row.outgoing ? 1 : 0},
                         std::int64_t{row.time.time_since_epoch().count()}, *body);
    if (changed.value_or(0) == 0) return false;
    key = sqlite3_last_insert_rowid(store_.handle());
    return true;
  });
  return kept ? key : 0;
}

std::optional<MailRow> MailsTable::get(const NetworkId& network, MailKey key) {
  return Statements::one(sql_->get, key, network.value());
}

std::optional<MailRow> MailsTable::find(const NetworkId& network, const PersonId& person,
                                        std::string_view message_id) {
  return Statements::one(sql_->find, message_id, person.value(), network.value());
}

std::optional<MailRow> MailsTable::by_digest(const NetworkId& network, const PersonId& person,
                                             std::string_view digest) {
  return Statements::one(sql_->by_digest, digest, person.value(), network.value());
}

std::optional<MailRow> MailsTable::last(const NetworkId& network, const PersonId& person,
                                        std::string_view conversation) {
  return Statements::one(sql_->last, conversation, person.value(), network.value());
}

std::optional<MailRow> MailsTable::last_incoming(const NetworkId& network, const PersonId& person,
                                                 std::string_view conversation) {
  return Statements::one(sql_->last_incoming, conversation, person.value(), network.value());
}

std::optional<MailRow> MailsTable::last_of_thread(const NetworkId& network, const PersonId& person,
                                                  std::string_view conversation, std::string_view thread) {
  return Statements::one(sql_->last_of_thread, thread, conversation, person.value(), network.value());
}

std::vector<MailKey> MailsTable::of(const NetworkId& network, const PersonId& person, std::size_t at_most,
                                    MailKey after) {
  std::vector<MailKey> keys;
  sql_->of.read([&](const Statement::Row& row) { keys.push_back(row.number(0)); }, person.value(),
                network.value(), after, static_cast<std::int64_t>(at_most));
  return keys;
}

MailKey MailsTable::newest(const NetworkId& network, const PersonId& person) {
  MailKey key = 0;
  sql_->newest.read([&](const Statement::Row& row) { key = row.number(0); }, person.value(), network.value());
  return key;
}

MailsTable::Held MailsTable::held(const NetworkId& network, const PersonId& person) {
  Held all;
  sql_->held.read(
      [&](const Statement::Row& row) {
        all = {static_cast<std::uint64_t>(row.number(0)), static_cast<std::uint64_t>(row.number(1))};
      },
      person.value(), network.value());
  return all;
}

std::size_t MailsTable::forget_bytes(const NetworkId& network, const PersonId& person,
                                     std::chrono::sys_time<std::chrono::milliseconds> before,
                                     std::size_t at_most) {
  std::size_t count = 0;
  const bool kept = store_.atomically([&] {
    std::vector<Statements::Old> old;
    sql_->old_of.read(
        [&](const Statement::Row& row) {
          old.push_back({row.number(0), row.is_null(1) ? std::nullopt : std::optional(row.number(1))});
        },
        person.value(), network.value(), std::int64_t{before.time_since_epoch().count()},
        static_cast<std::int64_t>(at_most));
    for (const auto& [key, body] : old) {
      if (!sql_->forget.change(key, network.value())) return false;
      if (body && !sql_->erase_body.change(*body)) return false;
      ++count;
    }
    return true;
  });
  return kept ? count : 0;
}

std::optional<std::string> MailsTable::bytes(const NetworkId& network, MailKey key) {
  const auto body = sql_->body_of(network, key);
  if (!body) return {};
  const BodyHandle handle(store_.handle(), *body, false);
  int result = handle.result();
  std::string bytes;
  if (result == SQLITE_OK) {
    bytes.resize(handle.size());
    result = handle.read(bytes);
  }
  if (result == SQLITE_OK) return bytes;
  store_.failed(result);
  return {};
}

bool MailsTable::erase(const NetworkId& network, MailKey key) {
  return store_.atomically([&] {
    const auto body = sql_->body_of(network, key);
    if (sql_->erase.change(key, network.value()).value_or(0) == 0) return false;
    return !body || sql_->erase_body.change(*body).has_value();
  });
}

std::size_t MailsTable::prune(const NetworkId& network,
                              std::chrono::sys_time<std::chrono::milliseconds> bytes_before,
                              std::chrono::sys_time<std::chrono::milliseconds> rows_before,
                              std::size_t at_most) {
  std::size_t count = 0;
  const bool kept = store_.atomically([&] {
    const auto prune = [&](Statement& old, Statement& how, std::int64_t before) {
      for (const auto& [key, body] : Statements::all(old, network, before, at_most)) {
        if (!how.change(key, network.value())) return false;
        if (body && !sql_->erase_body.change(*body)) return false;
        ++count;
      }
      return true;
    };
    return prune(sql_->old_rows, sql_->erase, rows_before.time_since_epoch().count()) &&
           prune(sql_->old_bodies, sql_->forget, bytes_before.time_since_epoch().count());
  });
  return kept ? count : 0;
}

}  // namespace dragoman
