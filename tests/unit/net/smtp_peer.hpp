// A server of SMTP in the same loop, which answers what a test wants it to.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/net/tls_peer.hpp"

namespace dragoman::net::test {

class SmtpPeer : public PeerListener {
 public:
  // Answers a command (its verb in upper case, "" the greeting, "." the end of a mail): what is said, without
  // the last CRLF. "hang up" hangs up, "silence" says nothing.
  using Answer = std::function<std::string(const std::string& verb, const std::string& line)>;

  explicit SmtpPeer(boost::asio::io_context& loop, std::uint16_t port = 0)
      : PeerListener(loop, port, [this](tcp::socket&& socket) {
          return std::make_shared<Connection>(*this, std::move(socket));
        }) {}

  std::string url(const std::string& scheme = "smtp") const {
    return scheme + "://127.0.0.1:" + std::to_string(port());
  }

  Answer answer;  // empty answers: the usual ones
  std::string hello = "250 peer";
  std::vector<std::string> commands;  // of all connections
  std::vector<std::string> mails;     // as they came, dots and all, without the last dot
  std::string behind_starttls;        // said in clear together with the answer to STARTTLS

 private:
  struct Connection final : PeerConnection {
    Connection(SmtpPeer& p, tcp::socket&& s) : PeerConnection(std::move(s)), peer(p) {}
    SmtpPeer& peer;
    std::string mail;
    bool in_mail = false, asked = false;  // asked: for what proves who it is

    void greet() override { say("", ""); }
    bool take() override {
      while (const auto one = line()) {
        if (in_mail && *one != ".") {
          mail += *one + "\r\n";
          continue;
        }
        if (in_mail) {
          in_mail = false;
          peer.mails.push_back(std::exchange(mail, {}));
          say(".", *one);
        } else {
          peer.commands.push_back(*one);
          auto verb = one->substr(0, one->find(' '));
          for (auto& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
          const bool secure_now = say(verb, *one);
          if (closed) return false;
          if (secure_now) {
            secure(*peer.tls, false);
            return false;
          }
        }
        if (closed) return false;
      }
      return true;
    }
    // True: TLS follows.
    bool say(const std::string& verb, const std::string& whole) {
      auto words = peer.answer ? peer.answer(verb, whole) : "";
      if (words == "hang up") {
        close();
        return false;
      }
      if (words == "silence") return false;
      if (words.empty()) {
        static const std::map<std::string, std::string> usual{{"", "220 peer"},
                                                              {"DATA", "354 go on"},
                                                              {"QUIT", "221 bye"},
                                                              {".", "250 2.0.0 queued as 1"},
                                                              {"STARTTLS", "220 go on"}};
        const auto found = usual.find(verb);
        words = verb == "EHLO" ? peer.hello : found == usual.end() ? "250 2.1.0 ok" : found->second;
        if (verb == "AUTH") words = "334 ";
        if (asked) words = "235 2.7.0 welcome";
      }
      asked = words.starts_with("334");
      const bool secure_now = verb == "STARTTLS" && words.starts_with("220");
      write(words + "\r\n" + (secure_now ? peer.behind_starttls : ""));
      if (verb == "DATA" && words.starts_with("354")) in_mail = true;
      if (words.starts_with("421") || verb == "QUIT") close();
      return secure_now && !closed;
    }
  };
};

}  // namespace dragoman::net::test
