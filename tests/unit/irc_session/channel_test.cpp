#include "fixture.hpp"

namespace dragoman::irc {
namespace {

TEST_F(IrcSession, PeopleComeAndGo) {
  enter("extended-join");
  peer->send(":carol!c@h.test JOIN #room caro :Carol");
  auto joined = next<MemberJoined>();
  ASSERT_TRUE(joined);
  const auto& carol = std::get<MemberJoined>(joined->what).member;
  EXPECT_EQ(carol.nick, "carol");
  EXPECT_EQ(carol.address, "c@h.test");
  EXPECT_EQ(carol.account, "caro");
  peer->send(":carol!c@h.test PART #room :bye");
  auto left = next<MemberLeft>();
  ASSERT_TRUE(left);
  EXPECT_EQ(std::get<MemberLeft>(left->what).reason, "bye");
  peer->send(":stranger!s@h QUIT :not here");
  peer->send(":bob!b@h QUIT :gone");
  left = next<MemberLeft>();
  ASSERT_TRUE(left);
  EXPECT_EQ(std::get<MemberLeft>(left->what).nick, "bob");
  EXPECT_EQ(std::get<MemberLeft>(left->what).how, Departure::quit);
}

TEST_F(IrcSession, NickChangesReachEachRoomOfTheirMemberOurOwnToo) {
  enter();
  peer->send(":BOB!b@h NICK rob");
  auto renamed = next<MemberRenamed>();
  ASSERT_TRUE(renamed);
  EXPECT_EQ(std::get<MemberRenamed>(renamed->what).new_nick, "rob");
  perform(room, "n1", SetNick{"alicia"});
  EXPECT_EQ(expect("NICK"), "NICK alicia");
  peer->send(":alice!a@h NICK :alicia");
  renamed = next<MemberRenamed>();
  ASSERT_TRUE(renamed);
  EXPECT_TRUE(renamed->sender.own);
  ASSERT_TRUE(next<Delivered>());
  EXPECT_EQ(session().nick(), "alicia");
}

TEST_F(IrcSession, ANickThatIsTakenLaterFailsTheChangeAndKeepsTheOld) {
  enter();
  perform(room, "n1", SetNick{"bob"});
  ASSERT_NE(expect("NICK"), "");
  peer->send(":irc.test 433 alice bob :Nickname is already in use");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::nick_in_use);
  EXPECT_EQ(session().nick(), "alice");
}

TEST_F(IrcSession, AModeThatChangesARankUpdatesTheMemberAndIsTold) {
  enter();
  peer->send(":alice!a@h MODE #room +ov-o bob bob alice");
  auto bob_now = next<MemberUpdated>();
  ASSERT_TRUE(bob_now);
  EXPECT_EQ(std::get<MemberUpdated>(bob_now->what).member.standing, Standing::admin);
  EXPECT_EQ(std::get<MemberUpdated>(bob_now->what).by, "alice");
  auto alice_now = next<MemberUpdated>();
  ASSERT_TRUE(alice_now);
  EXPECT_EQ(std::get<MemberUpdated>(alice_now->what).member.standing, Standing::participant);
  auto note = next<Message>();
  ASSERT_TRUE(note);
  EXPECT_TRUE(note->sender.nick.empty());
  EXPECT_EQ(std::get<Message>(note->what).text.plain, "Mode #room [+ov-o bob bob alice] by alice");
}

TEST_F(IrcSession, AStandingIsGivenByTheModesThatItNeeds) {
  enter();
  perform(room, "s1", SetStanding{"bob", Standing::member, ""});
  EXPECT_EQ(expect("MODE"), "MODE #room +v bob");
  peer->send(":alice!a@h MODE #room +v bob");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "s1");
  perform(room, "s2", SetStanding{"bob", Standing::admin, ""});
  ASSERT_NE(expect("MODE"), "");
  peer->send(":irc.test 482 alice #room :You're not channel operator");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "s2");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::not_permitted);
}

TEST_F(IrcSession, AnOutcastIsBannedAndRemoved) {
  enter();
  perform(room, "s1", SetStanding{"bob", Standing::banned, "enough"});
  EXPECT_EQ(expect("MODE"), "MODE #room +b bob!*@*");
  EXPECT_EQ(expect("KICK"), "KICK #room bob enough");
  peer->send(":alice!a@h MODE #room +b bob!*@*");
  ASSERT_TRUE(next<Delivered>());
  perform(room, "b1", ListStandings{Standing::banned});
  EXPECT_EQ(expect("MODE"), "MODE #room b");
  peer->send(":irc.test 367 alice #room bob!*@* alice!a@h 1700000000");
  peer->send(":irc.test 368 alice #room :End of ban list");
  auto list = next<StandingList>();
  ASSERT_TRUE(list);
  ASSERT_EQ(std::get<StandingList>(list->what).users.size(), 1U);
  EXPECT_EQ(std::get<StandingList>(list->what).users[0].who, "bob!*@*");
  EXPECT_EQ(std::get<StandingList>(list->what).users[0].by, "alice");
}

TEST_F(IrcSession, AKickIsConfirmedByTheServerOrRefusedByIt) {
  enter();
  perform(room, "k0", Remove{"nobody", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::no_such_user);
  perform(room, "k1", Remove{"bob", ""});
  EXPECT_EQ(expect("KICK"), "KICK #room bob");
  peer->send(":irc.test 441 alice bob #room :They aren't on that channel");
  failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::no_such_user);
  perform(room, "k2", Remove{"bob", "out you go"});
  EXPECT_EQ(expect("KICK"), "KICK #room bob :out you go");
  peer->send(":alice!a@h KICK #room bob :out you go");
  auto left = next<MemberLeft>();
  ASSERT_TRUE(left);
  EXPECT_EQ(std::get<MemberLeft>(left->what).how, Departure::kicked);
  ASSERT_TRUE(next<Delivered>());
}

TEST_F(IrcSession, ATopicIsOneLine) {
  enter();
  perform(room, "t1", Subject{Text("two\nlines")});
  EXPECT_EQ(expect("TOPIC"), "TOPIC #room :two lines");
  peer->send(":alice!a@h TOPIC #room :two lines");
  auto subject = next<Subject>();
  ASSERT_TRUE(subject);
  EXPECT_TRUE(subject->sender.own);
  ASSERT_TRUE(next<Delivered>());
}

TEST_F(IrcSession, AnInvitationIsOneToItsRoom) {
  enter();
  peer->send(":bob!b@h INVITE alice #secret");
  auto invited = next<Invited>();
  ASSERT_TRUE(invited);
  EXPECT_EQ(invited->in, Conversation(RoomId("#secret%irc.test")));
  EXPECT_EQ(std::get<Invited>(invited->what).by, "bob");
  perform(room, "i1", Invite{"carol%irc.test", ""});
  EXPECT_EQ(expect("INVITE"), "INVITE carol #room");
  peer->send(":irc.test 341 alice carol #room");
  ASSERT_TRUE(next<Delivered>());
}

TEST_F(IrcSession, AwayAccountAndHostFollowTheMember) {
  enter("away-notify account-notify chghost");
  peer->send(":bob!b@h AWAY :lunch");
  auto event = next<MemberUpdated>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<MemberUpdated>(event->what).member.status, "lunch");
  EXPECT_EQ(std::get<MemberUpdated>(event->what).member.availability, Availability::away);
  peer->send(":bob!b@h ACCOUNT bobby");
  event = next<MemberUpdated>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<MemberUpdated>(event->what).member.account, "bobby");
  peer->send(":bob!b@h CHGHOST b2 cloak.test");
  event = next<MemberUpdated>();
  ASSERT_TRUE(event);
  EXPECT_EQ(std::get<MemberUpdated>(event->what).member.address, "b2@cloak.test");
  EXPECT_EQ(std::get<MemberUpdated>(event->what).member.status, "lunch");
}

TEST_F(IrcSession, WhoLeavesWhileNamesAreToldIsNotAGhost) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":alice!a@h JOIN #room");
  peer->send(":irc.test 353 alice = #room :@alice bob");
  peer->send(":bob!b@h QUIT :gone");
  peer->send(":irc.test 366 alice #room :End of NAMES");
  EXPECT_EQ(expect("NAMES"), "NAMES #room");
  peer->send(":irc.test 353 alice = #room :@alice");
  peer->send(":irc.test 366 alice #room :End of NAMES");
  EXPECT_TRUE(until(
      [&] { return sink.tables.contains(room.value()) && !sink.tables.at(room.value()).contains("bob"); }));
}

TEST_F(IrcSession, AListIsPaged) {
  enter();
  perform(place, "q1", Search{"", 1, 1});
  EXPECT_EQ(expect("LIST"), "LIST");
  peer->send(":irc.test 321 alice Channel :Users Name");
  peer->send(":irc.test 322 alice #small 2 :a topic");
  peer->send(":irc.test 322 alice #big 200 :");
  peer->send(":irc.test 323 alice :End of LIST");
  auto listing = next<Listing>();
  ASSERT_TRUE(listing);
  EXPECT_EQ(std::get<Listing>(listing->what).total, 2U);
  ASSERT_EQ(std::get<Listing>(listing->what).rooms.size(), 1U);
  EXPECT_EQ(std::get<Listing>(listing->what).rooms[0].name, "#small");
}

TEST_F(IrcSession, HostileLinesDoNoHarm) {
  enter();
  for (const char* line : {"",
                           ":",
                           "@",
                           ":x",
                           "@a=b",
                           "PRIVMSG",
                           "PRIVMSG #room",
                           ":bob!b@h PRIVMSG",
                           "JOIN",
                           ":bob!b@h JOIN",
                           "353 a",
                           ":irc.test 353 alice = #room",
                           "MODE #room",
                           ":bob!b@h MODE #room +ooooooooooooo",
                           "KICK #room",
                           "BATCH +",
                           "BATCH -x",
                           ":irc.test 366",
                           "CAP",
                           "CAP * LS",
                           ":irc.test 005",
                           "AUTHENTICATE +",
                           ":alice!a@h NICK",
                           ":irc.test 001 evil :Welcome",
                           "\x01\x02\x03",
                           ":bob!b@h PRIVMSG #room :\x01",
                           "999 999 999"}) {
    peer->send(line);
  }
  peer->send(std::string(10'000, 'x'));
  peer->send(":bob!b@h PRIVMSG #room :still \xff here");
  bool seen = until([&] {
    for (const auto& event : sink.events) {
      const auto* message = std::get_if<Message>(&event.what);
      if (message && event.sender.nick == "bob" && message->text.plain.rfind("still ", 0) == 0) return true;
    }
    return false;
  });
  EXPECT_TRUE(seen);
  EXPECT_EQ(session().nick(), "alice");
}

}  // namespace
}  // namespace dragoman::irc
