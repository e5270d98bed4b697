// One message to several people (XEP-0033), and to whom a mail went.
#include "mapping/mails_table.hpp"
#include "tests/unit/email_session/wing_world.hpp"

namespace dragoman::email::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class AddressedTest : public World {
 protected:
  AddressedTest() {
    let_know(bob);
    let_know(carol);
  }
  void write(const std::string& token, std::vector<Addressee> to, const std::string& text = "Shall we go?",
             const std::string& subject = {}, const PersonId& person = juliet) {
    Message message{Text(text)};
    message.subject = subject;
    message.addressed = std::move(to);
    perform(PlaceId{}, token, std::move(message), person, MessageId{"name of " + token});
  }
  std::vector<std::string> recipients() const {
    std::vector<std::string> out;
    for (const std::string& line : peer.commands)
      if (line.starts_with("RCPT TO:<")) out.push_back(line.substr(9, line.find('>') - 9));
    return out;
  }
};

TEST_F(AddressedTest, GoesToAllAsItWasSaidAndBeginsARoom) {
  write("t", {{bob, "Bob B.", false}, {carol, {}, true}}, "Shall we go?", "Plans");
  EXPECT_THAT(sink.delivered(), ElementsAre("t")) << "it is kept";
  std::vector<std::string> nicks;
  for (const Member& one : sink.last_of<Entered>().members) nicks.push_back(one.nick);
  EXPECT_THAT(nicks, UnorderedElementsAre("juliet", "Bob B.", "carol@example.net"));
  EXPECT_EQ(sink.last_of<Subject>().text.plain, "Plans");
  const Event& told = sink.last<Message>();
  EXPECT_EQ(told.in, Conversation(room()));
  EXPECT_TRUE(told.sender.own);
  EXPECT_EQ(told.sender.nick, "juliet");
  EXPECT_EQ(told.id, sink.last<Delivered>().id);
  ASSERT_EQ(sent(2), 2U);
  EXPECT_THAT(recipients(), UnorderedElementsAre("bob@example.net", "carol@example.net"));
  EXPECT_THAT(field(peer.mails[0], "To"), HasSubstr("bob@example.net"));
  EXPECT_THAT(field(peer.mails[0], "To"), Not(HasSubstr("carol")));
  EXPECT_THAT(field(peer.mails[0], "Cc"), HasSubstr("carol@example.net"));
  EXPECT_EQ(field(peer.mails[0], "Subject"), "Plans");
  EXPECT_EQ("<" + told.id.value() + ">", field(peer.mails[0], "Message-ID"));
}

TEST_F(AddressedTest, AnAnswerToAllComesIntoThatRoom) {
  write("t", {{bob}, {carol}}, "Shall we go?", "Plans");
  ASSERT_EQ(sent(2), 2U);
  std::string id = field(peer.mails[0], "Message-ID");
  id = id.substr(1, id.size() - 2);
  const RoomId there = room();
  EXPECT_EQ(
      receive({.to = juliets + ", carol@example.net", .subject = "Re: Plans", .text = "Yes.", .answers = id}),
      250);
  EXPECT_EQ(sink.last<Message>().in, Conversation(there));
  EXPECT_EQ(sink.last_of<Message>().text.plain, "Yes.");
  write("again", {{carol, {}, true}, {bob}}, "Good.");
  EXPECT_EQ(sink.last<Message>().in, Conversation(there)) << "the same people are in the same room";
  EXPECT_EQ(sink.all<Entered>().size(), 1U);
  EXPECT_EQ(sink.last<Invited>().in, Conversation(there)) << "whoever is not in is asked in";
  ASSERT_EQ(sent(4), 4U);
  EXPECT_THAT(field(peer.mails[3], "Cc"), HasSubstr("carol@example.net")) << "as it was said last";
}

TEST_F(AddressedTest, LinesWithinTheQuietTimeAreOneMail) {
  write("one", {{bob}, {carol}}, "One,");
  write("two", {{bob}, {carol}}, "two.");
  ASSERT_EQ(sent(2), 2U);
  EXPECT_THAT(peer.mails[0], HasSubstr("One,\r\ntwo."));
  EXPECT_EQ(peer.mails.size(), 2U);
}

TEST_F(AddressedTest, ABounceIsAFailureOfThatMessage) {
  write("t", {{bob}, {carol}});
  ASSERT_EQ(sent(2), 2U);
  receive_bytes(report("failed"), {address_of_bounces()}, "");
  EXPECT_THAT(sink.failed(), ElementsAre("t"));
  EXPECT_THAT(sink.last_of<Failed>().failure.text, HasSubstr("bob@example.net"));
}

TEST_F(AddressedTest, OneselfIsNoneOfSeveral) {
  write("t", {{UserId{juliets}}, {bob}});
  ASSERT_EQ(sent(1), 1U);
  EXPECT_THAT(sink.all<Entered>(), IsEmpty()) << "a chat with one";
  EXPECT_EQ(sink.last<Delivered>().in, Conversation(bob));
  write("none", {{UserId{juliets}}});
  EXPECT_THAT(sink.failed(), ElementsAre("none"));
}

TEST_F(AddressedTest, NothingGoesWhereOneMayNotBeWrittenTo) {
  consent->block(juliet, carol.value());
  write("t1", {{bob}, {carol}});
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::blocked_by_self);
  write("t2", {{bob}, {carol}}, "Hello", {}, PersonId{"nurse@xmpp.example"});
  EXPECT_EQ(sink.last_of<Failed>().failure.reason, Reason::registration_required);
  std::vector<Addressee> crowd;
  for (int i = 0; i < 101; ++i) crowd.push_back({UserId{"u" + std::to_string(i) + "@example.net"}});
  write("t3", crowd);
  EXPECT_THAT(sink.failed(), ElementsAre("t1", "t2", "t3"));
  EXPECT_EQ(sent(1, std::chrono::seconds(40)), 0U);
  EXPECT_THAT(sink.all<Entered>(), IsEmpty());
}

TEST_F(AddressedTest, WhatWasSaidIsNotLostInAKill) {
  write("t", {{bob}, {carol}});
  disk->commit();
  kill();
  EXPECT_EQ(sent(2), 2U);
}

TEST_F(AddressedTest, AMailToSeveralSaysToWhomItWent) {
  receive({.to = juliets + ", Carol <carol@example.net>", .cc = "Dan <Dan@example.net>"});
  EXPECT_THAT(sink.last_of<Message>().addressed,
              ElementsAre(Addressee{UserId{}, {}, false}, Addressee{carol, "Carol", false},
                          Addressee{UserId{"dan@example.net"}, "Dan", true}));
  receive({.id = "2@x"});
  EXPECT_THAT(sink.last_of<Message>().addressed, IsEmpty()) << "to one alone";
  std::string crowd = juliets;
  for (int i = 0; i < 200; ++i) crowd += ",\r\n u" + std::to_string(i) + "@example.net";
  receive({.to = crowd, .id = "3@x"});
  EXPECT_THAT(sink.last_of<Message>().addressed, SizeIs(50));
}

}  // namespace
}  // namespace dragoman::email::test
