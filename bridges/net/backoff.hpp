// When to try again. Pure: time and chance are given.
#pragma once

#include <chrono>
#include <cstdint>

namespace dragoman::net {

// Exponential, with jitter: the n-th delay lies between half of min(first * 2^n, most) and all of it, so that
// those who were lost together do not come back together.
class Backoff {
 public:
  using Delay = std::chrono::milliseconds;
  Backoff(Delay first, Delay most) : first_(first), most_(most) {}

  Delay next(std::uint32_t random);  // any 32 bits
  void reset() { attempts_ = 0; }
  std::uint32_t attempts() const { return attempts_; }

 private:
  Delay first_, most_;
  std::uint32_t attempts_ = 0;
};

// Hands out moments that lie at least `spacing` apart, so that many sessions do not knock at one server at
// once.
class Spacing {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Spacing(std::chrono::milliseconds spacing) : spacing_(spacing) {}
  // The first free moment at or after `wanted`; it is taken then.
  Clock::time_point reserve(Clock::time_point wanted);

 private:
  std::chrono::milliseconds spacing_;
  Clock::time_point next_{};
};

// Lets `burst` through at once and one more each `interval` (a token bucket). A burst of none: everything,
// always.
class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;
  TokenBucket(std::uint32_t burst, std::chrono::milliseconds interval) : burst_(burst), interval_(interval) {}

  // False: not yet. `kept`: how many must be left for others, less than `burst`.
  bool take(Clock::time_point now, std::uint32_t kept = 0);
  // Until the n-th take() from now would succeed; zero: it would now.
  Clock::duration wait(Clock::time_point now, std::uint32_t kept = 0, std::uint32_t nth = 1) const;
  std::uint32_t burst() const { return burst_; }
  bool unlimited() const { return burst_ == 0; }

 private:
  std::uint32_t burst_;
  std::chrono::milliseconds interval_;
  // The moment at which the bucket is full again: one number tells all (the generic cell rate algorithm).
  Clock::time_point full_at_{};
};

}  // namespace dragoman::net
