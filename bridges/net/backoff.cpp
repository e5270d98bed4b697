#include "bridges/net/backoff.hpp"

#include <algorithm>

namespace dragoman::net {

Backoff::Delay Backoff::next(std::uint32_t random) {
  Delay full = most_;
  // Beyond 2^20 times the first delay any sensible `most` is reached: no overflow.
  if (attempts_ < 20) full = std::min(most_, first_ * (std::int64_t{1} << attempts_));
  ++attempts_;
  auto half = full.count() / 2;
  return Delay(full.count() - half +
               static_cast<std::int64_t>((static_cast<std::uint64_t>(half) * random) >> 32));
}

Spacing::Clock::time_point Spacing::reserve(Clock::time_point wanted) {
  auto given = std::max(wanted, next_);
  next_ = given + spacing_;
  return given;
}

bool TokenBucket::take(Clock::time_point now, std::uint32_t kept) {
  if (burst_ == 0) return true;
  if (wait(now, kept) > Clock::duration::zero()) return false;
  full_at_ = std::max(full_at_, now) + interval_;
  return true;
}

TokenBucket::Clock::duration TokenBucket::wait(Clock::time_point now, std::uint32_t kept,
                                               std::uint32_t nth) const {
  if (burst_ == 0) return Clock::duration::zero();
  auto full = std::max(full_at_, now) + interval_ * (nth - 1);
  auto earliest = full - interval_ * (burst_ - 1 - kept);
  return earliest > now ? earliest - now : Clock::duration::zero();
}

}  // namespace dragoman::net
