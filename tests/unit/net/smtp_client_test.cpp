// SmtpClient against a server in the same loop.
#include "bridges/net/smtp_client.hpp"

#include <gmock/gmock.h>

#include "bridges/net/base64.hpp"
#include "bridges/net/smtp_reply.hpp"
#include "tests/unit/net/smtp_client_world.hpp"

namespace dragoman::net {
namespace {

using namespace std::chrono_literals;
using test::SmtpPeer;
using testing::ElementsAre;
using testing::HasSubstr;
using What = SmtpResult::What;

TEST(SmtpReplies, AreReadLineByLine) {
  SmtpReplyReader reader;
  EXPECT_EQ(reader.take("250-first"), SmtpReplyReader::Step::more);
  EXPECT_EQ(reader.take("250 2.1.5 second"), SmtpReplyReader::Step::whole);
  EXPECT_EQ(reader.reply().code, 250);
  EXPECT_EQ(reader.reply().status, "2.1.5");
  EXPECT_EQ(reader.reply().words, "first second");
  EXPECT_THAT(reader.reply().lines, ElementsAre("first", "2.1.5 second"));
  EXPECT_EQ(reader.take("354"), SmtpReplyReader::Step::whole);
  EXPECT_EQ(reader.reply().words, "");
  EXPECT_EQ(reader.take("550 5.1.1"), SmtpReplyReader::Step::whole);
  EXPECT_EQ(reader.reply().status, "5.1.1");
  EXPECT_EQ(reader.take("550 2.1.1 not its kind"), SmtpReplyReader::Step::whole);
  EXPECT_EQ(reader.reply().status, "");
  EXPECT_EQ(reader.take("550 5.1.1\x01\xE2\x80\xAE bad\tguys"), SmtpReplyReader::Step::whole);
  EXPECT_EQ(reader.reply().words, "5.1.1 bad guys");
  for (const auto* broken : {"", "25", "abc d", "250x", "199 a", "600 a", "HTTP/1.1 200 OK"}) {
    EXPECT_EQ(SmtpReplyReader().take(broken), SmtpReplyReader::Step::broken) << broken;
  }
  EXPECT_EQ(reader.take("250-a"), SmtpReplyReader::Step::more);
  EXPECT_EQ(reader.take("550 b"), SmtpReplyReader::Step::broken);
}

TEST(SmtpReplies, AreBounded) {
  SmtpReplyReader reader;
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(reader.take("250-" + std::string(4000, 'x')), SmtpReplyReader::Step::more);
  EXPECT_EQ(reader.take("250 x"), SmtpReplyReader::Step::broken);
}

class SmtpClientTest : public test::SmtpClientWorld {};

TEST_F(SmtpClientTest, DeliversAMail) {
  const auto result = one();
  EXPECT_EQ(result.what, What::accepted);
  EXPECT_EQ(result.code, 250);
  EXPECT_EQ(result.status, "2.0.0");
  EXPECT_EQ(result.words, "queued as 1");
  EXPECT_TRUE(result.reached);
  EXPECT_THAT(peer.commands, ElementsAre("EHLO gw.example.org", "MAIL FROM:<a@gw.example.org>",
                                         "RCPT TO:<bob@example.org>", "DATA"));
  EXPECT_THAT(peer.mails, ElementsAre("Subject: x\r\n\r\nHello\r\n"));
  EXPECT_EQ(before_writes, 1);
  EXPECT_EQ(client().open(), 0U);
}

TEST_F(SmtpClientTest, SendsFromTheNullSender) {
  EXPECT_EQ(one("bob@example.org", "x\r\n", "").what, What::accepted);
  EXPECT_EQ(peer.commands.at(1), "MAIL FROM:<>");
}

TEST_F(SmtpClientTest, SaysWhatTheServerWantsToKnow) {
  peer.hello = "250-peer\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8";
  EXPECT_EQ(one("bob@example.org", "x\r\n").what, What::accepted);
  EXPECT_EQ(peer.commands.at(1), "MAIL FROM:<a@gw.example.org> SIZE=3");
  EXPECT_EQ(one("bob@example.org", "a: b\r\n\r\n\xC3\xA4\r\n").what, What::accepted);
  EXPECT_EQ(peer.commands.at(4), "MAIL FROM:<a@gw.example.org> SIZE=12 BODY=8BITMIME");
  EXPECT_EQ(one("j\xC3\xBCrgen@example.org").what, What::accepted);
  EXPECT_THAT(peer.commands.at(7), HasSubstr(" SMTPUTF8"));
  EXPECT_EQ(peer.commands.at(8), "RCPT TO:<j\xC3\xBCrgen@example.org>");
}

TEST_F(SmtpClientTest, RefusesAddressesBeyondAsciiWhereTheServerDoes) {
  const auto result = one("j\xC3\xBCrgen@example.org");
  EXPECT_EQ(result.what, What::refused);
  EXPECT_EQ(result.status, "5.6.7");
  EXPECT_TRUE(result.reached);
  EXPECT_EQ(one().what, What::accepted) << "on the same connection";
  EXPECT_EQ(peer.accepted, 1U);
}

TEST_F(SmtpClientTest, DoublesDotsAndEndsAMailOnce) {
  const std::string mail = ".\r\n..\r\n.x\r\nx.\r\n\r\n.";
  EXPECT_EQ(one("bob@example.org", mail).what, What::accepted);
  EXPECT_THAT(peer.mails, ElementsAre("..\r\n...\r\n..x\r\nx.\r\n\r\n..\r\n"));
  EXPECT_EQ(one("bob@example.org", "").what, What::accepted);
  EXPECT_EQ(peer.mails.back(), "");
}

TEST_F(SmtpClientTest, SendsLargeMailsPieceByPiece) {
  std::string mail;
  while (mail.size() < 5'000'000) mail += "." + std::string(700, 'x') + "\r\n";
  EXPECT_EQ(one("bob@example.org", mail).what, What::accepted);
  std::string doubled;
  while (doubled.size() < peer.mails.at(0).size()) doubled += ".." + std::string(700, 'x') + "\r\n";
  EXPECT_EQ(peer.mails.at(0), doubled);
  EXPECT_EQ(one().what, What::accepted);
}

TEST_F(SmtpClientTest, NothingOfAnAddressBecomesACommand) {
  for (const std::string& evil :
       {std::string("b@c.org>\r\nRCPT TO:<x@y.org"), std::string("b@c.org\nDATA"),
        std::string("b@c.org\rDATA"), std::string("b\0@c.org", 8), std::string("b @c.org"),
        std::string("b@c.org> SIZE=1"), std::string("<b@c.org"), std::string(400, 'b')}) {
    const auto result = one(evil);
    EXPECT_EQ(result.what, What::refused) << evil;
    EXPECT_EQ(result.code, 0);
    EXPECT_EQ(one("b@c.org", "x\r\n", evil).what, What::refused) << evil;
  }
  EXPECT_EQ(one("").what, What::refused);
  EXPECT_TRUE(peer.commands.empty());
}

TEST_F(SmtpClientTest, NothingOfAMailEndsIt) {
  for (const std::string& evil :
       {std::string("a\n.\r\nMAIL FROM:<x@y.org>\r\n"), std::string("a\r\n.\nb\r\n"), std::string("a\r.\r\n"),
        std::string("a\r\n.\r"), std::string("a\r\r\n"), std::string("\n"), std::string("\r"),
        std::string("a\0b\r\n", 5), std::string(1000, 'x') + "\r\n", std::string(2000, 'x')}) {
    EXPECT_EQ(one("b@c.org", evil).what, What::refused) << evil;
  }
  EXPECT_TRUE(peer.commands.empty());
}

// --------------------------------------------------------------------------------------------------------------
// verdicts

struct Verdict {
  std::string verb, answer;
  What what;
  int code;
  bool reached;
};

class SmtpVerdicts : public SmtpClientTest, public testing::WithParamInterface<Verdict> {};

TEST_P(SmtpVerdicts, AreTold) {
  const auto& verdict = GetParam();
  let(verdict.verb, verdict.answer);
  const auto result = one();
  EXPECT_EQ(result.what, verdict.what);
  EXPECT_EQ(result.code, verdict.code);
  EXPECT_EQ(result.reached, verdict.reached);
  EXPECT_FALSE(result.words.empty());
  // And the next mail goes its way.
  peer.answer = nullptr;
  EXPECT_EQ(one().what, What::accepted);
}

INSTANTIATE_TEST_SUITE_P(All, SmtpVerdicts,
                         testing::Values(Verdict{"", "554 no service", What::later, 554, false},
                                         Verdict{"", "421 busy", What::later, 421, false},
                                         Verdict{"", "hang up", What::later, 0, false},
                                         Verdict{"", "HTTP/1.1 400 Bad", What::later, 0, false},
                                         Verdict{"EHLO", "502 what", What::later, 502, false},
                                         Verdict{"EHLO", "hang up", What::later, 0, false},
                                         Verdict{"MAIL", "451 4.3.0 later", What::later, 451, true},
                                         Verdict{"MAIL", "552 5.3.4 too large", What::refused, 552, true},
                                         Verdict{"MAIL", "530 5.7.0 log in first", What::later, 530, false},
                                         Verdict{"MAIL", "421 4.3.2 going down", What::later, 421, false},
                                         Verdict{"MAIL", "hang up", What::later, 0, true},
                                         Verdict{"RCPT", "450 4.2.0 greylisted", What::later, 450, true},
                                         Verdict{"RCPT", "550 5.1.1 no such user", What::refused, 550, true},
                                         Verdict{"RCPT", "hang up", What::later, 0, true},
                                         Verdict{"DATA", "451 later", What::later, 451, true},
                                         Verdict{"DATA", "554 no", What::refused, 554, true},
                                         Verdict{"DATA", "250 what", What::later, 250, true},
                                         Verdict{"DATA", "hang up", What::later, 0, true},
                                         Verdict{".", "452 4.3.1 disk full", What::later, 452, true},
                                         Verdict{".", "554 5.7.1 spam", What::refused, 554, true},
                                         Verdict{".", "hang up", What::later, 0, true},
                                         Verdict{".", "421 4.3.2 going down", What::later, 421, false}));

TEST_F(SmtpClientTest, TellsTheServersWords) {
  let("RCPT", "550-5.1.1 <bob@example.org>: Recipient address rejected:\r\n550 5.1.1 User unknown");
  const auto result = one();
  EXPECT_EQ(result.status, "5.1.1");
  EXPECT_EQ(result.words, "<bob@example.org>: Recipient address rejected: User unknown");
}

TEST_F(SmtpClientTest, KeepsTheConnectionBehindARefusal) {
  let("RCPT", "550 5.1.1 no such user");
  one();
  peer.answer = nullptr;
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.accepted, 1U);
  EXPECT_EQ(peer.commands.at(3), "RSET");
}

TEST_F(SmtpClientTest, AnAnswerThatComesWhileAMailIsWrittenEndsIt) {
  std::string mail;
  while (mail.size() < 20'000'000) mail += std::string(900, 'x') + "\r\n";
  bool told = false;
  RawServer early(loop, [&told](RawServer::Connection& one) {
    if (one.got.ends_with("DATA\r\n")) {
      one.say("354 go on\r\n");
    } else if (one.got.size() > 100'000) {
      if (!std::exchange(told, true)) one.say("552 5.3.4 that is enough\r\n");
    } else if (one.got.ends_with("\r\n")) {
      one.say("250 ok\r\n");
    }
  });
  server.url = "smtp://127.0.0.1:" + std::to_string(early.port());
  send("bob@example.org", mail);
  ASSERT_TRUE(run_until(loop, [&] { return !early.connections.empty(); }));
  early.connections[0]->say("220 hi\r\n");
  ASSERT_TRUE(until(1));
  EXPECT_EQ(results[0].what, What::refused);
  EXPECT_EQ(results[0].code, 552);
}

TEST_F(SmtpClientTest, GivesUpWhereTheServerIsSilent) {
  timeout = 50ms;
  for (const auto* verb : {"MAIL", "RCPT", "DATA", "."}) {
    let(verb, "silence");
    const auto result = one();
    EXPECT_EQ(result.what, What::later) << verb;
    EXPECT_EQ(result.code, 0) << verb;
    EXPECT_EQ(result.words, "The mail server did not answer in time");
    EXPECT_TRUE(result.reached);
  }
}

TEST_F(SmtpClientTest, TheLoopGoesOnWhileTheServerThinks) {
  let(".", "silence");
  send();
  ASSERT_TRUE(run_until(loop, [&] { return !peer.mails.empty(); }));
  const auto began = std::chrono::steady_clock::now();
  loop.restart();
  loop.poll();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_TRUE(results.empty());
}

TEST_F(SmtpClientTest, AServerThatIsNotThereIsEverybodysTrouble) {
  server.url = "smtp://127.0.0.1:1";
  for (int i = 0; i < 10; ++i) send();
  ASSERT_TRUE(until(10));
  for (const auto& result : results) {
    EXPECT_EQ(result.what, What::later);
    EXPECT_EQ(result.code, 0);
    EXPECT_FALSE(result.reached);
    EXPECT_THAT(result.words, HasSubstr("refused the connection"));
  }
}

TEST_F(SmtpClientTest, AUrlThatIsNoneIsToldAsSuch) {
  for (const auto* url : {"", "http://127.0.0.1", "smtp://", "smtp://a:b", "smtp://a:70000", "smtp://[::1"}) {
    server.url = url;
    SmtpClient odd(loop, server, 1);
    std::optional<SmtpResult> told;
    odd.send({"a@b.org", "b@c.org", std::make_shared<const std::string>("x\r\n")}, 1s,
             [&](SmtpResult result) { told = std::move(result); });
    ASSERT_TRUE(run_until(loop, [&] { return told.has_value(); })) << url;
    EXPECT_EQ(told->what, What::later);
    EXPECT_FALSE(told->reached);
  }
}

// -------------------------------------------------------------------------------------------------------------
// connections

TEST_F(SmtpClientTest, UsesAConnectionForManyMailsAndNotTooMany) {
  connections = 1;
  for (int i = 0; i < 250; ++i) send();
  ASSERT_TRUE(until(250));
  for (const auto& result : results) EXPECT_EQ(result.what, What::accepted);
  EXPECT_EQ(peer.accepted, 3U);
  EXPECT_EQ(peer.mails.size(), 250U);
}

TEST_F(SmtpClientTest, OpensNoMoreConnectionsThanItMay) {
  connections = 3;
  for (int i = 0; i < 60; ++i) send();
  ASSERT_TRUE(until(60));
  EXPECT_LE(peer.accepted, 3U);
  EXPECT_GT(peer.accepted, 1U);
}

TEST_F(SmtpClientTest, AKeptConnectionThatDiedIsNobodysTrouble) {
  EXPECT_EQ(one().what, What::accepted);
  int mails = 0;
  peer.answer = [&](const std::string& verb, const std::string&) {
    return verb == "MAIL" && ++mails == 1 ? "421 4.4.2 timeout" : "";
  };
  EXPECT_EQ(one().what, What::accepted);
  peer.answer = nullptr;
  peer.hang_up_all();
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.mails.size(), 3U);
}

TEST_F(SmtpClientTest, AConnectionTooManyIsNobodysTroubleEither) {
  connections = 4;
  std::size_t greeted = 0;
  peer.answer = [&](const std::string& verb, const std::string&) {
    return verb.empty() && ++greeted > 1 ? "421 too many connections" : "";
  };
  EXPECT_EQ(one().what, What::accepted);
  for (int i = 0; i < 20; ++i) send();
  ASSERT_TRUE(until(21));
  for (const auto& result : results) EXPECT_EQ(result.what, What::accepted);
}

TEST_F(SmtpClientTest, ACancelledMailIsNotTold) {
  let(".", "silence");
  const auto id = send();
  ASSERT_TRUE(run_until(loop, [&] { return !peer.mails.empty(); }));
  client().cancel(id);
  peer.answer = nullptr;
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(results.size(), 1U);
  const auto other = send();
  client().cancel(other);
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(results.size(), 2U);
  EXPECT_EQ(client().open(), 0U);
}

TEST_F(SmtpClientTest, NothingIsToldOnceTheClientIsGone) {
  server.url = peer.url();
  for (const auto* verb : {"", "EHLO", "MAIL", "DATA", "."}) {
    auto mortal = std::make_unique<SmtpClient>(loop, server, 1);
    peer.answer = [&](const std::string& given, const std::string&) {
      if (given == verb) mortal.reset();
      return "";
    };
    bool told = false;
    mortal->send({"a@b.org", "b@c.org", std::make_shared<const std::string>("x\r\n")}, 10s,
                 [&](const SmtpResult&) { told = true; });
    ASSERT_TRUE(run_until(loop, [&] { return !mortal; })) << verb;
    loop.restart();
    loop.run_for(5ms);
    EXPECT_FALSE(told);
  }
}

TEST_F(SmtpClientTest, ACallbackMayEndTheClient) {
  server.url = peer.url();
  auto mortal = std::make_unique<SmtpClient>(loop, server, 1);
  int told = 0;
  for (int i = 0; i < 2; ++i) {
    mortal->send({"a\n@b.org", "b@c.org", std::make_shared<const std::string>("x\r\n")}, 10s,
                 [&](const SmtpResult&) {
                   ++told;
                   mortal.reset();
                 });
  }
  ASSERT_TRUE(run_until(loop, [&] { return told > 0; }));
  loop.restart();
  loop.run_for(5ms);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace dragoman::net
