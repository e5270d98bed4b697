// A person with a mail account of their own, with servers of IMAP and SMTP in the same loop, through virtual
// days.
#pragma once

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "bridges/email/accounts.hpp"
#include "mapping/mail_queue_table.hpp"
#include "tests/unit/email_session/imap_peer.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {

using namespace std::chrono_literals;

inline const std::string own_address = "juliet@example.org";

// One for all: a key takes its time.
inline const net::test::Certificate& certificate() {
  static const net::test::Certificate one;
  return one;
}

class AccountsTest : public World {
 protected:
  AccountsTest() : imap(loop, certificate()), submission(loop) {
    submission.use(certificate(), true);
    submission.hello = "250-peer\r\n250-AUTH PLAIN XOAUTH2\r\n250 SIZE 1000000";
    hub->settings.email.accounts = {{"127.0.0.1"}, certificate().file()};
    settings.email.accounts = hub->settings.email.accounts;
    let_know(bob);
  }

  Answers answers() const {
    return {{"address", {own_address}},
            {"password", {"sesame"}},
            {"imap", {"127.0.0.1:" + std::to_string(imap.port())}},
            {"smtp", {"127.0.0.1:" + std::to_string(submission.port())}}};
  }
  std::string run(const std::string& node, const Answers& given) {
    const auto outcome = accounts->run(juliet, node, given, true);
    if (const auto* note = std::get_if<Note>(&outcome)) return note->text;
    if (const auto* failure = std::get_if<Failure>(&outcome)) return failure->text;
    return "a form";
  }
  // What the gateway itself said last.
  std::string said() const {
    for (auto one = sink.told.rbegin(); one != sink.told.rend(); ++one)
      if (const auto* message = std::get_if<Message>(&one->event.what);
          message != nullptr && std::holds_alternative<PlaceId>(one->event.in))
        return message->text.plain;
    return {};
  }
  // What it says to this; no longer than trying both ways of two servers takes.
  std::string word_of(const Answers& given) {
    sink.told.clear();
    const auto words = run("own-account", given);
    if (words.find("is being tried") == std::string::npos) return words;
    time.pass_until([&] { return !said().empty(); }, 200s);
    return said();
  }
  void log_in() {
    ASSERT_THAT(word_of(answers()), testing::StartsWith("You use your mail account juliet@example.org now"));
    ASSERT_TRUE(until_idle());
    const bool has_sent = imap.list.find("Sent") != std::string::npos;
    ASSERT_TRUE(!has_sent || until_idle(imap.sent));
  }
  bool until_idle() { return until_idle(imap.inbox); }
  bool until_idle(const ImapPeer::Folder& folder) {
    return time.pass_until([&] { return imap.is_watched(folder); }, 700s);
  }
  Letter letter(const std::string& text) const {
    Letter out;
    out.to = own_address;
    out.id = text + "@example.net";
    out.text = text;
    return out;
  }
  std::vector<std::string> chat() const {
    std::vector<std::string> out;
    for (const Told& one : sink.told)
      if (const auto* message = std::get_if<Message>(&one.event.what);
          message != nullptr && !std::holds_alternative<PlaceId>(one.event.in))
        out.push_back(message->text.plain);
    return out;
  }
  bool until_heard(std::size_t count) {
    return time.pass_until([&] { return chat().size() >= count; }, 700s);
  }
  bool until_left(std::size_t count) {
    return time.pass_until([&] { return submission.mails.size() >= count; }, 200s);
  }
  std::size_t waiting() { return disk->mail_queue().count(NetworkId{settings.domain}, juliet); }

  ImapPeer imap;
  net::test::SmtpPeer submission;
};

}  // namespace dragoman::email::test
