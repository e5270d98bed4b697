// What somebody sends by another mail program: it lies in the Sent folder of their account.
#include <algorithm>

#include "tests/unit/email_session/account_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

class SentElsewhere : public AccountsTest {
 protected:
  void SetUp() override { log_in(); }

  static Letter to(const std::string& whom, const std::string& text) {
    Letter out;
    out.from = "Juliet <" + own_address + ">";
    out.to = whom;
    out.id = text + "@phone.example";
    std::replace(out.id.begin(), out.id.end(), ' ', '_');
    out.text = text;
    out.verified = false;
    return out;
  }
  void send(const Letter& letter, const std::string& date = {}) {
    imap.arrive_in(imap.sent, letter.bytes(), date);
  }
  // The sender of what was said last.
  const Sender& speaker() const { return sink.last<Message>().sender; }
  bool until_settled() { return until_idle(imap.inbox) && until_idle(imap.sent); }
};

TEST_F(SentElsewhere, IsTheirOwnMessageInTheChatOnce) {
  send(to("Bob <bob@example.net>", "From my phone"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("From my phone"));
  EXPECT_EQ(std::get<UserId>(sink.last<Message>().in), bob);
  EXPECT_TRUE(speaker().own);
  EXPECT_EQ(sink.last<Message>().id.value(), "From_my_phone@phone.example");
  ASSERT_TRUE(until_settled());
  time.pass(120s);
  EXPECT_EQ(chat().size(), 1U);
}

TEST_F(SentElsewhere, WhatLayThereBeforeIsNoNews) {
  send(to("bob@example.net", "Old"), "01-Jan-2020 00:00:00 +0000");
  send(to("bob@example.net", "New"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("New"));
}

TEST_F(SentElsewhere, WhatWasSaidHereIsNotToldAgain) {
  say(bob, "t1", "From here");
  ASSERT_TRUE(time.pass_until([&] { return !imap.sent.mails.empty(); }, 120s));
  ASSERT_TRUE(until_settled());
  // Copied once more, as some servers do.
  imap.arrive_in(imap.sent, imap.sent.mails[0].bytes);
  send(to("bob@example.net", "From there"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("From there"));
  EXPECT_EQ(imap.asked("BODY.PEEK[]"), 1U) << "what we have is not fetched again";
}

TEST_F(SentElsewhere, AnswersToItGoOnInItsThread) {
  imap.arrive(letter("question").bytes());
  ASSERT_TRUE(until_heard(1));
  const auto thread = sink.last_of<Message>().thread;
  auto answer = to("bob@example.net", "answer");
  answer.answers = "question@example.net";
  answer.subject = "Re: Hello";
  send(answer);
  ASSERT_TRUE(until_heard(2));
  EXPECT_EQ(sink.last_of<Message>().thread, thread);
  EXPECT_EQ(sink.last_of<Message>().subject, "") << "it is the same";
  auto more = letter("more");
  more.answers = "answer@phone.example";
  imap.arrive(more.bytes());
  ASSERT_TRUE(until_heard(3));
  EXPECT_EQ(sink.last_of<Message>().thread, thread);
  say(bob, "t1", "And from here");
  ASSERT_TRUE(until_left(1));
  EXPECT_EQ(field(submission.mails[0], "In-Reply-To"), "<more@example.net>");
  EXPECT_THAT(field(submission.mails[0], "References"), HasSubstr("answer@phone.example"));
}

TEST_F(SentElsewhere, ToSeveralItIsTheRoomWithThem) {
  auto first = letter("to us all");
  first.cc = "Carol <carol@example.net>";
  imap.arrive(first.bytes());
  ASSERT_TRUE(until_heard(1));
  const auto id = room();
  auto answer = to("bob@example.net", "to you both");
  answer.cc = "carol@example.net";
  answer.answers = first.id;
  send(answer);
  ASSERT_TRUE(until_heard(2));
  EXPECT_EQ(std::get<RoomId>(sink.last<Message>().in), id);
  EXPECT_TRUE(speaker().own);
  EXPECT_EQ(speaker().nick, "juliet");
  // And begins one.
  auto begun = to("dora@example.net, carol@example.net", "let us meet");
  begun.subject = "Meeting";
  send(begun);
  ASSERT_TRUE(until_heard(3));
  EXPECT_NE(std::get<RoomId>(sink.last<Message>().in), id);
  EXPECT_EQ(room(), std::get<RoomId>(sink.last<Message>().in));
  EXPECT_EQ(sink.last_of<Entered>().members.size(), 3U);
}

TEST_F(SentElsewhere, ToAListItIsInTheListsRoomThoughTheListSendsItBack) {
  auto post = letter("a post");
  post.to = "dev@lists.example.net";
  post.headers =
      "List-Id: Developers <dev.lists.example.net>\r\nList-Post: <mailto:dev@lists.example.net>\r\n";
  let_know(UserId{"dev@lists.example.net"});
  imap.arrive(post.bytes());
  ASSERT_TRUE(until_heard(1));
  const auto mine = to("dev@lists.example.net", "my post");
  send(mine);
  ASSERT_TRUE(until_heard(2));
  EXPECT_EQ(std::get<RoomId>(sink.last<Message>().in).value(), "dev.lists.example.net");
  EXPECT_TRUE(speaker().own);
  imap.arrive(post.headers + mine.bytes());
  imap.arrive(letter("last").bytes());
  ASSERT_TRUE(until_heard(3));
  EXPECT_EQ(chat().back(), "last");
}

TEST_F(SentElsewhere, ItsFilesComeWithIt) {
  hub->settings.email.public_url = "https://mail.example.org";
  auto mail = to("bob@example.net", "");
  mail.headers = "MIME-Version: 1.0\r\nContent-Type: application/pdf; name=plan.pdf\r\n";
  mail.text = "%PDF-1.4";
  mail.id = "file@phone.example";
  send(mail);
  ASSERT_TRUE(until_heard(1));
  const auto& files = sink.last_of<Message>().attachments;
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].name, "plan.pdf");
  EXPECT_THAT(files[0].url, StartsWith("https://mail.example.org/"));
}

TEST_F(SentElsewhere, WhoeverItWentToMayAnswerAndIsHeardFirst) {
  auto stranger = letter("May I?");
  stranger.from = "Dora <dora@example.net>";
  imap.arrive(stranger.bytes());
  ASSERT_TRUE(until_told([&] { return !sink.all<Invited>().empty(); }));
  send(to("dora@example.net", "You may"));
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre("May I?", "You may"));
  auto answer = letter("Thank you");
  answer.from = stranger.from;
  imap.arrive(answer.bytes());
  ASSERT_TRUE(until_heard(3));
}

TEST_F(SentElsewhere, WhatIsSentWhileWeAreAwayIsToldOnce) {
  send(to("bob@example.net", "one"));
  ASSERT_TRUE(until_heard(1));
  // Nothing is committed but what was there when it was told.
  kill();
  send(to("bob@example.net", "two"));
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_settled());
  imap.hang_up_all();
  send(to("bob@example.net", "three"));
  ASSERT_TRUE(until_heard(3));
  ASSERT_TRUE(until_settled());
  time.pass(120s);
  EXPECT_THAT(chat(), ElementsAre("one", "two", "three"));
}

TEST_F(SentElsewhere, AServerThatNumbersItsMailsAnewTellsNothingTwice) {
  send(to("bob@example.net", "one"));
  ASSERT_TRUE(until_heard(1));
  ASSERT_TRUE(until_settled());
  imap.sent.number_anew(700);
  imap.hang_up_all();
  send(to("bob@example.net", "two"));
  ASSERT_TRUE(until_heard(2));
  ASSERT_TRUE(until_settled());
  EXPECT_THAT(chat(), ElementsAre("one", "two"));
}

TEST_F(SentElsewhere, WithoutIdleItIsFoundWithinAMinute) {
  imap.capabilities = "IMAP4rev1 AUTH=PLAIN SASL-IR";
  imap.hang_up_all();
  ASSERT_TRUE(time.pass_until([&] { return imap.asked("EXAMINE") >= 2; }, 60s));
  time.pass(5s);
  imap.answer = [this](const std::string& command) {
    return command == "NOOP" ? "* " + std::to_string(imap.sent.mails.size()) + " EXISTS\r\nTAG OK done" : "";
  };
  send(to("bob@example.net", "polled"));
  ASSERT_TRUE(time.pass_until([&] { return !chat().empty(); }, 70s));
}

TEST_F(SentElsewhere, AFolderThatIsMadeLaterIsFound) {
  imap.list = R"(* LIST () "/" INBOX)";
  imap.hang_up_all();
  ASSERT_TRUE(until_idle());
  time.pass(60s);
  EXPECT_EQ(imap.open(), 1U) << "nobody waits for it by a connection";
  imap.list += "\n* LIST () \"/\" Sent";
  ASSERT_TRUE(time.pass_until([&] { return imap.is_watched(imap.sent); }, 700s));
}

TEST_F(SentElsewhere, WhoLetsUsInOnceAloneStillHasAnInbox) {
  std::size_t examined = 0;
  imap.answer = [&](const std::string& command) {
    return command.starts_with("EXAMINE") && ++examined > 0 ? "* BYE too many connections" : "";
  };
  imap.hang_up_all();
  sink.told.clear();
  ASSERT_TRUE(until_idle());
  time.pass(50min);
  EXPECT_LE(examined, 20U) << "it is tried less and less often";
  EXPECT_EQ(said(), "");
  imap.arrive(letter("still").bytes());
  ASSERT_TRUE(until_heard(1));
}

TEST_F(SentElsewhere, WhatAProgramSentByItselfNobodySaid) {
  auto away = to("bob@example.net", "I am away");
  away.headers = "Auto-Submitted: auto-replied\r\n";
  send(away);
  send(to("undisclosed-recipients:;", "to nobody"));
  send(to("bob@example.net", "I am back"));
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre("I am back"));
}

TEST_F(SentElsewhere, ANoteToThemselvesIsToldOnce) {
  const auto note = to(own_address, "milk");
  send(note);
  ASSERT_TRUE(until_heard(1));
  imap.arrive(note.bytes());
  imap.arrive(letter("last").bytes());
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat(), ElementsAre("milk", "last"));
}

TEST_F(SentElsewhere, ABounceOfItIsHeardThoughItWasNotSaidHere) {
  send(to("bob@example.net", "hello"));
  ASSERT_TRUE(until_heard(1));
  let_know(UserId{"mailer-daemon@mx.example.net"});
  auto bounce = report("failed");
  bounce.insert(bounce.rfind("\r\n--b--"),
                "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <hello@phone.example>\r\n");
  imap.arrive(bounce);
  ASSERT_TRUE(until_heard(2));
  EXPECT_THAT(chat().back(), HasSubstr("trouble"));
}

TEST_F(SentElsewhere, WhatIsTooLargeIsSaidToBeThere) {
  settings.email.max_mail_bytes = 1000;
  kill();
  ASSERT_TRUE(until_idle(imap.sent));
  auto large = to("bob@example.net", "large");
  large.text = std::string(100'000, 'x');
  send(large);
  ASSERT_TRUE(until_heard(1));
  EXPECT_THAT(chat(), ElementsAre(HasSubstr("too large to be shown")));
  EXPECT_TRUE(speaker().own);
}

TEST_F(SentElsewhere, WhoLogsOutIsWatchedNoMore) {
  run("own-account-out", {});
  time.pass(5s);
  EXPECT_EQ(imap.open(), 0U);
  send(to("bob@example.net", "unheard"));
  time.pass(120s);
  EXPECT_THAT(chat(), IsEmpty());
}

}  // namespace
}  // namespace dragoman::email::test
