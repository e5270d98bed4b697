#include "bridges/email/mailbox_progress.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto clocks_differ = 10min;  // between the mail server and us
constexpr std::size_t most_at_once = 1000;
constexpr std::uint32_t most_failures = 3;  // at one mail, until it is passed by

// RFC 3501 9: "1-Feb-1994".
std::string imap_date(Time time) {
  static constexpr std::array<const char*, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return std::to_string(static_cast<unsigned>(date.day())) + '-' +
         names[static_cast<unsigned>(date.month()) - 1] + '-' + std::to_string(static_cast<int>(date.year()));
}

}  // namespace

bool MailboxProgress::opened() {
  anew_ = !is_first_look() && mark_.validity != validity_;
  return validity_ != 0;
}

void MailboxProgress::closed() {
  validity_ = next_uid_ = 0;
  found_.clear();
}

MailboxMark MailboxProgress::begin(Time now) {
  mark_.validity = validity_;
  mark_.last = next_uid_ > 0 ? next_uid_ - 1 : found_.empty() ? 0 : *found_.rbegin();
  mark_.looked = now;
  found_.clear();
  return mark_;
}

std::string MailboxProgress::search() const {
  // Whole days, in the server's own time.
  Time since = mark_.since;
  if (anew_) since = std::max(since, mark_.looked);
  return "UID " + std::to_string(first()) + ":* SINCE " + imap_date(since - 24h);
}

std::optional<MailboxMark> MailboxProgress::sift(Time now) {
  // "9:*" is also the last one there is, whatever its number.
  found_.erase(found_.begin(), found_.lower_bound(first()));
  while (found_.size() > most_at_once && anew_) found_.erase(found_.begin());
  if (!anew_ || !found_.empty()) return {};
  anew_ = false;
  return begin(now);
}

bool MailboxProgress::is_old(const ImapMessage& message) const {
  return message.arrived && *message.arrived < mark_.since - clocks_differ;
}

MailboxMark MailboxProgress::after_next(Time now) const {
  // Until all were looked at the old numbers say more.
  if (anew_ && found_.size() > 1) return mark_;
  return {validity_, next(), mark_.since, now};
}

void MailboxProgress::pass(const MailboxMark& then) {
  mark_ = then;
  found_.erase(found_.begin());
  if (found_.empty()) anew_ = false;
}

void MailboxProgress::broke() {
  failures_ = hard_ == next() ? failures_ + 1 : 1;
  hard_ = next();
}

bool MailboxProgress::is_hopeless() const { return next() == hard_ && failures_ >= most_failures; }

}  // namespace dragoman::email
