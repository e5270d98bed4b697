#include "bridges/net/http_server.hpp"

#include <algorithm>
#include <ctime>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bridges/net/http_connection.hpp"
#include "bridges/net/http_text.hpp"

namespace dragoman::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds longest_sweep{1'000}, shortest_sweep{5};
constexpr std::chrono::milliseconds accept_pause{100};

std::string http_date(std::time_t now) {
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

}  // namespace

const std::string* ServedRequest::header(std::string_view lower_case_name) const {
  return find_header(headers, lower_case_name);
}

std::optional<std::string> ServedRequest::parameter(std::string_view name) const {
  std::string_view rest = query;
  while (!rest.empty()) {
    auto pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    auto equals = pair.find('=');
    if (url_decoded(pair.substr(0, equals)) != name) continue;
    if (equals == std::string_view::npos) return std::string();
    std::string value(pair.substr(equals + 1));
    std::replace(value.begin(), value.end(), '+', ' ');
    return url_decoded(value);
  }
  return std::nullopt;
}

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(asio::io_context& io, Options options, Handler handler)
      : loop(io), acceptor(io), sweeper(io), pause(io), shared(std::make_shared<Connection::Shared>()) {
    shared->options = std::move(options);
    shared->handler = std::move(handler);
    shared->closed = [this](Connection* gone) { connections.erase(gone); };
    sweep_every = std::clamp(shared->options.timeout / 4, shortest_sweep, longest_sweep);
  }

  asio::io_context& loop;
  tcp::acceptor acceptor;
  asio::steady_timer sweeper, pause;
  std::shared_ptr<Connection::Shared> shared;
  std::unordered_map<Connection*, std::shared_ptr<Connection>> connections;
  std::chrono::milliseconds sweep_every{};
  bool sweeping = false;
  std::string trouble;
  std::uint16_t port = 0;

  void listen() {
    error_code error;
    auto address = asio::ip::make_address(shared->options.address, error);
    if (error) {
      trouble = shared->options.address + " is no IP address";
      return;
    }
    tcp::endpoint endpoint(address, shared->options.port);
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
    if (error) {
      trouble = shared->options.address + " port " + std::to_string(shared->options.port) +
                " can't be listened on: " + error.message();
      return;
    }
    port = acceptor.local_endpoint(error).port();
    accept();
  }

  void accept() {
    acceptor.async_accept([weak = weak_from_this()](const error_code& error, tcp::socket socket) {
      auto self = weak.lock();
      if (!self || self->shared->stopped || error == asio::error::operation_aborted) return;
      if (error) return self->accept_later();
      self->take(std::move(socket));
      self->accept();
    });
  }

  // No descriptors left, most likely: trying again at once would only burn the processor.
  void accept_later() {
    pause.expires_after(accept_pause);
    pause.async_wait([weak = weak_from_this()](const error_code& error) {
      auto self = weak.lock();
      if (!error && self && !self->shared->stopped) self->accept();
    });
  }

  void take(tcp::socket&& socket) {
    shared->date = http_date(std::time(nullptr));
    bool full = connections.size() >= shared->options.max_connections && !make_room();
    auto connection = std::make_shared<Connection>(std::move(socket), shared);
    connections.emplace(connection.get(), connection);
    if (full) {
      connection->refuse();
    } else {
      connection->start();
    }
    sweep_later();
  }

  // The connection that has been idle for the longest time goes first.
  bool make_room() {
    std::shared_ptr<Connection> oldest;
    for (const auto& [raw, connection] : connections) {
      if (connection->idle() && (!oldest || connection->deadline() < oldest->deadline())) oldest = connection;
    }
    if (oldest) oldest->stop();
    return oldest != nullptr;
  }

  // One timer for all: a request then costs none.
  void sweep_later() {
    if (std::exchange(sweeping, true)) return;
    sweeper.expires_after(sweep_every);
    sweeper.async_wait([weak = weak_from_this()](const error_code& error) {
      auto self = weak.lock();
      if (error || !self) return;
      self->sweeping = false;
      self->sweep();
    });
  }

  void sweep() {
    shared->date = http_date(std::time(nullptr));
    std::vector<std::shared_ptr<Connection>> all;
    all.reserve(connections.size());
    for (const auto& [raw, connection] : connections) all.push_back(connection);
    for (const auto& connection : all) {
      if (shared->stopped) return;
      connection->check_deadline();
    }
    if (!connections.empty()) sweep_later();
  }

  void stop() {
    shared->stopped = true;
    error_code ignored;
    acceptor.close(ignored);
    sweeper.cancel();
    pause.cancel();
    for (auto& [raw, connection] : connections) connection->stop();
    connections.clear();
  }
};

HttpServer::HttpServer(asio::io_context& loop, Options options, Handler handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(handler))) {
  impl_->listen();
}

HttpServer::~HttpServer() { impl_->stop(); }

const std::string& HttpServer::trouble() const { return impl_->trouble; }

std::uint16_t HttpServer::port() const { return impl_->port; }

}  // namespace dragoman::net
