#include "bridges/irc/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace dragoman::irc {

SendQueue::SendQueue(boost::asio::io_context& loop, std::function<bool(const std::string&)> send,
                     std::function<void(std::uint64_t)> sent)
    : send_(std::move(send)), sent_(std::move(sent)), timer_(loop) {}

void SendQueue::configure(int throttle_limit, std::size_t most) {
  // Zero lines at once would never send anything: one it is.
  auto burst = throttle_limit < 0 ? 0U : static_cast<std::uint32_t>(std::max(throttle_limit, 1));
  bucket_ = net::TokenBucket(burst, std::chrono::seconds(1));
  most_ = most;
}

bool SendQueue::push(std::string line, std::uint64_t number) {
  if (waiting_.empty() && (bucket_.unlimited() || bucket_.take(net::TokenBucket::Clock::now()))) {
    if (!send_(line)) return false;
    if (number) sent_(number);
    return true;
  }
  if (waiting_.size() >= most_) return false;
  waiting_.push_back({std::move(line), number});
  if (!timer_.pending()) pump();
  return true;
}

void SendQueue::push_later(std::string line) {
  if (line.empty() || later_.size() >= most_) return;
  later_.push_back(std::move(line));
  if (!timer_.pending()) pump();
}

net::TokenBucket::Clock::duration SendQueue::delay() const {
  if (waiting_.empty()) return {};
  return bucket_.wait(net::TokenBucket::Clock::now(), 0, static_cast<std::uint32_t>(waiting_.size()));
}

void SendQueue::clear() {
  waiting_.clear();
  later_.clear();
  timer_.cancel();
}

void SendQueue::pump() {
  while (!waiting_.empty() && bucket_.take(net::TokenBucket::Clock::now())) {
    if (!send_(waiting_.front().line)) break;  // the connection's own queue is full: later
    auto item = std::move(waiting_.front());
    waiting_.pop_front();
    if (item.number) sent_(item.number);
  }
  auto kept = bucket_.burst() / 2;
  while (waiting_.empty() && !later_.empty() && bucket_.take(net::TokenBucket::Clock::now(), kept)) {
    if (!send_(later_.front())) break;
    later_.pop_front();
  }
  if (waiting_.empty() && later_.empty()) return;
  auto wait = std::chrono::ceil<std::chrono::milliseconds>(
      bucket_.wait(net::TokenBucket::Clock::now(), waiting_.empty() ? kept : 0));
  timer_.after(std::max(wait, std::chrono::milliseconds(10)), [this] { pump(); });
}

}  // namespace dragoman::irc
