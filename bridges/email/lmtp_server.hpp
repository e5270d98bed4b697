// The sockets of LMTP: a Unix socket or TCP. The mails of all connections that came in one round are synced
// to the disk at once, then answered.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bridges/email/lmtp.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

class LmtpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";  // or "unix:/path"
    std::uint16_t port = 0;             // 0: any that is free
    std::size_t max_connections = 100;
    std::size_t memory = 200'000'000;  // bytes of mails that are being received, together: more wait
    std::chrono::milliseconds idle{300'000};
    LmtpLimits limits;
  };
  // The handler outlives it.
  LmtpServer(boost::asio::io_context& loop, Options options, LmtpHandler& handler);
  LmtpServer(const LmtpServer&) = delete;
  LmtpServer& operator=(const LmtpServer&) = delete;
  ~LmtpServer();

  const std::string& trouble() const;  // why it does not listen; empty: it does
  std::uint16_t port() const;
  void hold(bool held);  // while held nothing is read
  // 421 to all, once what was taken is answered; then `done`.
  void stop(std::function<void()> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
