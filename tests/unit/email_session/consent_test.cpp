// Who may write to whom.
#include "mapping/mails_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ConsentTest : public World {
 protected:
  void choose(Preferences::Welcome welcome) {
    Preferences now = hub->preferences(juliet);
    now.welcome = welcome;
    ASSERT_TRUE(hub->save(juliet, now));
  }
};

TEST_F(ConsentTest, OfAllStrangersSoManyMailsWait) {
  for (int i = 0; i < 500; ++i) {
    const std::string number = std::to_string(i);
    ASSERT_EQ(receive({.from = "s" + number + "@example.net", .id = number + "@example.net"}), 250) << i;
  }
  EXPECT_EQ(receive({.from = "one.more@example.net", .id = "more@example.net"}), 452);
  let_know(bob);
  EXPECT_EQ(receive({.id = "known@example.net"}), 250) << "who is known is heard";
}

TEST_F(ConsentTest, SomebodyNewIsAnnouncedWithSenderAndSubjectAndNothingElse) {
  EXPECT_EQ(receive({.subject = "Your keys", .text = "I found them."}), 250);
  ASSERT_EQ(sink.told.size(), 1U);
  const Invited& asked = sink.last_of<Invited>();
  EXPECT_EQ(sink.last<Invited>().in, Conversation(bob));
  EXPECT_EQ(asked.by, "Bob");
  EXPECT_THAT(asked.reason, HasSubstr("bob@example.net"));
  EXPECT_THAT(asked.reason, HasSubstr("Your keys"));
  EXPECT_THAT(asked.reason, Not(HasSubstr("could not be verified")));
}

TEST_F(ConsentTest, AnUnverifiedSenderIsAnnouncedAsSuch) {
  EXPECT_EQ(receive({.verified = false}), 250);
  EXPECT_THAT(sink.last_of<Invited>().reason, HasSubstr("could not be verified"));
}

TEST_F(ConsentTest, WhoWaitsIsAnnouncedOnceAndToldInOrderOnceLetIn) {
  for (int i = 1; i <= 12; ++i)
    EXPECT_EQ(receive({.id = std::to_string(i) + "@x", .text = "Mail " + std::to_string(i)}), 250);
  EXPECT_EQ(sink.all<Invited>().size(), 1U);
  EXPECT_THAT(sink.texts(), IsEmpty());
  perform(bob, "t", Join{});
  const auto texts = sink.texts();
  ASSERT_EQ(texts.size(), 12U);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(texts[i], "Mail " + std::to_string(i + 1));
  EXPECT_THAT(sink.delivered(), ElementsAre("t"));
  EXPECT_EQ(receive({.id = "13@x", .text = "And on"}), 250);
  EXPECT_EQ(sink.texts().back(), "And on");
  EXPECT_EQ(sink.all<Invited>().size(), 1U);
}

TEST_F(ConsentTest, WhatWaitedIsToldOnceHoweverOftenTheyAreLetIn) {
  receive(Letter{});
  perform(bob, {}, Join{});
  perform(bob, {}, Join{});
  EXPECT_EQ(sink.texts().size(), 1U);
  EXPECT_EQ(receive(Letter{}), 250) << "its 250 was lost";
  EXPECT_EQ(sink.texts().size(), 1U);
}

TEST_F(ConsentTest, WhoWaitsForConsentWaitsOverARestart) {
  receive({.text = "Held."});
  kill();
  EXPECT_THAT(sink.texts(), IsEmpty());
  perform(bob, {}, Join{});
  EXPECT_THAT(sink.texts(), ElementsAre("Held."));
}

TEST_F(ConsentTest, WhoIsTurnedAwayIsDroppedAndRefusedFromThenOn) {
  receive({.text = "Held."});
  const auto row = disk->mails().find(hub->network, juliet, "1@example.net");
  ASSERT_TRUE(row);
  perform(bob, "t", Leave{});
  EXPECT_FALSE(disk->mails().bytes(hub->network, row->key)) << "nothing of it is kept";
  const auto replies = receive_bytes(Letter{.id = "2@x"}.bytes());
  EXPECT_EQ(replies.front().code, 550);
  EXPECT_THAT(replies.front().text, HasSubstr("5.7.1"));
  perform(bob, {}, Join{});
  EXPECT_THAT(sink.texts(), IsEmpty());
  EXPECT_EQ(receive({.id = "3@x", .text = "Thank you"}), 250);
  EXPECT_THAT(sink.texts(), ElementsAre("Thank you"));
}

TEST_F(ConsentTest, ManyMailsOfOneStrangerDoNotFillTheDisk) {
  int refused = 0;
  for (int i = 0; i < 200 && refused == 0; ++i)
    refused = receive({.id = std::to_string(i) + "@x"}) == 452 ? i : 0;
  EXPECT_GT(refused, 10);
  EXPECT_LT(refused, 200);
}

TEST_F(ConsentTest, WithContactsOnlyAStrangerIsRefusedAndAContactIsNot) {
  choose(Preferences::Welcome::contacts);
  const auto replies = receive_bytes(Letter{}.bytes());
  EXPECT_EQ(replies.front().code, 550);
  EXPECT_THAT(replies.front().text, HasSubstr("5.7.1"));
  EXPECT_THAT(sink.told, IsEmpty());
  EXPECT_FALSE(disk->mails().find(hub->network, juliet, "1@example.net"));
  perform(bob, {}, Join{});
  EXPECT_EQ(receive(Letter{}), 250);
  EXPECT_THAT(sink.texts(), ElementsAre("Good morning."));
}

TEST_F(ConsentTest, WithVerifiedWhoeverIsVerifiedIsHeardAndOthersAskFirst) {
  choose(Preferences::Welcome::verified);
  EXPECT_EQ(receive({.text = "Proved."}), 250);
  EXPECT_EQ(receive({.from = "carol@example.net", .id = "2@x", .verified = false}), 250);
  EXPECT_THAT(sink.texts(), ElementsAre("Proved."));
  EXPECT_EQ(sink.last<Invited>().in, Conversation(carol));
}

TEST_F(ConsentTest, WhoeverWasWrittenToIsKnownWhateverTheCase) {
  perform(bob, "t", Message{Text("Hello")});
  ASSERT_EQ(sent(1), 1U);
  EXPECT_EQ(receive({.from = "BOB@Example.NET", .text = "Hi"}), 250);
  EXPECT_EQ(sink.texts().back(), "Hi");
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(ConsentTest, WhoeverIsWrittenToWhileTheyWaitIsHeard) {
  receive({.text = "Held."});
  say(bob, "t", "Who are you?");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(sink.texts(), ElementsAre("Held."));
}

TEST_F(ConsentTest, WhoAnswersAMailOfTheirsFromAnotherAddressIsHeard) {
  say(bob, "t", "Hello");
  ASSERT_EQ(sent(1), 1U);
  std::string id = field(peer.mails[0], "Message-ID");
  id = id.substr(1, id.size() - 2);
  EXPECT_EQ(receive({.from = "bob@work.example", .text = "Me again", .answers = id}), 250);
  EXPECT_THAT(sink.texts().back(), HasSubstr("Me again"));
}

TEST_F(ConsentTest, AListHeaderOpensNoDoorToAStranger) {
  EXPECT_EQ(receive({.text = "Buy!", .headers = "List-Id: <spam.example.net>\r\n"}), 250);
  EXPECT_THAT(sink.texts(), IsEmpty());
  EXPECT_EQ(sink.all<Invited>().size(), 1U);
}

TEST_F(ConsentTest, BlockedPeopleAreRefusedEvenOnceKnown) {
  perform(bob, {}, Join{});
  perform(bob, {}, SetStanding{"bob@example.net", Standing::banned, {}});
  EXPECT_EQ(receive(Letter{}), 550);
  perform(bob, {}, SetStanding{"bob@example.net", Standing::participant, {}});
  EXPECT_EQ(receive(Letter{}), 250);
}

TEST_F(ConsentTest, EachPersonDecidesForThemselves) {
  let_know(bob, juliet);
  const auto replies = receive_bytes(Letter{.to = juliets + ", " + romeos}.bytes(), {juliets, romeos});
  EXPECT_EQ(replies[0].code, 250);
  EXPECT_EQ(replies[1].code, 250);
  ASSERT_EQ(sink.all<Message>().size(), 1U);
  ASSERT_EQ(sink.all<Invited>().size(), 1U) << "a room for one, a question for the other";
  EXPECT_EQ(sink.told.back().person, romeo);
  EXPECT_EQ(sink.last<Invited>().in, Conversation(bob));
}

TEST_F(ConsentTest, WhoMayNotUseTheGatewayOrIsNotRegisteredWritesToNobody) {
  perform(bob, "t1", Message{Text("Hello")}, PersonId{"nurse@xmpp.example"});
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::registration_required);
  settings.email.allow = {"elsewhere.example"};
  kill();
  perform(bob, "t2", Message{Text("Hello")});
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::not_permitted);
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2"));
  EXPECT_EQ(sent(1), 0U);
}

TEST_F(ConsentTest, WhoIsBlockedIsListedAndEachChangeIsTold) {
  const auto blocked = [&] {
    std::vector<std::string> out;
    for (const ListedUser& one : sink.last_of<StandingList>().users) {
      EXPECT_EQ(one.standing, Standing::banned);
      out.push_back(one.who);
    }
    return out;
  };
  perform(PlaceId{}, "l", ListStandings{});
  EXPECT_THAT(blocked(), IsEmpty());
  EXPECT_EQ(sink.last<StandingList>().in, Conversation(PlaceId{}));
  perform(bob, "b", SetStanding{bob.value(), Standing::banned, {}});
  perform(carol, {}, Leave{});
  EXPECT_THAT(blocked(), ElementsAre(bob.value(), carol.value()));
  perform(carol, {}, Join{});
  EXPECT_THAT(blocked(), ElementsAre(bob.value()));
  const std::size_t told = sink.all<StandingList>().size();
  perform(carol, {}, Join{});
  perform(carol, "n", SetStanding{carol.value(), Standing::participant, {}});
  EXPECT_EQ(sink.all<StandingList>().size(), told) << "nothing changed";
  perform(bob, "u", SetStanding{bob.value(), Standing::participant, {}});
  EXPECT_THAT(blocked(), IsEmpty());
  EXPECT_THAT(sink.delivered(), ElementsAre("l", "b", "n", "u"));
}

TEST_F(ConsentTest, NobodyWritesToWhomTheyHaveBlocked) {
  perform(bob, {}, SetStanding{bob.value(), Standing::banned, {}});
  say(bob, "t", "Hello?");
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::blocked_by_self);
  EXPECT_EQ(sent(1, std::chrono::seconds(40)), 0U);
  perform(bob, {}, SetStanding{bob.value(), Standing::participant, {}});
  say(bob, "t2", "Hello!");
  EXPECT_EQ(sent(1), 1U);
}

TEST_F(ConsentTest, WhoIsNotRegisteredKeepsNoList) {
  perform(bob, "t", SetStanding{bob.value(), Standing::banned, {}}, PersonId{"nurse@xmpp.example"});
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::registration_required);
}

}  // namespace
}  // namespace dragoman::email::test
