#include "fixture.hpp"

namespace dragoman::irc {
namespace {

constexpr const char* modern = "message-tags server-time echo-message batch labeled-response";

Act say(std::string text) { return Message{Text(std::move(text)), MessageKind::normal, {}, {}, {}}; }

TEST_F(IrcSession, AChannelMessageComesAsOne) {
  enter();
  peer->send(":bob!b@h PRIVMSG #ROOM :hello");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->in, Conversation(room));
  EXPECT_EQ(event->sender.nick, "bob");
  EXPECT_EQ(std::get<Message>(event->what).text.plain, "hello");
}

TEST_F(IrcSession, IdTimeAndAccountComeFromTheTags) {
  enter(modern);
  peer->send("@msgid=abc;time=2024-02-29T23:59:58.125Z;account=bobby :bob!b@h PRIVMSG #room :hello");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, MessageId("abc"));
  EXPECT_EQ(event->sender.account, "bobby");
  EXPECT_EQ(event->time.time_since_epoch(), std::chrono::milliseconds(1709251198125));
  EXPECT_TRUE(session().features(room).stable_ids);
}

TEST_F(IrcSession, AMessageIsDeliveredAtTheWriteWhereNoEchoComes) {
  enter();
  perform(room, "m1", say("hi there"));
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG #room :hi there");
  auto event = next<Delivered>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Delivered>(event->what).token, "m1");
}

TEST_F(IrcSession, AnEchoWithItsLabelDeliversTheMessageWithTheServersId) {
  enter(modern);
  perform(room, "m1", say("one"));
  auto line = expect("@label=");
  ASSERT_NE(line, "");
  auto label = line.substr(0, line.find(' '));
  EXPECT_EQ(line.substr(line.find(' ') + 1), "PRIVMSG #room :one");
  peer->send(label + ";msgid=id1 :alice!~alice@host.test PRIVMSG #room :one");
  auto event = next<Delivered>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->id, MessageId("id1"));
  EXPECT_EQ(std::get<Delivered>(event->what).token, "m1");
}

TEST_F(IrcSession, ARefusedMessageFailsItsCommandAndNotAnother) {
  enter(modern);
  perform(room, "m1", say("one"));
  perform(room, "m2", say("two"));
  auto first = expect("@label=");
  auto second = expect("@label=");
  peer->send(second.substr(0, second.find(' ')) + " :irc.test 404 alice #room :Cannot send to channel");
  auto event = next<Failed>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Failed>(event->what).token, "m2");
  EXPECT_EQ(std::get<Failed>(event->what).failure.reason, Reason::cannot_speak);
  peer->send(first.substr(0, first.find(' ')) + ";msgid=x :alice!a@h PRIVMSG #room :one");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "m1");
}

TEST_F(IrcSession, WithoutLabelsEchoesAndRefusalsAreMatchedByTheirOrder) {
  enter("echo-message");
  perform(room, "m1", say("one"));
  perform(room, "m2", say("two"));
  ASSERT_EQ(expect("PRIVMSG"), "PRIVMSG #room :one");
  peer->send(":alice!a@h PRIVMSG #room :one");
  peer->send(":irc.test 404 alice #room :Cannot send to channel");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "m1");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "m2");
}

TEST_F(IrcSession, WithoutEchoesARefusalStillReachesTheMessageItIsAbout) {
  enter();
  perform(room, "m1", say("one"));
  perform(bob, "p1", say("psst"));
  ASSERT_NE(expect("PRIVMSG bob"), "");
  peer->send(":irc.test 401 alice bob :No such nick");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "p1");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::no_such_user);
  peer->send(":irc.test 404 alice #room :Cannot send to channel");
  failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "m1");
}

TEST_F(IrcSession, AnEchoOfNothingWeSaidIsAnotherDevices) {
  enter("echo-message");
  peer->send(":alice!a@h PRIVMSG #room :from my phone");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_TRUE(event->sender.own);
}

TEST_F(IrcSession, NothingAPersonWritesEndsALineEarly) {
  enter();
  perform(room, "m1", say("one\nQUIT :two\r\nJOIN #evil"));
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG #room :one");
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG #room :QUIT :two");
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG #room :JOIN #evil");
  ASSERT_TRUE(next<Delivered>());
}

TEST_F(IrcSession, ALongMessageLeavesInLinesThatTheServerPassesOnWhole) {
  enter();
  std::string text;
  for (int i = 0; i < 400; ++i) text += "é";
  perform(room, "m1", say(text));
  std::string sent;
  while (sent.size() < text.size()) {
    auto line = expect("PRIVMSG #room :");
    ASSERT_NE(line, "");
    EXPECT_LE((":alice!~alice@host.test " + line).size() + 2, 512U);
    sent += line.substr(15);
  }
  EXPECT_EQ(sent, text);
  EXPECT_LT(session().features(room).max_bytes, 512U);
}

TEST_F(IrcSession, PrivateMessagesComeFromTheirUser) {
  enter();
  peer->send(":bob!b@h PRIVMSG alice :psst");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->in, Conversation(bob));
  EXPECT_EQ(event->sender.user, bob);
  perform(bob, "p1", say("what?"));
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG bob :what?");
}

TEST_F(IrcSession, APrivateNoticeComesFromTheServerUntilThereIsAConversation) {
  enter();
  sink.events.clear();
  peer->send(":bob!b@h NOTICE alice :auto");
  auto first = next<Message>();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->in, Conversation(place));
  perform(bob, "p1", say("hi"));
  peer->send(":bob!b@h NOTICE alice :auto");
  auto second = next<Message>();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->in, Conversation(bob));
}

TEST_F(IrcSession, AMessageToTheOperatorsSaysSo) {
  enter();
  peer->send(":bob!b@h PRIVMSG @#room :secret");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->in, Conversation(room));
  EXPECT_EQ(std::get<Message>(event->what).text.plain, "[to @] secret");
}

TEST_F(IrcSession, ActionsAreActionsBothWays) {
  enter();
  peer->send(
      ":bob!b@h PRIVMSG #room :\x01"
      "ACTION waves\x01");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Message>(event->what).kind, MessageKind::action);
  EXPECT_EQ(std::get<Message>(event->what).text.plain, "waves");
  perform(room, "m1", Message{Text("waves back"), MessageKind::action, {}, {}, {}});
  EXPECT_EQ(expect("PRIVMSG"),
            "PRIVMSG #room :\x01"
            "ACTION waves back\x01");
}

TEST_F(IrcSession, VersionQuestionsAreAnsweredAndOursAreToo) {
  enter();
  peer->send(":bob!b@h PRIVMSG alice :\x01VERSION\x01");
  EXPECT_EQ(expect("NOTICE").substr(0, 29), "NOTICE bob :\x01VERSION dragoman");
  perform(bob, "v1", FetchVersion{"bob"});
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG bob \x01VERSION\x01");
  peer->send(":bob!b@h NOTICE alice :\x01VERSION irssi 1.4\x01");
  auto event = next<Answered>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<Answered>(event->what).text, "irssi 1.4");
}

TEST_F(IrcSession, ALineToThePlaceIsARawLine) {
  enter();
  perform(place, "r1", say("WHOIS bob"));
  EXPECT_EQ(expect("WHOIS"), "WHOIS bob");
  ASSERT_TRUE(next<Delivered>());
  peer->send(":irc.test 312 alice bob irc.test :A server");
  auto event = next<Message>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->in, Conversation(place));
  EXPECT_EQ(std::get<Message>(event->what).text.plain, "bob irc.test A server");
}

TEST_F(IrcSession, WhatIrcLacksIsUnsupported) {
  enter();
  perform(room, "x", Reactions{MessageId("a"), {"+"}});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::unsupported);
}

TEST_F(IrcSession, AMessageToAChannelThatOneIsNotInFails) {
  enter();
  perform(RoomId("#other%irc.test"), "m1", say("hi"));
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::not_joined);
}

TEST_F(IrcSession, BeyondTheBurstLinesWaitAndPongsDoNot) {
  enter();  // JOIN and MODE took two of ten
  for (int i = 0; i < 12; ++i) perform(room, "m" + std::to_string(i), say("line " + std::to_string(i)));
  peer->send("PING :now");
  ASSERT_TRUE(until(
      [&] { return std::find(peer->lines.begin(), peer->lines.end(), "PONG now") != peer->lines.end(); }));
  EXPECT_LT(peer->lines.size(), 12U);
  EXPECT_EQ(expect("PRIVMSG #room :line 8"), "PRIVMSG #room :line 8");
}

TEST_F(IrcSession, AFullQueueFailsTheMessage) {
  enter();
  for (int i = 0; i < 1100; ++i) perform(room, "m" + std::to_string(i), say("line"));
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::queue_full);
}

}  // namespace
}  // namespace dragoman::irc
