#include "fixture.hpp"

namespace dragoman::irc {
namespace {

TEST_F(IrcSession, TellsWhoIsInAChannelThenItsTopicThenItsModes) {
  make();
  perform(room, "j1", Join{"alice", "sesame"});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  EXPECT_EQ(expect("JOIN"), "JOIN #room sesame");
  peer->send(":alice!~alice@host.test JOIN #Room");
  peer->send(":irc.test 332 alice #Room :the \x02topic\x02");
  peer->send(":irc.test 333 alice #Room bob!b@h 1700000000");
  peer->send(":irc.test 353 alice = #Room :@alice +bob");
  peer->send(":irc.test 353 alice = #Room :carol");
  peer->send(":irc.test 366 alice #Room :End of NAMES");
  auto entered = next<Entered>();
  ASSERT_TRUE(entered);
  EXPECT_EQ(entered->in, Conversation(room));
  const auto& who = std::get<Entered>(entered->what);
  EXPECT_EQ(who.nick, "alice");
  ASSERT_EQ(who.members.size(), 3U);
  EXPECT_EQ(who.members[0].nick, "alice");
  EXPECT_EQ(who.members[0].standing, Standing::admin);
  EXPECT_EQ(who.members[1].standing, Standing::member);
  EXPECT_EQ(who.members[2].standing, Standing::participant);
  ASSERT_FALSE(sink.events.empty());
  auto topic = next<Subject>();
  ASSERT_TRUE(topic);
  EXPECT_EQ(std::get<Subject>(topic->what).text.plain, "the topic");
  EXPECT_EQ(topic->sender.nick, "bob");
  EXPECT_EQ(topic->time.time_since_epoch(), std::chrono::seconds(1700000000));
  EXPECT_EQ(expect("MODE"), "MODE #Room");
  peer->send(":irc.test 324 alice #Room +ntkl sesame 20");
  auto info = next<RoomInfo>();
  ASSERT_TRUE(info);
  EXPECT_EQ(std::get<RoomInfo>(info->what).limit, 20U);
  EXPECT_TRUE(std::get<RoomInfo>(info->what).password_protected);
  EXPECT_EQ(std::get<RoomInfo>(info->what).modes.find("sesame"), std::string::npos);
}

TEST_F(IrcSession, TellsAnEmptySubjectWhereThereIsNoTopic) {
  enter();
  EXPECT_EQ(sink.tables.at(room.value()).size(), 2U);
}

struct Refusal {
  const char* line;
  Reason reason;
};
class JoinRefused : public IrcSession, public testing::WithParamInterface<Refusal> {};

TEST_P(JoinRefused, AnswersTheJoinWithItsReason) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  ASSERT_NE(expect("JOIN"), "");
  peer->send(GetParam().line);
  auto event = next<Failed>();
  ASSERT_TRUE(event);
  EXPECT_EQ(event->in, Conversation(room));
  EXPECT_EQ(std::get<Failed>(event->what).token, "j1");
  EXPECT_EQ(std::get<Failed>(event->what).failure.reason, GetParam().reason);
  EXPECT_FALSE(std::get<Failed>(event->what).failure.text.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Numerics, JoinRefused,
    testing::Values(
        Refusal{":irc.test 403 alice #room :No such channel", Reason::no_such_room},
        Refusal{":irc.test 405 alice #room :Too many channels", Reason::too_many_rooms},
        Refusal{":irc.test 437 alice #room :Unavailable", Reason::nick_unavailable},
        Refusal{":irc.test 470 alice #room ##room :Forwarding to another channel", Reason::redirected},
        Refusal{":irc.test 471 alice #room :Cannot join (+l)", Reason::room_full},
        Refusal{":irc.test 473 alice #room :Cannot join (+i)", Reason::members_only},
        Refusal{":irc.test 474 alice #room :Cannot join (+b)", Reason::banned},
        Refusal{":irc.test 475 alice #ROOM :Cannot join (+k)", Reason::wrong_key},
        Refusal{":irc.test 477 alice #room :You need a registered nick", Reason::registration_required}),
    [](const auto& tested) { return "N" + std::string(tested.param.line).substr(10, 3); });

TEST_F(IrcSession, NamesTheChannelThatAJoinIsForwardedTo) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":irc.test 470 alice #room ##room :Forwarding to another channel");
  peer->send(":alice!~alice@host.test JOIN ##room");
  peer->send(":irc.test 366 alice ##room :End");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_NE(std::get<Failed>(failed->what).failure.text.find("##room"), std::string::npos);
  auto entered = next<Entered>();
  ASSERT_TRUE(entered);
  EXPECT_EQ(entered->in, Conversation(RoomId("##room%irc.test")));
}

TEST_F(IrcSession, AJoinThatTheServerNeverAnswersTimesOut) {
  patience.join = std::chrono::milliseconds(50);
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::timed_out);
}

TEST_F(IrcSession, ARefusedConnectionFailsTheJoinAndEndsTheSession) {
  make();
  acceptor.close();
  perform(room, "j1", Join{"alice", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::connection_refused);
  ASSERT_TRUE(next<LinkState>());
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
  EXPECT_TRUE(network->sessions().empty());
}

TEST_F(IrcSession, AnUnknownHostFailsTheJoinAsSuch) {
  config::Irc irc;
  irc.servers["irc.test"].address = "nowhere.invalid";
  make(irc);
  perform(room, "j1", Join{"alice", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::dns_failed);
}

TEST_F(IrcSession, ABanAtTheDoorFailsTheJoinAndIsNotTriedAgain) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  ASSERT_NE(expect("USER"), "");
  peer->send(":irc.test 465 alice :You are banned from this server");
  peer->send("ERROR :Closing link: K-lined");
  peer->close();
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::banned_by_server);
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
  EXPECT_EQ(connections, 1);
}

TEST_F(IrcSession, ANickInUseFailsTheJoinAndAnotherNickIsTriedOnTheSameConnection) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  ASSERT_NE(expect("USER"), "");
  peer->send(":irc.test 433 * alice :Nickname is already in use");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j1");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::nick_in_use);
  perform(room, "j2", Join{"alicia", ""});
  EXPECT_EQ(expect("NICK"), "NICK alicia");
  peer->send(":irc.test 001 alicia :Welcome");
  EXPECT_EQ(expect("JOIN"), "JOIN #room");
  EXPECT_EQ(connections, 1);
  EXPECT_EQ(session().nick(), "alicia");
}

TEST_F(IrcSession, WithoutAnotherNickTheConnectionIsClosed) {
  patience.nick_conflict = std::chrono::milliseconds(50);
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  ASSERT_NE(expect("USER"), "");
  peer->send(":irc.test 433 * alice :Nickname is already in use");
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
}

TEST_F(IrcSession, ANickThatIrcCantSayIsRefusedBeforeAnythingIsSent) {
  make();
  perform(room, "j1", Join{"alice\r\nQUIT", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::nick_invalid);
  EXPECT_EQ(connections, 0);
}

TEST_F(IrcSession, LeavingTheLastChannelEndsTheConnection) {
  enter();
  perform(room, "l1", Leave{"bye"});
  EXPECT_EQ(expect("QUIT"), "QUIT bye");
  ASSERT_TRUE(next<Exited>());
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
}

TEST_F(IrcSession, AKickIsAnExitThatNamesWhoAndWhy) {
  enter();
  peer->send(":bob!b@h KICK #room alice :spam");
  auto exited = next<Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(std::get<Exited>(exited->what).how, Departure::kicked);
  EXPECT_EQ(std::get<Exited>(exited->what).by, "bob");
  EXPECT_EQ(std::get<Exited>(exited->what).reason, "spam");
}

}  // namespace
}  // namespace dragoman::irc
