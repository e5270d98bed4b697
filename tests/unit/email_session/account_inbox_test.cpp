// What becomes of a mail that arrives in somebody's own account.
#include "tests/unit/email_session/account_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(AccountsTest, OnlyMailThatArrivesAfterTheLoginIsTold) {
  imap.arrive(letter("before").bytes());
  log_in();
  imap.arrive(letter("after").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("after"));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
  EXPECT_TRUE(until_idle());
}

TEST_F(AccountsTest, AnOldMailThatIsMovedToTheInboxIsNoNews) {
  log_in();
  imap.arrive(letter("old").bytes(), "01-Jan-2020 00:00:00 +0000");
  imap.arrive(letter("new").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("new"));
}

TEST_F(AccountsTest, TheSameMailByTheOtherWayIsToldOnce) {
  log_in();
  const auto twice = letter("both ways");
  EXPECT_EQ(receive(twice), 250);
  imap.arrive("Received: by another way\r\n" + twice.bytes());
  imap.arrive(letter("last").bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre("both ways", "last"));
  EXPECT_EQ(receive(letter("last")), 250);
  EXPECT_EQ(chat().size(), 2U);
}

TEST_F(AccountsTest, SomebodyNewAsksFirst) {
  log_in();
  auto mail = letter("I am new");
  mail.from = "Carol <carol@example.net>";
  imap.arrive(mail.bytes());
  ASSERT_TRUE(until_told([&] { return !sink.all<Invited>().empty(); }));
  EXPECT_THAT(chat(), IsEmpty());
  EXPECT_THAT(sink.last_of<Invited>().reason, Not(HasSubstr("verified"))) << "nobody is known who would say";
  perform(carol, {}, Join{});
  EXPECT_THAT(chat(), ElementsAre("I am new"));
}

TEST_F(AccountsTest, OnlyTheProvidersOwnWordOnSendersCounts) {
  log_in();
  auto forged = letter("ours");
  forged.headers = "Authentication-Results: mx.provider.example; dmarc=fail header.from=example.net\r\n";
  forged.verified = true;  // by our own server's name, which stands in any mail that somebody writes
  imap.arrive(forged.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(chat().back(), "ours") << "nothing is said where nobody is known who checks";
  auto given = answers();
  given["authserv-id"] = {"MX.provider.example"};
  ASSERT_THAT(word_of(given), StartsWith("You use"));
  ASSERT_TRUE(until_idle());
  forged.id = "2@example.net";
  imap.arrive(forged.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(chat().back(), "(unverified sender)\nours");
  auto good = letter("good");
  good.verified = false;
  good.headers = "Authentication-Results: mx.provider.example; dmarc=pass header.from=example.net\r\n";
  imap.arrive(good.bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_EQ(chat().back(), "good");
}

TEST_F(AccountsTest, AMailThatIsTooLargeIsToldAsSuch) {
  hub->settings.email.max_mail_bytes = 1000;
  log_in();
  auto large = letter("large");
  large.text = std::string(100'000, 'x');
  imap.arrive(large.bytes());
  imap.arrive(letter("small").bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre(HasSubstr("too large to be shown"), "small"));
}

TEST_F(AccountsTest, AMailThatCannotBeReadIsToldAsSuch) {
  log_in();
  auto deep = letter("deep");
  for (int i = 0; i < 3000; ++i) deep.headers += "X-More: x\r\n";
  imap.arrive(deep.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre(HasSubstr("can't be shown here")));
}

TEST_F(AccountsTest, WhatIsReadHereIsReadThere) {
  log_in();
  imap.arrive(letter("one").bytes());
  imap.arrive(letter("two").bytes());
  imap.arrive(letter("three").bytes());
  ASSERT_TRUE(until_heard(3));
  ASSERT_TRUE(until_idle());
  perform(bob, {}, ReadMark{MessageId{"two@example.net"}, false});
  time.pass(10s);
  EXPECT_EQ(imap.asked("STORE"), 0U) << "it was received, not read";
  perform(bob, {}, ReadMark{MessageId{"two@example.net"}});
  ASSERT_TRUE(time.pass_until([&] { return imap.inbox.mails[1].seen; }, 60s));
  EXPECT_TRUE(imap.inbox.mails[0].seen);
  EXPECT_FALSE(imap.inbox.mails[2].seen);
  ASSERT_TRUE(until_idle());
  // While the server is away: as soon as it is back.
  imap.hang_up_all();
  perform(bob, {}, ReadMark{MessageId{"three@example.net"}});
  ASSERT_TRUE(time.pass_until([&] { return imap.inbox.mails[2].seen; }, 60s));
  ASSERT_TRUE(until_idle());
  time.pass(10s);
  EXPECT_EQ(imap.asked("STORE"), 2U);
}

TEST_F(AccountsTest, AnInboxThatLetsNobodyInAnyMoreIsToldOnce) {
  log_in();
  imap.password = "changed";
  imap.hang_up_all();
  ASSERT_TRUE(until_told([&] { return said().find("does not come here any more") != std::string::npos; }));
  const auto tries = imap.asked("AUTHENTICATE");
  sink.told.clear();
  time.pass(50min);
  EXPECT_EQ(said(), "");
  EXPECT_LE(imap.asked("AUTHENTICATE"), tries + 1);
  auto given = answers();
  given["password"] = {"changed"};
  imap.arrive(letter("meanwhile").bytes());
  ASSERT_THAT(word_of(given), StartsWith("You use"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("meanwhile")) << "what came in between is not lost";
}

TEST_F(AccountsTest, MailToTheOwnAddressIsNoRoom) {
  log_in();
  auto mail = letter("to both");
  mail.to = own_address + ", " + juliets;
  imap.arrive(mail.bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
}

}  // namespace
}  // namespace dragoman::email::test
