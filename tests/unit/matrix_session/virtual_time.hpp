// Time that a test makes pass: the loop's timers and libcurl's time limits run out at once, in their order.
#pragma once

#include <chrono>
#include <functional>

#include <boost/asio/io_context.hpp>

namespace dragoman::matrix::test {

// The clocks of this executable (clock_gettime, which std::chrono, Asio and libcurl read alike) go as ever,
// and are put forward by what has passed here. They are never put back.
class VirtualTime {
 public:
  explicit VirtualTime(boost::asio::io_context& loop) : loop_(loop) {}

  // A second at a time: between two of them all that is ready is done.
  void pass(std::chrono::seconds time);
  // The same until it is so; false: it is not so after all that time.
  bool pass_until(const std::function<bool()>& done, std::chrono::seconds most);

 private:
  void settle();
  boost::asio::io_context& loop_;
};

}  // namespace dragoman::matrix::test
