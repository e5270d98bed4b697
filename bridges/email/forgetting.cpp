#include "bridges/email/forgetting.hpp"

#include <charconv>

#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view going = "forgetting";  // by person: the newest mail that goes
constexpr std::size_t a_step = 100;
constexpr auto between_steps = 20ms;

}  // namespace

void Forgetting::begin(const PersonId& person) {
  const MailKey newest = hub_.store.mails().newest(hub_.network, person);
  if (newest == 0) return;
  hub_.store.notes().put(hub_.network, going, person.value(), std::to_string(newest));
  step();
}

void Forgetting::resume() { step(); }

void Forgetting::step() {
  auto all = hub_.store.notes().all(hub_.network, going);
  if (all.empty()) return;
  const auto& [person, last] = all.front();
  MailKey newest = 0;
  std::from_chars(last.data(), last.data() + last.size(), newest);
  const auto mails = hub_.store.mails().of(hub_.network, PersonId{person}, a_step);
  bool more = mails.size() == a_step;
  for (const MailKey mail : mails) {
    if (mail > newest) {
      more = false;
      break;
    }
    hub_.store.notes().erase(hub_.network, "sent", std::to_string(mail));
    // On trouble with the disk it is tried again after the next start.
    if (!hub_.store.mails().erase(hub_.network, mail)) return;
  }
  if (!more) hub_.store.notes().erase(hub_.network, going, person);
  if (more || all.size() > 1) timer_.after(between_steps, [this] { step(); });
}

}  // namespace dragoman::email
