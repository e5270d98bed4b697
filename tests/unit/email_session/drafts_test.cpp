// What is said becomes a mail: when, how many, what of it can still be changed.
#include "mapping/mail_queue_table.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class DraftsTest : public World {
 protected:
  // The text of a mail, its lines without CR.
  static std::string text(const std::string& mail) {
    std::string out;
    for (char c : mail.substr(mail.find("\r\n\r\n") + 4))
      if (c != '\r') out += c;
    return out;
  }
  std::string id(std::size_t mail) const {
    const std::string field = World::field(peer.mails.at(mail), "Message-ID");
    return field.substr(1, field.size() - 2);
  }
};

TEST_F(DraftsTest, AMailIsAsOthersAreMade) {
  perform(bob, "t", Message{Text("Are you there?"), MessageKind::normal, {}, {}, {}, "Lunch"});
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(field(peer.mails[0], "From"), HasSubstr(juliets));
  EXPECT_THAT(field(peer.mails[0], "To"), HasSubstr("bob@example.net"));
  EXPECT_EQ(field(peer.mails[0], "Subject"), "Lunch");
  EXPECT_EQ(field(peer.mails[0], "In-Reply-To"), "");
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("Are you there?"));
  ASSERT_TRUE(until_told([&] { return !sink.delivered().empty(); }));
  EXPECT_THAT(sink.delivered(), ElementsAre("t"));
  EXPECT_EQ(sink.last<Delivered>().id, MessageId{id(0)});
}

TEST_F(DraftsTest, NothingIsDeliveredBeforeAServerHasIt) {
  peer.answer = [](const std::string& verb, const std::string&) { return verb == "RCPT" ? "451 wait" : ""; };
  say(bob, "t", "Hello");
  time.pass(120s);
  EXPECT_THAT(sink.delivered(), IsEmpty());
  peer.answer = nullptr;
  EXPECT_TRUE(time.pass_until([&] { return !sink.delivered().empty(); }, 3600s));
}

TEST_F(DraftsTest, SeveralLinesAreOneMailAndEachHasAName) {
  say(bob, "t1", "One,");
  time.pass(20s);
  say(bob, "t2", "two,");
  time.pass(20s);
  say(bob, "t3", "three.");
  EXPECT_EQ(sent(2), 1U);
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("One,\ntwo,\nthree."));
  EXPECT_THAT(sink.delivered(), ElementsAre("t1", "t2", "t3"));
  std::vector<std::string> ids;
  for (const Told& one : sink.told)
    if (std::holds_alternative<Delivered>(one.event.what)) ids.push_back(one.event.id.value());
  EXPECT_THAT(ids, ElementsAre(id(0), id(0) + "/2", id(0) + "/3"));
}

TEST_F(DraftsTest, AfterTheQuietTimeAnotherMailBegins) {
  say(bob, "t1", "One");
  ASSERT_EQ(sent(1), 1U);
  say(bob, "t2", "Two");
  ASSERT_EQ(sent(2), 2U);
  EXPECT_EQ(field(peer.mails[1], "In-Reply-To"), "<" + id(0) + ">") << "it goes on in the thread";
}

TEST_F(DraftsTest, WithoutAQuietTimeEachIsAMail) {
  Preferences now = hub->preferences(juliet);
  now.coalesce = 0s;
  hub->save(juliet, now);
  say(bob, "t1", "One");
  say(bob, "t2", "Two");
  EXPECT_EQ(sent(2, 3s), 2U);
}

TEST_F(DraftsTest, AnotherSubjectThreadOrQuoteBeginsAnotherMail) {
  let_know(bob);
  receive(Letter{.id = "q@x"});
  say(bob, "t1", "One");
  perform(bob, "t2", Message{Text("Two"), MessageKind::normal, {}, {}, {}, "Dinner"});
  perform(bob, "t3", Message{Text("Three"), MessageKind::normal, {}, {}, "a thread", {}});
  perform(bob, "t4",
          Message{Text("Four"), MessageKind::normal, {}, Quote{MessageId{"q@x"}, {}, {}}, "a thread"});
  ASSERT_EQ(sent(4), 4U);
  EXPECT_EQ(field(peer.mails[1], "Subject"), "Dinner");
  EXPECT_EQ(field(peer.mails[3], "In-Reply-To"), "<q@x>");
}

TEST_F(DraftsTest, ChatsAndPeopleHaveMailsOfTheirOwn) {
  say(bob, "t1", "To Bob");
  say(carol, "t2", "To Carol");
  say(bob, "t3", "To Bob of Romeo", romeo);
  EXPECT_EQ(sent(3), 3U);
}

TEST_F(DraftsTest, ALinkToAFileThatIsNotFetchedStaysALinkAndGoesAtOnce) {
  Message message{Text("Look")};
  message.attachments.push_back({.url = "https://elsewhere.example/a.png"});
  say(bob, "t1", "Before");
  perform(bob, "t2", message);
  ASSERT_EQ(sent(1, 2s), 1U);
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("https://elsewhere.example/a.png"));
}

TEST_F(DraftsTest, WhoTypesOnIsWaitedForButNotForEver) {
  say(bob, "t1", "One");
  for (int i = 0; i < 5; ++i) {
    time.pass(25s);
    perform(bob, {}, Typing{TypingState::composing});
  }
  EXPECT_THAT(peer.mails, IsEmpty());
  for (int i = 0; i < 60; ++i) {
    time.pass(20s);
    perform(bob, {}, Typing{i % 2 == 0 ? TypingState::composing : TypingState::active});
  }
  EXPECT_THAT(peer.mails, SizeIs(1));
}

TEST_F(DraftsTest, WhoIsGoneHasSaidItAll) {
  say(bob, "t1", "One");
  perform(bob, {}, Typing{TypingState::gone});
  EXPECT_EQ(sent(1, 2s), 1U);
}

TEST_F(DraftsTest, ACorrectionBeforeItIsSentAmendsIt) {
  perform(bob, "t1", Message{Text("Helo")}, juliet, MessageId{"client-1"});
  perform(bob, "t2", Edit{MessageId{"client-1"}, Message{Text("Hello")}});
  EXPECT_THAT(sink.delivered(), ElementsAre("t2"));
  ASSERT_EQ(sent(2), 1U);
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("Hello"));
  EXPECT_THAT(text(peer.mails[0]), Not(HasSubstr("Helo\n")));
}

TEST_F(DraftsTest, ACorrectionAfterwardsIsAMailThatSaysWhatChanged) {
  say(bob, "t1", "Helo");
  ASSERT_EQ(sent(1), 1U);
  perform(bob, "t2", Edit{MessageId{id(0)}, Message{Text("Hello")}});
  ASSERT_EQ(sent(2), 2U);
  EXPECT_EQ(field(peer.mails[1], "In-Reply-To"), "<" + id(0) + ">");
  EXPECT_THAT(peer.mails[1], HasSubstr("Hello"));
  EXPECT_THAT(peer.mails[1], HasSubstr("Helo"));
  EXPECT_THAT(sink.delivered(), ElementsAre("t1", "t2"));
}

TEST_F(DraftsTest, ARetractionBeforeItIsSentCancelsIt) {
  perform(bob, "t1", Message{Text("Oops")}, juliet, MessageId{"client-1"});
  perform(bob, "t2", Retraction{MessageId{"client-1"}});
  EXPECT_THAT(sink.failed(), IsEmpty());
  EXPECT_THAT(sink.delivered(), ElementsAre("t1", "t2"));
  EXPECT_TRUE(sink.told[0].event.id.empty()) << "nothing arrived anywhere";
  EXPECT_EQ(sent(1), 0U);
  kill();
  EXPECT_EQ(sent(1), 0U);
}

TEST_F(DraftsTest, OneLineOfSeveralCanBeTakenBack) {
  perform(bob, "t1", Message{Text("One")}, juliet, MessageId{"c1"});
  perform(bob, "t2", Message{Text("Two")}, juliet, MessageId{"c2"});
  perform(bob, "t3", Retraction{MessageId{"c1"}});
  say(bob, "t4", "Three");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("Two\nThree"));
  EXPECT_THAT(text(peer.mails[0]), Not(HasSubstr("One")));
}

TEST_F(DraftsTest, ARetractionAfterwardsIsRefusedInWords) {
  say(bob, "t1", "Oops");
  ASSERT_EQ(sent(1), 1U);
  perform(bob, "t2", Retraction{MessageId{id(0)}});
  EXPECT_THAT(sink.failed(), ElementsAre("t2"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("sent"));
}

TEST_F(DraftsTest, NobodyTouchesWhatAnotherIsWriting) {
  perform(bob, "t1", Message{Text("Mine")}, juliet, MessageId{"c1"});
  perform(bob, "t2", Retraction{MessageId{"c1"}}, romeo);
  EXPECT_THAT(sink.failed(), ElementsAre("t2"));
  EXPECT_EQ(sent(1), 1U);
}

TEST_F(DraftsTest, WhatWaitsIsSentOnceAfterAKill) {
  say(bob, "t1", "One");
  say(bob, "t2", "Two");
  ASSERT_TRUE(disk->durable());
  kill();
  EXPECT_EQ(sent(2), 1U);
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("One\nTwo"));
  EXPECT_THAT(sink.delivered(), ElementsAre("t1", "t2"));
  kill();
  EXPECT_EQ(sent(2), 1U);
}

TEST_F(DraftsTest, SendNowSendsWhatWaitedOverARestartToo) {
  say(bob, "t1", "One");
  kill();
  drafts->flush(juliet, bob);
  EXPECT_EQ(sent(1, 2s), 1U);
}

TEST_F(DraftsTest, WhatWaitsInTheQueueIsSentOnceAfterAKill) {
  peer.answer = [](const std::string& verb, const std::string&) { return verb == "MAIL" ? "hang up" : ""; };
  say(bob, "t1", "One");
  time.pass(40s);
  kill();
  peer.answer = nullptr;
  EXPECT_EQ(time.pass_until([&] { return !sink.delivered().empty(); }, 3600s), true);
  EXPECT_THAT(peer.mails, SizeIs(1));
}

TEST_F(DraftsTest, WhatWaitsIsListedAndCanBeCancelled) {
  say(bob, "t1", "One");
  auto waiting = drafts->waiting(juliet);
  ASSERT_THAT(waiting, SizeIs(1));
  EXPECT_EQ(waiting[0].what, "One");
  EXPECT_THAT(drafts->waiting(romeo), IsEmpty());
  EXPECT_FALSE(drafts->cancel(session(romeo), waiting[0].key)) << "it is not his";
  EXPECT_TRUE(drafts->cancel(session(), waiting[0].key));
  EXPECT_FALSE(drafts->cancel(session(), waiting[0].key));
  EXPECT_FALSE(drafts->cancel(session(), "nonsense"));
  EXPECT_THAT(sink.failed(), ElementsAre("t1"));
  EXPECT_EQ(sent(1), 0U);
}

TEST_F(DraftsTest, AReplyAnswersTheVeryMailWhateverItsIdLooksLike) {
  let_know(bob);
  receive(Letter{.id = "owner/repo/issues/7@git.example"});
  receive(Letter{.id = "2@x"});
  perform(bob, "t",
          Message{Text("Done"),
                  MessageKind::normal,
                  {},
                  Quote{MessageId{"owner/repo/issues/7@git.example"}, {}, "Good morning."}});
  ASSERT_EQ(sent(1), 1U);
  EXPECT_EQ(field(peer.mails[0], "In-Reply-To"), "<owner/repo/issues/7@git.example>");
  EXPECT_THAT(field(peer.mails[0], "References"), EndsWith("<owner/repo/issues/7@git.example>"));
  EXPECT_EQ(field(peer.mails[0], "Subject"), "Re: Hello");
  EXPECT_THAT(text(peer.mails[0]), HasSubstr("> Good morning."));
}

TEST_F(DraftsTest, AReplyToALaterLineAnswersItsMail) {
  say(bob, "t1", "One");
  say(bob, "t2", "Two");
  ASSERT_EQ(sent(1), 1U);
  receive(Letter{.id = "2@x"});
  perform(bob, "t3",
          Message{Text("About two"), MessageKind::normal, {}, Quote{MessageId{id(0) + "/2"}, {}, {}}});
  ASSERT_EQ(sent(2), 2U);
  EXPECT_EQ(field(peer.mails[1], "In-Reply-To"), "<" + id(0) + ">");
}

TEST_F(DraftsTest, ReactionsAreSentToThoseWhoWantThemSent) {
  let_know(bob);
  receive(Letter{.id = "1@x"});
  perform(bob, "t1", Reactions{MessageId{"1@x"}, {"\xF0\x9F\x91\x8D"}});
  EXPECT_THAT(sink.failed(), ElementsAre("t1"));
  Preferences now = hub->preferences(juliet);
  now.reactions = true;
  hub->save(juliet, now);
  perform(bob, "t2", Reactions{MessageId{"1@x"}, {"\xF0\x9F\x91\x8D"}});
  ASSERT_EQ(sent(1, 5s), 1U);
  EXPECT_EQ(field(peer.mails[0], "In-Reply-To"), "<1@x>");
  EXPECT_THAT(peer.mails[0], HasSubstr("reaction"));
  perform(bob, "t3", Reactions{MessageId{"unknown@x"}, {"\xF0\x9F\x91\x8D"}});
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t3")) << "nobody knows what it is about";
  perform(bob, "t4", Reactions{MessageId{"1@x"}, {}});
  EXPECT_EQ(sent(2, 40s), 1U);
}

TEST_F(DraftsTest, OnePersonSendsSoManyMailsAnHour) {
  settings.email.mails_per_hour = 3;
  settings.email.coalesce_seconds = 0;
  kill();
  for (int i = 0; i < 5; ++i) say(bob, "t" + std::to_string(i), "Mail");
  ASSERT_TRUE(time.pass_until([&] { return sink.delivered().size() == 3; }, 60s));
  EXPECT_THAT(sink.failed(), ElementsAre("t3", "t4"));
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::rate_limited);
  say(bob, "r", "Mail", romeo);
  EXPECT_EQ(sent(4, 5s), 4U) << "others send theirs";
  time.pass(3601s);
  say(bob, "t9", "Mail");
  EXPECT_EQ(sent(5, 5s), 5U);
}

TEST_F(DraftsTest, ARefusalIsAFailureOfEachMessageOfTheMail) {
  peer.answer = [](const std::string& verb, const std::string&) {
    return verb == "RCPT" ? "550 5.1.1 nobody here" : "";
  };
  say(bob, "t1", "One");
  say(bob, "t2", "Two");
  ASSERT_TRUE(until_told([&] { return sink.failed().size() == 2; }));
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("nobody here"));
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::no_such_user);
}

TEST_F(DraftsTest, WhatIsLateIsSaidOnceInOneSentence) {
  peer.answer = [](const std::string& verb, const std::string&) { return verb == "RCPT" ? "451 busy" : ""; };
  say(bob, "t1", "One");
  ASSERT_TRUE(time.pass_until([&] { return !sink.texts().empty(); }, 6 * 3600s));
  const Message& note = sink.last_of<Message>();
  EXPECT_EQ(note.kind, MessageKind::notice);
  EXPECT_THAT(note.text.plain, HasSubstr("bob@example.net"));
  EXPECT_THAT(note.text.plain, HasSubstr("busy"));
  EXPECT_EQ(note.text.plain.find("bob@example.net"), note.text.plain.rfind("bob@example.net"));
}

TEST_F(DraftsTest, PlacesAndListsWithoutAnAddressTakeNoMail) {
  perform(PlaceId{}, "t1", Message{Text("Hello?")});
  perform(RoomId{"c-aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "t2", Message{Text("Hello?")});
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2"));
}

TEST_F(DraftsTest, WhatOthersPutIntoThreadsAndSubjectsBreaksNoHeader) {
  perform(bob, "t",
          Message{Text("x"),
                  MessageKind::normal,
                  {},
                  Quote{MessageId{"a\r\nX-Evil: 1"}, {}, {}},
                  "th\r\nX-Evil: 2",
                  "Sub\r\nX-Evil: 3\r\n\r\nbody"});
  ASSERT_EQ(sent(1), 1U);
  EXPECT_EQ(field(peer.mails[0], "X-Evil"), "");
}

}  // namespace
}  // namespace dragoman::email::test
