// Which question an answer belongs to.
#include "fixture.hpp"

namespace dragoman::irc {
namespace {

constexpr const char* modern = "message-tags echo-message batch labeled-response standard-replies";

Act say(std::string text) { return Message{Text(std::move(text)), MessageKind::normal, {}, {}, {}}; }

class Answer : public IrcSession {
 protected:
  std::size_t server_chat() const {
    std::size_t count = 0;
    for (const auto& event : sink.events)
      count += std::holds_alternative<Message>(event.what) && event.in == Conversation(place);
    return count;
  }
  std::string label(const std::string& line) { return line.substr(0, line.find(' ')); }
};

TEST_F(Answer, TheEchoOfAQuestionTakesNoMessagesPlace) {
  enter("echo-message");
  perform(bob, "v1", FetchVersion{"bob"});
  perform(bob, "m1", say("hi"));
  peer->send(":alice!a@h PRIVMSG bob :\x01VERSION\x01");
  peer->send(":irc.test 401 alice bob :No such nick");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  peer->send(":alice!a@h PRIVMSG bob :hi");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "m1");
}

TEST_F(Answer, AMessageToOneselfIsDeliveredAndComes) {
  enter("echo-message");
  const UserId alice("alice%irc.test");
  perform(alice, "m1", say("note"));
  ASSERT_NE(expect("PRIVMSG"), "");
  peer->send(":alice!a@h PRIVMSG alice :note");
  peer->send(":alice!a@h PRIVMSG alice :note");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "m1");
  auto message = next<Message>();
  ASSERT_TRUE(message);
  EXPECT_EQ(std::get<Message>(message->what).text.plain, "note");
}

TEST_F(Answer, AllThatWhoisTellsIsTheProfile) {
  enter();
  perform(bob, "w1", FetchProfile{"bob"});
  ASSERT_EQ(expect("WHOIS"), "WHOIS bob");
  sink.events.clear();
  for (const char* line :
       {"311 alice bob b h.test * :Bob", "276 alice bob :has certificate fingerprint x",
        "307 alice bob :is a registered nick", "312 alice bob irc.test :A server",
        "313 alice bob :is an operator", "317 alice bob 5 1700000000 :seconds idle, signon",
        "319 alice bob :@#room", "320 alice bob :is special", "330 alice bob bobby :is logged in as",
        "335 alice bob :is a bot", "338 alice bob 192.0.2.1 :actually using host",
        "378 alice bob :is connecting from", "379 alice bob :is using modes +i",
        "671 alice bob :is using TLS", "301 alice bob :lunch", "318 alice bob :End of WHOIS"}) {
    peer->send(std::string(":irc.test ") + line);
  }
  ASSERT_TRUE(until(
      [&] { return !sink.events.empty() && std::holds_alternative<Delivered>(sink.events.back().what); }));
  ASSERT_EQ(sink.events.size(), 2U);
  const auto& profile = std::get<Profile>(sink.events.front().what);
  EXPECT_EQ(profile.full_name, "Bob");
  EXPECT_EQ(profile.address, "b@h.test");
  EXPECT_NE(profile.about.find("Account: bobby"), std::string::npos);
  EXPECT_NE(profile.about.find("Away: lunch"), std::string::npos);
}

TEST_F(Answer, TheEndOfARefusedWhoisIsNoServerChat) {
  enter();
  perform(bob, "w1", FetchProfile{"bob"});
  ASSERT_NE(expect("WHOIS"), "");
  peer->send(":irc.test 401 alice bob :No such nick");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::no_such_user);
  sink.events.clear();
  peer->send(":irc.test 318 alice bob :End of WHOIS");
  ASSERT_TRUE(quiet());
  EXPECT_TRUE(sink.events.empty());
  peer->send(":irc.test 318 alice bob :End of WHOIS");  // of a line the person typed
  EXPECT_TRUE(next<Message>());
}

TEST_F(Answer, ABusyServerRefusesWhatItNames) {
  enter();
  perform(bob, "w1", FetchProfile{"bob"});
  perform(place, "q1", Search{"", 0, 10});
  peer->send(":irc.test 263 alice LIST :Please wait a while and try again.");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "q1");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::rate_limited);
  peer->send(":irc.test 263 alice WHOIS :Please wait a while and try again.");
  failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "w1");
}

TEST_F(Answer, OneListServesAllPagesAndThoseWhoAskMeanwhile) {
  enter();
  perform(place, "q1", Search{"", 0, 1});
  perform(place, "q2", Search{"", 1, 1});
  EXPECT_EQ(expect("LIST"), "LIST");
  peer->send(":irc.test 322 alice #small 2 :");
  peer->send(":irc.test 322 alice #big 200 :");
  peer->send(":irc.test 323 alice :End of LIST");
  auto page = [&] {
    auto listing = next<Listing>();
    return listing && std::get<Listing>(listing->what).rooms.size() == 1
               ? std::get<Listing>(listing->what).rooms[0].name
               : std::string{};
  };
  EXPECT_EQ(page(), "#big");
  EXPECT_EQ(page(), "#small");
  perform(place, "q3", Search{"", 0, 1});
  EXPECT_EQ(page(), "#big");
  EXPECT_TRUE(quiet());
}

TEST_F(Answer, ARefusedListIsRefusedToAllWhoWait) {
  enter();
  perform(place, "q1", Search{"", 0, 1});
  perform(place, "q2", Search{"", 1, 1});
  peer->send(":irc.test 263 alice LIST :Please wait");
  ASSERT_TRUE(next<Failed>());
  ASSERT_TRUE(next<Failed>());
}

TEST_F(Answer, AListThatGoesOnIsNotLate) {
  patience.answer = std::chrono::milliseconds(300);
  enter();
  perform(place, "q1", Search{"", 0, 100});
  ASSERT_NE(expect("LIST"), "");
  for (int i = 0; i < 5; ++i) {
    peer->send(":irc.test 322 alice #c" + std::to_string(i) + " 2 :");
    until([] { return false; }, std::chrono::milliseconds(120));
  }
  peer->send(":irc.test 323 alice :End of LIST");
  auto listing = next<Listing>();
  ASSERT_TRUE(listing);
  EXPECT_EQ(std::get<Listing>(listing->what).rooms.size(), 5U);
}

TEST_F(Answer, WhatWaitsForItsTurnIsNotLate) {
  patience.answer = std::chrono::milliseconds(200);
  enter("echo-message");
  for (int i = 0; i < 12; ++i) perform(room, "m" + std::to_string(i), say("line"));
  sink.events.clear();
  until([] { return false; }, std::chrono::milliseconds(600));
  std::size_t failed = 0;
  for (const auto& event : sink.events) {
    if (const auto* one = std::get_if<Failed>(&event.what)) {
      ++failed;
      EXPECT_NE(one->token, "m11");
    }
  }
  EXPECT_GE(failed, 5U);  // those that are on the wire
}

TEST_F(Answer, AQuestionOfOurOwnHoldsUpNoLine) {
  enter();
  for (int i = 0; i < 5; ++i) perform(room, "m" + std::to_string(i), say("line"));
  ASSERT_NE(expect("PRIVMSG"), "");
  // Half of the burst is gone: the question of modes waits, the line does not.
  perform(RoomId("#other%irc.test"), "j2", Join{"alice", ""});
  ASSERT_EQ(expect("JOIN"), "JOIN #other");
  peer->send(":alice!a@h JOIN #other");
  peer->send(":irc.test 366 alice #other :End of NAMES");
  ASSERT_TRUE(next<Entered>());
  perform(room, "m9", say("now"));
  ASSERT_TRUE(until([&] { return !peer->lines.empty(); }));
  EXPECT_EQ(peer->lines.front(), "PRIVMSG #room :now");
  EXPECT_EQ(expect("MODE"), "MODE #other");
}

TEST_F(Answer, PresenceThatChangesNothingSendsNothing) {
  enter();
  perform(place, "a0", SetAvailability{});
  perform(place, "a1", SetAvailability{Availability::away, "lunch"});
  perform(place, "a2", SetAvailability{Availability::away, "lunch"});
  EXPECT_EQ(expect("AWAY"), "AWAY lunch");
  EXPECT_TRUE(quiet());
  perform(place, "a3", SetAvailability{Availability::online, "what"});
  EXPECT_EQ(expect("AWAY"), "AWAY");
}

TEST_F(Answer, AnAbsenceBeforeTheConnectionHasWordsToo) {
  make();
  perform(place, "a1", SetAvailability{Availability::away, ""});
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome();
  EXPECT_EQ(expect("AWAY"), "AWAY Away");
}

TEST_F(Answer, ABanIsConfirmedByItsFullMask) {
  enter();
  perform(room, "s1", SetStanding{"*@evil.test", Standing::banned, ""});
  EXPECT_EQ(expect("MODE"), "MODE #room +b *!*@evil.test");
  peer->send(":alice!a@h MODE #room +b *!*@evil.test");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "s1");
}

TEST_F(Answer, AModeThatChangesNothingIsNoError) {
  patience.no_change = std::chrono::milliseconds(50);
  enter();
  perform(room, "s1", SetStanding{"bob", Standing::member, ""});
  ASSERT_NE(expect("MODE"), "");
  peer->send(":alice!a@h MODE #room +m");  // answers nothing
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "s1");
}

TEST_F(Answer, AnAcknowledgementDeliversWhatHasItsLabel) {
  enter(modern);
  perform(room, "s1", SetStanding{"bob", Standing::member, ""});
  auto line = expect("@label=");
  EXPECT_NE(line.find(" MODE #room +v bob"), std::string::npos);
  peer->send(label(line) + " :irc.test ACK");
  auto delivered = next<Delivered>();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(std::get<Delivered>(delivered->what).token, "s1");
}

TEST_F(Answer, AStandardRefusalFindsItsCommandByLabelOrByName) {
  enter(modern);
  perform(room, "m1", say("one"));
  perform(room, "m2", say("two"));
  expect("@label=");
  auto second = expect("@label=");
  peer->send(label(second) + " FAIL PRIVMSG RATE_LIMITED #room :Too fast");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "m2");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::rate_limited);
  peer->send("FAIL PRIVMSG ACCOUNT_REQUIRED #room :Log in first");
  failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "m1");
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::registration_required);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.text, "Log in first");
}

TEST_F(Answer, AStandardRefusalOfAJoinAnswersIt) {
  enter(modern);
  perform(RoomId("#other%irc.test"), "j2", Join{"alice", ""});
  ASSERT_NE(expect("JOIN"), "");
  peer->send("FAIL JOIN ACCOUNT_REQUIRED #other :Log in first");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
}

TEST_F(Answer, WarningsAndNotesAreTheServersWords) {
  enter();
  for (const char* line : {"WARN * CODE :careful", "NOTE PRIVMSG CODE #room :well", ":oper!o@h WALLOPS :all",
                           "FAIL X CODE :no"}) {
    peer->send(line);
    auto message = next<Message>();
    ASSERT_TRUE(message) << line;
    EXPECT_EQ(message->in, Conversation(place));
  }
}

TEST_F(Answer, AChannelThatIsClosedRefusesTheJoin) {
  enter();
  perform(RoomId("#bad%irc.test"), "j2", Join{"alice", ""});
  ASSERT_NE(expect("JOIN"), "");
  peer->send(":irc.test 926 alice #bad :Channel is forbidden: no");
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).token, "j2");
}

TEST_F(Answer, RawListsAboutAChannelShowAllOfEachLine) {
  enter();
  peer->send(":irc.test 346 alice #room bob!*@* alice!a@h 1700000000");
  auto message = next<Message>();
  while (message && std::get<Message>(message->what).text.plain.find("bob") == std::string::npos)
    message = next<Message>();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->in, Conversation(room));
  EXPECT_EQ(std::get<Message>(message->what).text.plain, "#room bob!*@* alice!a@h 1700000000");
}

TEST_F(Answer, AKeyWithACommaIsRefusedBeforeAnythingIsSent) {
  enter();
  perform(RoomId("#other%irc.test"), "j2", Join{"alice", "a,b"});
  auto failed = next<Failed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(std::get<Failed>(failed->what).failure.reason, Reason::wrong_key);
  EXPECT_TRUE(quiet());
}

TEST_F(Answer, AServerThatForcesUsIntoTooManyChannelsIsAnsweredByParts) {
  enter();
  for (int i = 0; i < 510; ++i) peer->send(":alice!a@h JOIN #c" + std::to_string(i));
  EXPECT_EQ(expect("PART"), "PART #c499");
  EXPECT_EQ(session().channel_names().size(), 500U);
}

}  // namespace
}  // namespace dragoman::irc
