#include "mapping/mail_queue_table.hpp"

#include <sqlite3.h>

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {
namespace {

std::int64_t number(QueuedMail::Time time) { return time.time_since_epoch().count(); }
QueuedMail::Time moment(std::int64_t number) { return QueuedMail::Time(std::chrono::milliseconds(number)); }

std::string select_waiting(std::string_view where) {
  return "SELECT key, person, mail, envelope_from, recipient, about, taken, due, attempts, late_told, "
         "last_words, route FROM mail_queue WHERE " +
         std::string(where);
}

QueuedMail mail_of(const Statement::Row& row) {
  QueuedMail mail;
  mail.key = row.number(0);
  mail.person = PersonId(row.text(1));
  mail.mail = row.number(2);
  mail.envelope_from = row.text(3);
  mail.recipient = row.text(4);
  mail.about = row.text(5);
  mail.taken = moment(row.number(6));
  mail.due = moment(row.number(7));
  mail.attempts = static_cast<std::uint32_t>(row.number(8));
  mail.late_told = row.number(9) != 0;
  mail.last_words = row.text(10);
  mail.route = row.text(11);
  return mail;
}

}  // namespace

struct MailQueueTable::Statements {
  explicit Statements(Store::Impl& store)
      : put(store,
            "INSERT INTO mail_queue(network, person, mail, envelope_from, recipient, about, taken, due, "
            "attempts, late_told, last_words, route) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)"),
        update(
            store,
            "UPDATE mail_queue SET due=?, attempts=?, late_told=?, last_words=? WHERE key=? AND network=?"),
        done(store, "DELETE FROM mail_queue WHERE key=? AND network=?"),
        get(store, select_waiting("key=? AND network=?").c_str()),
        due(store, select_waiting("network=? AND due<=? ORDER BY due, key LIMIT ?").c_str()),
        next_due(store, "SELECT due FROM mail_queue WHERE network=? AND due>? ORDER BY due LIMIT 1"),
        of(store, select_waiting("person=? AND network=? ORDER BY key").c_str()),
        count(store, "SELECT count(*) FROM mail_queue WHERE person=? AND network=?") {}
  Statement put, update, done, get, due, next_due, of, count;
};

MailQueueTable::MailQueueTable(Store::Impl& store)
    : store_(store), sql_(std::make_unique<Statements>(store)) {}
MailQueueTable::~MailQueueTable() = default;

std::int64_t MailQueueTable::put(const NetworkId& network, const QueuedMail& mail) {
  std::int64_t key = 0;
  // Else the owner might write a row of its own between the change and the look at its key.
  const bool kept = store_.atomically([&] {
    const auto changed = sql_->put.change(network.value(), mail.person.value(), mail.mail, mail.envelope_from,
                                          mail.recipient, mail.about, number(mail.taken), number(mail.due),
                                          static_cast<std::int64_t>(mail.attempts),
                                          std::int64_t{mail.late_told ? 1 : 0}, mail.last_words, mail.route);
    if (changed.value_or(0) == 0) return false;
    key = sqlite3_last_insert_rowid(store_.handle());
    return true;
  });
  return kept ? key : 0;
}

bool MailQueueTable::update(const NetworkId& network, const QueuedMail& mail) {
  return sql_->update
             .change(number(mail.due), static_cast<std::int64_t>(mail.attempts),
                     std::int64_t{mail.late_told ? 1 : 0}, mail.last_words, mail.key, network.value())
             .value_or(0) > 0;
}

bool MailQueueTable::done(const NetworkId& network, std::int64_t key) {
  return sql_->done.change(key, network.value()).value_or(0) > 0;
}

std::optional<QueuedMail> MailQueueTable::get(const NetworkId& network, std::int64_t key) {
  std::optional<QueuedMail> found;
  sql_->get.read([&](const Statement::Row& row) { found = mail_of(row); }, key, network.value());
  return found;
}

std::vector<QueuedMail> MailQueueTable::due(const NetworkId& network, QueuedMail::Time until,
                                            std::size_t at_most) {
  std::vector<QueuedMail> found;
  sql_->due.read([&](const Statement::Row& row) { found.push_back(mail_of(row)); }, network.value(),
                 number(until), static_cast<std::int64_t>(at_most));
  return found;
}

std::optional<QueuedMail::Time> MailQueueTable::next_due(const NetworkId& network, QueuedMail::Time after) {
  std::optional<QueuedMail::Time> found;
  sql_->next_due.read([&](const Statement::Row& row) { found = moment(row.number(0)); }, network.value(),
                      number(after));
  return found;
}

std::vector<QueuedMail> MailQueueTable::of(const NetworkId& network, const PersonId& person) {
  std::vector<QueuedMail> found;
  sql_->of.read([&](const Statement::Row& row) { found.push_back(mail_of(row)); }, person.value(),
                network.value());
  return found;
}

std::size_t MailQueueTable::count(const NetworkId& network, const PersonId& person) {
  std::size_t found = 0;
  sql_->count.read([&](const Statement::Row& row) { found = static_cast<std::size_t>(row.number(0)); },
                   person.value(), network.value());
  return found;
}

}  // namespace dragoman
