// One connection of the LMTP server: a socket, the talk on it, and its time. LmtpServer alone uses it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>

#include "bridges/email/lmtp_server.hpp"

namespace dragoman::email {

class LmtpConnection : public std::enable_shared_from_this<LmtpConnection> {
 public:
  using Socket = boost::asio::generic::stream_protocol::socket;

  // What all connections of a server have in common, also while the server ends.
  struct Shared {
    LmtpServer::Options options;
    LmtpHandler* handler = nullptr;
    bool stopped = false;                // the server is gone: nobody may be called any more
    bool held = false;                   // nothing is read
    std::size_t memory = 0;              // bytes that all of them hold
    LmtpConnection* favoured = nullptr;  // goes on where there is no memory, so that somebody does
    bool starved = false;                // somebody would read if there were memory
    std::function<void(std::shared_ptr<LmtpConnection>)> waits;  // a mail of it waits for settle()
    std::function<void(LmtpConnection*)> closed;
    std::function<void()> freed;  // there is memory again
  };

  LmtpConnection(Socket&& socket, std::shared_ptr<Shared> shared);

  void start();
  void refuse();  // there are too many
  void settled(bool kept);
  void goodbye(bool shutdown);  // 421 and the end, as soon as no mail waits
  void go_on();                 // after it was held, or there was no memory
  void close();
  void check_deadline(std::chrono::steady_clock::time_point now);

 private:
  void read();
  bool may_read();
  void took();  // the dialogue has taken something
  void finish(std::string_view last_words);
  void write();
  void wrote();
  void count();
  void set_deadline();

  Socket socket_;
  std::shared_ptr<Shared> shared_;
  LmtpDialogue dialogue_;
  std::array<char, std::size_t{16} * 1024> buffer_;
  std::string out_, flying_;
  std::size_t flown_ = 0;
  std::size_t held_ = 0;  // what it has in shared_->memory
  bool reading_ = false, writing_ = false, open_ = true;
  bool leaving_ = false;  // goodbye() came while a mail waited
  bool ending_ = false;   // what is written are the last words
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace dragoman::email
