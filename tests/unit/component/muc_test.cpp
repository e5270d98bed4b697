#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

const std::string juliet = "juliet@example.org/balcony";

std::string say(const std::string& inner, const std::string& id = "m1", const std::string& from = juliet) {
  return "<message type='groupchat' id='" + id + "' from='" + from + "' to='#room@echo.example'>" + inner +
         "</message>";
}

TEST(Muc, AJoinTellsTheOthersThenOneselfThenTheSubject) {
  World w;
  w.join();
  ASSERT_EQ(w.sent.size(), 3U) << w.all();
  EXPECT_NE(w.sent[0].find("from='#room@echo.example/echo'"), std::string::npos) << w.all();
  EXPECT_NE(w.sent[0].find("affiliation='owner'"), std::string::npos) << w.all();
  EXPECT_NE(w.sent[1].find("code='110'"), std::string::npos) << w.all();
  EXPECT_NE(w.sent[2].find("<subject"), std::string::npos) << w.all();
}

TEST(Muc, AMessageIsReflectedWithItsOwnIdAndAStanzaId) {
  World w;
  w.join();
  w.in(say("<body>hello &lt;you&gt;</body>"));
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "id='m1'", "hello &lt;you&gt;", "urn:xmpp:sid:0"}),
            1U)
      << w.all();
  EXPECT_EQ(w.count({"from='#room@echo.example/echo'", "hello &lt;you&gt;"}), 1U) << w.all();
}

TEST(Muc, EveryResourceOfAPersonHearsIt) {
  World w;
  w.join();
  w.join("juliet@example.org/chamber", "juliet");
  w.in(say("<body>hi</body>"));
  EXPECT_EQ(w.count({"to='juliet@example.org/balcony'", "id='m1'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='juliet@example.org/chamber'", "id='m1'"}), 1U) << w.all();
}

TEST(Muc, OneWhoHasNotJoinedIsTold) {
  World w;
  w.in(say("<body>hi</body>"));
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << w.all();
}

TEST(Muc, ANickThatIsTakenIsAConflictAndTheSecondTryEnters) {
  World w;
  w.join(juliet, "echo");
  EXPECT_EQ(w.count({"<presence", "type='error'", "conflict"}), 1U) << w.all();
  w.join(juliet, "julie");
  EXPECT_EQ(w.count({"from='#room@echo.example/julie'", "110"}), 1U) << w.all();
}

TEST(Muc, AnotherNickAtASecondJoinIsSaid) {
  World w;
  w.join();
  w.join("juliet@example.org/chamber", "other");
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "'110'", "'210'"}), 1U) << w.all();
}

TEST(Muc, ANickChangeIsTold) {
  World w;
  w.join();
  w.in("<presence from='" + juliet + "' to='#room@echo.example/capulet'/>");
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "unavailable", "'303'", "nick='capulet'"}), 1U)
      << w.all();
  EXPECT_EQ(w.count({"from='#room@echo.example/capulet'", "'110'"}), 1U) << w.all();
}

TEST(Muc, TheLastOneWhoLeavesEndsTheRoom) {
  World w;
  w.join();
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  EXPECT_EQ(w.count({"unavailable", "'110'"}), 1U) << w.all();
  w.in(say("<body>hi</body>"));
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
}

TEST(Muc, TheSelfPingTellsWhoIsIn) {
  World w;
  const std::string ping = "<iq type='get' id='p' from='" + juliet +
                           "' to='#room@echo.example/juliet'><ping xmlns='urn:xmpp:ping'/></iq>";
  w.in(ping);
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << w.all();
  w.join();
  w.in(ping);
  EXPECT_EQ(w.count({"type='result'", "id='p'"}), 1U) << w.all();
  w.in("<iq type='get' id='p' from='" + juliet +
       "' to='#room@echo.example/nobody'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(w.count({"item-not-found"}), 1U) << w.all();
}

TEST(Muc, HistoryIsShownAtTheNextJoinInOrder) {
  World w;
  w.join();
  for (int i = 0; i < 30; ++i)
    w.in(say("<body>line " + std::to_string(i) + "</body>", "m" + std::to_string(i)));
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  w.join();
  EXPECT_EQ(w.count({"<body>", "urn:xmpp:delay"}), 20U) << w.all();
  EXPECT_EQ(w.count({">line 20<"}), 2U) << w.all();  // said, and echoed
  EXPECT_EQ(w.count({">line 19<"}), 0U) << w.all();
}

TEST(Muc, HistoryIsCutAsAskedFor) {
  World w;
  w.join();
  w.in(say("<body>one</body>"));
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  w.in("<presence from='" + juliet +
       "' to='#room@echo.example/juliet'><x xmlns='http://jabber.org/protocol/muc'>"
       "<history maxstanzas='1'/></x></presence>");
  EXPECT_EQ(w.count({"urn:xmpp:delay"}), 1U) << w.all();
  w.in("<presence from='" + juliet +
       "' to='#room@echo.example/juliet'><x xmlns='http://jabber.org/protocol/muc'>"
       "<history maxchars='0'/></x></presence>");
  EXPECT_EQ(w.count({"urn:xmpp:delay"}), 0U) << w.all();
}

TEST(Muc, TheArchiveHasTheSameIdsAsTheLiveMessages) {
  World w;
  w.join();
  w.in(say("<body>kept</body>"));
  std::string live;
  for (const std::string& stanza : w.sent)
    if (live.empty() && stanza.find("<stanza-id") != stanza.npos) live = stanza;
  const std::size_t at = live.find("<stanza-id");
  ASSERT_NE(at, std::string::npos) << live;
  const std::size_t id_at = live.find(" id='", at) + 5;
  const std::string id = live.substr(id_at, live.find('\'', id_at) - id_at);
  w.in("<iq type='set' id='a' from='" + juliet +
       "' to='#room@echo.example'><query xmlns='urn:xmpp:mam:2' queryid='q'/></iq>");
  EXPECT_EQ(w.count({"<result", "queryid='q'", "id='" + id + "'", ">kept<"}), 1U) << w.all();
  EXPECT_EQ(w.count({"type='result'", "complete='true'", "<count>2</count>"}), 1U) << w.all();
}

TEST(Muc, OnePersonsArchiveIsNotAnothers) {
  World w;
  w.join();
  w.in(say("<body>secret</body>"));
  w.in(
      "<iq type='set' id='a' from='romeo@example.org/x' to='#room@echo.example'><query "
      "xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_EQ(w.count({"secret"}), 0U) << w.all();
  EXPECT_EQ(w.count({"<count>0</count>"}), 1U) << w.all();
}

TEST(Muc, AnEditReachesTheNetworkUnderTheIdThatItKnows) {
  World w;
  w.join();
  w.in(say("<body>helo</body>"));
  w.in(say("<body>hello</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>", "m2"));
  // The echo network is native in edits: what came back names the network's own id of the first message.
  EXPECT_EQ(w.count({"from='#room@echo.example/echo'", "message-correct", "id='own-1'"}), 1U) << w.all();
}

TEST(Muc, TheRoomIsToldAgainAfterTheXmppLinkWasLost) {
  World w;
  w.join();
  w.link = false;
  w.gateway().on_link_down();
  w.now += std::chrono::seconds(5);
  w.gateway()
      .network()
      .session_for(PersonId{"juliet@example.org"}, RoomId{"#room"})
      .perform({RoomId{"#room"}, "", Message{Text("meanwhile")}});
  w.link = true;
  w.sent.clear();
  w.gateway().on_link_up();
  EXPECT_EQ(w.count({"<presence", "/echo'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"meanwhile", "urn:xmpp:delay"}), 1U) << w.all();
}

TEST(Muc, ARestartBringsBackWhoWasThere) {
  World w;
  w.join();
  w.sent.clear();
  w.open();
  EXPECT_EQ(w.count({"'110'", "to='" + juliet + "'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<iq", "urn:xmpp:ping", "to='" + juliet + "'"}), 1U) << w.all();
  w.in(say("<body>still here</body>"));
  EXPECT_EQ(w.count({"still here"}), 2U) << w.all();
}

TEST(Muc, APersonWithoutAConnectionIsNotConnectedByAQuestion) {
  World w;
  w.in("<iq type='get' id='p' from='" + juliet +
       "' to='friend@echo.example'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(w.count({"recipient-unavailable"}), 1U) << w.all();
  EXPECT_TRUE(w.gateway().network().sessions().empty());
}

TEST(Muc, AClientThatIsGoneIsDropped) {
  World w;
  w.join();
  w.in("<message type='error' from='" + juliet +
       "' to='#room@echo.example'><error type='cancel'>"
       "<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
  w.in(say("<body>hi</body>"));
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
}

TEST(Muc, TheIdOfAPresenceComesBackWithItsAnswer) {
  World w;
  const std::string x = "<x xmlns='http://jabber.org/protocol/muc'/></presence>";
  w.in("<presence id='p1' from='" + juliet + "' to='#room@echo.example/echo'>" + x);
  EXPECT_EQ(w.count({"type='error'", "id='p1'", "conflict"}), 1U) << w.all();
  w.in("<presence id='p2' from='" + juliet + "' to='#room@echo.example/juliet'>" + x);
  EXPECT_EQ(w.count({"id='p2'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"id='p2'", "'110'"}), 1U) << w.all();
}

TEST(Muc, LookingAndFailingToEnterLeaveNothingBehind) {
  World w;
  w.in("<iq type='set' id='a' from='" + juliet +
       "' to='#room@echo.example'><query xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_EQ(w.count({"type='result'", "<count>0</count>"}), 1U) << w.all();
  w.in("<iq type='get' id='a' from='" + juliet +
       "' to='#room@echo.example'><query xmlns='http://jabber.org/protocol/muc#owner'/></iq>");
  w.in("<presence from='" + juliet + "' to='#room@echo.example/juliet'/>");
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
  w.in("<presence from='" + juliet +
       "' to='#room@echo.example'><x xmlns='http://jabber.org/protocol/muc'/></presence>");
  EXPECT_EQ(w.count({"jid-malformed"}), 1U) << w.all();
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  w.join(juliet, "echo");
  EXPECT_EQ(w.count({"conflict"}), 1U) << w.all();
  EXPECT_EQ(w.store().rooms().find(w.gateway().id(), RoomId{"#room"}, PersonId{"juliet@example.org"}), 0);
  EXPECT_TRUE(w.gateway().all_rooms().empty());
  w.join();
  EXPECT_NE(w.store().rooms().find(w.gateway().id(), RoomId{"#room"}, PersonId{"juliet@example.org"}), 0);
}

TEST(Muc, HistoryAndArchiveHaveTheIdThatTheStanzaHad) {
  World w;
  w.join();
  w.in(say("<body>mine</body>", "my-own-id"));
  w.join("juliet@example.org/chamber");
  EXPECT_EQ(w.count({"urn:xmpp:delay", ">mine<", "/juliet'", " id='my-own-id'"}), 1U) << w.all();
  w.in("<iq type='set' id='a' from='" + juliet +
       "' to='#room@echo.example'><query xmlns='urn:xmpp:mam:2'/></iq>");
  EXPECT_EQ(w.count({"<result", ">mine<", "/juliet'", " id='my-own-id'"}), 1U) << w.all();
}

TEST(Muc, AnArchiveTellsItsEndsAndFlipsItsPages) {
  World w;
  const auto ask = [&](const std::string& type, const std::string& payload) {
    w.in("<iq type='" + type + "' id='a' from='" + juliet + "' to='#room@echo.example'>" + payload + "</iq>");
  };
  ask("get", "<metadata xmlns='urn:xmpp:mam:2'/>");
  EXPECT_EQ(w.count({"type='result'", "<metadata xmlns='urn:xmpp:mam:2'/>"}), 1U) << w.all();
  w.join();
  w.in(say("<body>one</body>", "m1"));
  w.now += std::chrono::seconds(10);
  w.in(say("<body>two</body>", "m2"));
  ask("get", "<metadata xmlns='urn:xmpp:mam:2'/>");
  EXPECT_EQ(w.count({"<start id='own-1' timestamp='", "<end id='echo-2' timestamp='"}), 1U) << w.all();
  ask("set",
      "<query xmlns='urn:xmpp:mam:2'><flip-page/><set "
      "xmlns='http://jabber.org/protocol/rsm'><max>2</max></set></query>");
  ASSERT_EQ(w.sent.size(), 3U) << w.all();
  EXPECT_NE(w.sent[0].find("id='echo-1'"), std::string::npos) << w.all();
  EXPECT_NE(w.sent[1].find("id='own-1'"), std::string::npos) << w.all();
  EXPECT_EQ(w.count({"<first index='0'>own-1</first><last>echo-1</last>"}), 1U) << w.all();
  ask("set",
      "<query xmlns='urn:xmpp:mam:2'><set "
      "xmlns='http://jabber.org/protocol/rsm'><max>2</max><index>1</index></set></query>");
  EXPECT_EQ(w.count({"feature-not-implemented"}), 1U) << w.all();
}

TEST(Muc, ARoomThatTheNetworkPutsOneIntoIsAnInvitation) {
  World w;
  const PersonId her{"juliet@example.org"};
  Session& session = w.gateway().network().session_for(her, RoomId{"#else"});
  w.gateway().on_event(session,
                       {RoomId{"#else"}, {}, {}, {}, false, Entered{"juliet", {{.nick = "juliet"}}, false}});
  EXPECT_EQ(w.count({"<message from='#else@echo.example' to='juliet@example.org'", "<invite"}), 1U)
      << w.all();
  w.sent.clear();
  w.join();
  EXPECT_EQ(w.count({"<invite"}), 0U) << w.all();
}

TEST(Muc, WhoTakesAFreedNickHasAnotherOccupantId) {
  World w;
  w.join();
  Session& session = w.gateway().network().session_for(PersonId{"juliet@example.org"}, RoomId{"#room"});
  const auto id_after = [&](What what) {
    w.sent.clear();
    w.gateway().on_event(session, {RoomId{"#room"}, {}, {}, {}, false, std::move(what)});
    const std::string& last = w.sent.back();
    const std::size_t at = last.find("id='", last.find("<occupant-id")) + 4;
    return last.substr(at, last.find('\'', at) - at);
  };
  const std::string tybalt = id_after(MemberJoined{{.nick = "tybalt", .address = "t@verona"}});
  EXPECT_EQ(id_after(MemberRenamed{"tybalt", "cat"}), tybalt);
  EXPECT_EQ(id_after(MemberUpdated{{.nick = "cat", .address = "t@verona", .account = "prince"}, {}}), tybalt);
  EXPECT_NE(id_after(MemberJoined{{.nick = "tybalt", .address = "x@mantua"}}), tybalt);
  EXPECT_EQ(id_after(MemberLeft{.nick = "cat"}), tybalt);
}

TEST(Muc, AGoodbyeTakesEverybodyOut) {
  World w;
  w.join();
  w.sent.clear();
  w.gateway().say_goodbye("bye");
  EXPECT_EQ(w.count({"unavailable", "'110'", "'332'"}), 1U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
