// Servers in the same loop that speak in lines, in clear or by TLS, for the tests of those who talk to them:
// a certificate, the connections, and whoever listens for them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

namespace dragoman::net::test {

// A certificate for 127.0.0.1 that signs itself.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-peer-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    const auto command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        key() + " -out " + file() + " 2>/dev/null";
    made = std::system(command.c_str()) == 0;
  }
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate() { std::filesystem::remove_all(folder); }
  std::string key() const { return (folder / "key").string(); }
  std::string file() const { return (folder / "cert").string(); }
  bool made = false;

 private:
  std::filesystem::path folder;
};

// One connection: what came is in `got`, from which take() takes what it understands.
class PeerConnection : public std::enable_shared_from_this<PeerConnection> {
 public:
  using tcp = boost::asio::ip::tcp;
  explicit PeerConnection(tcp::socket&& s) : socket(std::move(s)) {}
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;
  virtual ~PeerConnection() = default;

  void close() {
    if (std::exchange(closed, true)) return;
    boost::system::error_code ignored;
    socket.shutdown(tcp::socket::shutdown_both, ignored);
    socket.close(ignored);
  }
  void write(const std::string& bytes) {
    boost::system::error_code ignored;
    tls ? boost::asio::write(*tls, boost::asio::buffer(bytes), ignored)
        : boost::asio::write(socket, boost::asio::buffer(bytes), ignored);
  }
  // TLS from here on; `greet`: it begins with it, and our first word follows.
  void secure(boost::asio::ssl::context& context, bool greet_then) {
    tls.emplace(socket, context);
    tls->async_handshake(boost::asio::ssl::stream_base::server,
                         [self = shared_from_this(), greet_then](const boost::system::error_code& error) {
                           if (error) return self->close();
                           if (greet_then) self->greet();
                           if (!self->closed) self->read();
                         });
  }
  void read() {
    const auto on = [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
      if (error || self->closed) return self->close();
      self->got.append(self->buffer.data(), size);
      if (self->take() && !self->closed) self->read();
    };
    tls ? tls->async_read_some(boost::asio::buffer(buffer), on)
        : socket.async_read_some(boost::asio::buffer(buffer), on);
  }
  // A whole line without its end; nothing: there is none yet.
  std::optional<std::string> line() {
    const auto end = got.find("\r\n");
    if (end == std::string::npos) return std::nullopt;
    auto out = got.substr(0, end);
    got.erase(0, end + 2);
    return out;
  }

  virtual void greet() = 0;
  virtual bool take() = 0;  // false: somebody else reads on (TLS begins)

  std::string got;
  bool closed = false;

 private:
  tcp::socket socket;
  std::optional<boost::asio::ssl::stream<tcp::socket&>> tls;
  std::array<char, 65536> buffer{};
};

// Listens at a port of 127.0.0.1.
class PeerListener {
 public:
  using tcp = boost::asio::ip::tcp;
  using Make = std::function<std::shared_ptr<PeerConnection>(tcp::socket&&)>;
  PeerListener(boost::asio::io_context& loop, std::uint16_t port, Make make)
      : acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port)),
        make_(std::move(make)) {
    accept();
  }
  PeerListener(const PeerListener&) = delete;
  PeerListener& operator=(const PeerListener&) = delete;
  virtual ~PeerListener() { hang_up_all(); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void use(const Certificate& certificate, bool at_once = false) {
    tls_at_once_ = at_once;
    tls.emplace(boost::asio::ssl::context::tls_server);
    tls->use_certificate_chain_file(certificate.file());
    tls->use_private_key_file(certificate.key(), boost::asio::ssl::context::pem);
  }
  void hang_up_all() {
    for (const auto& one : connections) one->close();
  }
  std::size_t open() const {
    return static_cast<std::size_t>(
        std::count_if(connections.begin(), connections.end(), [](const auto& one) { return !one->closed; }));
  }

  std::optional<boost::asio::ssl::context> tls;
  std::size_t accepted = 0, most_open = 0;  // connections
  std::vector<std::shared_ptr<PeerConnection>> connections;

 private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      // Small answers would wait for the other side's delayed acknowledgement, and virtual time does not.
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      ++accepted;
      std::erase_if(connections, [](const auto& one) { return one->closed; });
      connections.push_back(make_(std::move(socket)));
      most_open = std::max(most_open, connections.size());
      const auto fresh = connections.back();
      if (tls_at_once_) {
        fresh->secure(*tls, true);
      } else {
        fresh->greet();
        if (!fresh->closed) fresh->read();
      }
      accept();
    });
  }

  tcp::acceptor acceptor_;
  Make make_;
  bool tls_at_once_ = false;
};

}  // namespace dragoman::net::test
