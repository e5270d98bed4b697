// A server of IMAP in the same loop, with one account, which answers what a test wants it to.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>

#include "bridges/net/base64.hpp"
#include "tests/unit/net/smtp_peer.hpp"

namespace dragoman::email::test {

class ImapPeer {
 public:
  using tcp = boost::asio::ip::tcp;
  struct Stored {
    std::uint32_t uid = 0;
    std::string bytes;
    std::string date;
    bool seen = false;
  };
  // Answers a command in place of the usual: whole lines without the last CRLF, "TAG" stands for its tag;
  // "hang up" hangs up, "silence" says nothing. Empty: the usual.
  using Answer = std::function<std::string(const std::string& command)>;

  ImapPeer(boost::asio::io_context& loop, const net::test::Certificate& certificate, bool tls_at_once = true)
      : loop_(loop),
        acceptor_(loop, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)),
        tls_(boost::asio::ssl::context::tls_server),
        tls_at_once_(tls_at_once) {
    tls_.use_certificate_chain_file(certificate.file());
    tls_.use_private_key_file(certificate.key(), boost::asio::ssl::context::pem);
    accept();
  }
  ImapPeer(const ImapPeer&) = delete;
  ImapPeer& operator=(const ImapPeer&) = delete;
  ~ImapPeer() { hang_up_all(); }

  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // A mail comes; who waits is told.
  std::uint32_t arrive(std::string bytes, std::string date = {}) {
    inbox.push_back({next_uid++, std::move(bytes), date.empty() ? today() : std::move(date), false});
    const auto words = "* " + std::to_string(inbox.size()) + " EXISTS\r\n";
    for (const auto& one : connections_)
      if (one->idling) one->write(words);
    return inbox.back().uid;
  }
  void hang_up_all() {
    for (const auto& one : connections_) one->close();
  }
  std::size_t open() const {
    return static_cast<std::size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                  [](const auto& one) { return !one->closed; }));
  }
  bool somebody_waits() const {
    return std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& one) { return one->idling && !one->closed; });
  }
  std::size_t asked(const std::string& words) const {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(),
                      [&](const std::string& line) { return line.find(words) != std::string::npos; }));
  }
  // All have other numbers from now on.
  void number_anew(std::uint32_t first) {
    ++validity;
    for (Stored& mail : inbox) mail.uid = first++;
    next_uid = first;
  }
  static std::string today() {
    const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    std::array<char, 40> text{};
    std::tm utc{};
    gmtime_r(&now, &utc);
    std::strftime(text.data(), text.size(), "%d-%b-%Y %H:%M:%S +0000", &utc);
    return text.data();
  }

  Answer answer;
  std::string greeting = "* OK ready";
  std::string capabilities = "IMAP4rev1 IDLE UIDPLUS SPECIAL-USE SASL-IR AUTH=PLAIN AUTH=XOAUTH2";
  std::string user = "juliet@example.org", password = "sesame";
  std::string list = R"(* LIST () "/" INBOX
* LIST (\HasNoChildren \Sent) "/" "Sent Items")";
  std::vector<Stored> inbox;
  std::uint32_t validity = 7, next_uid = 1;
  std::vector<std::string> commands;  // without their tags, of all connections
  std::vector<std::string> sent;      // what is in the Sent folder
  std::string behind_starttls;
  std::size_t accepted = 0;

 private:
  struct Connection : std::enable_shared_from_this<Connection> {
    Connection(ImapPeer& p, tcp::socket&& s) : peer(p), socket(std::move(s)) {}
    ImapPeer& peer;
    tcp::socket socket;
    std::optional<boost::asio::ssl::stream<tcp::socket&>> tls;
    std::array<char, 65536> buffer{};
    std::string got, tag, mechanism;
    std::size_t literal = 0;  // bytes that are to be appended
    bool idling = false, closed = false, in_literal = false;

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
      tls.emplace(socket, peer.tls_);
      tls->async_handshake(boost::asio::ssl::stream_base::server,
                           [self = shared_from_this(), greet](const boost::system::error_code& error) {
                             if (error) return self->close();
                             if (greet) self->write(self->peer.greeting + "\r\n");
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
      for (;;) {
        if (closed) return false;
        if (in_literal) {
          if (got.size() < literal + 2) return true;
          peer.sent.push_back(got.substr(0, literal));
          got.erase(0, literal + 2);
          in_literal = false;
          write(tag + " OK APPEND done\r\n");
          continue;
        }
        const auto end = got.find("\r\n");
        if (end == std::string::npos) return true;
        const auto line = got.substr(0, end);
        got.erase(0, end + 2);
        if (!on_line(line)) return false;
      }
    }
    bool on_line(const std::string& line) {
      if (idling) {
        idling = false;
        write(tag + " OK IDLE done\r\n");
        return true;
      }
      if (!mechanism.empty()) {
        log_in(line);
        return true;
      }
      tag = line.substr(0, line.find(' '));
      const std::string command = line.substr(std::min(tag.size() + 1, line.size()));
      peer.commands.push_back(command);
      std::string words = peer.answer ? peer.answer(command) : "";
      if (words == "hang up") {
        close();
        return false;
      }
      if (words == "silence") return true;
      if (!words.empty()) {
        for (auto at = words.find("TAG"); at != std::string::npos; at = words.find("TAG"))
          words.replace(at, 3, tag);
        write(words + "\r\n");
        return true;
      }
      return usual(command);
    }
    bool usual(const std::string& command) {
      const auto ok = [&](const std::string& before = {}) { write(before + tag + " OK done\r\n"); };
      const auto is = [&](const char* begin) { return command.starts_with(begin); };
      if (is("CAPABILITY")) {
        ok("* CAPABILITY " + peer.capabilities + "\r\n");
      } else if (is("STARTTLS")) {
        write(tag + " OK begin\r\n" + peer.behind_starttls);
        secure(false);
        return false;
      } else if (is("AUTHENTICATE ")) {
        const auto rest = command.substr(13);
        mechanism = rest.substr(0, rest.find(' '));
        rest.find(' ') == std::string::npos ? write("+ \r\n") : log_in(rest.substr(rest.find(' ') + 1));
      } else if (is("LOGIN ")) {
        const bool right = command == "LOGIN \"" + peer.user + "\" \"" + peer.password + "\"";
        write(tag + (right ? " OK in\r\n" : " NO [AUTHENTICATIONFAILED] Wrong.\r\n"));
      } else if (is("SELECT INBOX")) {
        ok("* " + std::to_string(peer.inbox.size()) + " EXISTS\r\n* OK [UIDVALIDITY " +
           std::to_string(peer.validity) + "] ok\r\n* OK [UIDNEXT " + std::to_string(peer.next_uid) +
           "] ok\r\n");
      } else if (is("UID SEARCH HEADER")) {
        const auto id = command.substr(command.find('<'), command.rfind('>') - command.find('<') + 1);
        const bool there = std::any_of(peer.sent.begin(), peer.sent.end(), [&](const std::string& mail) {
          return mail.find(id) != std::string::npos;
        });
        ok(there ? "* SEARCH 4\r\n" : "* SEARCH\r\n");
      } else if (is("UID SEARCH")) {
        std::string found = "* SEARCH";
        const auto first = is("UID SEARCH UID ") ? std::stoul(command.substr(15)) : 1UL;
        for (const Stored& mail : peer.inbox)
          if (mail.uid >= first || &mail == &peer.inbox.back()) found += " " + std::to_string(mail.uid);
        ok(found + "\r\n");
      } else if (is("UID FETCH ")) {
        ok(fetch(command));
      } else if (is("UID STORE ")) {
        std::string rest = command.substr(10, command.find(" +FLAGS") - 10);
        for (Stored& mail : peer.inbox)
          if (("," + rest + ",").find("," + std::to_string(mail.uid) + ",") != std::string::npos)
            mail.seen = true;
        ok();
      } else if (is("IDLE")) {
        idling = true;
        write("+ idling\r\n");
      } else if (is("LIST")) {
        std::string lines = peer.list;
        for (auto at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 2))
          lines.replace(at, 1, "\r\n");
        ok(lines.empty() ? "" : lines + "\r\n");
      } else if (is("APPEND ")) {
        literal = std::stoul(command.substr(command.rfind('{') + 1));
        in_literal = true;
        write("+ go on\r\n");
      } else if (is("LOGOUT")) {
        ok("* BYE bye\r\n");
        close();
        return false;
      } else {
        ok();
      }
      return true;
    }
    std::string fetch(const std::string& command) const {
      const auto uid = std::stoul(command.substr(10));
      for (std::size_t i = 0; i < peer.inbox.size(); ++i) {
        const Stored& mail = peer.inbox[i];
        if (mail.uid != uid) continue;
        std::string bytes = mail.bytes, what = "BODY[]<0>";
        if (command.find("HEADER.FIELDS") != std::string::npos) {
          const auto at = bytes.find("Message-ID: ");
          bytes = at == std::string::npos ? "\r\n" : bytes.substr(at, bytes.find('\n', at) + 1 - at) + "\r\n";
          what = "BODY[HEADER.FIELDS (MESSAGE-ID)]";
        } else if (const auto most = command.find("<0."); most != std::string::npos) {
          bytes = bytes.substr(0, std::stoul(command.substr(most + 3)));
        }
        return "* " + std::to_string(i + 1) + " FETCH (UID " + std::to_string(uid) + " FLAGS (" +
               (mail.seen ? "\\Seen" : "") + ") INTERNALDATE \"" + mail.date + "\" " + what + " {" +
               std::to_string(bytes.size()) + "}\r\n" + bytes + ")\r\n";
      }
      return {};
    }
    void log_in(const std::string& credentials) {
      const std::string nul(1, '\0');
      const bool plain = credentials == net::base64(nul + peer.user + nul + peer.password);
      const bool bearer = credentials == net::base64("user=" + peer.user +
                                                     "\x01"
                                                     "auth=Bearer " +
                                                     peer.password + "\x01\x01");
      const bool right = mechanism == "PLAIN" ? plain : bearer;
      if (!right && mechanism == "XOAUTH2" && !credentials.empty())
        return write("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n");
      mechanism.clear();
      write(tag + (right ? " OK [CAPABILITY " + peer.capabilities + "] in\r\n"
                         : std::string(" NO [AUTHENTICATIONFAILED] Wrong.\r\n")));
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
      const auto& fresh = connections_.back();
      if (tls_at_once_) {
        fresh->secure(true);
      } else {
        fresh->write(greeting + "\r\n");
        fresh->read();
      }
      accept();
    });
  }

  boost::asio::io_context& loop_;
  tcp::acceptor acceptor_;
  boost::asio::ssl::context tls_;
  bool tls_at_once_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace dragoman::email::test
