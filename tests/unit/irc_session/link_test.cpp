#include "bridges/net/base64.hpp"
#include "fixture.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman::irc {
namespace {

TEST_F(IrcSession, ALostConnectionComesBackWithItsChannelsAndWhatWasSaidMeanwhile) {
  enter();
  auto before = peer;
  peer->close();
  auto state = next<LinkState>();
  ASSERT_TRUE(state);
  EXPECT_EQ(std::get<LinkState>(state->what).link, Link::lost);
  perform(room, "m1", Message{Text("meanwhile"), MessageKind::normal, {}, {}, {}});
  ASSERT_TRUE(until([&] { return connections == 2; }));
  welcome();
  EXPECT_EQ(expect("JOIN"), "JOIN #room");
  peer->send(":alice!~alice@host.test JOIN #room");
  peer->send(":irc.test 353 alice = #room :@alice carol");
  peer->send(":irc.test 366 alice #room :End of NAMES");
  ASSERT_TRUE(next<Entered>());
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG #room :meanwhile");
  ASSERT_TRUE(next<Delivered>());
  EXPECT_TRUE(sink.tables.at(room.value()).contains("carol"));
  EXPECT_FALSE(sink.tables.at(room.value()).contains("bob"));
}

TEST_F(IrcSession, AChannelThatCantBeJoinedAgainIsLeft) {
  enter();
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  welcome();
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":irc.test 473 alice #room :Cannot join (+i)");
  auto exited = next<Exited>();
  ASSERT_TRUE(exited);
  EXPECT_EQ(exited->in, Conversation(room));
  EXPECT_FALSE(std::get<Exited>(exited->what).reason.empty());
}

TEST_F(IrcSession, WithItsNickTakenAReconnectionGoesOnWithAnother) {
  enter();
  peer->close();
  ASSERT_TRUE(until([&] { return connections == 2; }));
  ASSERT_EQ(expect("NICK"), "NICK alice");
  peer->send(":irc.test 433 * alice :Nickname is already in use");
  EXPECT_EQ(expect("NICK"), "NICK alice_");
  peer->send(":irc.test 001 alice_ :Welcome");
  EXPECT_EQ(expect("JOIN"), "JOIN #room");
}

TEST_F(IrcSession, WhatWasNotConfirmedFailsWhenTheLinkIsLost) {
  enter("echo-message");
  perform(room, "m1", Message{Text("hello?"), MessageKind::normal, {}, {}, {}});
  ASSERT_NE(expect("PRIVMSG"), "");
  peer->close();
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "m1");
}

TEST_F(IrcSession, AKillByABanIsForGood) {
  enter();
  peer->send("ERROR :Closing Link: alice[host] (G-Lined: spam)");
  peer->close();
  auto exited = next<Exited>();
  ASSERT_TRUE(exited);
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
  EXPECT_EQ(connections, 1);
}

TEST_F(IrcSession, ASilentServerIsAskedAndThenGivenUp) {
  patience.tick = std::chrono::milliseconds(20);
  patience.silence = std::chrono::milliseconds(60);
  patience.pong = std::chrono::milliseconds(60);
  enter();
  EXPECT_NE(expect("PING"), "");
  auto state = next<LinkState>();
  ASSERT_TRUE(state);
  EXPECT_EQ(std::get<LinkState>(state->what).link, Link::lost);
  EXPECT_EQ(std::get<LinkState>(state->what).why.reason, Reason::timed_out);
}

TEST_F(IrcSession, APrivateMessageConnectsByItself) {
  make();
  perform(bob, "p1", Message{Text("hi"), MessageKind::normal, {}, {}, {}});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  EXPECT_EQ(expect("PRIVMSG"), "PRIVMSG bob :hi");
  ASSERT_TRUE(next<Delivered>());
}

TEST_F(IrcSession, ASessionForPrivateMessagesEndsWhenItIsNotUsed) {
  patience.tick = std::chrono::milliseconds(20);
  patience.linger = std::chrono::milliseconds(100);
  make();
  perform(bob, "p1", Message{Text("hi"), MessageKind::normal, {}, {}, {}});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  EXPECT_NE(expect("QUIT"), "");
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
}

class WithPassword : public IrcSession {
 protected:
  void start() {
    make();
    SettingMap settings;
    settings["sasl_password"] = Setting{"sesame", true};
    settings["pass"] = Setting{"door", true};
    ASSERT_TRUE(store->settings().save(NetworkId("irc.example.org"), person, "server irc.test", settings));
    perform(room, "j1", Join{"alice", ""});
    ASSERT_TRUE(until([&] { return peer != nullptr; }));
    EXPECT_EQ(expect("PASS"), "PASS door");
    ASSERT_NE(expect("USER"), "");
  }
};

TEST_F(WithPassword, LogsInBySaslPlainBeforeItEnters) {
  start();
  peer->send(":irc.test CAP * LS * :multi-prefix");
  peer->send(":irc.test CAP * LS :sasl=EXTERNAL,PLAIN");
  EXPECT_EQ(expect("CAP REQ"), "CAP REQ :multi-prefix sasl");
  peer->send(":irc.test CAP * ACK :multi-prefix sasl");
  EXPECT_EQ(expect("AUTHENTICATE"), "AUTHENTICATE PLAIN");
  peer->send("AUTHENTICATE +");
  EXPECT_EQ(expect("AUTHENTICATE"), "AUTHENTICATE " + net::base64(std::string("\0alice\0sesame", 13)));
  peer->send(":irc.test 903 alice :SASL authentication successful");
  EXPECT_EQ(expect("CAP END"), "CAP END");
}

TEST_F(WithPassword, AFailedLoginFailsTheJoinAndIsNotTriedAgain) {
  start();
  peer->send(":irc.test CAP * LS :sasl=PLAIN");
  ASSERT_NE(expect("CAP REQ"), "");
  peer->send(":irc.test CAP * ACK :sasl");
  ASSERT_NE(expect("AUTHENTICATE"), "");
  peer->send(":irc.test 904 * :SASL authentication failed");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::login_failed);
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
  EXPECT_EQ(connections, 1);
}

TEST_F(WithPassword, ARefusedCapabilityDoesNotHoldUpTheRegistration) {
  start();
  peer->send(":irc.test CAP * LS :sasl=PLAIN");
  ASSERT_NE(expect("CAP REQ"), "");
  peer->send(":irc.test CAP * NAK :sasl");
  EXPECT_EQ(expect("CAP END"), "CAP END");
}

TEST_F(IrcSession, DisconnectingByTheFormSaysQuitAndEndsTheSession) {
  enter();
  Conversation gateway = PlaceId{};
  auto form = network->run(person, false, gateway, "disconnect-from-irc-server", {}, false);
  ASSERT_TRUE(std::holds_alternative<Form>(form));
  auto note = network->run(person, false, gateway, "disconnect-from-irc-server",
                           {{"irc-servers", {"irc.test"}}, {"quit-message", {"see you"}}}, true);
  ASSERT_TRUE(std::holds_alternative<Note>(note));
  EXPECT_EQ(expect("QUIT"), "QUIT :see you");
  ASSERT_TRUE(next<Exited>());
  EXPECT_EQ(sink.ended, 1);
}

TEST_F(IrcSession, StoppingSaysGoodbyeAndTellsWhenAllIsSaid) {
  enter();
  bool done = false;
  network->stop("Going down", [&] { done = true; });
  EXPECT_EQ(expect("QUIT"), "QUIT :Going down");
  peer->close();
  EXPECT_TRUE(until([&] { return done; }));
  EXPECT_EQ(sink.ended, 0);
}

TEST_F(IrcSession, WhileHeldNothingIsRead) {
  enter();
  network->hold(true);
  for (int i = 0; i < 100; ++i) peer->send(":bob!b@h PRIVMSG #room :" + std::to_string(i));
  sink.events.clear();
  until([] { return false; }, std::chrono::milliseconds(50));
  // At most what was on its way into the buffer before the hold was seen.
  EXPECT_TRUE(sink.events.empty());
  network->hold(false);
  EXPECT_TRUE(until([&] { return sink.events.size() == 100; }));
  EXPECT_EQ(std::get<Message>(sink.events.back().what).text.plain, "99");
}

TEST_F(IrcSession, ASinkThatLeavesFromWithinAnEventDoesNoHarm) {
  enter();
  sink.hook = [&](dragoman::Session& from, const Event& event) {
    if (std::holds_alternative<Message>(event.what)) from.perform(Command{room, "l", Leave{"enough"}});
  };
  peer->send(":bob!b@h PRIVMSG #room :a");
  peer->send(":bob!b@h PRIVMSG #room :b");
  EXPECT_TRUE(until([&] { return sink.ended == 1; }));
  EXPECT_EQ(expect("QUIT"), "QUIT enough");
}

TEST_F(IrcSession, TheServersFormKeepsWhatIsLeftOut) {
  make();
  auto form = network->run(person, false, place, "configure", {}, false);
  ASSERT_TRUE(std::holds_alternative<Form>(form));
  EXPECT_EQ(std::get<Form>(form).title, "Configure the IRC server irc.test");
  auto note = network->run(
      person, false, place, "configure",
      {{"ports", {"7000", "x"}}, {"tls_ports", {}}, {"throttle_limit", {"many"}}, {"nick", {"al"}}}, true);
  ASSERT_TRUE(std::holds_alternative<Note>(note));
  EXPECT_EQ(std::get<Note>(note).text, "Configuration successfully applied.");
  network->run(person, false, place, "configure", {{"realname", {"Alice"}}}, true);
  auto stored = store->settings().load(NetworkId("irc.example.org"), person, "server irc.test");
  auto settings = server_settings(bridge.irc, "irc.test", stored);
  EXPECT_EQ(settings.ports, std::vector<std::uint16_t>{7000});
  EXPECT_TRUE(settings.tls_ports.empty());
  EXPECT_EQ(settings.throttle_limit, 10);
  EXPECT_EQ(settings.nick, "al");
  EXPECT_EQ(settings.realname, "Alice");
}

}  // namespace
}  // namespace dragoman::irc
