// The XEP-0114 socket of one component domain: handshake, reconnection with backoff and jitter, a bounded
// write queue with back-pressure. It connects until it is stopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "component/stanza.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman {

class Stream {
 public:
  struct Options {
    std::string host;
    std::uint16_t port = 5347;
    std::string domain;
    std::string secret;
    std::size_t max_stanza_bytes = 1 << 20;
    std::size_t high_water = 4 << 20;  // bytes waiting: on_pressure(true)
    std::size_t low_water = 1 << 20;   // on_pressure(false)
  };
  struct Handlers {
    std::function<void(Stanza&&)> on_stanza;
    std::function<void()> on_up;            // the handshake was accepted
    std::function<void()> on_down;          // the link is lost, what was not written is lost with it
    std::function<void(bool)> on_pressure;  // the queue is over, then again under its marks
    std::function<void(const std::string&)>
        on_refused;                           // wrong secret, unknown host, conflict: words for an admin
    std::function<void()> before_write = {};  // what is queued is about to leave
    std::function<void(std::uint64_t)> on_written = {};  // so many bytes have left, since ever
  };
  Stream(boost::asio::io_context& loop, Options options, Handlers handlers);
  ~Stream();

  void start();
  // Queues a whole stanza. Dropped, answering false, while the link is down.
  bool send(std::string_view stanza);
  bool up() const;
  void set_door(std::string host, std::uint16_t port, std::string secret);  // from the next connection on
  std::size_t queued() const;                                               // bytes
  std::uint64_t sent() const;  // those that have left, and those that are queued
  // Writes what is queued, closes the stream; `done` once, within two seconds.
  void stop(std::function<void()> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman
