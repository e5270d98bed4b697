// One connection of an HTTP server: requests are read one after the other, each is answered before the next
// is looked at (RFC 9112, 9.3.2), so pipelined ones are answered in their order.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "bridges/net/http_server.hpp"

namespace dragoman::net {

class Reply;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  // What the server lends to its connections; they may outlive it by a turn of the loop.
  struct Shared {
    HttpServer::Options options;
    HttpServer::Handler handler;
    std::function<void(Connection*)> closed;
    std::string date;  // of this second, as a header has it
    bool stopped = false;
  };

  Connection(boost::asio::ip::tcp::socket&& socket, std::shared_ptr<Shared> shared);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  void stop();            // at once, without a word to anybody
  void refuse();          // there are too many connections
  void check_deadline();  // called every now and then
  bool idle() const { return state_ == State::idle; }
  Clock::time_point deadline() const { return deadline_; }

 private:
  friend class Reply;
  enum class State { idle, reading, answering, lingering, closed };

  void read();
  void feed();
  void header_done();
  void bad_request(const boost::system::error_code& error);
  void refuse(int status, std::string_view errcode, std::string_view words);
  void dispatch();
  void watch_for_end();
  void append(std::string_view bytes) { out_.append(bytes); }
  void flush();
  void write_some();
  void written();
  void answered(bool keep);  // all of the answer is in `out_`
  void linger();
  void lost();
  std::size_t queued() const { return out_.size() + flying_.size() - flown_; }
  void set_deadline(std::chrono::milliseconds from_now) { deadline_ = Clock::now() + from_now; }

  boost::asio::ip::tcp::socket socket_;
  std::shared_ptr<Shared> shared_;
  State state_ = State::idle;
  Clock::time_point deadline_;
  std::string remote_;
  boost::beast::flat_buffer in_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  bool reading_ = false;
  bool header_seen_ = false;
  std::weak_ptr<Reply> reply_;
  std::uint64_t round_ = 0;  // counts requests
  bool answer_whole_ = false, keep_ = false;
  bool waits_for_drain_ = false;
  bool writing_ = false;
  std::string out_, flying_;  // what is to be written, and what is being written
  std::size_t flown_ = 0;
};

}  // namespace dragoman::net
