// What comes in: for whom, once, and what is told of it.
#include "bridges/net/base64.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class IncomingTest : public World {
 protected:
  IncomingTest() {
    let_know(bob);
    let_know(carol);
  }
  int asked(const std::string& recipient) {
    return incoming->on_recipient("bob@example.net", recipient).code;
  }
};

TEST_F(IncomingTest, RecipientsAreOurPeopleAndNobodyElse) {
  EXPECT_EQ(asked(juliets), 250);
  EXPECT_EQ(asked("Juliet=XMPP.example@MAIL.example.org"), 250);
  EXPECT_EQ(asked("juliet=xmpp.example+shop@mail.example.org"), 250);
  EXPECT_EQ(asked("nurse=xmpp.example@mail.example.org"), 550);
  EXPECT_EQ(asked("juliet@mail.example.org"), 550);
  EXPECT_EQ(asked("juliet=xmpp.example@elsewhere.example"), 550);
  EXPECT_EQ(asked("b+1.00000000000000000000@mail.example.org"), 550) << "not made here";
  EXPECT_EQ(asked("no address"), 553);
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(IncomingTest, AMailIsToldWithItsSubjectThreadAndDate) {
  EXPECT_EQ(receive({.subject = "Lunch", .headers = "Date: Sun, 22 Nov 2026 12:00:00 +0100\r\n"}), 250);
  const Event& event = sink.last<Message>();
  const Message& message = std::get<Message>(event.what);
  EXPECT_EQ(event.in, Conversation(bob));
  EXPECT_EQ(event.sender.nick, "Bob");
  EXPECT_EQ(event.sender.user, bob);
  EXPECT_EQ(event.id, MessageId{"1@example.net"});
  EXPECT_EQ(event.time, Time(std::chrono::sys_days(2026y / 11 / 22) + 11h));
  EXPECT_EQ(message.text.plain, "Good morning.");
  EXPECT_EQ(message.subject, "Lunch");
  EXPECT_FALSE(message.thread.empty());
}

// A mail with a card of its writer's, and a picture in it.
std::string with_card(const std::string& id, const std::string& picture, bool proved) {
  std::string mail = "From: Bob <bob@example.net>\r\nTo: " + juliets + "\r\nMessage-ID: <" + id + ">\r\n";
  if (proved)
    mail.insert(0, "Authentication-Results: mx.example.org; dmarc=pass header.from=example.net\r\n");
  return mail +
         "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nMy "
         "card.\r\n"
         "--b\r\nContent-Type: text/vcard\r\n\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nFN:Bob\r\n"
         "EMAIL:bob@example.net\r\nPHOTO:data:image/png;base64," +
         net::base64(picture) + "\r\nEND:VCARD\r\n--b--\r\n";
}

TEST_F(IncomingTest, APictureInACardOfTheWritersIsTheirs) {
  const std::string png("\x89PNG\r\n\x1A\n one", 12), other("\x89PNG\r\n\x1A\n two", 12);
  EXPECT_EQ(250, receive_bytes(with_card("1@example.net", other, false)).front().code);
  EXPECT_THAT(sink.all<Profile>(), IsEmpty()) << "nobody says that it is theirs";
  EXPECT_EQ(250, receive_bytes(with_card("2@example.net", png, true)).front().code);
  EXPECT_EQ(250, receive_bytes(with_card("3@example.net", png, true)).front().code);
  ASSERT_THAT(sink.all<Profile>(), SizeIs(1)) << "the same picture is no news";
  EXPECT_EQ(png, sink.last_of<Profile>().picture->bytes);
  EXPECT_EQ(Conversation{bob}, sink.last<Profile>().in);
  kill();
  start();
  session().perform({bob, "look", FetchProfile{"Bob"}});
  EXPECT_EQ(png, sink.last_of<Profile>().picture->bytes);
}

TEST_F(IncomingTest, ADateAheadIsNow) {
  receive({.headers = "Date: Sun, 22 Nov 2099 12:00:00 +0000\r\n"});
  EXPECT_LE(sink.last<Message>().time, hub->now());
}

TEST_F(IncomingTest, TheSubjectIsToldWhereItChanges) {
  receive({.subject = "Lunch", .id = "1@x"});
  receive({.subject = "Re: Lunch", .id = "2@x"});
  EXPECT_EQ(sink.last_of<Message>().subject, "");
  receive({.subject = "Dinner", .id = "3@x"});
  EXPECT_EQ(sink.last_of<Message>().subject, "Dinner");
}

TEST_F(IncomingTest, AnAnswerIsInTheThreadOfWhatItAnswers) {
  receive({.id = "1@x"});
  const std::string thread = sink.last_of<Message>().thread;
  receive({.id = "2@x", .answers = "1@x"});
  EXPECT_EQ(sink.last_of<Message>().thread, thread);
  EXPECT_FALSE(sink.last_of<Message>().quote) << "it answers the last there is";
  receive({.id = "3@x", .answers = "1@x"});
  ASSERT_TRUE(sink.last_of<Message>().quote);
  EXPECT_EQ(sink.last_of<Message>().quote->message, MessageId{"1@x"});
}

TEST_F(IncomingTest, TheSameMailAgainIsTakenAndNotToldAgain) {
  EXPECT_EQ(receive(Letter{}), 250);
  EXPECT_EQ(receive(Letter{}), 250);
  kill();
  EXPECT_EQ(receive(Letter{}), 250) << "its 250 was lost with the connection";
  EXPECT_THAT(sink.texts(), SizeIs(1));
}

TEST_F(IncomingTest, AnotherMailWithTheSameIdIsTold) {
  receive({.text = "One"});
  receive({.text = "Two"});
  EXPECT_THAT(sink.texts(), ElementsAre("One", "Two"));
}

TEST_F(IncomingTest, AMailWithoutAnIdIsToldOnce) {
  EXPECT_EQ(receive({.id = ""}), 250);
  EXPECT_EQ(receive({.id = ""}), 250);
  EXPECT_THAT(sink.texts(), SizeIs(1));
  EXPECT_FALSE(sink.last<Message>().id.empty());
}

TEST_F(IncomingTest, EachRecipientOfATransactionHasAnAnswerOfTheirOwn) {
  let_know(bob, romeo);
  perform(bob, {}, Leave{}, romeo);
  const auto replies =
      receive_bytes(Letter{}.bytes(), {juliets, "nurse=xmpp.example@mail.example.org", romeos, juliets});
  ASSERT_THAT(replies, SizeIs(4));
  EXPECT_EQ(replies[0].code, 250);
  EXPECT_EQ(replies[1].code, 550);
  EXPECT_THAT(replies[1].text, HasSubstr("5.1.1"));
  EXPECT_EQ(replies[2].code, 550);
  EXPECT_THAT(replies[2].text, HasSubstr("5.7.1"));
  EXPECT_EQ(replies[3].code, 250);
  EXPECT_THAT(sink.texts(), SizeIs(1)) << "whom it names twice hears it once";
}

TEST_F(IncomingTest, TheSameMailToTwoOfOursIsToldToEach) {
  let_know(bob, romeo);
  receive_bytes(Letter{.to = juliets + ", " + romeos}.bytes(), {juliets, romeos});
  ASSERT_THAT(sink.all<Message>(), SizeIs(2));
  std::vector<PersonId> who;
  for (const Told& one : sink.told)
    if (std::holds_alternative<Message>(one.event.what)) who.push_back(one.person);
  EXPECT_THAT(who, ElementsAre(juliet, romeo));
}

TEST_F(IncomingTest, AMailToADetailIsTheirsAndMakesNoRoomWithThemselves) {
  const std::string detail = "juliet=xmpp.example+shop@mail.example.org";
  EXPECT_EQ(receive({.to = detail}, detail), 250);
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(IncomingTest, AMailToTwoSpellingsOfOneAddressIsToldInTheChat) {
  const std::string detail = "Juliet=xmpp.example+shop@mail.example.org";
  receive_bytes(Letter{.to = detail, .cc = juliets}.bytes(), {juliets, detail});
  EXPECT_THAT(sink.texts(), SizeIs(1));
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(IncomingTest, AMailWithoutASenderIsRefused) {
  EXPECT_EQ(receive({.from = ""}), 554);
  EXPECT_EQ(receive({.from = "undisclosed:;"}), 554);
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(IncomingTest, TheNullSenderIsAMailLikeAnother) {
  EXPECT_EQ(receive_bytes(Letter{.from = "MAILER-DAEMON@mx.example.net"}.bytes(), {juliets}, "").front().code,
            250);
  EXPECT_EQ(sink.all<Invited>().size(), 1U);
}

TEST_F(IncomingTest, AMailOfSeveralWritersIsAConversationOfSeveral) {
  receive(
      {.from = "Bob <bob@example.net>, Carol <carol@example.net>", .headers = "Sender: bob@example.net\r\n"});
  EXPECT_TRUE(std::holds_alternative<RoomId>(sink.last<Message>().in));
  EXPECT_EQ(sink.last<Message>().sender.nick, "Bob");
}

TEST_F(IncomingTest, TheirOwnMailThatComesBackIsNotTold) {
  say(bob, "t", "Round we go");
  ASSERT_EQ(sent(1), 1U);
  const std::size_t before = sink.told.size();
  EXPECT_EQ(receive_bytes(peer.mails[0], {juliets}).front().code, 250);
  EXPECT_EQ(sink.told.size(), before);
}

TEST_F(IncomingTest, WhatOneOfOursWritesToAnotherIsTold) {
  say(UserId{romeos}, "t", "O Romeo");
  ASSERT_EQ(sent(1), 1U);
  let_know(UserId{juliets}, romeo);
  EXPECT_EQ(receive_bytes(peer.mails[0], {romeos}, juliets).front().code, 250);
  EXPECT_THAT(sink.last_of<Message>().text.plain, HasSubstr("O Romeo"));
  EXPECT_EQ(sink.last<Message>().in, Conversation(UserId{juliets}));
}

TEST_F(IncomingTest, AMailThatGoesRoundInCirclesIsRefused) {
  std::string hops;
  for (int i = 0; i < 60; ++i) hops += "Received: from a by b; Sun, 22 Nov 2026 12:00:00 +0000\r\n";
  EXPECT_EQ(receive({.headers = hops}), 554);
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(IncomingTest, WhatIsHostileIsRefusedInWords) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "X-" + std::to_string(i) + ": y\r\n";
  const auto replies = receive_bytes(Letter{.headers = many}.bytes());
  EXPECT_EQ(replies.front().code, 554);
  EXPECT_THAT(sink.told, IsEmpty());
}

TEST_F(IncomingTest, AnUnverifiedSenderIsMarked) {
  receive({.verified = false});
  EXPECT_THAT(sink.texts().back(), HasSubstr("unverified"));
  receive({.id = "2@x"});
  EXPECT_THAT(sink.texts().back(), Not(HasSubstr("unverified")));
}

TEST_F(IncomingTest, WhereAnswersAreWantedElsewhereIsSaidAndNotDoneInSecret) {
  receive({.headers = "Reply-To: Support <support@example.net>\r\n"});
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
  EXPECT_THAT(sink.texts().back(), HasSubstr("support@example.net"));
  say(bob, "t", "Thanks");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "To"), HasSubstr("bob@example.net"));
}

TEST_F(IncomingTest, OneMailDoesNotRenameSomebodyForAll) {
  receive({.from = "Bob <bob@example.net>"});
  receive({.from = "Villain <bob@example.net>", .id = "2@x", .verified = false});
  EXPECT_EQ(conversations->display_name(bob), "Bob");
  receive({.from = "Robert <bob@example.net>", .id = "3@x"});
  EXPECT_EQ(conversations->display_name(bob), "Robert") << "it is verified that it is he";
}

TEST_F(IncomingTest, AReactionIsOne) {
  say(bob, "t", "Shall we?");
  ASSERT_EQ(sent(1), 1U);
  std::string id = field(peer.mails[0], "Message-ID");
  id = id.substr(1, id.size() - 2);
  receive({.text = "\xF0\x9F\x91\x8D",
           .answers = id,
           .headers = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                      "Content-Disposition: reaction\r\n"});
  ASSERT_EQ(sink.all<Reactions>().size(), 1U);
  EXPECT_EQ(sink.last_of<Reactions>().target, MessageId{id});
  EXPECT_THAT(sink.last_of<Reactions>().emoji, ElementsAre("\xF0\x9F\x91\x8D"));
}

TEST_F(IncomingTest, ReactionsInSeveralMailsAddUpForEachOfTheirWriters) {
  receive({.to = juliets + ", carol@example.net"});
  let_know(carol);
  const auto react = [&](const std::string& from, const std::string& emoji, const std::string& id) {
    receive({.from = from,
             .to = juliets + ", carol@example.net, bob@example.net",
             .id = id,
             .text = emoji,
             .answers = "1@example.net",
             .headers = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                        "Content-Disposition: reaction\r\n"});
    return sink.last_of<Reactions>().emoji;
  };
  const std::string up = "\xF0\x9F\x91\x8D", heart = "\xE2\x9D\xA4";
  EXPECT_THAT(react("bob@example.net", up, "r1"), ElementsAre(up));
  EXPECT_THAT(react("bob@example.net", heart, "r2"), ElementsAre(up, heart));
  EXPECT_THAT(react("bob@example.net", heart, "r3"), ElementsAre(up, heart)) << "the same one is one";
  EXPECT_THAT(react("carol@example.net", heart, "r4"), ElementsAre(heart));
}

TEST_F(IncomingTest, WhoAsksForAReceiptGetsOneWhereTheReaderWantsItAndOnce) {
  const std::string wants = "Disposition-Notification-To: bob@example.net\r\n";
  receive({.id = "1@x", .headers = wants});
  perform(bob, "t", ReadMark{MessageId{"1@x"}});
  EXPECT_EQ(sent(1, 5s), 0U) << "nobody is told without being asked";
  Preferences now = hub->preferences(juliet);
  now.read_marks = true;
  hub->save(juliet, now);
  receive({.id = "a/b/2@x", .headers = wants});
  perform(bob, "t", ReadMark{MessageId{"a/b/2@x"}});
  perform(bob, "t", ReadMark{MessageId{"a/b/2@x"}});
  ASSERT_EQ(sent(1, 5s), 1U);
  EXPECT_THAT(peer.mails[0], HasSubstr("<a/b/2@x>"));
  EXPECT_THAT(peer.mails[0], HasSubstr("disposition-notification"));
  EXPECT_THAT(peer.commands, testing::Contains("MAIL FROM:<>"));
  EXPECT_EQ(sent(2, 5s), 1U);
}

TEST_F(IncomingTest, AReceiptGoesToNobodyButTheWriter) {
  Preferences now = hub->preferences(juliet);
  now.read_marks = true;
  hub->save(juliet, now);
  receive({.id = "1@x", .headers = "Disposition-Notification-To: victim@example.com\r\n"});
  perform(bob, "t", ReadMark{MessageId{"1@x"}});
  EXPECT_EQ(sent(1, 5s), 0U);
}

TEST_F(IncomingTest, NoAutoreplyIsEverAnswered) {
  Preferences now = hub->preferences(juliet);
  now.read_marks = true;
  hub->save(juliet, now);
  receive({.id = "1@x",
           .headers = "Auto-Submitted: auto-replied\r\nDisposition-Notification-To: bob@example.net\r\n"});
  perform(bob, "t", ReadMark{MessageId{"1@x"}});
  // What the house says when a chat client is out of reach.
  Message notice{Text("This message did not reach juliet."), MessageKind::notice};
  notice.quote = Quote{MessageId{"1@x"}, {}, {}};
  perform(bob, {}, notice);
  EXPECT_EQ(sent(1), 0U);
}

TEST_F(IncomingTest, WhatTheHouseItselfSaysIsMarkedAsAutomaticAndBouncesToNobody) {
  receive({.id = "1@x"});
  Message notice{Text("This message did not reach juliet."), MessageKind::notice};
  notice.quote = Quote{MessageId{"1@x"}, {}, {}};
  perform(bob, {}, notice);
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "Auto-Submitted"), HasSubstr("auto-"));
  EXPECT_EQ(field(peer.mails[0], "In-Reply-To"), "<1@x>");
  EXPECT_THAT(peer.commands, testing::Contains("MAIL FROM:<>"));
}

TEST_F(IncomingTest, NothingIsTakenWhileTheOtherSideCanNotFollow) {
  EXPECT_EQ(incoming->may_accept().code, 250);
  incoming->hold(true);
  EXPECT_EQ(incoming->may_accept().code, 451);
  incoming->hold(false);
  EXPECT_EQ(incoming->may_accept().code, 250);
}

}  // namespace
}  // namespace dragoman::email::test
