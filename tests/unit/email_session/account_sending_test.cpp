// What leaves by somebody's own server, and its copies in their Sent folder.
#include "tests/unit/email_session/account_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(AccountsTest, WhatIsSaidLeavesByTheirOwnServerFromTheirOwnAddress) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  EXPECT_THAT(peer.mails, IsEmpty()) << "not by the smarthost";
  EXPECT_THAT(field(submission.mails[0], "From"), HasSubstr("<" + own_address + ">"));
  EXPECT_EQ(field(submission.mails[0], "Reply-To"), "");
  EXPECT_THAT(submission.commands, Contains(StartsWith("MAIL FROM:<juliet@example.org>")));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  EXPECT_THAT(sink.delivered(), ElementsAre("t1"));
  say(bob, "t2", "And I", romeo);
  EXPECT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "From"), HasSubstr(romeos));
}

TEST_F(AccountsTest, ACopyIsInTheSentFolderOnce) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.mails.empty(); }, 120s));
  EXPECT_EQ(imap.asked("APPEND \"Sent Items\" (\\Seen)"), 1U);
  EXPECT_EQ(field(imap.sent.mails[0].bytes, "Message-ID"), field(submission.mails[0], "Message-ID"));
  time.pass(3600s);
  EXPECT_EQ(imap.sent.mails.size(), 1U);
  EXPECT_EQ(imap.open(), 2U) << "the visit has ended, both mailboxes are watched";
}

TEST_F(AccountsTest, AServerThatKeepsWhatIsSentGetsNoSecondCopy) {
  log_in();
  submission.answer = [this](const std::string& verb, const std::string&) {
    if (verb == ".") imap.arrive_in(imap.sent, submission.mails.back());
    return "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return imap.asked("UID SEARCH HEADER") > 0; }, 120s));
  time.pass(60s);
  EXPECT_EQ(imap.sent.mails.size(), 1U);
  EXPECT_EQ(imap.asked("APPEND"), 0U);
}

TEST_F(AccountsTest, AFolderIsMadeWhereThereIsNone) {
  imap.list = R"(* LIST () "/" INBOX)";
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.mails.empty(); }, 120s));
  EXPECT_EQ(imap.asked("CREATE \"Sent\""), 1U);
}

TEST_F(AccountsTest, ACopyIsMadeAfterARestartToo) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  disk->commit();
  EXPECT_THAT(imap.sent.mails, IsEmpty());
  kill();
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.mails.empty(); }, 120s));
}

TEST_F(AccountsTest, ABounceInTheInboxIsAFailureOfTheVeryMessage) {
  log_in();
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  const auto id = field(submission.mails[0], "Message-ID");
  auto bounce = report("failed");
  bounce.insert(bounce.rfind("\r\n--b--"),
                "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: " + id + "\r\n");
  imap.arrive(bounce);
  ASSERT_TRUE(until_told([&] { return !sink.failed().empty(); }));
  EXPECT_THAT(sink.failed(), ElementsAre("t1"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("no mailbox here by that name"));
  EXPECT_THAT(chat(), IsEmpty());
}

TEST_F(AccountsTest, ALaterWrongPasswordIsToldForEachMailAndHoldsUpNobodyElse) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "AUTH" ? "535 5.7.8 The password has changed" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return !chat().empty(); }));
  EXPECT_THAT(chat(), ElementsAre(AllOf(HasSubstr("waits"), HasSubstr("The password has changed"))));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
  say(carol, "t2", "And you");
  ASSERT_TRUE(until_told([&] { return chat().size() == 2; }));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), carol);
  EXPECT_THAT(sink.failed(), IsEmpty());
  say(bob, "t3", "I can", romeo);
  EXPECT_EQ(sent(1), 1U) << "others' mail leaves";
  const auto logins = [&] {
    return std::count_if(submission.commands.begin(), submission.commands.end(),
                         [](const std::string& line) { return line.starts_with("AUTH"); });
  };
  const auto before = logins();
  time.pass(50min);
  EXPECT_LE(logins(), before + 1) << "who knocks too often is locked out";
  // With the right one all of it leaves at once.
  submission.answer = nullptr;
  ASSERT_THAT(word_of(answers()), StartsWith("You use"));
  ASSERT_TRUE(until_left(2));
  EXPECT_EQ(waiting(), 0U);
}

TEST_F(AccountsTest, WhatWaitsGoesItsWayAfterARestart) {
  log_in();
  submission.answer = [](const std::string& verb, const std::string&) {
    return verb == "" ? "421 not now" : "";
  };
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_told([&] { return waiting() == 1; }));
  disk->commit();
  kill();
  submission.answer = nullptr;
  ASSERT_TRUE(until_left(1));
  EXPECT_THAT(peer.mails, IsEmpty());
  EXPECT_THAT(sink.delivered(), ElementsAre("t1"));
}

}  // namespace
}  // namespace dragoman::email::test
