#include "bridges/email/quota.hpp"

#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto counted_for = 10min;  // what was pruned meanwhile is found then
constexpr std::size_t most_counted = 10'000;

}  // namespace

MailsTable::Held Quota::held(const PersonId& person) { return hub_.store.mails().held(hub_.network, person); }

bool Quota::has_room(const PersonId& person, std::uint64_t bytes) {
  if (most() == 0) return true;
  if (counted_.size() >= most_counted && !counted_.contains(person)) counted_.erase(counted_.begin());
  Counted& one = counted_[person];
  if (const Time now = hub_.now(); one.when == Time{} || now - one.when >= counted_for) {
    one.bytes = held(person).bytes;
    one.when = now;
  }
  return one.bytes + bytes <= most();
}

void Quota::taken(const PersonId& person, std::uint64_t bytes) {
  if (const auto found = counted_.find(person); found != counted_.end()) found->second.bytes += bytes;
}

bool Quota::is_news(const PersonId& person) {
  Counted& one = counted_[person];
  const Time now = hub_.now();
  if (one.told != Time{} && now - one.told < 24h) return false;
  one.told = now;
  return true;
}

}  // namespace dragoman::email
