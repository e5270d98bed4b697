// A server of SMTP in the same loop, which answers what a test wants it to.
#pragma once

#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
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
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-smtp-XXXXXX").string();
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

class SmtpPeer {
 public:
  using tcp = boost::asio::ip::tcp;
  // Answers a command (its verb in upper case, "" the greeting, "." the end of a mail): what is said, without
  // the last CRLF. "hang up" hangs up, "silence" says nothing.
  using Answer = std::function<std::string(const std::string& verb, const std::string& line)>;

  explicit SmtpPeer(boost::asio::io_context& loop, std::uint16_t port = 0)
      : loop_(loop), acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), port)) {
    accept();
  }
  SmtpPeer(const SmtpPeer&) = delete;
  SmtpPeer& operator=(const SmtpPeer&) = delete;
  ~SmtpPeer() {
    for (const auto& one : connections_) one->close();
  }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  std::string url(const std::string& scheme = "smtp") const {
    return scheme + "://127.0.0.1:" + std::to_string(port());
  }
  void use(const Certificate& certificate) {
    tls_.emplace(boost::asio::ssl::context::tls_server);
    tls_->use_certificate_chain_file(certificate.file());
    tls_->use_private_key_file(certificate.key(), boost::asio::ssl::context::pem);
  }
  void hang_up_all() {
    for (const auto& one : connections_) one->close();
  }

  Answer answer;  // empty answers: the usual ones
  std::string hello = "250 peer";
  bool tls_at_once = false;
  std::vector<std::string> commands;        // of all connections
  std::vector<std::string> mails;           // as they came, dots and all, without the last dot
  std::size_t accepted = 0, most_open = 0;  // connections
  std::string behind_starttls;              // said in clear together with the answer to STARTTLS

 private:
  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(SmtpPeer& p, tcp::socket&& s) : peer(p), socket(std::move(s)) {}
    SmtpPeer& peer;
    tcp::socket socket;
    std::optional<boost::asio::ssl::stream<tcp::socket&>> tls;
    std::array<char, 65536> buffer{};
    std::string got, mail;
    bool in_mail = false, closed = false;

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
    void secure(bool greet) {
      tls.emplace(socket, *peer.tls_);
      tls->async_handshake(boost::asio::ssl::stream_base::server,
                           [self = shared_from_this(), greet](const boost::system::error_code& error) {
                             if (error) return self->close();
                             if (greet) self->say("", "");
                             self->read();
                           });
    }
    void read() {
      const auto on = [self = shared_from_this()](const boost::system::error_code& error, std::size_t size) {
        if (error || self->closed) return self->close();
        self->got.append(self->buffer.data(), size);
        if (self->take()) self->read();
      };
      tls ? tls->async_read_some(boost::asio::buffer(buffer), on)
          : socket.async_read_some(boost::asio::buffer(buffer), on);
    }
    // False: somebody else reads on, or nobody does.
    bool take() {
      for (auto end = got.find("\r\n"); end != std::string::npos; end = got.find("\r\n")) {
        const auto line = got.substr(0, end);
        got.erase(0, end + 2);
        if (in_mail && line != ".") {
          mail += line + "\r\n";
          continue;
        }
        if (in_mail) {
          in_mail = false;
          peer.mails.push_back(std::exchange(mail, {}));
          say(".", line);
        } else {
          peer.commands.push_back(line);
          auto verb = line.substr(0, line.find(' '));
          for (auto& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
          const bool secure_now = say(verb, line);
          if (closed) return false;
          if (secure_now) {
            secure(false);
            return false;
          }
        }
        if (closed) return false;
      }
      return true;
    }
    // True: TLS follows.
    bool say(const std::string& verb, const std::string& line) {
      auto words = peer.answer ? peer.answer(verb, line) : "";
      if (words == "hang up") {
        close();
        return false;
      }
      if (words == "silence") return false;
      if (words.empty()) {
        static const std::map<std::string, std::string> usual{{"", "220 peer"},
                                                              {"DATA", "354 go on"},
                                                              {"QUIT", "221 bye"},
                                                              {"AUTH", "235 2.7.0 welcome"},
                                                              {".", "250 2.0.0 queued as 1"},
                                                              {"STARTTLS", "220 go on"}};
        const auto found = usual.find(verb);
        words = verb == "EHLO" ? peer.hello : found == usual.end() ? "250 2.1.0 ok" : found->second;
      }
      const bool secure_now = verb == "STARTTLS" && words.starts_with("220");
      write(words + "\r\n" + (secure_now ? peer.behind_starttls : ""));
      if (verb == "DATA" && words.starts_with("354")) in_mail = true;
      if (words.starts_with("421") || verb == "QUIT") close();
      return secure_now && !closed;
    }
  };

  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      // Small answers would wait for the other side's delayed acknowledgement, and virtual time does not.
      boost::system::error_code ignored;
      socket.set_option(tcp::no_delay(true), ignored);
      ++accepted;
      std::erase_if(connections_, [](const auto& one) { return one->closed; });
      connections_.push_back(std::make_shared<Connection>(*this, std::move(socket)));
      most_open = std::max(most_open, connections_.size());
      const auto& fresh = connections_.back();
      if (tls_at_once) {
        fresh->secure(true);
      } else {
        fresh->say("", "");
        if (!fresh->closed) fresh->read();
      }
      accept();
    });
  }

  boost::asio::io_context& loop_;
  tcp::acceptor acceptor_;
  std::optional<boost::asio::ssl::context> tls_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace dragoman::net::test
