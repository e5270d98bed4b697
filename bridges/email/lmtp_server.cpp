#include "bridges/email/lmtp_server.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridges/email/lmtp_connection.hpp"

namespace dragoman::email {

namespace asio = boost::asio;
using boost::system::error_code;
using Stream = asio::generic::stream_protocol;

namespace {

constexpr std::chrono::milliseconds longest_sweep{1'000}, shortest_sweep{5};
constexpr std::chrono::milliseconds accept_pause{100};
constexpr std::string_view unix_prefix = "unix:";
constexpr mode_t socket_mode = 0660;  // the mail server is in our group

}  // namespace

struct LmtpServer::Impl : std::enable_shared_from_this<LmtpServer::Impl> {
  using Acceptor = asio::basic_socket_acceptor<Stream>;

  Impl(asio::io_context& io, Options options, LmtpHandler& handler)
      : loop(io), acceptor(io), sweeper(io), pause(io), shared(std::make_shared<LmtpConnection::Shared>()) {
    sweep_every = std::clamp(options.idle / 4, shortest_sweep, longest_sweep);
    shared->options = std::move(options);
    shared->handler = &handler;
    shared->waits = [this](std::shared_ptr<LmtpConnection> c) { settle_soon(std::move(c)); };
    shared->closed = [this](LmtpConnection* gone) { forget(gone); };
    shared->freed = [this] { go_on(); };
  }

  asio::io_context& loop;
  Acceptor acceptor;
  asio::steady_timer sweeper, pause;
  std::shared_ptr<LmtpConnection::Shared> shared;
  std::unordered_map<LmtpConnection*, std::shared_ptr<LmtpConnection>> connections;
  std::vector<std::shared_ptr<LmtpConnection>> waiting;  // for settle()
  std::chrono::milliseconds sweep_every{};
  bool sweeping = false, settling = false, stopping = false;
  std::function<void()> stopped;
  std::string trouble, path;
  std::uint16_t port = 0;

  // --------------------------------------------------------------------------------------------------
  // listening

  void listen() {
    const std::string& address = shared->options.address;
    if (address.compare(0, unix_prefix.size(), unix_prefix) == 0) {
      listen_at_path(address.substr(unix_prefix.size()));
    } else {
      listen_at_port(address);
    }
    if (trouble.empty()) accept();
  }

  void listen_at_port(const std::string& address) {
    error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) {
      trouble = address + " is no IP address";
      return;
    }
    const asio::ip::tcp::endpoint endpoint(ip, shared->options.port);
    acceptor.open(Stream(endpoint.protocol()), error);
    if (!error) acceptor.set_option(Acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
    if (error) {
      trouble = address + " port " + std::to_string(shared->options.port) +
                " can't be listened on: " + error.message();
      return;
    }
    asio::ip::tcp::endpoint bound(ip, 0);
    auto size = static_cast<socklen_t>(bound.capacity());
    if (getsockname(acceptor.native_handle(), bound.data(), &size) == 0) port = bound.port();
  }

  void listen_at_path(std::string place) {
    error_code error;
    asio::local::stream_protocol::endpoint endpoint;
    try {
      endpoint.path(place);
    } catch (const boost::system::system_error&) {
      trouble = place + " is too long for a socket";
      return;
    }
    if (!make_way(endpoint, place)) return;
    acceptor.open(Stream(endpoint.protocol()), error);
    // A socket takes its mode from its descriptor (unix(7)), so that it is never open to more than these.
    if (!error) fchmod(acceptor.native_handle(), socket_mode);
    if (!error) acceptor.bind(endpoint, error);
    if (!error && chmod(place.c_str(), socket_mode) != 0)
      error.assign(errno, boost::system::system_category());
    if (!error) acceptor.listen(Acceptor::max_listen_connections, error);
    if (error) {
      trouble = place + " can't be listened on: " + error.message();
      return;
    }
    path = std::move(place);
  }

  // What a program that was killed has left is taken away; nothing else is.
  bool make_way(const asio::local::stream_protocol::endpoint& endpoint, const std::string& place) {
    struct stat found {};
    if (lstat(place.c_str(), &found) != 0) return true;
    if (!S_ISSOCK(found.st_mode)) {
      trouble = place + " is there already, and no socket: take it away, or name another path";
      return false;
    }
    error_code error;
    asio::local::stream_protocol::socket(loop).connect(endpoint, error);
    if (error != asio::error::connection_refused) {
      trouble = place + (error ? " can't be used: " + error.message() : " is listened on by another program");
      return false;
    }
    if (unlink(place.c_str()) != 0) {
      trouble = place + " is left from before and can't be taken away";
      return false;
    }
    return true;
  }

  void close_acceptor() {
    error_code ignored;
    acceptor.close(ignored);
    pause.cancel();
    if (!path.empty()) unlink(std::exchange(path, {}).c_str());
  }

  // --------------------------------------------------------------------------------------------------
  // connections

  void accept() {
    acceptor.async_accept([weak = weak_from_this()](const error_code& error, Stream::socket socket) {
      auto self = weak.lock();
      if (!self || self->shared->stopped || self->stopping || error == asio::error::operation_aborted) return;
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
      if (!error && self && !self->shared->stopped && !self->stopping) self->accept();
    });
  }

  void take(Stream::socket&& socket) {
    const bool full = connections.size() >= shared->options.max_connections;
    auto connection = std::make_shared<LmtpConnection>(std::move(socket), shared);
    connections.emplace(connection.get(), connection);
    if (full) {
      connection->refuse();
    } else {
      connection->start();
    }
    sweep_later();
  }

  void forget(LmtpConnection* gone) {
    connections.erase(gone);
    if (stopping && connections.empty()) tell_stopped();
  }

  std::vector<std::shared_ptr<LmtpConnection>> all() const {
    std::vector<std::shared_ptr<LmtpConnection>> list;
    list.reserve(connections.size());
    for (const auto& [raw, connection] : connections) list.push_back(connection);
    return list;
  }

  void go_on() {
    shared->starved = false;
    for (const auto& connection : all()) connection->go_on();
  }

  // --------------------------------------------------------------------------------------------------
  // the disk

  // After those that are ready now, and after those that the system has ready meanwhile: their mails reach
  // the disk in one go.
  void settle_soon(std::shared_ptr<LmtpConnection> connection) {
    waiting.push_back(std::move(connection));
    if (std::exchange(settling, true)) return;
    asio::post(loop, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self || self->shared->stopped) return;
      asio::post(self->loop, [weak] {
        auto later = weak.lock();
        if (later && !later->shared->stopped) later->settle();
      });
    });
  }

  void settle() {
    settling = false;
    const auto mails = std::exchange(waiting, {});
    const bool kept = shared->handler->settle();
    for (const auto& connection : mails) connection->settled(kept);
  }

  // --------------------------------------------------------------------------------------------------
  // time

  // One timer for all: a command then costs none.
  void sweep_later() {
    if (std::exchange(sweeping, true)) return;
    sweeper.expires_after(sweep_every);
    sweeper.async_wait([weak = weak_from_this()](const error_code& error) {
      auto self = weak.lock();
      if (error || !self || self->shared->stopped) return;
      self->sweeping = false;
      self->sweep();
    });
  }

  void sweep() {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& connection : all()) connection->check_deadline(now);
    if (!connections.empty()) sweep_later();
  }

  void stop(std::function<void()> done) {
    if (std::exchange(stopping, true)) return;
    stopped = std::move(done);
    close_acceptor();
    if (connections.empty()) return tell_stopped();
    for (const auto& connection : all()) connection->goodbye(true);
  }

  void tell_stopped() {
    asio::post(loop, [weak = weak_from_this()] {
      auto self = weak.lock();
      if (!self || self->shared->stopped || !self->stopped) return;
      std::exchange(self->stopped, nullptr)();
    });
  }

  void destroy() {
    shared->stopped = true;
    close_acceptor();
    sweeper.cancel();
    for (const auto& connection : all()) connection->close();
    connections.clear();
    waiting.clear();
  }
};

LmtpServer::LmtpServer(asio::io_context& loop, Options options, LmtpHandler& handler)
    : impl_(std::make_shared<Impl>(loop, std::move(options), handler)) {
  impl_->listen();
}

LmtpServer::~LmtpServer() { impl_->destroy(); }

const std::string& LmtpServer::trouble() const { return impl_->trouble; }

std::uint16_t LmtpServer::port() const { return impl_->port; }

void LmtpServer::hold(bool held) {
  impl_->shared->held = held;
  if (!held) impl_->go_on();
}

void LmtpServer::stop(std::function<void()> done) { impl_->stop(std::move(done)); }

}  // namespace dragoman::email
