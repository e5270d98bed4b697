#include "tests/unit/matrix_session/virtual_time.hpp"

#include <atomic>
#include <ctime>

#include <boost/asio/steady_timer.hpp>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<std::time_t> put_forward{0};  // seconds

}  // namespace

// Instead of the C library's, for the libraries too: they look the name up in the executable first.
extern "C" int clock_gettime(clockid_t clock, timespec* now) noexcept {
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (result == 0 && (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME)) now->tv_sec += put_forward;
  return result;
}

namespace dragoman::matrix::test {

using namespace std::chrono_literals;

void VirtualTime::settle() {
  // The kernel wakes Asio in real time. A timer that was due before all others makes it look at all of them.
  boost::asio::steady_timer look(loop_, boost::asio::steady_timer::time_point{});
  bool looked = false;
  look.async_wait([&looked](const boost::system::error_code&) { looked = true; });
  std::size_t done = 0;
  do {
    loop_.restart();
    done = looked ? loop_.poll() : loop_.run_one();
  } while (done > 0);
}

void VirtualTime::pass(std::chrono::seconds time) {
  pass_until([] { return false; }, time);
}

bool VirtualTime::pass_until(const std::function<bool()>& done, std::chrono::seconds most) {
  settle();
  for (auto passed = 0s; !done(); passed += 1s) {
    if (passed >= most) return false;
    put_forward += 1;
    settle();
  }
  return true;
}

}  // namespace dragoman::matrix::test
