// Connections that are lost, or do not come about, and what becomes of those who wait.
#include "bridges/net/base64.hpp"
#include "fixture.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman::irc {
namespace {

class Outage : public IrcSession {
 protected:
  void save(const char* name, const char* value) {
    auto scope = server_scope("irc.test");
    auto stored = store->settings().load(NetworkId("irc.example.org"), person, scope);
    stored[name] = Setting{value, false};
    ASSERT_TRUE(store->settings().save(NetworkId("irc.example.org"), person, scope, stored));
  }
};

TEST_F(Outage, ARoomFromTheStoreWaitsForAServerThatIsNotThereYet) {
  make();
  auto endpoint = acceptor.local_endpoint();
  acceptor.close();
  perform(room, "j1", Join{"alice", "", true});
  auto state = next<LinkState>();
  while (state && std::get<LinkState>(state->what).link != Link::lost) state = next<LinkState>();
  ASSERT_TRUE(state);
  listen_again(endpoint);
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  EXPECT_EQ(expect("JOIN"), "JOIN #room");
  EXPECT_EQ(sink.ended, 0);
}

TEST_F(Outage, WhoeverElseWaitsForAFirstConnectionIsToldThatItFailed) {
  make();
  acceptor.close();
  perform(room, "j1", Join{"alice", "", true});
  perform(RoomId("#other%irc.test"), "j2", Join{"alice", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
  EXPECT_EQ(session().channel_names(), std::vector<std::string>{"#room"});
}

TEST_F(Outage, AJoinWhileTheServerCantBeReachedIsAnsweredAfterAWhile) {
  patience.join = std::chrono::milliseconds(60);
  enter();
  acceptor.close();
  peer->close();
  ASSERT_TRUE(next<LinkState>());
  perform(RoomId("#other%irc.test"), "j2", Join{"alice", ""});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::timed_out);
  EXPECT_EQ(session().channel_names(), std::vector<std::string>{"#room"});
}

TEST_F(Outage, ASessionThatWaitsLongHoldsUpNobodyElse) {
  patience.first_retry = std::chrono::milliseconds(100);
  patience.last_retry = std::chrono::hours(1);
  make();
  auto endpoint = acceptor.local_endpoint();
  acceptor.close();
  perform(room, "j1", Join{"alice", "", true});
  for (int lost = 0; lost < 6;) {  // the next attempt lies more than a second ahead
    auto state = next<LinkState>();
    ASSERT_TRUE(state);
    lost += std::get<LinkState>(state->what).link == Link::lost;
  }
  listen_again(endpoint);
  auto& other = network->session_for(PersonId("carol@example.org"), room);
  other.perform(Command{room, "j2", Join{"carol", ""}});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome("", "carol");
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":carol!c@h JOIN #room");
  peer->send(":irc.test 366 carol #room :End of NAMES");
  ASSERT_TRUE(next<Entered>());
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }, std::chrono::seconds(1)));
  EXPECT_EQ(expect("NICK"), "NICK carol");
}

TEST_F(Outage, TheNickOfTheSettingsIsInsteadOfTheOneARoomIsEnteredWith) {
  make();
  save("nick", "al");
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  EXPECT_EQ(expect("NICK"), "NICK al");
}

TEST_F(Outage, TheAccountStaysThatOfTheFirstNick) {
  make();
  save("sasl_password", "sesame");
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  ASSERT_NE(expect("USER"), "");
  auto log_in = [&] {
    peer->send(":irc.test CAP * LS :sasl=PLAIN");
    ASSERT_NE(expect("CAP REQ"), "");
    peer->send(":irc.test CAP * ACK :sasl");
    ASSERT_NE(expect("AUTHENTICATE PLAIN"), "");
    peer->send("AUTHENTICATE +");
    EXPECT_EQ(expect("AUTHENTICATE"), "AUTHENTICATE " + net::base64(std::string("\0alice\0sesame", 13)));
    peer->send(":irc.test 903 alice :SASL authentication successful");
    ASSERT_NE(expect("CAP END"), "");
  };
  log_in();
  peer->send(":irc.test 001 alice :Welcome");
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":alice!a@h JOIN #room");
  peer->send(":irc.test 366 alice #room :End");
  ASSERT_TRUE(next<Entered>());
  perform(room, "n1", SetNick{"alicia"});
  ASSERT_NE(expect("NICK"), "");
  peer->send(":alice!a@h NICK alicia");
  ASSERT_TRUE(next<Delivered>());
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  EXPECT_EQ(expect("NICK"), "NICK alicia");
  log_in();
}

TEST_F(Outage, ANickThatServicesGaveIsNotAskedForAgain) {
  enter();
  peer->send(":alice!a@h NICK Guest123");
  EXPECT_TRUE(until([&] { return session().nick() == "Guest123"; }));
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  EXPECT_EQ(expect("NICK"), "NICK alice");
}

TEST_F(Outage, ANickAsLongAsTheServerAllowsIsChangedWithinThat) {
  make();
  perform(room, "j1", Join{"alice_ann", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome("", "alice_ann");
  peer->send(":irc.test 005 alice_ann NICKLEN=9 :are supported by this server");
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":alice_ann!a@h JOIN #room");
  peer->send(":irc.test 366 alice_ann #room :End");
  ASSERT_TRUE(next<Entered>());
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  ASSERT_EQ(expect("NICK"), "NICK alice_ann");
  for (const std::string nick : {"alice_an_", "alice_a__", "alice____"}) {
    peer->send(":irc.test 433 * alice_ann :Nickname is already in use");
    EXPECT_EQ(expect("NICK"), "NICK " + nick);
  }
}

TEST_F(Outage, AGhostThatStaysIsTriedAgainLater) {
  patience.nick_conflict = std::chrono::milliseconds(40);
  enter();
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  for (int i = 0; i < 5; ++i) {
    ASSERT_NE(expect("NICK"), "");
    peer->send(":irc.test 433 * alice :Nickname is already in use");
  }
  EXPECT_TRUE(until([&] { return connections == 3; }));
  EXPECT_EQ(sink.ended, 0);
}

TEST_F(Outage, WhileHeldASilentServerIsNotGivenUp) {
  patience.tick = std::chrono::milliseconds(10);
  patience.silence = std::chrono::milliseconds(30);
  patience.pong = std::chrono::milliseconds(30);
  enter();
  network->hold(true);
  sink.events.clear();
  until([] { return false; }, std::chrono::milliseconds(200));
  EXPECT_TRUE(sink.events.empty());
  EXPECT_EQ(session().link(), Link::up);
}

TEST_F(Outage, StoppingTellsWhoseWordsWereNotSent) {
  enter();
  for (int i = 0; i < 12; ++i)
    perform(room, "m" + std::to_string(i), Message{Text("line"), MessageKind::normal, {}, {}, {}});
  sink.events.clear();
  network->stop("Going down", [] {});
  std::size_t failed = 0;
  for (const auto& event : sink.events) failed += std::holds_alternative<Failed>(event.what);
  EXPECT_GE(failed, 3U);  // twelve lines, ten at once, two of them before
  EXPECT_LT(failed, 12U);
}

TEST_F(Outage, WhoeverIsToldOfTheEndStillFindsTheSession) {
  enter();
  bool found = false;
  sink.on_end = [&](dragoman::Session& session) { found = network->find_session(person, room) == &session; };
  network->disconnect(session(), "enough");
  EXPECT_TRUE(found);
  EXPECT_EQ(network->find_session(person, room), nullptr);
}

TEST_F(Outage, WhatNamesDoNotTellIsKept) {
  enter("away-notify account-notify chghost");
  peer->send(":bob!b@h AWAY :lunch");
  peer->send(":bob!b@h ACCOUNT bobby");
  peer->send(":bob!b@h CHGHOST b2 cloak.test");
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(next<MemberUpdated>());
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  welcome();
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":alice!~alice@host.test JOIN #room");
  peer->send(":irc.test 353 alice = #room :@alice +bob");
  peer->send(":irc.test 366 alice #room :End of NAMES");
  ASSERT_TRUE(next<Entered>());
  auto bob_now = sink.tables.at(room.value()).find("bob");
  ASSERT_TRUE(bob_now);
  EXPECT_EQ(bob_now->standing, Standing::member);
  EXPECT_EQ(bob_now->account, "bobby");
  EXPECT_EQ(bob_now->address, "b2@cloak.test");
  EXPECT_EQ(bob_now->status, "lunch");
  EXPECT_EQ(bob_now->availability, Availability::away);
}

}  // namespace
}  // namespace dragoman::irc
