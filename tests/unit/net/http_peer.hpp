// The other end of HTTP connections, byte by byte, in the same loop: for what no decent server or client
// does.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

namespace dragoman::net {

template <class Done>
bool run_until(boost::asio::io_context& loop, Done done) {
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

// Takes connections; `on_bytes` is called with each one's bytes so far, and may empty them.
class RawServer {
 public:
  using tcp = boost::asio::ip::tcp;
  struct Connection {
    explicit Connection(tcp::socket&& s) : socket(std::move(s)) {}
    tcp::socket socket;
    std::string got;
    bool closed = false;
    std::array<char, 4096> buffer{};
    void say(std::string_view bytes) {
      boost::system::error_code ignored;
      boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
    }
    void close() {
      boost::system::error_code ignored;
      socket.close(ignored);
    }
    // The bytes of one whole request without a body, taken away; false: not yet.
    bool take_request(std::string& request) {
      auto end = got.find("\r\n\r\n");
      if (end == std::string::npos) return false;
      request = got.substr(0, end + 4);
      got.erase(0, end + 4);
      return true;
    }
  };
  using OnBytes = std::function<void(Connection&)>;

  RawServer(boost::asio::io_context& loop, OnBytes on_bytes)
      : on_bytes_(std::move(on_bytes)),
        acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {
    accept();
  }
  std::string url(const std::string& path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::vector<std::shared_ptr<Connection>> connections;

 private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      connections.push_back(std::make_shared<Connection>(std::move(socket)));
      read(connections.back());
      accept();
    });
  }
  void read(const std::shared_ptr<Connection>& from) {
    from->socket.async_read_some(boost::asio::buffer(from->buffer),
                                 [this, from](const boost::system::error_code& error, std::size_t size) {
                                   if (error) {
                                     from->closed = true;
                                     return;
                                   }
                                   from->got.append(from->buffer.data(), size);
                                   on_bytes_(*from);
                                   if (from->socket.is_open()) read(from);
                                 });
  }

  OnBytes on_bytes_;
  tcp::acceptor acceptor_;
};

}  // namespace dragoman::net
