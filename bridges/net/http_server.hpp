// HTTP/1.1 as a server (Beast), for homeservers and for those who fetch a file: bounded in connections,
// header size, body size and time. TLS is a reverse proxy's affair.
//
// All callbacks come from the loop. A request is handed over whole; the answer may be given at once or later,
// and whole or piece by piece. What can't be a request is answered here, in words. Once the server was
// destroyed no callback comes, not even on_closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/net/http_client.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

struct ServedRequest {
  std::string method;
  std::string path;     // as it came, still encoded, without the query
  std::string query;    // as it came, without "?"
  HttpHeaders headers;  // names in lower case
  std::string body;
  std::string remote;  // the peer's address
  const std::string* header(std::string_view lower_case_name) const;
  std::optional<std::string> parameter(std::string_view name) const;  // of the query, decoded
};

// The answer to one request. Kept as long as somebody has something to say; let go without an answer, it is
// 500. Every call is safe after the peer has gone.
class Answer {
 public:
  virtual ~Answer() = default;
  virtual void send(int status, HttpHeaders headers, std::string body) = 0;
  // Piece by piece: begin, write…, end. Without a length: chunked.
  virtual void begin(int status, HttpHeaders headers, std::optional<std::uint64_t> length) = 0;
  // False: much waits to be written; go on after `on_drained`. What was given is taken in any case.
  virtual bool write(std::string_view data) = 0;
  virtual void end() = 0;
  virtual void abort() = 0;  // the connection is cut: what was sent is not whole
  virtual bool open() const = 0;
  std::function<void()> on_drained;
  std::function<void()> on_closed;  // the peer has gone before the end
};

class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any that is free
    std::size_t max_body = 32U << 20;
    std::size_t max_connections = 1000;
    std::chrono::milliseconds timeout{60'000};  // to read a request; of silence while one writes
    std::chrono::milliseconds idle{600'000};    // between requests: longer than those who ask keep theirs
  };
  using Handler = std::function<void(ServedRequest&&, std::shared_ptr<Answer>)>;

  HttpServer(boost::asio::io_context& loop, Options options, Handler handler);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer();

  const std::string& trouble() const;  // why it does not listen; empty: it does
  std::uint16_t port() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::net
