// Leaving, and coming back before the server has said that we left.
#include "fixture.hpp"

namespace dragoman::irc {
namespace {

class Leaving : public IrcSession {
 protected:
  // In #room, which `enter` joined, and in #other, so that leaving does not end the connection.
  void enter_two() {
    enter();
    enter_also("#other");
  }
  bool saw_exit() const {
    for (const auto& event : sink.events) {
      if (std::holds_alternative<Exited>(event.what)) return true;
    }
    return false;
  }
  void let_in() {
    peer->send(":alice!~alice@host.test JOIN #room");
    peer->send(":irc.test 353 alice = #room :alice bob");
    peer->send(":irc.test 366 alice #room :End of NAMES");
  }
};

TEST_F(Leaving, AJoinBeforeThePartIsConfirmedIsAJoinOfItsOwn) {
  enter_two();
  perform(room, "l1", Leave{"bye"});
  EXPECT_EQ(expect("PART"), "PART #room bye");
  perform(room, "j2", Join{"alice", ""});
  EXPECT_EQ(expect("JOIN"), "JOIN #room");
  sink.events.clear();
  peer->send(":alice!~alice@host.test PART #room :bye");
  let_in();
  bool entered =
      until([&] { return !sink.events.empty() && std::holds_alternative<Subject>(sink.events.back().what); });
  EXPECT_TRUE(entered);
  EXPECT_FALSE(saw_exit());
  ASSERT_TRUE(std::holds_alternative<Entered>(sink.events.front().what));
  peer->send(":bob!b@h PRIVMSG #room :welcome back");
  EXPECT_TRUE(next<Message>());
}

TEST_F(Leaving, AKickInsteadOfThePartHarmsNoNewStay) {
  enter_two();
  perform(room, "l1", Leave{""});
  perform(room, "j2", Join{"alice", ""});
  ASSERT_NE(expect("JOIN"), "");
  sink.events.clear();
  peer->send(":bob!b@h KICK #room alice :out");
  peer->send(":irc.test 442 alice #room :You're not on that channel");
  let_in();
  ASSERT_TRUE(next<Entered>());
  EXPECT_FALSE(saw_exit());
}

TEST_F(Leaving, TheRefusalOfThePartIsNotThatOfTheJoin) {
  enter_two();
  perform(room, "l1", Leave{""});
  perform(room, "j2", Join{"alice", ""});
  peer->send(":irc.test 403 alice #room :No such channel");
  peer->send(":irc.test 473 alice #room :Cannot join (+i)");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::members_only);
}

TEST_F(Leaving, AChannelThatIsLeftBeforeItLetsUsInIsLeftOnceItDoes) {
  enter();
  perform(RoomId("#late%irc.test"), "j2", Join{"alice", ""});
  ASSERT_EQ(expect("JOIN"), "JOIN #late");
  perform(RoomId("#late%irc.test"), "l2", Leave{""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
  sink.events.clear();
  peer->send(":alice!~alice@host.test JOIN #late");
  peer->send(":irc.test 332 alice #late :a topic");
  peer->send(":irc.test 353 alice = #late :alice bob");
  peer->send(":irc.test 366 alice #late :End of NAMES");
  EXPECT_EQ(expect("PART"), "PART #late");
  peer->send(":alice!~alice@host.test PART #late");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "l2");
  // None of it was told: not as a forced join, not as server chat.
  EXPECT_TRUE(sink.events.empty());
  EXPECT_EQ(session().channel_names(), std::vector<std::string>{"#room"});
}

TEST_F(Leaving, AChannelThatIsLeftAndThenRefusesUsIsForgotten) {
  enter();
  perform(RoomId("#late%irc.test"), "j2", Join{"alice", ""});
  ASSERT_NE(expect("JOIN"), "");
  perform(RoomId("#late%irc.test"), "l2", Leave{""});
  peer->send(":irc.test 473 alice #late :Cannot join (+i)");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(session().channel_names().size(), 1U);
}

TEST_F(Leaving, AskingAgainForOneThatIsStillAskedForNeedsNoSecondJoin) {
  enter();
  perform(RoomId("#late%irc.test"), "j2", Join{"alice", ""});
  ASSERT_NE(expect("JOIN"), "");
  perform(RoomId("#late%irc.test"), "l2", Leave{""});
  perform(RoomId("#late%irc.test"), "j3", Join{"alice", ""});
  EXPECT_TRUE(quiet());
  peer->send(":alice!~alice@host.test JOIN #late");
  peer->send(":irc.test 366 alice #late :End of NAMES");
  EXPECT_TRUE(next<Entered>());
}

TEST_F(Leaving, APartThatIsNeverConfirmedIsDoneAfterAWhile) {
  patience.join = std::chrono::milliseconds(50);
  enter_two();
  perform(room, "l1", Leave{""});
  EXPECT_TRUE(until([&] { return session().channel_names().size() == 1; }));
}

TEST_F(Leaving, WhatWasLeftIsNotJoinedAgainAfterAnOutage) {
  enter_two();
  perform(room, "l1", Leave{""});
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  welcome();
  EXPECT_EQ(expect("JOIN"), "JOIN #other");
}

}  // namespace
}  // namespace dragoman::irc
