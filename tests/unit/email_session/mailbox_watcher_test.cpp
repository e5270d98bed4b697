// How somebody's inbox is watched: once, over lost connections, restarts and whatever servers make up.
#include "tests/unit/email_session/account_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(AccountsTest, WhatArrivesWhileWeAreAwayIsToldOnce) {
  log_in();
  imap.arrive(letter("one").bytes());
  ASSERT_TRUE(until_heard(1));
  disk->commit();
  kill();
  sink.told.clear();
  imap.arrive(letter("two").bytes());
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_idle());
  time.pass(120s);
  EXPECT_THAT(chat(), ElementsAre("two", "three"));
}

TEST_F(AccountsTest, AMailAndItsMarkAreKeptTogetherBeforeItIsOutOfTheHouse) {
  log_in();
  imap.arrive(letter("one").bytes());
  ASSERT_TRUE(until_heard(1));
  // Nothing is committed but what was there when it was told.
  kill();
  ASSERT_TRUE(until_idle());
  time.pass(120s);
  EXPECT_THAT(chat(), ElementsAre("one"));
}

TEST_F(AccountsTest, ALostConnectionIsMadeAnew) {
  log_in();
  imap.hang_up_all();
  imap.arrive(letter("meanwhile").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("meanwhile"));
  EXPECT_TRUE(until_idle());
}

TEST_F(AccountsTest, IdleIsRenewedBeforeServersTireOfIt) {
  log_in();
  const auto before = imap.asked("IDLE");
  time.pass(29min);
  EXPECT_GE(imap.asked("IDLE"), before + 2);
  EXPECT_EQ(imap.accepted, 3U) << "on the same connections";
}

TEST_F(AccountsTest, WithoutIdleItLooksEveryMinute) {
  imap.capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR";
  imap.answer = [this](const std::string& command) {
    return command == "NOOP" ? "* " + std::to_string(imap.inbox.mails.size()) + " EXISTS\r\nTAG OK done" : "";
  };
  ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account"));
  time.pass(5s);
  imap.arrive(letter("polled").bytes());
  ASSERT_TRUE(time.pass_until([&] { return !chat().empty(); }, 70s));
  EXPECT_THAT(chat(), ElementsAre("polled"));
}

// What a server answers to IDLE that it does not bear.
class PolledServers : public AccountsTest, public testing::WithParamInterface<const char*> {};

TEST_P(PolledServers, AreLookedAtEveryMinute) {
  imap.answer = [](const std::string& command) { return command == "IDLE" ? GetParam() : ""; };
  ASSERT_THAT(word_of(answers()), StartsWith("You use your mail account"));
  time.pass(300s);
  EXPECT_LE(imap.asked("IDLE"), 2U) << "once for each mailbox";
  EXPECT_GE(imap.asked("NOOP"), 6U);
}

INSTANTIATE_TEST_SUITE_P(MailboxWatcher, PolledServers,
                         testing::Values("TAG BAD what?", "+ idling\r\nTAG OK done"));

TEST_F(AccountsTest, ServersThatNumberTheirMailsAnewTellNothingTwice) {
  imap.arrive(letter("before").bytes(), "01-Jan-2020 00:00:00 +0000");
  log_in();
  imap.arrive(letter("one").bytes());
  imap.arrive(letter("two").bytes());
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_idle());
  imap.inbox.number_anew(500);
  imap.hang_up_all();
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(3));
  ASSERT_TRUE(until_idle());
  EXPECT_THAT(chat(), ElementsAre("one", "two", "three"));
  imap.arrive(letter("four").bytes());
  ASSERT_TRUE(until_heard(4));
  EXPECT_THAT(chat(), ElementsAre("one", "two", "three", "four"));
  // Lower than before.
  ASSERT_TRUE(until_idle());
  imap.inbox.number_anew(1);
  imap.hang_up_all();
  imap.arrive(letter("five").bytes());
  ASSERT_TRUE(until_heard(5));
  ASSERT_TRUE(until_idle());
  EXPECT_EQ(chat().size(), 5U);
}

TEST_F(AccountsTest, AMailThatBreaksTheConnectionIsPassedBy) {
  log_in();
  imap.answer = [](const std::string& command) {
    return command.starts_with("UID FETCH 1 ") ? "* 1 FETCH (UID 1 BODY[] {99999999999}" : "";
  };
  imap.arrive(letter("broken").bytes());
  imap.arrive(letter("whole").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("whole"));
  EXPECT_THAT(said(), HasSubstr("can't be fetched"));
}

TEST_F(AccountsTest, WhatServersMakeUpHurtsNobody) {
  log_in();
  for (const char* line : {"* 1 FETCH (UID 9 BODY[] {5}", "* SEARCH 1 2 3 4294967295", "(((((((",
                           "* 99 EXISTS", "TAG OK\r\nTAG OK", "* BYE", "+ ?"}) {
    imap.answer = [line](const std::string& command) {
      return command.starts_with("UID SEARCH") ? line : "";
    };
    imap.arrive(letter(line).bytes());
    time.pass(200s);
    imap.answer = nullptr;
    imap.hang_up_all();
    ASSERT_TRUE(until_idle()) << line;
  }
  EXPECT_EQ(chat().size(), 7U);
}

TEST_F(AccountsTest, NothingIsToldWhileNobodyMayBeTold) {
  log_in();
  accounts->hold(true);
  imap.arrive(letter("held").bytes());
  time.pass(120s);
  EXPECT_THAT(chat(), IsEmpty());
  accounts->hold(false);
  ASSERT_TRUE(until_heard(1));
}

}  // namespace
}  // namespace dragoman::email::test
