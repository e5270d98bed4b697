#include "bridges/email/sent_copies.hpp"

#include <charconv>

#include <spdlog/spdlog.h>

#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr const char* copy_note = "sent copy";
constexpr auto settle_time = 5s;  // some servers put a copy there by themselves
constexpr auto copy_again_after = 10min;
constexpr unsigned most_bad_visits = 12;
constexpr std::size_t most_a_visit = 50;

std::string key_of_copy(const PersonId& person, MailKey mail) {
  return person.value() + " " + std::to_string(mail);
}

}  // namespace

void SentCopies::add(const PersonId& person, MailKey mail) {
  hub_.store.notes().put(hub_.network, copy_note, key_of_copy(person, mail), {});
  soon(person, settle_time);
}

void SentCopies::resume(const PersonId& person) {
  if (!hub_.store.notes().all(hub_.network, copy_note, person.value() + " ").empty())
    soon(person, settle_time);
}

void SentCopies::forget(const PersonId& person) {
  at_work_.erase(person);
  for (const auto& [key, value] : hub_.store.notes().all(hub_.network, copy_note, person.value() + " "))
    hub_.store.notes().erase(hub_.network, copy_note, key);
}

void SentCopies::soon(const PersonId& person, std::chrono::milliseconds delay) {
  AtWork& work = at_work_.try_emplace(person, hub_.loop).first->second;
  if (work.visit || work.timer.pending()) return;
  work.timer.after(delay, [this, person] { go(person); });
}

void SentCopies::go(const PersonId& person) {
  const auto account = hub_.accounts.load(person);
  std::vector<SentMail> mails;
  const std::string prefix = person.value() + " ";
  for (const auto& [key, value] : hub_.store.notes().all(hub_.network, copy_note, prefix)) {
    MailKey mail = 0;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), mail);
    const auto row = hub_.store.mails().get(hub_.network, mail);
    auto bytes = row ? hub_.store.mails().bytes(hub_.network, mail) : std::nullopt;
    if (!bytes) {
      hub_.store.notes().erase(hub_.network, copy_note, key);
      continue;
    }
    if (mails.size() < most_a_visit)
      mails.push_back({mail, row->message_id, std::make_shared<const std::string>(std::move(*bytes))});
  }
  if (!account || mails.empty()) return;
  at_work_.at(person).visit = std::make_unique<SentVisit>(
      hub_.loop, *account, hub_.is_public_only(account->imap.host), context_(), std::move(mails),
      [this, person](std::int64_t mail) {
        hub_.store.notes().erase(hub_.network, copy_note, key_of_copy(person, mail));
      },
      [this, person](const std::string& trouble) { on_done(person, trouble); });
}

void SentCopies::on_done(const PersonId& person, const std::string& trouble) {
  AtWork& work = at_work_.at(person);
  work.visit.reset();
  if (trouble.empty()) {
    work.failures = 0;
    return resume(person);
  }
  spdlog::info("{}: no copy in the Sent folder of {}: {}", hub_.network.value(), person.value(), trouble);
  if (++work.failures < most_bad_visits) return soon(person, copy_again_after);
  forget(person);
}

}  // namespace dragoman::email
