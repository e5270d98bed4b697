// How LMTP cuts what comes into lines and mails, without sockets.
#include <random>

#include "tests/unit/email/lmtp_talk.hpp"

namespace dragoman::email {
namespace {

using test::Taken;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class LmtpBytes : public test::LmtpTalk {};

// Lines of commands.

TEST_F(LmtpBytes, ALineOfACommandEndsWithCrLf) {
  EXPECT_THAT(say("NOOP\nNOOP\r\n"), ElementsAre(StartsWith("500 5.5.2"), "250 2.0.0 ok"));
  EXPECT_THAT(say("NO\rOP\r\nNOOP\r\r\nNOOP\r\n"),
              ElementsAre(StartsWith("500 5.5.2"), StartsWith("500 5.5.2"), "250 2.0.0 ok"));
}

TEST_F(LmtpBytes, ALineThatIsTooLongIsRefusedAndForgotten) {
  limits.line_bytes = 100;
  EXPECT_THAT(say("NOOP " + std::string(94, 'x') + "\r\n"), ElementsAre("250 2.0.0 ok"));
  EXPECT_THAT(say("NOOP " + std::string(95, 'x') + "\r\n"), ElementsAre(StartsWith("500 5.5.2")));
  EXPECT_THAT(say(std::string(1'000'000, 'x')), IsEmpty());
  EXPECT_LT(dialogue().held(), 1000U);
  EXPECT_THAT(say("\r\nNOOP\r\n"), ElementsAre(StartsWith("500 5.5.2"), "250 2.0.0 ok"));
}

// Data.

TEST_F(LmtpBytes, StuffedDotsAreTakenOut) {
  EXPECT_THAT(mail("..\r\n.a\r\n...b\r\nc.\r\n\r\n..\r\n.\r\n"), ElementsAre("250 2.0.0 kept"));
  EXPECT_EQ(only_mail(), ".\r\na\r\n..b\r\nc.\r\n\r\n.\r\n");
}

TEST_F(LmtpBytes, BytesOfAllKindsAreKept) {
  std::string bytes;
  for (int c = 0; c < 256; ++c) {
    if (c != '\r' && c != '\n') bytes += static_cast<char>(c);
  }
  mail(bytes + "\r\n.\r\n");
  EXPECT_EQ(only_mail(), bytes + "\r\n");
}

TEST_F(LmtpBytes, ALongLineIsRefused) {
  EXPECT_THAT(mail(std::string(998, 'a') + "\r\n." + std::string(998, 'b') + "\r\n.\r\n"),
              ElementsAre("250 2.0.0 kept"));
  EXPECT_THAT(mail(std::string(999, 'a') + "\r\n.\r\n"), ElementsAre(StartsWith("554 5.6.0")));
  EXPECT_THAT(mail(std::string(2'000'000, 'a') + "\r\n.\r\n"), ElementsAre(StartsWith("554 5.6.0")));
  EXPECT_EQ(keeper.mails.size(), 1U);
}

// Whatever some server takes for the end of a mail, and what would follow it (CVE-2023-51764 and its like).
TEST_F(LmtpBytes, NothingIsSmuggledInAMail) {
  for (const char* end : {"\n.\n", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r.\r\n", "\r.\r", "\n.\r", "\r.\n",
                          "\r\n.\r\r\n", "\r\r\n.\r\n ", "\r\n\n.\r\n", "\n\r\n.\r\n ", "\r\n.\r\n\n"}) {
    talk.reset();
    keeper.mails.clear();
    const std::string smuggled = "MAIL FROM:<evil@b.c>\r\nRCPT TO:<victim@x.y>\r\nDATA\r\nevil\r\n.\r\n";
    const auto replies = mail("hello" + std::string(end) + smuggled);
    // Where the true end stands in `end`, what follows it are commands of the peer's own, and no part of a
    // mail.
    const bool true_end = std::string_view(end).find("\r\n.\r\n") != std::string_view::npos;
    ASSERT_FALSE(replies.empty()) << testing::PrintToString(end);
    if (!true_end) {
      EXPECT_THAT(replies, ElementsAre(StartsWith("554 5.5.2"))) << testing::PrintToString(end);
      EXPECT_THAT(keeper.mails, IsEmpty()) << testing::PrintToString(end);
    }
  }
}

TEST_F(LmtpBytes, ABareCrOrLfIsRefusedOnceAllWasRead) {
  for (const char* bytes :
       {"a\nb", "a\rb", "\n", "\r", "a\n", "a\r", "\r\r", "\n\r", ".\n", ".\r", "..\n", "\r\r\n", "a\n\r"}) {
    talk.reset();
    ready();
    say("DATA\r\n");
    EXPECT_THAT(say(bytes), IsEmpty()) << testing::PrintToString(bytes);
    EXPECT_THAT(say("x\r\nmore\r\n"), IsEmpty()) << testing::PrintToString(bytes);
    EXPECT_THAT(say(".\r\n"), ElementsAre(StartsWith("554 5.5.2"))) << testing::PrintToString(bytes);
    EXPECT_THAT(say("NOOP\r\n"), ElementsAre("250 2.0.0 ok"));
  }
  EXPECT_THAT(keeper.mails, IsEmpty());
}

TEST_F(LmtpBytes, WhatWasAnnouncedIsNotBelieved) {
  say("LHLO a\r\nMAIL FROM:<a@b.c> SIZE=25000000\r\nRCPT TO:<j@x.y>\r\nDATA\r\n");
  EXPECT_LE(dialogue().held(), 300'000U);
}

TEST_F(LmtpBytes, NothingIsHeldAfterAMail) {
  mail(std::string(900, 'x') + "\r\n.\r\n");
  EXPECT_LT(dialogue().held(), 100U);
}

// However the bytes are cut, the answers and the mails are the same.
TEST_F(LmtpBytes, BytesOneByOneAreTheSameAsAtOnce) {
  limits.mail_bytes = 60;
  limits.line_bytes = 40;
  limits.text_line_bytes = 20;
  limits.bad_commands = 1000;
  std::mt19937 random(4);
  const std::vector<std::string> pieces{"LHLO a\r\n",
                                        "MAIL FROM:<a@b.c>\r\n",
                                        "RCPT TO:<j@x.y>\r\n",
                                        "DATA\r\n",
                                        "\r\n.\r\n",
                                        ".\r\n",
                                        ".",
                                        "\r",
                                        "\n",
                                        "\r\n",
                                        "..",
                                        "abc",
                                        "NOOP\r\n",
                                        "RSET\r\n",
                                        std::string(19, 'x'),
                                        "MAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\nDATA\r\n"};
  std::size_t all_mails = 0;
  for (int round = 0; round < 1000; ++round) {
    std::string bytes = "LHLO a\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\nDATA\r\n";
    for (int i = 0; i < 30; ++i) bytes += pieces[random() % pieces.size()];
    const auto run = [&](auto&& cut) {
      keeper.mails.clear();
      talk.reset();
      std::vector<std::string> lines;
      for (std::size_t at = 0; at < bytes.size();) {
        const std::size_t size = std::min<std::size_t>(cut(), bytes.size() - at);
        for (auto& line : say(std::string_view(bytes).substr(at, size))) lines.push_back(std::move(line));
        at += size;
      }
      for (const Taken& taken : keeper.mails) lines.push_back("mail: " + taken.bytes);
      return lines;
    };
    const auto at_once = run([&] { return bytes.size(); });
    ASSERT_EQ(run([] { return 1U; }), at_once) << testing::PrintToString(bytes);
    ASSERT_EQ(run([&] { return 1 + random() % 9; }), at_once) << testing::PrintToString(bytes);
    all_mails += keeper.mails.size();
    for (const Taken& taken : keeper.mails) {
      ASSERT_LE(taken.bytes.size(), limits.mail_bytes);
      for (std::size_t i = 0; i < taken.bytes.size(); ++i) {
        const bool lf = taken.bytes[i] == '\n', cr = taken.bytes[i] == '\r';
        ASSERT_TRUE(!lf || (i > 0 && taken.bytes[i - 1] == '\r'));
        ASSERT_TRUE(!cr || (i + 1 < taken.bytes.size() && taken.bytes[i + 1] == '\n'));
      }
    }
  }
  EXPECT_GT(all_mails, 100U);
}

}  // namespace
}  // namespace dragoman::email
