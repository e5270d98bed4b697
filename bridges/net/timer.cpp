#include "bridges/net/timer.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace dragoman::net {

struct Timer::Impl : std::enable_shared_from_this<Timer::Impl> {
  explicit Impl(boost::asio::io_context& loop) : timer(loop) {}

  boost::asio::steady_timer timer;
  std::function<void()> callback;
  // A wait that completed before cancel() came is still in the loop's queue: the number tells it that it is
  // stale.
  std::uint64_t round = 0;

  void start(std::chrono::milliseconds delay) {
    timer.expires_after(delay);
    timer.async_wait([self = shared_from_this(), mine = ++round](const boost::system::error_code& error) {
      if (error || mine != self->round || !self->callback) return;
      auto call = std::exchange(self->callback, nullptr);
      call();
    });
  }
};

Timer::Timer(boost::asio::io_context& loop) : impl_(std::make_shared<Impl>(loop)) {}

Timer::~Timer() { cancel(); }

void Timer::after(std::chrono::milliseconds delay, std::function<void()> callback) {
  impl_->callback = std::move(callback);
  impl_->start(delay);
}

void Timer::cancel() {
  ++impl_->round;
  impl_->callback = nullptr;
  impl_->timer.cancel();
}

bool Timer::pending() const { return impl_->callback != nullptr; }

void post(boost::asio::io_context& loop, std::function<void()> what) {
  boost::asio::post(loop, std::move(what));
}

}  // namespace dragoman::net
