// The lines that wait for their turn to a server: a token bucket so that no server takes us for a flood, and
// a bound so that nothing grows for ever.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>

#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::irc {

class SendQueue {
 public:
  // `send` writes a line (without CR LF); `sent` is called with the number that push() was given, after the
  // write.
  SendQueue(boost::asio::io_context& loop, std::function<bool(const std::string&)> send,
            std::function<void(std::uint64_t)> sent);

  void configure(int throttle_limit, std::size_t most);  // negative: no throttle
  // False, and nothing taken, when it is full. `number` 0: nobody waits for the write.
  bool push(std::string line, std::uint64_t number = 0);
  // For what nobody waits for: leaves only while what people say could still leave at once. Dropped when too
  // much of it waits.
  void push_later(std::string line);
  void drop_later(const std::string& line) { std::erase(later_, line); }
  // How long a line that was just pushed waits.
  net::TokenBucket::Clock::duration delay() const;
  bool has_room(std::size_t lines) const { return waiting_.size() + lines <= most_; }
  std::size_t size() const { return waiting_.size(); }
  void clear();

 private:
  void pump();

  struct Item {
    std::string line;
    std::uint64_t number;
  };
  net::TokenBucket bucket_{10, std::chrono::seconds(1)};
  std::size_t most_ = 1000;
  std::deque<Item> waiting_;
  std::deque<std::string> later_;
  std::function<bool(const std::string&)> send_;
  std::function<void(std::uint64_t)> sent_;
  net::Timer timer_;
};

}  // namespace dragoman::irc
