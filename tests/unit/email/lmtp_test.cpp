// What LMTP answers to each command, without sockets.
#include "tests/unit/email/lmtp_talk.hpp"

namespace dragoman::email {
namespace {

using test::lines_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class Lmtp : public test::LmtpTalk {};

TEST_F(Lmtp, GreetsWithItsName) {
  limits.host = "mail.example.org";
  EXPECT_THAT(dialogue().greeting(), AllOf(StartsWith("220 mail.example.org "), EndsWith("\r\n")));
}

TEST_F(Lmtp, LhloTellsWhatItCan) {
  EXPECT_THAT(say("LHLO mx.example\r\n"),
              ElementsAre("250-localhost", "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250-8BITMIME",
                          "250-SMTPUTF8", "250 SIZE 25000000"));
  EXPECT_THAT(say("LHLO\r\n"), ElementsAre(StartsWith("501 5.5.4")));
}

TEST_F(Lmtp, SmtpIsSentAway) {
  EXPECT_THAT(say("HELO a\r\nEHLO a\r\n"), ElementsAre(StartsWith("500 5.5.1"), StartsWith("500 5.5.1")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c>\r\n"), ElementsAre(StartsWith("503 5.5.1")));
}

TEST_F(Lmtp, TheUsualMailIsTaken) {
  EXPECT_THAT(say("lhlo mx\r\nmail from:<a@b.c>\r\nrcpt to:<J@x.y>\r\ndata\r\n"),
              ElementsAre("250-localhost", testing::_, testing::_, testing::_, testing::_, testing::_,
                          "250 2.1.0 ok", "250 2.1.5 ok", StartsWith("354 ")));
  EXPECT_THAT(say("Subject: x\r\n\r\nhello\r\n.\r\n"), ElementsAre("250 2.0.0 kept"));
  ASSERT_EQ(keeper.mails.size(), 1U);
  EXPECT_EQ(keeper.mails[0].bytes, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(keeper.mails[0].envelope.from, "a@b.c");
  EXPECT_THAT(keeper.mails[0].envelope.recipients, ElementsAre("J@x.y"));
  EXPECT_FALSE(keeper.mails[0].envelope.utf8);
  EXPECT_THAT(keeper.asked, ElementsAre("a@b.c J@x.y"));
}

TEST_F(Lmtp, TheNullSenderIsTaken) {
  say("LHLO a\r\n");
  EXPECT_THAT(say("MAIL FROM:<>\r\nRCPT TO:<j@x.y>\r\n"), ElementsAre("250 2.1.0 ok", "250 2.1.5 ok"));
  say("DATA\r\n.\r\n");
  ASSERT_EQ(keeper.mails.size(), 1U);
  EXPECT_EQ(keeper.mails[0].envelope.from, "");
  EXPECT_EQ(keeper.mails[0].bytes, "");
}

TEST_F(Lmtp, WhatTheHandlerSaysOfARecipientIsAnswered) {
  keeper.answers = {{"none@x.y", {550, "5.1.1 nobody has that address"}},
                    {"a@else.where", {550, "5.7.1 not ours"}},
                    {"off@x.y", {550, "5.2.1 disabled"}},
                    {"full@x.y", {452, "4.2.2 over quota"}}};
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\n");
  EXPECT_THAT(
      say("RCPT TO:<none@x.y>\r\nRCPT TO:<a@else.where>\r\nRCPT TO:<off@x.y>\r\nRCPT TO:<full@x.y>\r\n"),
      ElementsAre("550 5.1.1 nobody has that address", "550 5.7.1 not ours", "550 5.2.1 disabled",
                  "452 4.2.2 over quota"));
  EXPECT_THAT(say("DATA\r\n"), ElementsAre(StartsWith("503 5.5.1")));
  EXPECT_THAT(say("RCPT TO:<j@x.y>\r\nDATA\r\n"), ElementsAre(StartsWith("250"), StartsWith("354")));
  EXPECT_THAT(say(".\r\n"), ElementsAre(StartsWith("250")));
  EXPECT_THAT(keeper.mails.at(0).envelope.recipients, ElementsAre("j@x.y"));
}

TEST_F(Lmtp, ARecipientThatIsNoAddressIsRefused) {
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\n");
  for (const char* path : {"", "a", "@b.c", "a@", "a b@c", "a@b c", "a@b@c", "a..b@c", ".a@c", "a.@c",
                           "a@b..c", "\"a@c", "a\"b@c", "a@[", "a\t@b", "a(b)@c", "a@b,c"}) {
    EXPECT_THAT(say("RCPT TO:<" + std::string(path) + ">\r\n"),
                ElementsAre(testing::AnyOf(StartsWith("553 5.1.3"), StartsWith("501 5.5.4"))))
        << path;
  }
  EXPECT_THAT(say("RCPT TO:<" + std::string(65, 'a') + "@b.c>\r\n"), ElementsAre(StartsWith("553 5.1.3")));
  EXPECT_THAT(say("RCPT TO:<a@" + std::string(300, 'b') + ">\r\n"), ElementsAre(StartsWith("553 5.1.3")));
  EXPECT_THAT(keeper.asked, IsEmpty());
}

TEST_F(Lmtp, AddressesOfAllFormsAreTaken) {
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\n");
  for (const char* path : {"alice=xmpp.example@gw", "a+b@c", "\"a b\"@c", "\"a>b\"@c", "\"a\\\"b@x\"@c",
                           "a@[127.0.0.1]", "o'x!#$%&*/?^`{|}~@c", "@a,@b:j@x.y"}) {
    EXPECT_THAT(say("RCPT TO:<" + std::string(path) + ">\r\n"), ElementsAre("250 2.1.5 ok")) << path;
  }
  EXPECT_EQ(keeper.asked.back(), "a@b.c j@x.y");  // without the source route
  EXPECT_THAT(say("RCPT TO: <PostMaster>\r\n"), ElementsAre("250 2.1.5 ok"));
  EXPECT_EQ(keeper.asked.back(), "a@b.c PostMaster@localhost");
}

TEST_F(Lmtp, AHundredRecipientsAreTakenAndThenNoMore) {
  limits.recipients = 100;
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\n");
  for (int i = 0; i < 100; ++i) ASSERT_THAT(say("RCPT TO:<j@x.y>\r\n"), ElementsAre("250 2.1.5 ok"));
  EXPECT_THAT(say("RCPT TO:<k@x.y>\r\n"), ElementsAre(StartsWith("452 4.5.3")));
  EXPECT_EQ(keeper.asked.size(), 100U);
  say("DATA\r\n");
  // One reply for each, repeated ones too.
  EXPECT_EQ(say(".\r\n").size(), 100U);
}

TEST_F(Lmtp, EachRecipientHasItsReplyInOrder) {
  keeper.answers = {{"no@x.y", {550, "5.1.1 nobody"}}};
  keeper.verdicts = {{250, "2.0.0 kept"}, {452, "4.2.2 full"}, {554, "5.4.6 a loop"}};
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@x.y>\r\nRCPT TO:<no@x.y>\r\nRCPT TO:<b@x.y>\r\nRCPT "
      "TO:<a@x.y>\r\n");
  say("DATA\r\n");
  EXPECT_THAT(say("x\r\n.\r\n"), ElementsAre("250 2.0.0 kept", "452 4.2.2 full", "554 5.4.6 a loop"));
  EXPECT_THAT(keeper.mails.at(0).envelope.recipients, ElementsAre("a@x.y", "b@x.y", "a@x.y"));
}

TEST_F(Lmtp, ARecipientThatWasForgottenIsToComeAgain) {
  keeper.verdicts = {{250, "2.0.0 kept"}};
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nDATA\r\n");
  EXPECT_THAT(say(".\r\n"), ElementsAre("250 2.0.0 kept", StartsWith("451 4.3.0")));
}

TEST_F(Lmtp, WhatTheHandlerSaysOfAMailIsAnsweredAtOnce) {
  for (const char* text : {"5.6.0 no mail", "5.4.6 a loop"}) {
    keeper.verdicts = {{554, text}};
    ready();
    std::string out;
    dialogue().on_bytes("DATA\r\nx\r\n.\r\n", out);
    EXPECT_FALSE(dialogue().waiting());
    EXPECT_THAT(lines_of(out), ElementsAre(StartsWith("354"), std::string("554 ") + text));
  }
}

TEST_F(Lmtp, ALargeMailIsRefusedBeforeAndAfter) {
  limits.mail_bytes = 1000;
  say("LHLO a\r\n");
  EXPECT_THAT(say("MAIL FROM:<a@b.c> SIZE=1001\r\n"), ElementsAre(StartsWith("552 5.3.4")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c> SIZE=99999999999999999999\r\n"), ElementsAre(StartsWith("552 5.3.4")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c> SIZE=10\r\nRCPT TO:<j@x.y>\r\nRCPT TO:<k@x.y>\r\nDATA\r\n").size(), 4U);
  std::string body;
  while (body.size() < 1001) body += "0123456789\r\n";
  EXPECT_THAT(say(body), IsEmpty());
  EXPECT_LT(dialogue().held(), 1000U);
  EXPECT_THAT(say(".\r\n"), ElementsAre(StartsWith("552 5.3.4"), StartsWith("552 5.3.4")));
  EXPECT_THAT(keeper.mails, IsEmpty());
  // Exactly as large as may be.
  say("MAIL FROM:<a@b.c> SIZE=1000\r\nRCPT TO:<j@x.y>\r\nDATA\r\n");
  EXPECT_THAT(say(std::string(498, 'a') + "\r\n" + std::string(498, 'a') + "\r\n.\r\n"),
              ElementsAre("250 2.0.0 kept"));
  EXPECT_EQ(only_mail().size(), 1000U);
}

TEST_F(Lmtp, WhereMailMayNotComeInAllOfItWaits) {
  const LmtpReply later{451, "4.3.0 the XMPP server is away"};
  say("LHLO a\r\n");
  keeper.accepting = later;
  EXPECT_THAT(say("MAIL FROM:<a@b.c>\r\n"), ElementsAre("451 4.3.0 the XMPP server is away"));
  keeper.accepting = {452, "4.3.1 the disk is full"};
  EXPECT_THAT(say("MAIL FROM:<a@b.c>\r\n"), ElementsAre("452 4.3.1 the disk is full"));
  keeper.accepting = {250, ""};
  ready();
  keeper.accepting = later;
  EXPECT_THAT(say("DATA\r\n"), ElementsAre("451 4.3.0 the XMPP server is away"));
  keeper.accepting = {250, ""};
  EXPECT_THAT(say("DATA\r\n"), ElementsAre(StartsWith("354")));
  keeper.accepting = later;
  EXPECT_THAT(say("x\r\n.\r\n"), ElementsAre("451 4.3.0 the XMPP server is away"));
  EXPECT_THAT(keeper.mails, IsEmpty());
}

TEST_F(Lmtp, AMailThatDidNotReachTheDiskIsToComeAgain) {
  kept = false;
  keeper.verdicts = {{250, "2.0.0 kept"}, {550, "5.2.1 disabled"}};
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<a@x.y>\r\nRCPT TO:<b@x.y>\r\nDATA\r\n");
  EXPECT_THAT(say("x\r\n.\r\n"), ElementsAre(StartsWith("451 4.3.0"), "550 5.2.1 disabled"));
}

TEST_F(Lmtp, NothingIsAnsweredBeforeTheDiskHasIt) {
  ready();
  std::string out;
  dialogue().on_bytes("DATA\r\nx\r\n.\r\nNOOP\r\nQU", out);
  EXPECT_THAT(lines_of(out), ElementsAre(StartsWith("354")));
  EXPECT_TRUE(dialogue().waiting());
  out.clear();
  dialogue().on_bytes("IT\r\n", out);
  EXPECT_EQ(out, "");
  dialogue().settled(true, out);
  EXPECT_THAT(lines_of(out), ElementsAre("250 2.0.0 kept", "250 2.0.0 ok", StartsWith("221 2.0.0")));
  EXPECT_TRUE(dialogue().closed());
}

TEST_F(Lmtp, QuitEndsIt) {
  EXPECT_THAT(say("QUIT\r\nNOOP\r\n"), ElementsAre(StartsWith("221 2.0.0")));
  EXPECT_TRUE(dialogue().closed());
  EXPECT_THAT(say("NOOP\r\n"), IsEmpty());
}

TEST_F(Lmtp, SmallCommands) {
  EXPECT_THAT(say("NOOP\r\nNOOP x\r\nRSET\r\nVRFY a@b\r\n"),
              ElementsAre("250 2.0.0 ok", "250 2.0.0 ok", "250 2.0.0 ok", StartsWith("252 2.5.2")));
  EXPECT_THAT(say("VRFY\r\nRSET x\r\nDATA x\r\nQUIT x\r\n"),
              ElementsAre(StartsWith("501 5.5.4"), StartsWith("501 5.5.4"), StartsWith("501 5.5.4"),
                          StartsWith("501 5.5.4")));
  EXPECT_FALSE(dialogue().closed());
}

TEST_F(Lmtp, WhatIsNotKnownIsTold) {
  for (const char* line :
       {"EXPN x", "BDAT 3 LAST", "STARTTLS", "AUTH PLAIN", "X", "", " NOOP", "MAILFROM:<a@b>"}) {
    EXPECT_THAT(say(std::string(line) + "\r\n"), ElementsAre(StartsWith("500 5.5.1"))) << line;
  }
}

TEST_F(Lmtp, ArgumentsHaveTheirForm) {
  say("LHLO a\r\n");
  for (const char* line :
       {"MAIL", "MAIL FROM", "MAIL FROM:", "MAIL FROM:a@b.c", "MAIL FROM:<a@b.c", "MAIL TO:<a@b.c>",
        "MAIL FROM:<a@b.c>SIZE=1", "MAIL FROM:<@a,@b>", "MAIL FROM:<a@b.c> SIZE=", "MAIL FROM:<a@b.c> SIZE=x",
        "MAIL FROM:<a@b.c> SIZE=-1", "MAIL FROM:<a@b.c> SIZE=1 SIZE=1"}) {
    EXPECT_THAT(say(std::string(line) + "\r\n"), ElementsAre(StartsWith("501 5.5.4"))) << line;
  }
}

TEST_F(Lmtp, ParametersThatAreNotKnownAreRefused) {
  say("LHLO a\r\n");
  EXPECT_THAT(say("MAIL FROM:<a@b.c> RET=HDRS\r\nMAIL FROM:<a@b.c> AUTH=<>\r\n"),
              ElementsAre(StartsWith("555 5.5.4"), StartsWith("555 5.5.4")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c> BODY=BINARYMIME\r\nMAIL FROM:<a@b.c> SMTPUTF8=1\r\n"),
              ElementsAre(StartsWith("501 5.5.4"), StartsWith("501 5.5.4")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c> BODY=8bitmime  SIZE=5 SMTPUTF8\r\n"), ElementsAre("250 2.1.0 ok"));
  EXPECT_THAT(say("RCPT TO:<j@x.y> NOTIFY=NEVER\r\n"), ElementsAre(StartsWith("555 5.5.4")));
}

TEST_F(Lmtp, TheSequenceIsKept) {
  EXPECT_THAT(say("RCPT TO:<j@x.y>\r\nDATA\r\n"),
              ElementsAre(StartsWith("503 5.5.1"), StartsWith("503 5.5.1")));
  ready();
  EXPECT_THAT(say("MAIL FROM:<a@b.c>\r\n"), ElementsAre(StartsWith("503 5.5.1")));
  EXPECT_THAT(say("RSET\r\nDATA\r\n"), ElementsAre(StartsWith("250"), StartsWith("503 5.5.1")));
  ready();
  say("LHLO a\r\n");
  EXPECT_THAT(say("DATA\r\n"), ElementsAre(StartsWith("503 5.5.1")));
}

TEST_F(Lmtp, AMailEndsItsTransaction) {
  mail("x\r\n.\r\n");
  EXPECT_THAT(say("DATA\r\n"), ElementsAre(StartsWith("503 5.5.1")));
  EXPECT_THAT(say("MAIL FROM:<k@b.c>\r\nRCPT TO:<l@x.y>\r\nDATA\r\n").size(), 3U);
  EXPECT_THAT(say("y\r\n.\r\n"), ElementsAre("250 2.0.0 kept"));
  ASSERT_EQ(keeper.mails.size(), 2U);
  EXPECT_EQ(keeper.mails[1].bytes, "y\r\n");
  EXPECT_EQ(keeper.mails[1].envelope.from, "k@b.c");
  EXPECT_THAT(keeper.mails[1].envelope.recipients, ElementsAre("l@x.y"));
}

TEST_F(Lmtp, Utf8IsToBeAnnounced) {
  say("LHLO a\r\n");
  EXPECT_THAT(say("MAIL FROM:<jörg@b.c>\r\n"), ElementsAre(StartsWith("553 5.6.7")));
  EXPECT_THAT(say("MAIL FROM:<a@b.c>\r\nRCPT TO:<jörg@x.y>\r\n"),
              ElementsAre("250 2.1.0 ok", StartsWith("553 5.6.7")));
  say("RSET\r\n");
  EXPECT_THAT(say("MAIL FROM:<jörg@bä.c> SMTPUTF8\r\nRCPT TO:<jörg@x.y>\r\nRCPT TO:<\xff@x.y>\r\nDATA\r\n"),
              ElementsAre("250 2.1.0 ok", "250 2.1.5 ok", StartsWith("553 5.1.3"), StartsWith("354")));
  say(".\r\n");
  EXPECT_TRUE(keeper.mails.at(0).envelope.utf8);
}

TEST_F(Lmtp, WhoIsWrongTooOftenIsSentAway) {
  limits.bad_commands = 5;
  for (int i = 0; i < 4; ++i) EXPECT_THAT(say("what\r\n"), ElementsAre(StartsWith("500")));
  EXPECT_THAT(say("what\r\nNOOP\r\n"), ElementsAre(StartsWith("421 4.7.0")));
  EXPECT_TRUE(dialogue().closed());
}

TEST_F(Lmtp, ABrowserIsSentAwayBeforeItsMailIsRead) {
  for (const char* verb : {"GET", "POST", "put", "HEAD", "OPTIONS", "CONNECT", "DELETE", "PATCH"}) {
    talk.reset();
    EXPECT_THAT(say(std::string(verb) + " / HTTP/1.1\r\nHost: x\r\n\r\nLHLO x\r\nMAIL FROM:<a@b.c>\r\n"),
                ElementsAre(StartsWith("421 4.7.0")));
    EXPECT_TRUE(dialogue().closed());
  }
}

TEST_F(Lmtp, GoesWithAReason) {
  EXPECT_THAT(dialogue().goodbye(true), AllOf(StartsWith("421 4.3.2 "), EndsWith("\r\n")));
  EXPECT_THAT(dialogue().goodbye(false), AllOf(StartsWith("421 4.4.2 "), EndsWith("\r\n")));
}

TEST_F(Lmtp, WhatTheHandlerSaysStaysOneLine) {
  keeper.answers = {{"j@x.y", {550, "5.1.1 a\r\n250 b" + std::string(1000, 'x')}}};
  say("LHLO a\r\nMAIL FROM:<a@b.c>\r\n");
  const auto lines = say("RCPT TO:<j@x.y>\r\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_THAT(lines[0], StartsWith("550 5.1.1 a??250 b"));
  EXPECT_LE(lines[0].size(), 510U);
}

}  // namespace
}  // namespace dragoman::email
