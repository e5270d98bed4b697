// The email wing without LMTP's sockets: mails are given to its handler, what leaves goes to a server of SMTP
// in the same loop, what is told is written down, and time is made to pass.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include "bridges/email/accounts.hpp"
#include "bridges/email/incoming.hpp"
#include "bridges/email/links.hpp"
#include "bridges/email/procedures.hpp"
#include "bridges/email/quota.hpp"
#include "bridges/email/session.hpp"
#include "config/settings.hpp"
#include "tests/unit/email_session/store.hpp"
#include "tests/unit/matrix_session/virtual_time.hpp"
#include "tests/unit/net/smtp_peer.hpp"

namespace dragoman::email::test {

inline const PersonId juliet{"juliet@xmpp.example"}, romeo{"romeo@xmpp.example"};
inline const std::string juliets = "juliet=xmpp.example@mail.example.org";
inline const std::string romeos = "romeo=xmpp.example@mail.example.org";
inline const UserId bob{"bob@example.net"}, carol{"carol@example.net"};

struct Told {
  PersonId person;
  Event event;
};

class RecordingSink final : public Sink {
 public:
  void on_event(dragoman::Session& from, Event event) override {
    told.push_back({from.person(), std::move(event)});
  }
  const MemberTable* members(const dragoman::Session&, const RoomId&) const override { return nullptr; }
  void on_session_end(dragoman::Session& session) override { ended.push_back(session.person()); }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (const Told& one : told)
      if (const auto* what = std::get_if<T>(&one.event.what)) out.push_back(*what);
    return out;
  }
  // The last event of a sort; a test that has none fails by itself.
  template <class T>
  const Event& last() const {
    for (auto one = told.rbegin(); one != told.rend(); ++one)
      if (std::holds_alternative<T>(one->event.what)) return one->event;
    throw std::runtime_error("nothing of that sort was told");
  }
  template <class T>
  const T& last_of() const {
    return std::get<T>(last<T>().what);
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const Message& message : all<Message>()) out.push_back(message.text.plain);
    return out;
  }
  std::vector<std::string> delivered() const {
    std::vector<std::string> out;
    for (const Delivered& one : all<Delivered>()) out.push_back(one.token);
    return out;
  }
  std::vector<std::string> failed() const {
    std::vector<std::string> out;
    for (const Failed& one : all<Failed>()) out.push_back(one.token);
    return out;
  }

  std::vector<Told> told;
  std::vector<PersonId> ended;
};

// A mail as it comes; what is empty is left out.
struct Letter {
  std::string from = "Bob <bob@example.net>";
  std::string to = juliets;
  std::string cc = {};
  std::string subject = "Hello";
  std::string id = "1@example.net";
  std::string text = "Good morning.";
  std::string answers = {};  // an id
  std::string headers = {};  // whole lines, each with its CRLF
  bool verified = true;
  std::string bytes() const;
};

class World : public testing::Test {
 protected:
  World();

  void start();
  // As a kill does: what was not committed is lost.
  void kill();
  void let_know(const UserId& user, const PersonId& person = juliet) { consent->know(person, user.value()); }

  std::vector<LmtpReply> receive_bytes(const std::string& bytes,
                                       const std::vector<std::string>& to = {juliets},
                                       const std::string& from = "bob@example.net");
  int receive(const Letter& letter, const std::string& to = juliets);  // the reply's code

  Session& session(const PersonId& person = juliet);
  void perform(Conversation in, std::string token, Act act, const PersonId& person = juliet,
               MessageId name = {});
  void say(const Conversation& to, const std::string& token, const std::string& text,
           const PersonId& person = juliet) {
    perform(to, token, Message{Text(text)}, person);
  }
  // Until that many mails have left; how many did.
  std::size_t sent(std::size_t count, std::chrono::seconds most = std::chrono::seconds(120));
  bool until_told(const std::function<bool()>& done) {
    return time.pass_until(done, std::chrono::seconds(120));
  }
  std::string address_of_bounces() const;                                      // of the last mail that left
  static std::string field(const std::string& mail, const std::string& name);  // unfolded; empty: none
  RoomId room() const;                                                         // that was entered last
  std::string report(const std::string& action, const std::string& recipient = "bob@example.net",
                     const std::string& from = "From: MAILER-DAEMON@mx.example.net\r\n");

  boost::asio::io_context loop;
  matrix::test::VirtualTime time{loop};
  TemporaryStore disk;
  net::test::SmtpPeer peer{loop};
  config::Bridge settings;
  RecordingSink sink;
  FileHost* file_host = nullptr;  // used by the next start()

  std::unique_ptr<Hub> hub;
  std::unique_ptr<Conversations> conversations;
  std::unique_ptr<Consent> consent;
  std::unique_ptr<Wing> wing;
  std::unique_ptr<Links> links;
  std::map<PersonId, std::unique_ptr<Session>> sessions;
  std::unique_ptr<Drafts> drafts;
  std::unique_ptr<Quota> quota;
  std::unique_ptr<Incoming> incoming;
  std::unique_ptr<Accounts> accounts;
  std::unique_ptr<Procedures> procedures;
};

}  // namespace dragoman::email::test
