// Links and clients that go and come back.
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";
const PersonId juliet_herself{"juliet@example.org"};
const RoomId room{"#room"};

class Recovery : public testing::Test {
 protected:
  Session& session() { return w.gateway().network().session_for(juliet_herself, room); }
  void happens(What what, const std::string& from = {}) {
    w.gateway().on_event(session(), {room, {.nick = from}, {}, {}, false, std::move(what)});
  }
  void down() {
    w.link = false;
    w.gateway().on_link_down();
    w.now += std::chrono::seconds(5);
  }
  void up() {
    w.link = true;
    w.sent.clear();
    w.gateway().on_link_up();
  }
  void gone() {
    w.in("<message type='error' from='" + juliet +
         "' to='#room@echo.example'><error type='cancel'>"
         "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  }
  std::size_t gone_from_room(const std::string& nick) {
    return w.count({"from='#room@echo.example/" + nick + "'", "type='unavailable'"});
  }
  World w;
};

TEST_F(Recovery, WhoLeftWhileTheLinkWasDownIsToldGone) {
  w.join();
  happens(MemberJoined{{.nick = "tybalt"}});
  happens(MemberJoined{{.nick = "paris"}});
  down();
  happens(MemberLeft{.nick = "tybalt"});
  happens(MemberRenamed{"paris", "count"});
  happens(MemberJoined{{.nick = "passer-by"}});
  happens(MemberLeft{.nick = "passer-by"});
  up();
  EXPECT_EQ(gone_from_room("tybalt"), 1U) << w.all();
  EXPECT_EQ(gone_from_room("paris"), 1U) << w.all();
  EXPECT_EQ(gone_from_room("passer-by"), 0U) << "never seen\n" << w.all();
  EXPECT_EQ(w.count({"from='#room@echo.example/count'", "role='participant'"}), 1U) << w.all();
  down();
  up();
  EXPECT_EQ(w.count({"unavailable"}), 0U) << "told once\n" << w.all();
}

TEST_F(Recovery, WhoWasNotThereAfterAReconnectionOfBothLinksIsToldGone) {
  w.join();
  happens(MemberJoined{{.nick = "tybalt"}});
  down();
  happens(Entered{"juliet", {{.nick = "juliet"}, {.nick = "echo"}}, false});
  up();
  EXPECT_EQ(gone_from_room("tybalt"), 1U) << w.all();
}

TEST_F(Recovery, OnesOwnNickOfBeforeIsToldAsAChangeOfNick) {
  w.join();
  down();
  session().perform({room, "", SetNick{"capulet"}});
  up();
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "unavailable", "'303'", "'110'", "nick='capulet'"}),
            1U)
      << w.all();
  EXPECT_EQ(w.count({"from='#room@echo.example/capulet'", "'110'"}), 1U) << w.all();
}

TEST_F(Recovery, AKickWhileTheLinkWasDownIsToldWhenItIsBack) {
  w.join();
  down();
  happens(Exited{Departure::kicked, "echo", "out"});
  up();
  EXPECT_EQ(
      w.count({"from='#room@echo.example/juliet'", "to='" + juliet + "'", "unavailable", "'307'", "out"}), 1U)
      << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
}

TEST_F(Recovery, AJoinThatIsRefusedWhileTheLinkIsDownIsRefusedWhenItIsBack) {
  down();
  w.join(juliet, "echo");
  EXPECT_TRUE(w.sent.empty());
  up();
  EXPECT_EQ(
      w.count({"<presence from='#room@echo.example/echo' to='" + juliet + "' type='error'", "conflict"}), 1U)
      << w.all();
}

TEST_F(Recovery, WhoLeavesBeforeTheRoomIsToldAgainIsNoGhostEither) {
  w.join();
  w.join("juliet@example.org/chamber");
  down();
  happens(Message{Text("meanwhile")}, "echo");
  w.gateway().deliver(juliet_herself, "<message/>");
  w.pressure_after = 1;  // the stream is full at once
  up();
  w.pressure_after = 0;
  happens(MemberLeft{.nick = "echo"});
  EXPECT_EQ(w.count({"meanwhile"}), 0U) << w.all();
  w.gateway().on_pressure(false);
  EXPECT_EQ(w.count({"meanwhile", juliet}), 1U) << w.all();
  EXPECT_EQ(w.count({"/echo'", "unavailable", juliet}), 1U) << w.all();
}

TEST_F(Recovery, RoomsAreToldAgainNoFasterThanTheStreamTakesThem) {
  for (int i = 0; i < 10; ++i) {
    w.in("<presence from='" + juliet + "' to='#room" + std::to_string(i) +
         "@echo.example/juliet'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  }
  down();
  w.pressure_after = 1;
  up();
  EXPECT_EQ(w.count({"'110'"}), 1U) << w.all();
  w.gateway().on_pressure(false);
  EXPECT_EQ(w.count({"'110'"}), 2U) << w.all();
  w.pressure_after = 0;
  w.gateway().on_pressure(false);
  EXPECT_EQ(w.count({"'110'"}), 10U) << w.all();
}

TEST_F(Recovery, ALinkThatIsLostAgainBeforeARoomWasToldHidesNothing) {
  w.join();
  down();
  happens(Message{Text("in the first outage")}, "echo");
  w.gateway().deliver(juliet_herself, "<message/>");
  w.pressure_after = 1;
  up();  // full before the room's turn comes
  down();
  w.gateway().on_pressure(false);
  w.pressure_after = 0;
  happens(Message{Text("in the second")}, "echo");
  up();
  EXPECT_EQ(w.count({"in the first outage"}), 1U) << w.all();
  EXPECT_EQ(w.count({"in the second"}), 1U) << w.all();
}

TEST_F(Recovery, AllThatWaitsIsToldWhenTheLinkIsBack) {
  down();
  for (int i = 0; i < 350; ++i)
    w.gateway().deliver(juliet_herself, "<message n='" + std::to_string(i) + "'/>");
  w.pressure_after = 120;
  up();
  EXPECT_EQ(w.count({"<message n="}), 120U);
  w.gateway().deliver(juliet_herself, "<message n='350'/>");
  EXPECT_EQ(w.count({"'350'"}), 0U) << "nothing overtakes";
  w.pressure_after = 0;
  w.gateway().on_pressure(false);
  EXPECT_EQ(w.count({"<message n="}), 351U);
  EXPECT_EQ(w.sent.back(), "<message n='350'/>");
  w.gateway().deliver(juliet_herself, "<message n='351'/>");
  EXPECT_EQ(w.sent.back(), "<message n='351'/>");
}

TEST_F(Recovery, SoMuchWaitsForOnePersonAndNoMore) {
  down();
  for (int i = 0; i < 1010; ++i)
    w.gateway().deliver(juliet_herself, "<message n='" + std::to_string(i) + "'/>");
  w.gateway().deliver(PersonId{"romeo@example.org"}, "<message to='romeo'/>");
  up();
  EXPECT_EQ(w.count({"<message n="}), 1000U);
  EXPECT_EQ(w.count({"'1000'"}), 0U) << "the newest go";
  EXPECT_EQ(w.count({"to='romeo'"}), 1U);
  EXPECT_EQ(w.count({"to='juliet@example.org'", "10 messages to you were lost"}), 1U) << w.sent.back();
}

TEST_F(Recovery, ARoomWaitsForAClientThatVanished) {
  w.join();
  gone();
  happens(Message{Text("are you there?")}, "echo");
  EXPECT_EQ(w.count({"are you there?"}), 0U);
  w.now += std::chrono::seconds(119);
  w.gateway().tick(w.now);
  w.join();
  EXPECT_EQ(w.count({"are you there?", "urn:xmpp:delay"}), 1U) << w.all();
  w.now += std::chrono::seconds(300);
  w.gateway().tick(w.now);
  EXPECT_NE(w.gateway().find_room(juliet_herself, room), nullptr) << "somebody is there again";
}

TEST_F(Recovery, ARoomIsLeftWhenNobodyComesBack) {
  w.join();
  gone();
  w.now += std::chrono::seconds(120);
  w.gateway().tick(w.now);
  EXPECT_EQ(w.gateway().find_room(juliet_herself, room), nullptr);
  EXPECT_TRUE(w.store().rooms().joined(w.gateway().id()).empty());
}

TEST_F(Recovery, AnUnavailablePresenceLeavesAtOnce) {
  w.join();
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  EXPECT_EQ(w.gateway().find_room(juliet_herself, room), nullptr);
}

TEST_F(Recovery, AfterARestartOnlyAClientThatIsGoneIsDropped) {
  const auto answer = [&](const std::string& condition, const std::string& from) {
    for (const std::string& stanza : std::vector<std::string>(w.sent)) {
      if (stanza.find("urn:xmpp:ping") == stanza.npos) continue;
      const std::size_t at = stanza.find(" id='") + 5;
      w.in("<iq type='error' id='" + stanza.substr(at, stanza.find('\'', at) - at) + "' from='" + from +
           "' to='#room@echo.example/juliet'><error type='cancel'><" + condition +
           " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
      return;
    }
    FAIL() << "no ping: " << w.all();
  };
  const auto anybody = [&] { return w.gateway().find_room(juliet_herself, room)->anybody(); };
  w.join();
  w.sent.clear(), w.open();
  answer("feature-not-implemented", juliet);
  EXPECT_TRUE(anybody()) << "alive, without ping";
  w.sent.clear(), w.open();
  answer("service-unavailable", "mallory@example.org/x");
  EXPECT_TRUE(anybody()) << "only who was asked answers";
  w.sent.clear(), w.open();
  answer("service-unavailable", juliet);
  EXPECT_FALSE(anybody());
}

TEST_F(Recovery, ContactsAreToldAgainAfterTheSecondLinkUp) {
  w.in("<presence type='subscribe' from='juliet@example.org' to='friend@echo.example'/>");
  down();
  up();
  EXPECT_EQ(w.count({"from='friend@echo.example'", "to='juliet@example.org'", "unavailable"}), 1U) << w.all();
}

TEST_F(Recovery, WhatWasKeptAndNotWrittenIsToldAfterTheNextStart) {
  w.join();
  happens(Message{Text("heard")}, "echo");
  w.written();
  happens(Message{Text("on its way")}, "echo");
  happens(Message{Text("as well")}, "echo");
  w.sent.clear();
  w.open();
  EXPECT_EQ(w.count({"on its way", "<delay", juliet}), 1U) << w.all();
  EXPECT_EQ(w.count({"as well", "<delay", juliet}), 1U) << w.all();
  EXPECT_EQ(w.count({"heard"}), 0U) << w.all();
  w.written();
  w.sent.clear();
  w.open();
  EXPECT_EQ(w.count({"<body"}), 0U) << "told once\n" << w.all();
}

TEST_F(Recovery, WhatHadNotLeftWhenTheLinkWasLostIsToldAgain) {
  w.join();
  happens(Message{Text("heard")}, "echo");
  w.written();
  happens(Message{Text("on its way")}, "echo");
  w.now += std::chrono::seconds(1);
  down();
  happens(Message{Text("meanwhile")}, "echo");
  up();
  EXPECT_EQ(w.count({"heard"}), 0U) << w.all();
  EXPECT_EQ(w.count({"on its way", juliet}), 1U) << w.all();
  EXPECT_EQ(w.count({"meanwhile", juliet}), 1U) << w.all();
  down();
  up();
  EXPECT_EQ(w.count({"meanwhile"}), 1U) << "not written either\n" << w.all();
  w.written();
  down();
  up();
  EXPECT_EQ(w.count({"<body"}), 0U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
