// Conversations of several people, and lists.
#include "mapping/mails_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class RoomsTest : public World {
 protected:
  RoomsTest() {
    let_know(bob);
    let_know(carol);
    let_know(UserId{"dev@lists.example.net"});
  }
  std::vector<std::string> nicks() const {
    std::vector<std::string> out;
    for (const Member& one : sink.last_of<Entered>().members) out.push_back(one.nick);
    return out;
  }
  // To whom the last mail went.
  std::vector<std::string> recipients() const {
    std::vector<std::string> out;
    for (const std::string& line : peer.commands)
      if (line.starts_with("RCPT TO:<")) out.push_back(line.substr(9, line.find('>') - 9));
    return out;
  }
  const Letter several{
      .to = juliets + ", Carol <carol@example.net>", .cc = "Dan <dan@example.net>", .subject = "Plans"};
  static Letter to_list(const std::string& id, const std::string& from = "Bob <bob@example.net>") {
    return {
        .from = from,
        .to = "dev@lists.example.net",
        .subject = "[dev] Release",
        .id = id,
        .headers =
            "List-Id: Developers <dev.lists.example.net>\r\nList-Post: <mailto:dev@lists.example.net>\r\n"};
  }
};

TEST_F(RoomsTest, AMailToSeveralIsARoomWithAllOfThem) {
  EXPECT_EQ(receive(several), 250);
  EXPECT_THAT(nicks(), UnorderedElementsAre("juliet", "Bob", "Carol", "Dan"));
  EXPECT_EQ(sink.last_of<Subject>().text.plain, "Plans");
  EXPECT_EQ(sink.last<Message>().in, Conversation(room()));
  EXPECT_EQ(sink.last<Message>().sender.nick, "Bob");
  EXPECT_THAT(sink.all<Invited>(), IsEmpty()) << "entering asks by itself";
  receive({.to = several.to, .cc = several.cc, .id = "2@x"});
  ASSERT_THAT(sink.all<Invited>(), SizeIs(1)) << "whoever is not there is asked in again";
  EXPECT_EQ(sink.last<Invited>().in, Conversation(room()));
}

TEST_F(RoomsTest, WhatIsSaidThereGoesToAllAsItWasAddressed) {
  receive(several);
  say(room(), "t", "With pleasure.");
  EXPECT_THAT(sink.delivered(), ElementsAre("t")) << "it is kept";
  ASSERT_EQ(sent(3), 3U);
  EXPECT_THAT(recipients(), UnorderedElementsAre("bob@example.net", "carol@example.net", "dan@example.net"));
  EXPECT_THAT(field(peer.mails[0], "Cc"), HasSubstr("dan@example.net"));
  EXPECT_THAT(field(peer.mails[0], "To"), Not(HasSubstr("dan@example.net")));
  EXPECT_EQ(field(peer.mails[0], "In-Reply-To"), "<1@example.net>");
  EXPECT_EQ(field(peer.mails[0], "Subject"), "Re: Plans");
  EXPECT_THAT(sink.delivered(), ElementsAre("t")) << "once, however many read it";
}

TEST_F(RoomsTest, TheSamePeopleAreTheSameRoomWhateverTheOrder) {
  receive(several);
  const RoomId first = room();
  receive(
      {.from = "carol@example.net", .to = "dan@example.net, bob@example.net", .cc = juliets, .id = "2@x"});
  EXPECT_EQ(sink.last<Message>().in, Conversation(first));
  EXPECT_EQ(sink.all<Entered>().size(), 1U);
}

TEST_F(RoomsTest, AnAnswerFindsItsRoomAndTellsWhoCameAndWent) {
  receive(several);
  const RoomId first = room();
  receive({.from = "carol@example.net",
           .to = juliets + ", bob@example.net, Eve <eve@example.net>",
           .id = "2@x",
           .answers = "1@example.net"});
  EXPECT_EQ(sink.last<Message>().in, Conversation(first));
  ASSERT_THAT(sink.all<MemberJoined>(), SizeIs(1));
  EXPECT_EQ(sink.last_of<MemberJoined>().member.nick, "Eve");
  ASSERT_THAT(sink.all<MemberLeft>(), SizeIs(1));
  EXPECT_EQ(sink.last_of<MemberLeft>().nick, "Dan");
}

TEST_F(RoomsTest, AnAnswerToThemAloneIsNotSaidInTheRoom) {
  receive(several);
  receive({.id = "2@x", .text = "Between us", .answers = "1@example.net"});
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(RoomsTest, TwoOfOneNameAreToldApart) {
  receive({.from = "Bob <bob@example.net>", .to = juliets + ", Bob <bob@example.com>"});
  EXPECT_THAT(nicks(), UnorderedElementsAre("juliet", "Bob", "Bob <bob@example.com>"));
}

TEST_F(RoomsTest, SomebodyOfTheReadersOwnNameIsNotTakenForThem) {
  receive({.from = "juliet <bob@example.net>", .to = juliets + ", carol@example.net"});
  EXPECT_EQ(sink.last_of<Entered>().nick, "juliet_");
  EXPECT_EQ(sink.last<Message>().sender.nick, "juliet");
  EXPECT_FALSE(sink.last<Message>().sender.own);
}

TEST_F(RoomsTest, ANewcomerOfTheReadersOwnNameMakesThemGoByAnother) {
  receive(several);
  receive({.from = "carol@example.net",
           .to = juliets + ", bob@example.net, dan@example.net, juliet <eve@example.net>",
           .id = "2@x",
           .answers = "1@example.net"});
  ASSERT_THAT(sink.all<MemberRenamed>(), SizeIs(1));
  EXPECT_EQ(sink.last_of<MemberRenamed>().nick, "juliet");
  EXPECT_EQ(sink.last_of<MemberRenamed>().new_nick, "juliet_");
  EXPECT_EQ(sink.last_of<MemberJoined>().member.nick, "juliet");
}

TEST_F(RoomsTest, ANameTakenInOneRoomIsFreeInAnother) {
  receive(several);
  const RoomId first = room();
  receive({.from = "juliet <bob@example.net>", .to = juliets + ", eve@example.net", .id = "2@x"});
  EXPECT_EQ(sink.last_of<Entered>().nick, "juliet_");
  perform(first, "t", Subject{Text("New plans")});
  EXPECT_EQ(sink.last<Subject>().sender.nick, "juliet");
}

TEST_F(RoomsTest, ANickOfAParticipantCanNotBeTaken) {
  receive(several);
  perform(room(), "t", SetNick{"Bob"});
  EXPECT_THAT(sink.failed(), ElementsAre("t"));
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::nick_in_use);
  perform(room(), "t2", SetNick{"Julia"});
  EXPECT_EQ(sink.last_of<MemberRenamed>().new_nick, "Julia");
}

TEST_F(RoomsTest, SomebodyCanBeAddedAndRemoved) {
  receive(several);
  perform(room(), "t1", Invite{"eve@example.net", {}});
  EXPECT_EQ(sink.last_of<MemberJoined>().member.address, "eve@example.net");
  perform(room(), "t2", Remove{"Dan", "enough"});
  EXPECT_EQ(sink.last_of<MemberLeft>().nick, "Dan");
  perform(room(), "t3", Invite{"no address", {}});
  EXPECT_THAT(sink.failed(), ElementsAre("t3"));
  say(room(), "t4", "Welcome");
  ASSERT_EQ(sent(3), 3U);
  EXPECT_THAT(recipients(), UnorderedElementsAre("bob@example.net", "carol@example.net", "eve@example.net"));
}

TEST_F(RoomsTest, TheRoomIsThereAfterARestart) {
  receive(several);
  const RoomId id = room();
  kill();
  perform(id, "t", Join{"Julia"});
  EXPECT_EQ(sink.last_of<Entered>().nick, "Julia");
  EXPECT_THAT(nicks(), UnorderedElementsAre("Julia", "Bob", "Carol", "Dan"));
  receive({.from = "carol@example.net",
           .to = juliets + ", bob@example.net",
           .cc = "dan@example.net",
           .id = "2@x"});
  EXPECT_EQ(sink.last<Message>().in, Conversation(id));
}

TEST_F(RoomsTest, ARoomIsItsReadersAlone) {
  receive(several);
  perform(room(), "t", Join{"romeo"}, romeo);
  EXPECT_THAT(sink.failed(), ElementsAre("t"));
  say(room(), "t2", "Hello", romeo);
  EXPECT_THAT(sink.failed(), ElementsAre("t", "t2"));
}

TEST_F(RoomsTest, TheirOwnProvedAddressIsNobodyElse) {
  Preferences now = hub->preferences(juliet);
  now.own_address = "juliet@capulet.example";
  hub->save(juliet, now);
  receive({.to = "Juliet@capulet.example", .cc = juliets});
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(RoomsTest, AMailToACrowdIsNoRoomAndCostsLittle) {
  std::string crowd = juliets;
  for (int i = 0; i < 450; ++i) crowd += ",\r\n p" + std::to_string(i) + "@example.com";
  EXPECT_EQ(receive({.to = crowd}), 250);
  EXPECT_EQ(sink.last<Message>().in, Conversation(bob));
}

TEST_F(RoomsTest, AListIsARoomOfThoseWhoSpoke) {
  EXPECT_EQ(receive(to_list("1@x")), 250);
  EXPECT_EQ(room(), RoomId{"dev.lists.example.net"});
  EXPECT_THAT(nicks(), UnorderedElementsAre("juliet", "Bob"));
  receive(to_list("2@x", "Eve <eve@example.net>"));
  EXPECT_EQ(sink.last_of<MemberJoined>().member.nick, "Eve");
  EXPECT_EQ(sink.last<Message>().sender.nick, "Eve");
  EXPECT_THAT(sink.all<Entered>(), SizeIs(1));
  say(room(), "t", "Congratulations");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(recipients(), ElementsAre("dev@lists.example.net"));
}

TEST_F(RoomsTest, AListAsksOnceAndThenAllOfItIsHeard) {
  Letter first = to_list("1@y"), second = to_list("2@y", "eve@example.net");
  for (Letter* one : {&first, &second})
    one->headers = "List-Id: <news.lists.example.com>\r\nList-Post: <mailto:news@lists.example.com>\r\n";
  receive(first);
  receive(second);
  EXPECT_THAT(sink.texts(), IsEmpty());
  ASSERT_THAT(sink.all<Invited>(), SizeIs(1));
  EXPECT_EQ(sink.last<Invited>().in, Conversation(UserId{"news@lists.example.com"}));
  perform(UserId{"news@lists.example.com"}, {}, Join{});
  EXPECT_THAT(sink.texts(), SizeIs(2));
  EXPECT_EQ(sink.last<Message>().in, Conversation(RoomId{"news.lists.example.com"}));
}

TEST_F(RoomsTest, NobodyTurnsAListsPostsToThemselves) {
  receive(to_list("1@x"));
  Letter evil = to_list("2@x");
  evil.headers = "List-Id: <dev.lists.example.net>\r\nList-Post: <mailto:bob@example.net>\r\n";
  receive(evil);
  say(room(), "t", "Secret");
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(recipients(), ElementsAre("dev@lists.example.net"));
}

TEST_F(RoomsTest, AListThatTakesNoMailSaysSo) {
  Letter news = to_list("1@x");
  news.headers = "List-Id: <dev.lists.example.net>\r\nList-Post: NO\r\n";
  receive(news);
  say(room(), "t", "Hello?");
  EXPECT_THAT(sink.failed(), ElementsAre("t"));
  EXPECT_EQ(sent(1), 0U);
}

TEST_F(RoomsTest, WhoSpeaksOnAListStaysHoweverManyCome) {
  receive(to_list("0@x"));
  for (int i = 0; i < 120; ++i) {
    receive(to_list("p" + std::to_string(i) + "@x", "p" + std::to_string(i) + "@example.com"));
    receive(to_list("b" + std::to_string(i) + "@x"));
  }
  const auto known = conversations->room(juliet, room());
  ASSERT_TRUE(known);
  EXPECT_LE(known->people.size(), 100U);
  for (const MemberLeft& gone : sink.all<MemberLeft>()) EXPECT_NE(gone.nick, "Bob");
  EXPECT_FALSE(sink.all<MemberLeft>().empty());
}

TEST_F(RoomsTest, ABounceInARoomSaysWhoseItIs) {
  receive(several);
  say(room(), "t", "With pleasure.");
  ASSERT_EQ(sent(3), 3U);
  receive_bytes(report("failed", "dan@example.net"), {address_of_bounces()}, "");
  EXPECT_THAT(sink.failed(), ElementsAre("t"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("dan@example.net"));
}

}  // namespace
}  // namespace dragoman::email::test
