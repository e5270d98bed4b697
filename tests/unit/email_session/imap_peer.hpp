// A server of IMAP in the same loop, with one account, which answers what a test wants it to.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bridges/net/sasl.hpp"
#include "mapping/utf8.hpp"
#include "tests/unit/net/tls_peer.hpp"

namespace dragoman::email::test {

class ImapPeer : public net::test::PeerListener {
 public:
  struct Stored {
    std::uint32_t uid = 0;
    std::string bytes;
    std::string date;
    bool seen = false;
  };
  struct Folder {
    std::vector<Stored> mails;
    std::uint32_t validity = 7, next_uid = 1;
    // All have other numbers from now on.
    void number_anew(std::uint32_t first) {
      ++validity;
      for (Stored& mail : mails) mail.uid = first++;
      next_uid = first;
    }
  };
  // Answers a command in place of the usual: whole lines without the last CRLF, "TAG" stands for its tag;
  // "hang up" hangs up, "silence" says nothing. Empty: the usual.
  using Answer = std::function<std::string(const std::string& command)>;

  ImapPeer(boost::asio::io_context& loop, const net::test::Certificate& certificate, bool tls_at_once = true)
      : PeerListener(loop, 0, [this](tcp::socket&& socket) {
          return std::make_shared<Connection>(*this, std::move(socket));
        }) {
    use(certificate, tls_at_once);
  }

  // A mail comes; who waits is told.
  std::uint32_t arrive(std::string bytes, const std::string& date = {}) {
    return arrive_in(inbox, std::move(bytes), date);
  }
  std::uint32_t arrive_in(Folder& folder, std::string bytes, const std::string& date = {}) {
    folder.mails.push_back({folder.next_uid++, std::move(bytes), date.empty() ? today() : date, false});
    const auto words = "* " + std::to_string(folder.mails.size()) + " EXISTS\r\n";
    for (const auto& one : connections)
      if (static_cast<const Connection&>(*one).waits_at(folder)) one->write(words);
    return folder.mails.back().uid;
  }
  bool is_watched(const Folder& folder) const {
    return std::any_of(connections.begin(), connections.end(), [&](const auto& one) {
      return static_cast<const Connection&>(*one).waits_at(folder);
    });
  }
  std::size_t asked(const std::string& words) const {
    return static_cast<std::size_t>(
        std::count_if(commands.begin(), commands.end(),
                      [&](const std::string& line) { return line.find(words) != std::string::npos; }));
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
  Folder inbox, sent;
  std::vector<std::string> commands;  // without their tags, of all connections
  std::string behind_starttls;

 private:
  struct Connection final : net::test::PeerConnection {
    Connection(ImapPeer& p, tcp::socket&& s) : PeerConnection(std::move(s)), peer(p) {}
    ImapPeer& peer;
    std::string tag, mechanism;
    Folder* selected = nullptr;
    std::size_t literal = 0;  // bytes that are to be appended
    bool idling = false, in_literal = false, was_refused = false;

    bool waits_at(const Folder& folder) const { return idling && !closed && selected == &folder; }
    void greet() override { write(peer.greeting + "\r\n"); }
    bool take() override {
      for (;;) {
        if (closed) return false;
        if (in_literal) {
          if (got.size() < literal + 2) return true;
          auto bytes = got.substr(0, literal);
          got.erase(0, literal + 2);
          in_literal = false;
          write(tag + " OK APPEND done\r\n");
          peer.arrive_in(peer.sent, std::move(bytes));
          continue;
        }
        const auto one = line();
        if (!one) return true;
        if (!on_line(*one)) return false;
      }
    }
    bool on_line(const std::string& whole) {
      if (idling) {
        idling = false;
        write(tag + " OK IDLE done\r\n");
        return true;
      }
      if (!mechanism.empty()) {
        log_in(whole);
        return true;
      }
      tag = whole.substr(0, whole.find(' '));
      const std::string command = whole.substr(std::min(tag.size() + 1, whole.size()));
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
        secure(*peer.tls, false);
        return false;
      } else if (is("AUTHENTICATE ")) {
        const auto rest = command.substr(13);
        mechanism = rest.substr(0, rest.find(' '));
        rest.find(' ') == std::string::npos ? write("+ \r\n") : log_in(rest.substr(rest.find(' ') + 1));
      } else if (is("LOGIN ")) {
        const bool right = command == "LOGIN \"" + peer.user + "\" \"" + peer.password + "\"";
        write(tag + (right ? " OK in\r\n" : " NO [AUTHENTICATIONFAILED] Wrong.\r\n"));
      } else if (is("SELECT ") || is("EXAMINE ")) {
        selected = command.ends_with(" INBOX") ? &peer.inbox : &peer.sent;
        ok("* " + std::to_string(selected->mails.size()) + " EXISTS\r\n* OK [UIDVALIDITY " +
           std::to_string(selected->validity) + "] ok\r\n* OK [UIDNEXT " +
           std::to_string(selected->next_uid) + "] ok\r\n");
      } else if (is("UID SEARCH HEADER")) {
        const auto id = command.substr(command.find('<'), command.rfind('>') - command.find('<') + 1);
        const bool there =
            std::any_of(selected->mails.begin(), selected->mails.end(),
                        [&](const Stored& mail) { return mail.bytes.find(id) != std::string::npos; });
        ok(there ? "* SEARCH 4\r\n" : "* SEARCH\r\n");
      } else if (is("UID SEARCH")) {
        std::string found = "* SEARCH";
        const auto first = is("UID SEARCH UID ") ? std::stoul(command.substr(15)) : 1UL;
        for (const Stored& mail : selected->mails)
          if (mail.uid >= first || &mail == &selected->mails.back()) found += " " + std::to_string(mail.uid);
        ok(found + "\r\n");
      } else if (is("UID FETCH ")) {
        ok(fetch(command));
      } else if (is("UID STORE ")) {
        std::string rest = command.substr(10, command.find(" +FLAGS") - 10);
        for (Stored& mail : selected->mails)
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
      for (std::size_t i = 0; i < selected->mails.size(); ++i) {
        const Stored& mail = selected->mails[i];
        if (mail.uid != uid) continue;
        std::string bytes = mail.bytes, what = "BODY[]<0>";
        if (command.find("HEADER.FIELDS") != std::string::npos) {
          const auto at = ascii_lower(bytes).find("message-id: ");
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
      // To why they are wrong the client has its own word (RFC 7628 3.2.3), or an empty line.
      const bool regrets = std::exchange(was_refused, false);
      if (regrets) {
        EXPECT_EQ(credentials, mechanism == "OAUTHBEARER" ? "AQ==" : "");
      }
      const std::string wanted =
          mechanism == "PLAIN" ? net::sasl::plain(peer.user, peer.password)
          : mechanism == "OAUTHBEARER"
              ? net::sasl::oauthbearer(peer.user, "127.0.0.1", peer.port(), peer.password)
              : net::sasl::xoauth2(peer.user, peer.password);
      const bool right = credentials == wanted;
      if (!right && !regrets && mechanism != "PLAIN") {
        was_refused = true;
        return write("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n");
      }
      mechanism.clear();
      write(tag + (right ? " OK [CAPABILITY " + peer.capabilities + "] in\r\n"
                         : std::string(" NO [AUTHENTICATIONFAILED] Wrong.\r\n")));
    }
  };
};

}  // namespace dragoman::email::test
