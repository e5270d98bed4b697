// One timer of the loop, with no Asio in sight.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

// Calls back from the loop, never from within a call to it. Destroying or cancelling it ends what was asked
// for; the callback may do either.
class Timer {
 public:
  explicit Timer(boost::asio::io_context& loop);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer();

  void after(std::chrono::milliseconds delay, std::function<void()> callback);  // replaces what was pending
  void cancel();
  bool pending() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Runs something from the loop, soon, after what runs now.
void post(boost::asio::io_context& loop, std::function<void()> what);

}  // namespace dragoman::net
