// The queue of mails that leave, against a server in the same loop, through virtual days.
#include "bridges/email/delivery.hpp"

#include <map>

#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include "bridges/email/delivery_queue.hpp"
#include "config/settings.hpp"
#include "mapping/mails_table.hpp"
#include "tests/unit/email_session/store.hpp"
#include "tests/unit/matrix_session/virtual_time.hpp"
#include "tests/unit/net/smtp_peer.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;
using matrix::test::VirtualTime;
using net::test::SmtpPeer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const PersonId juliet{"juliet@example.org"};
const NetworkId net_id{"mail.example.org"};

class DeliveryTest : public testing::Test {
 protected:
  DeliveryTest() {
    peer.emplace(loop);
    port = peer->port();
    settings.smtp.url = peer->url();
    settings.mails_per_minute_and_domain = 0;
    start();
  }

  void start() {
    Delivery::Callbacks on;
    on.accepted = [this](const QueuedMail& mail) { told[mail.about].push_back("accepted"); };
    on.failed = [this](const QueuedMail& mail, const Failure& why) {
      told[mail.about].push_back("failed: " + why.text);
      reasons[mail.about] = why.reason;
    };
    on.late = [this](const QueuedMail& mail, const std::string& words) {
      told[mail.about].push_back("late: " + words);
    };
    delivery = std::make_unique<Delivery>(loop, *disk, net_id, settings, std::move(on));
  }
  // As a kill does: what was not committed is lost.
  void kill() {
    delivery.reset();
    disk.reopen();
  }

  std::int64_t push(const std::string& about, const std::string& recipient = "bob@example.org",
                    const std::string& bytes = "Subject: x\r\n\r\nHello\r\n") {
    MailRow row;
    row.person = juliet;
    row.message_id = about;
    QueuedMail mail;
    mail.person = juliet;
    mail.mail = disk->mails().put(net_id, row, bytes);
    mail.envelope_from = "b+1.x@mail.example.org";
    mail.recipient = recipient;
    mail.about = about;
    return delivery->push(std::move(mail));
  }
  bool until(std::size_t count, std::chrono::seconds most = 60s) {
    return time.pass_until([&] { return told.size() >= count; }, most);
  }
  // The peer's answer to one verb.
  void let(const std::string& verb, const std::string& says) {
    peer->answer = [verb, says](const std::string& given, const std::string&) {
      return given == verb ? says : "";
    };
  }
  std::size_t left() { return disk->mail_queue().count(net_id, juliet); }
  // How often somebody was to be written to.
  std::size_t tries() const {
    return static_cast<std::size_t>(
        std::count_if(peer->commands.begin(), peer->commands.end(),
                      [](const std::string& line) { return line.starts_with("RCPT"); }));
  }

  boost::asio::io_context loop;
  VirtualTime time{loop};
  test::TemporaryStore disk;
  std::optional<SmtpPeer> peer;
  std::uint16_t port = 0;
  config::Email settings;
  std::map<std::string, std::vector<std::string>> told;  // by what it was about
  std::map<std::string, Reason> reasons;
  std::unique_ptr<Delivery> delivery;
};

TEST_F(DeliveryTest, HandsAMailOver) {
  EXPECT_GT(push("1"), 0);
  EXPECT_EQ(delivery->waiting(juliet).size(), 1U);
  EXPECT_TRUE(told.empty()) << "never from within the call";
  ASSERT_TRUE(until(1));
  EXPECT_THAT(told["1"], ElementsAre("accepted"));
  EXPECT_THAT(peer->mails, ElementsAre("Subject: x\r\n\r\nHello\r\n"));
  EXPECT_THAT(peer->commands, testing::Contains("EHLO mail.example.org"));
  EXPECT_THAT(peer->commands, testing::Contains("MAIL FROM:<b+1.x@mail.example.org>"));
  EXPECT_EQ(left(), 0U);
}

TEST_F(DeliveryTest, AMailIsOnTheDiskBeforeItLeaves) {
  std::size_t kept = 0;
  peer->answer = [&](const std::string& verb, const std::string&) {
    if (verb == "MAIL") kept = disk.rows_on_disk("mail_queue");
    return "";
  };
  push("1");
  ASSERT_TRUE(until(1));
  EXPECT_EQ(kept, 1U);
}

TEST_F(DeliveryTest, ARefusalIsToldOnceInTheServersWords) {
  let("RCPT", "550 5.1.1 no such user here");
  push("1");
  ASSERT_TRUE(until(1));
  EXPECT_THAT(
      told["1"],
      ElementsAre(
          "failed: The mail server refused the mail to bob@example.org: 550 5.1.1 no such user here"));
  EXPECT_EQ(reasons["1"], Reason::no_such_user);
  EXPECT_EQ(left(), 0U);
  time.pass(3600s);
  EXPECT_EQ(told["1"].size(), 1U);
}

TEST_F(DeliveryTest, RefusalsHaveTheirReasons) {
  const std::map<std::string, Reason> expected{{"550 5.7.1 spam", Reason::not_permitted},
                                               {"552 5.3.4 large", Reason::too_large},
                                               {"552 large", Reason::too_large},
                                               {"553 5.1.3 what", Reason::no_such_user},
                                               {"554 what", Reason::network_error}};
  for (const auto& [answer, reason] : expected) {
    let("RCPT", answer);
    push(answer);
    ASSERT_TRUE(time.pass_until([&] { return told.contains(answer); }, 60s));
    EXPECT_EQ(reasons[answer], reason) << answer;
  }
}

TEST_F(DeliveryTest, AnAddressThatCannotBeSentFails) {
  push("1", "bob@example.org>\r\nDATA");
  ASSERT_TRUE(until(1));
  EXPECT_THAT(told["1"].at(0), HasSubstr("failed"));
  EXPECT_TRUE(peer->mails.empty());
}

TEST_F(DeliveryTest, AMailWhoseBytesAreGoneFails) {
  const auto key = push("1");
  disk->mails().erase(net_id, disk->mail_queue().get(net_id, key)->mail);
  ASSERT_TRUE(until(1));
  EXPECT_EQ(reasons["1"], Reason::storage_failed);
}

TEST_F(DeliveryTest, TriesAgainLaterAndLessAndLess) {
  let("RCPT", "450 4.2.0 greylisted");
  push("1");
  time.pass(10s);
  EXPECT_EQ(tries(), 1U);
  EXPECT_EQ(delivery->waiting(juliet).at(0).attempts, 1U);
  EXPECT_EQ(delivery->waiting(juliet).at(0).last_words, "450 4.2.0 greylisted");
  time.pass(4min);
  EXPECT_EQ(tries(), 1U);
  time.pass(7min);
  EXPECT_EQ(tries(), 2U);
  peer->answer = nullptr;
  ASSERT_TRUE(until(1, 1h));
  EXPECT_THAT(told["1"], ElementsAre("accepted"));
  EXPECT_EQ(tries(), 3U);
}

TEST_F(DeliveryTest, ToldLateAfterFourHoursAndGivenUpAfterFiveDays) {
  let("RCPT", "450 4.2.2 mailbox full");
  push("1");
  time.pass(4h - 1min);
  EXPECT_TRUE(told.empty());
  time.pass(2min);
  EXPECT_THAT(told["1"], ElementsAre(HasSubstr("450 4.2.2 mailbox full")));
  EXPECT_THAT(told["1"].at(0), HasSubstr("late: "));
  kill();
  start();
  delivery->resume();
  time.pass(5 * 24h - 4h - 10min);
  EXPECT_EQ(told["1"].size(), 1U) << "late is told once";
  EXPECT_EQ(left(), 1U);
  time.pass(15min);
  ASSERT_EQ(told["1"].size(), 2U);
  EXPECT_THAT(
      told["1"].at(1),
      HasSubstr("failed: The mail to bob@example.org could not be delivered within five days: 450 4.2.2"));
  EXPECT_EQ(reasons["1"], Reason::timed_out);
  EXPECT_EQ(left(), 0U);
  EXPECT_GE(tries(), 28U);
  EXPECT_LE(tries(), 75U);
}

TEST_F(DeliveryTest, AServerThatIsDownForAnHourCostsNoMailATry) {
  peer.reset();
  for (int i = 0; i < 50; ++i) push(std::to_string(i), "bob@" + std::to_string(i) + ".example.org");
  time.pass(1h);
  EXPECT_TRUE(told.empty());
  EXPECT_THAT(delivery->trouble(), HasSubstr("refused the connection"));
  for (const auto& mail : delivery->waiting(juliet)) EXPECT_EQ(mail.attempts, 0U);
  peer.emplace(loop, port);
  ASSERT_TRUE(until(50, 5min));
  EXPECT_EQ(delivery->trouble(), "");
  for (const auto& [about, what] : told) EXPECT_THAT(what, ElementsAre("accepted")) << about;
  EXPECT_EQ(peer->mails.size(), 50U);
}

TEST_F(DeliveryTest, OneMailAloneLooksWhetherTheServerIsBack) {
  let("", "421 not now");
  for (int i = 0; i < 50; ++i) push(std::to_string(i));
  time.pass(10min);
  const auto first = peer->accepted;
  time.pass(1h);
  EXPECT_GE(peer->accepted - first, 10U);
  EXPECT_LE(peer->accepted - first, 26U);
  EXPECT_GE(first, 8U) << "before anything was known";
}

TEST_F(DeliveryTest, AWrongPasswordIsNoMailsFault) {
  peer->hello = "250-peer\r\n250 AUTH PLAIN";
  let("AUTH", "535 5.7.8 no");
  settings.smtp.username = "gw";
  settings.smtp.password = "wrong";
  settings.smtp.tls = config::Tls::off;
  delivery->reload(settings);
  push("1");
  time.pass(30min);
  EXPECT_TRUE(told.empty());
  EXPECT_THAT(delivery->trouble(), HasSubstr("refused our login"));
  EXPECT_EQ(delivery->waiting(juliet).at(0).attempts, 0U);
  peer->answer = nullptr;
  settings.smtp.password = "right";
  delivery->reload(settings);
  ASSERT_TRUE(until(1, 2s)) << "what is set anew is tried at once";
  EXPECT_THAT(told["1"], ElementsAre("accepted"));
}

TEST_F(DeliveryTest, ADownServerIsToldLateAndExpires) {
  peer.reset();
  push("1");
  time.pass(4h + 1min);
  EXPECT_THAT(told["1"], ElementsAre(HasSubstr("refused the connection")));
  time.pass(5 * 24h);
  ASSERT_EQ(told["1"].size(), 2U);
  EXPECT_THAT(told["1"].at(1), HasSubstr("failed: "));
  EXPECT_EQ(left(), 0U);
}

TEST_F(DeliveryTest, WhatIsLostOnTheWayIsSentAgain) {
  for (const auto* verb : {"MAIL", "RCPT", "DATA", "."}) {
    let(verb, "hang up");
    push(verb);
    time.pass(2s);
    EXPECT_FALSE(told.contains(verb));
    peer->answer = nullptr;
    ASSERT_TRUE(time.pass_until([&] { return told.contains(verb); }, 20min)) << verb;
    EXPECT_THAT(told[verb], ElementsAre("accepted"));
  }
}

// A kill between each two steps of a mail's way: nothing is lost, and nothing sent twice but where SMTP can't
// say.
TEST_F(DeliveryTest, AKillAtAnyStepLosesNothing) {
  const std::vector<std::string> steps{"", "EHLO", "MAIL", "RCPT", "DATA", "."};
  for (const auto& step : steps) {
    kill();  // no connection is kept
    start();
    bool killed = false;
    peer->answer = [&](const std::string& verb, const std::string&) -> std::string {
      if (killed || verb != step) return "";
      killed = true;
      return "silence";
    };
    const auto about = "at " + step;
    const auto mails = peer->mails.size();
    push(about);
    disk->commit();
    ASSERT_TRUE(time.pass_until([&] { return killed; }, 10s)) << step;
    EXPECT_FALSE(told.contains(about));
    kill();
    start();
    delivery->resume();
    ASSERT_TRUE(time.pass_until([&] { return told.contains(about); }, 10s)) << step;
    EXPECT_THAT(told[about], ElementsAre("accepted"));
    EXPECT_EQ(peer->mails.size() - mails, step == "." ? 2U : 1U) << step;
    EXPECT_EQ(left(), 0U);
  }
}

TEST_F(DeliveryTest, AKillBehindTheAnswerSendsNothingAgain) {
  push("1");
  ASSERT_TRUE(until(1));
  disk->commit();
  kill();
  start();
  delivery->resume();
  time.pass(1h);
  EXPECT_EQ(peer->mails.size(), 1U);
  EXPECT_EQ(told["1"].size(), 1U);
}

TEST_F(DeliveryTest, WhatWaitsIsGivenUpOnRequest) {
  let("RCPT", "450 later");
  const auto key = push("1");
  time.pass(5s);
  EXPECT_TRUE(delivery->cancel(key));
  EXPECT_FALSE(delivery->cancel(key));
  EXPECT_EQ(left(), 0U);
  peer->answer = nullptr;
  time.pass(6 * 24h);
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(peer->mails.empty());
}

TEST_F(DeliveryTest, WhatIsOnItsWayIsNotGivenUp) {
  let(".", "silence");
  const auto key = push("1");
  ASSERT_TRUE(time.pass_until([&] { return !peer->mails.empty(); }, 10s));
  EXPECT_FALSE(delivery->cancel(key));
  EXPECT_EQ(left(), 1U);
}

TEST_F(DeliveryTest, ADomainsOwnRateAndNumberAreKept) {
  settings.mails_per_minute_and_domain = 60;
  delivery->reload(settings);
  for (int i = 0; i < 30; ++i) push("slow " + std::to_string(i));
  push("other", "carol@other.example.org");
  time.pass(2s);
  EXPECT_THAT(told["other"], ElementsAre("accepted")) << "the many are not in the one's way";
  EXPECT_LE(told.size(), 12U);
  time.pass(10s);
  EXPECT_LE(told.size(), 22U);
  ASSERT_TRUE(until(31, 40s));
}

TEST_F(DeliveryTest, StoppingLetsWhatIsOnItsWayArriveAndBeginsNothing) {
  bool stopped = false;
  peer->answer = [&](const std::string& verb, const std::string&) {
    if (verb == "RCPT") delivery->stop([&] { stopped = true; });
    return "";
  };
  push("1");
  time.pass_until([&] { return stopped; }, 5s);
  push("2");
  time.pass(60s);
  EXPECT_TRUE(stopped);
  EXPECT_THAT(told["1"], ElementsAre("accepted"));
  EXPECT_FALSE(told.contains("2"));
  EXPECT_EQ(left(), 1U);
  kill();
  start();
  peer->answer = nullptr;
  delivery->resume();
  ASSERT_TRUE(time.pass_until([&] { return told.contains("2"); }, 5s));
}

TEST_F(DeliveryTest, StoppingWaitsNoLongerThanTenSeconds) {
  let(".", "silence");
  push("1");
  ASSERT_TRUE(time.pass_until([&] { return !peer->mails.empty(); }, 10s));
  bool stopped = false;
  delivery->stop([&] { stopped = true; });
  time.pass(8s);
  EXPECT_FALSE(stopped);
  time.pass(4s);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(left(), 1U);
}

TEST_F(DeliveryTest, AnotherServerTakesOverWhileTheOldOneStillAnswers) {
  let(".", "silence");
  push("1");
  ASSERT_TRUE(time.pass_until([&] { return !peer->mails.empty(); }, 10s));
  SmtpPeer other(loop);
  settings.smtp.url = other.url();
  delivery->reload(settings);
  push("2", "carol@example.org");
  ASSERT_TRUE(time.pass_until([&] { return told.contains("2"); }, 10s));
  EXPECT_EQ(other.mails.size(), 1U);
  EXPECT_FALSE(told.contains("1"));
  peer->hang_up_all();
  ASSERT_TRUE(time.pass_until([&] { return told.contains("1"); }, 20min));
  EXPECT_EQ(other.mails.size(), 2U);
}

TEST_F(DeliveryTest, ACallbackMayEndTheDelivery) {
  Delivery::Callbacks on;
  int count = 0;
  on.accepted = [&](const QueuedMail&) {
    ++count;
    delivery.reset();
  };
  delivery = std::make_unique<Delivery>(loop, *disk, net_id, settings, std::move(on));
  push("1");
  push("2");
  time.pass(5s);
  EXPECT_EQ(count, 1);
}

TEST_F(DeliveryTest, ManyMailsLeaveWithinOneSecond) {
  for (int i = 0; i < 100; ++i) push(std::to_string(i), "bob@" + std::to_string(i % 10) + ".example.org");
  const auto began = std::chrono::steady_clock::now();
  ASSERT_TRUE(time.pass_until([&] { return told.size() == 100; }, 1s));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  EXPECT_EQ(left(), 0U);
}

}  // namespace
}  // namespace dragoman::email
