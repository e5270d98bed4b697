// Rooms that all persons see as one, each with a voice of their own.
#include <set>

#include "mapping/archive_table.hpp"
#include "mapping/messages_table.hpp"
#include "tests/unit/component/shared_rooms.hpp"

namespace dragoman::test {
namespace {

TEST_F(SharedRooms, EachPersonHasAVoiceAndANickOfTheirOwn) {
  w.join(juliet, "juliet");
  EXPECT_EQ(w.count({"/juliet'", "'110'", "'100'", "jid='juliet@example.org'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"/mayor'", "jid='\\40mayor@echo.example'", "affiliation='owner'"}), 1U) << w.all();
  EXPECT_EQ(w.count({">welcome</subject>"}), 1U) << w.all();
  w.join(romeo, "romeo");
  EXPECT_EQ(w.count({"to='" + romeo, "/romeo'", "'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "/juliet'", "jid='juliet@example.org'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "/juliet'", "'110'"}), 0U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "jid='romeo@example.org'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "'110'"}), 0U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "<subject"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "<subject"}), 0U) << w.all();
}

TEST_F(SharedRooms, AMessageIsReflectedToAllFromItsAuthorWithTheNetworksId) {
  both_join();
  say(juliet, "m1", "<body>hi</body>");
  EXPECT_TRUE(w.sent.empty()) << "nobody knows its id yet";
  town().deliver("$1");
  for (const std::string& who : {juliet, romeo}) {
    EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", " id='m1'", "to='" + who, ">hi<",
                       "<stanza-id xmlns='urn:xmpp:sid:0' id='$1'"}),
              1U)
        << w.all();
  }
  say(romeo, "m1", "<body>ho</body>");
  town().deliver("$2");
  EXPECT_EQ(w.count({"from='#room@echo.example/romeo'", " id='m1'", "id='$2'"}), 2U) << w.all();
  w.sent.clear();
  town().says("mayor", Message{Text("order!")}, "$3");
  EXPECT_EQ(w.count({"/mayor'", "order!"}), 2U) << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"<result"}), 3U) << w.all();
}

TEST_F(SharedRooms, OnlyWhoWantsATakenNickIsRefused) {
  w.join(juliet, "juliet");
  w.join(romeo, "juliet");
  EXPECT_EQ(w.count({"type='error'", "conflict", "to='" + romeo}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  say(romeo, "m1", "<body>hi</body>");
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
  say(juliet, "m2", "<body>hi</body>");
  town().deliver("$1");
  EXPECT_EQ(w.count({"/juliet'", "id='m2'"}), 1U) << w.all();
  w.join(romeo, "romeo");
  EXPECT_EQ(w.count({"to='" + romeo, "'110'"}), 1U) << w.all();
}

TEST_F(SharedRooms, AKickTakesOneVoiceOut) {
  both_join();
  town().emit(town().of("romeo@example.org"), Exited{Departure::kicked, "mayor", "out"});
  EXPECT_EQ(w.count({"to='" + romeo, "/romeo'", "unavailable", "'110'", "'307'", "nick='mayor'", "out"}), 1U)
      << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "unavailable", "'307'", "nick='mayor'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "'110'"}), 0U) << w.all();
  w.sent.clear();
  town().emit(town().own, MemberLeft{"romeo", Departure::kicked, "mayor", "out"});
  EXPECT_TRUE(w.sent.empty()) << "told once\n" << w.all();
  ASSERT_NE(room(), nullptr);
  EXPECT_EQ(room()->room().voices(), 1U);
  town().emit(town().of("juliet@example.org"), Exited{Departure::banned});
  EXPECT_EQ(w.count({"to='" + juliet, "'110'", "'301'", "outcast"}), 1U) << w.all();
  EXPECT_EQ(room(), nullptr) << "nobody is left";
}

TEST_F(SharedRooms, ALeavingThatTheTownTellsFirstIsToldOnceToEach) {
  both_join();
  town().emit(town().own, MemberLeft{"romeo", Departure::kicked, "mayor", {}});
  town().emit(town().of("romeo@example.org"), Exited{Departure::kicked, "mayor", {}});
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "unavailable"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "/romeo'", "unavailable", "'110'"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 2U) << w.all();
}

TEST_F(SharedRooms, ANickIsChangedByItsOwnVoice) {
  both_join();
  w.in("<presence from='" + juliet + to_room + "/capulet'/>");
  EXPECT_EQ(w.count({"to='" + juliet, "/juliet'", "'303'", "'110'", "nick='capulet'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "/juliet'", "'303'", "nick='capulet'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "'110'"}), 0U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/capulet'", "'110'"}), 1U) << w.all();
  w.in("<iq type='get' id='p' from='" + juliet + to_room + "/capulet'><ping xmlns='urn:xmpp:ping'/></iq>");
  EXPECT_EQ(w.count({"type='result'"}), 1U) << w.all();
  say(juliet, "m1", "<body>hi</body>");
  town().deliver("$1");
  EXPECT_EQ(w.count({"from='#room@echo.example/capulet'", ">hi<"}), 2U) << w.all();
  restart();
  EXPECT_EQ(w.count({"to='" + juliet, "/capulet'", "'110'"}), 1U) << w.all();
}

TEST_F(SharedRooms, ARestartBringsEachBackWithTheirOwnNick) {
  both_join();
  w.join(chamber, "juliet");
  restart();
  EXPECT_EQ(w.count({"to='" + juliet, "/juliet'", "'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + chamber, "/juliet'", "'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + romeo, "/romeo'", "'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"'210'"}), 0U) << w.all();
  EXPECT_EQ(town().voices.size(), 2U);
  leave(romeo, "romeo"), leave(juliet, "juliet"), leave(chamber, "juliet");
  EXPECT_EQ(room(), nullptr);
  restart();
  EXPECT_TRUE(town().voices.empty());
  EXPECT_EQ(room(), nullptr);
}

TEST_F(SharedRooms, WhatWasSaidWhileWeWereAwayIsToldToThoseWhoAreStillThere) {
  past(3);
  w.join(juliet, "juliet");
  town().tell_past(1);  // the newest
  w.written();
  w.make_network = [](const NetworkContext& context) -> std::unique_ptr<Network> {
    auto made = std::make_unique<Town>(context);
    const Time then = Time{std::chrono::milliseconds(1'790'000'000'000)};
    for (int i = 0; i < 2; ++i) {
      made->past.push_back({then - std::chrono::minutes(10 - i), MessageId{"$later" + std::to_string(i)},
                            "mayor", Message{Text("meanwhile " + std::to_string(i))}});
    }
    made->recent = 2;
    return made;
  };
  restart();
  EXPECT_EQ(w.count({"meanwhile", "urn:xmpp:delay", "to='" + juliet}), 2U) << w.all();
  EXPECT_EQ(w.count({"past"}), 0U) << "heard already\n" << w.all();
}

TEST_F(SharedRooms, TheLastClientOfAPersonTakesTheirVoiceAlong) {
  both_join();
  w.join(chamber, "juliet");
  leave(juliet, "juliet");
  EXPECT_EQ(town().leaves, 0U);
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  leave(chamber, "juliet");
  EXPECT_EQ(town().leaves, 1U);
  EXPECT_EQ(w.count({"to='" + romeo, "/juliet'", "unavailable"}), 1U) << w.all();
  say(romeo, "m1", "<body>alone</body>");
  town().deliver("$1");
  EXPECT_EQ(w.count({"alone"}), 1U) << w.all();
}

TEST_F(SharedRooms, SomebodyWhoLingersIsLeftWhenTheirTimeIsOver) {
  Town::wanted.linger = std::chrono::seconds(60);
  both_join();
  leave(juliet, "juliet");
  later(std::chrono::seconds(30));
  EXPECT_EQ(town().leaves, 0U);
  w.join(juliet, "juliet");
  later(std::chrono::seconds(40));
  EXPECT_EQ(town().leaves, 0U) << "they came back";
  leave(juliet, "juliet");
  later(std::chrono::seconds(60));
  EXPECT_EQ(town().leaves, 1U);
  EXPECT_EQ(w.count({"to='" + romeo, "/juliet'", "unavailable"}), 1U) << w.all();
}

TEST_F(SharedRooms, WhoStaysForEverLeavesNoVoiceOutAndNoRoomOpen) {
  Town::wanted.persistent = true;
  both_join();
  leave(juliet, "juliet");
  EXPECT_NE(room(), nullptr);
  leave(romeo, "romeo");
  EXPECT_EQ(town().leaves, 0U);
  EXPECT_EQ(room(), nullptr);
  town().says("mayor", Message{Text("nobody hears")}, "$1");
  EXPECT_EQ(w.count({"nobody hears"}), 0U);
  w.join(juliet, "juliet");
  EXPECT_EQ(w.count({"'110'"}), 1U) << w.all();
}

TEST_F(SharedRooms, TheEndOfOneSessionIsTheEndOfOneVoice) {
  both_join();
  town().disconnect(town().of("romeo@example.org"), "bye");
  EXPECT_EQ(w.count({"to='" + romeo, "'110'", "'332'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "unavailable"}), 1U) << w.all();
  EXPECT_EQ(w.gateway().rooms_of(PersonId{"juliet@example.org"}).size(), 1U);
  EXPECT_TRUE(w.gateway().rooms_of(PersonId{"romeo@example.org"}).empty());
}

TEST_F(SharedRooms, ALostConnectionIsToldToItsPersonAlone) {
  both_join();
  TownSession& his = town().of("romeo@example.org");
  w.gateway().on_event(his, {PlaceId{}, {}, {}, {}, false, LinkState{Link::lost, {}}});
  EXPECT_EQ(w.count({"to='" + romeo, "connection"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  w.sent.clear();
  town().emit(his, Entered{"romeo", town().members(), false});
  EXPECT_EQ(w.count({"to='" + romeo, "back"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
}

TEST_F(SharedRooms, WhoLeftInAnOutageIsToldGone) {
  both_join();
  w.link = false;
  w.gateway().on_link_down();
  town().emit(town().of("romeo@example.org"), Exited{Departure::kicked, "mayor", "out"});
  w.link = true;
  w.gateway().on_link_up();
  EXPECT_EQ(w.count({"to='" + romeo, "'110'", "'307'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "unavailable"}), 1U) << w.all();
}

TEST_F(SharedRooms, AVoiceKeepsItsOccupantId) {
  both_join();
  say(juliet, "m1", "<body>one</body>");
  town().deliver("$1");
  const auto before = all_between("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='", "'");
  ASSERT_EQ(before.size(), 2U);
  w.in("<presence from='" + juliet + to_room + "/capulet'/>");
  leave(juliet, "capulet");
  w.join(juliet, "montague");
  w.sent.clear();
  say(juliet, "m2", "<body>two</body>");
  town().deliver("$2");
  EXPECT_EQ(all_between("<occupant-id xmlns='urn:xmpp:occupant-id:0' id='", "'"), before) << w.all();
}

TEST_F(SharedRooms, AFailureThatComesAfterARestartGoesToItsSender) {
  both_join();
  say(juliet, "m&apos;1", "<body>hi</body>");
  const std::string token = town().take().command.token;
  restart();
  w.sent.clear();
  town().emit(town().of("juliet@example.org"), Failed{token, {Reason::not_permitted, "no"}});
  EXPECT_EQ(w.count({"<message from='#room@echo.example'", "to='" + juliet, "type='error'", "id='m&apos;1'"}),
            1U)
      << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  town().emit(town().of("juliet@example.org"), Failed{"no token of ours 5", {Reason::not_permitted, "no"}});
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
}

TEST_F(SharedRooms, ADeliveryThatComesAfterARestartGivesItsSenderTheirId) {
  both_join();
  say(juliet, "m1", "<body>hi</body>");
  const std::string token = town().take().command.token;
  restart();
  w.sent.clear();
  TownSession& hers = town().of("juliet@example.org");
  town().emit(hers, Delivered{token}, {}, MessageId{"$1"});
  town().emit(hers, Message{Text("hi")}, {.own = true}, MessageId{"$1"});
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", " id='m1'", ">hi<", "id='$1'"}), 2U) << w.all();
  w.sent.clear();
  town().emit(hers, Message{Text("hi")}, {.own = true}, MessageId{"$1"});
  EXPECT_TRUE(w.sent.empty()) << "once\n" << w.all();
}

TEST_F(SharedRooms, AFailureThatComesAfterTheRoomWasClosedGoesToItsSender) {
  Town::wanted.persistent = true;
  w.join(juliet, "juliet");
  say(juliet, "m1", "<body>hi</body>");
  leave(juliet, "juliet");
  ASSERT_EQ(room(), nullptr);
  town().refuse({Reason::not_permitted, "no"});
  EXPECT_EQ(w.count({"to='" + juliet, "type='error'", "id='m1'"}), 1U) << w.all();
}

TEST_F(SharedRooms, WhatOneSaysElsewhereComesFromOnesOwnVoice) {
  both_join();
  town().emit(town().of("juliet@example.org"), Message{Text("from my phone")}, {.nick = "x", .own = true},
              MessageId{"$1"});
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "from my phone"}), 2U) << w.all();
}

TEST_F(SharedRooms, AnEchoThatCameFirstIsNotToldAgain) {
  both_join();
  say(juliet, "m1", "<body>hi</body>");
  town().emit(town().of("juliet@example.org"), Message{Text("hi")}, {.own = true}, MessageId{"$1"});
  EXPECT_EQ(w.count({">hi<"}), 2U) << w.all();
  w.sent.clear();
  town().deliver("$1");
  EXPECT_TRUE(w.sent.empty()) << w.all();
}

TEST_F(SharedRooms, TypingIsSeenByTheOthersHere) {
  both_join();
  say(juliet, "t", "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "<composing", "to='" + romeo}), 1U) << w.all();
}

TEST_F(SharedRooms, TheArchiveIsForThoseWhoAreThere) {
  w.join(juliet, "juliet");
  town().says("mayor", Message{Text("for us")}, "$1");
  query(romeo);
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  query(juliet);
  EXPECT_EQ(w.count({"for us"}), 1U) << w.all();
  leave(juliet, "juliet");
  query(juliet);
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
}

// -------------------------------------------------------------------------------------------------- history

TEST_F(SharedRooms, ThePastIsPagedFromTheNetworkExactly) {
  past(250);
  town().recent = 5;
  w.join(juliet, "juliet");
  EXPECT_EQ(w.count({"<body>past", "urn:xmpp:delay"}), 5U) << w.all();
  std::vector<std::string> ids;
  std::string before;
  for (int pages = 0; pages < 10; ++pages) {
    query(juliet, page("<max>100</max><before>" + before + "</before>"));
    const auto found = all_between("<result xmlns='urn:xmpp:mam:2' id='", "'");
    ids.insert(ids.begin(), found.begin(), found.end());
    if (w.count({"complete='true'"}) > 0) break;
    ASSERT_EQ(found.size(), 100U) << w.all();
    before = found.front();
  }
  ASSERT_EQ(ids.size(), 250U);
  for (int i = 0; i < 250; ++i) EXPECT_EQ(ids[static_cast<std::size_t>(i)], "$" + std::to_string(1000 + i));
  EXPECT_EQ(w.count({"<count>250</count>"}), 1U) << w.all();
  const std::size_t fetches = town().fetches;
  query(juliet, page("<max>100</max><before/>"));
  EXPECT_EQ(w.count({"<result"}), 100U);
  query(juliet, page("<max>30</max><after>$1100</after>"));
  EXPECT_EQ(all_between("<result xmlns='urn:xmpp:mam:2' id='", "'").at(0), "$1101");
  EXPECT_EQ(town().fetches, fetches) << "it is all here now";
  EXPECT_EQ(w.count({"past 99."}), 0U);
}

TEST_F(SharedRooms, OnlyAsMuchOfThePastIsFetchedAsIsNeeded) {
  past(3000);
  w.join(juliet, "juliet");
  query(juliet, page("<max>50</max><before/>"));
  EXPECT_EQ(w.count({"<result"}), 50U);
  EXPECT_EQ(w.count({"complete"}), 0U) << w.sent.back();
  EXPECT_EQ(town().told, 100U);
  query(juliet,
        "<x xmlns='jabber:x:data'><field var='start'><value>2026-09-21T11:00:00Z</value></field></x>");
  EXPECT_LE(town().told, 1100U) << "bounded";
  EXPECT_EQ(w.count({"complete='true'"}), 0U) << w.sent.back();
}

TEST_F(SharedRooms, APastThatDoesNotComeIsNotWaitedForForEver) {
  past(50);
  town().recent = 5;
  w.join(juliet, "juliet");
  town().deaf = true;
  query(juliet);
  EXPECT_TRUE(w.sent.empty()) << w.all();
  later(std::chrono::seconds(5));
  EXPECT_TRUE(w.sent.empty()) << w.all();
  later(std::chrono::seconds(5));
  EXPECT_EQ(w.count({"<result"}), 5U) << w.all();
  EXPECT_EQ(w.count({"<fin"}), 1U) << w.all();
  EXPECT_EQ(w.count({"complete"}), 0U) << w.all();
}

TEST_F(SharedRooms, APastThatIsRefusedLeavesWhatIsHere) {
  past(50);
  town().recent = 5;
  w.join(juliet, "juliet");
  town().deaf = true;
  query(juliet);
  town().refuse({Reason::network_error, {}});
  EXPECT_EQ(w.count({"<result"}), 5U) << w.all();
  EXPECT_EQ(w.count({"<fin"}), 1U) << w.all();
  EXPECT_EQ(w.count({"complete"}), 0U) << w.all();
}

TEST_F(SharedRooms, AllWhoAskShareWhatIsFetchedAndWhoLeftIsRefused) {
  past(50);
  both_join();
  town().deaf = true;
  query(juliet), query(romeo);
  EXPECT_EQ(town().fetches, 1U);
  leave(romeo, "romeo");
  town().deaf = false;
  const Town::Asked asked = town().take();
  w.sent.clear();
  town().emit(*asked.by, town().horizon(asked.command.token));
  EXPECT_EQ(w.count({"<result", "to='" + juliet}), 50U) << w.all();
  EXPECT_EQ(w.count({"complete='true'", "to='" + juliet}), 1U) << w.all();
  EXPECT_EQ(w.count({"forbidden", "to='" + romeo}), 1U) << w.all();
  EXPECT_EQ(town().fetches, 2U);
}

TEST_F(SharedRooms, AQuestionIsAnsweredThoughTheRoomIsOver) {
  past(50);
  w.join(juliet, "juliet");
  town().deaf = true;
  query(juliet);
  town().emit(town().of("juliet@example.org"), Exited{Departure::banned});
  EXPECT_EQ(w.count({"<iq", "type='error'", "forbidden"}), 1U) << w.all();
  const Town::Asked asked = town().take();
  town().emit(*asked.by, town().horizon(asked.command.token));
  EXPECT_EQ(w.count({"<iq"}), 1U) << w.all();
}

TEST_F(SharedRooms, ThePastIsNotToldLiveAndComesOnce) {
  past(5);
  both_join();
  town().tell_past(3);
  EXPECT_TRUE(w.sent.empty()) << w.all();
  town().says("mayor", Message{Text("again")}, "$1004");
  EXPECT_TRUE(w.sent.empty()) << "it is in the archive\n" << w.all();
  query(juliet);
  EXPECT_EQ(w.count({"<result"}), 5U) << w.all();
}

TEST_F(SharedRooms, AJoinThatAsksForMoreThanThereIsWaitsForIt) {
  past(80);
  town().recent = 5;
  town().deaf = true;
  w.in("<presence from='" + juliet + to_room +
       "/juliet'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='40'/></x></presence>");
  EXPECT_TRUE(w.sent.empty()) << w.all();
  town().says("mayor", Message{Text("meanwhile")}, "$x");
  town().deaf = false;
  const Town::Asked asked = town().take();
  town().emit(*asked.by, town().horizon(asked.command.token));
  EXPECT_EQ(w.count({"<body>", "urn:xmpp:delay"}), 40U) << w.all();
  EXPECT_EQ(w.count({"'110'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"past 41."}), 1U);
  EXPECT_EQ(w.count({"past 40."}), 0U);
  EXPECT_EQ(w.count({"meanwhile"}), 1U);
  EXPECT_NE(w.sent.back().find("<subject"), std::string::npos) << w.sent.back();
}

// ----------------------------------------------------------------------------------------------- taking back

TEST_F(SharedRooms, WhatIsTakenBackIsNoLongerInTheArchive) {
  both_join();
  town().says("mayor", Message{Text("secret one")}, "$1");
  town().says("mayor", Edit{MessageId{"$1"}, {.text = Text("secret two")}}, "$2");
  town().says("mayor", Message{Text("open")}, "$3");
  town().says("mayor", Retraction{MessageId{"$1"}, {}, false}, "$4");
  query(juliet);
  EXPECT_EQ(w.count({"secret"}), 0U) << w.all();
  EXPECT_EQ(w.count({"<result", "<retracted xmlns='urn:xmpp:message-retract:1' id='$4'", "id='$1'"}), 1U)
      << w.all();
  EXPECT_EQ(w.count({"<result", "open"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<result"}), 4U) << w.all();
}

TEST_F(SharedRooms, OnesOwnMessageIsTakenBackByItsEditedText) {
  both_join();
  say(juliet, "m1", "<body>secret one</body>");
  town().deliver("$1");
  say(juliet, "m2", "<body>secret two</body><replace xmlns='urn:xmpp:message-correct:0' id='m1'/>");
  EXPECT_EQ(std::get<Edit>(town().open.at(0).command.what).target.value(), "$1");
  town().deliver("$2");
  say(juliet, "m3", "<retract xmlns='urn:xmpp:message-retract:1' id='$1'/>");
  town().deliver("$3");
  EXPECT_EQ(w.count({"<retract ", "id='$1'"}), 2U) << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"secret"}), 0U) << w.all();
  EXPECT_EQ(w.count({"<retracted"}), 2U) << w.all();
}

TEST_F(SharedRooms, AModeratorTakesAMessageBackForAll) {
  both_join();
  town().says("mayor", Message{Text("secret")}, "$1");
  w.in("<iq type='set' id='mod' from='" + juliet + to_room +
       "'><moderate id='$1' xmlns='urn:xmpp:message-moderate:1'><retract xmlns='urn:xmpp:message-retract:1'/>"
       "<reason>rude</reason></moderate></iq>");
  EXPECT_TRUE(w.sent.empty()) << w.all();
  const Retraction asked = std::get<Retraction>(town().open.at(0).command.what);
  EXPECT_EQ(asked, (Retraction{MessageId{"$1"}, "rude", true}));
  EXPECT_EQ(town().open.at(0).by->person().value(), "juliet@example.org");
  town().deliver("$2");
  EXPECT_EQ(w.count({"<iq type='result' id='mod'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<message from='#room@echo.example' ", "<retract ", "id='$1'", "rude",
                     "<moderated xmlns='urn:xmpp:message-moderate:1' by='#room@echo.example/juliet'"}),
            2U)
      << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"secret"}), 0U) << w.all();
  EXPECT_EQ(w.count({"<retracted", "<moderated", "rude"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<result", "from='#room@echo.example' type='groupchat'", "<retract "}), 1U) << w.all();
}

TEST_F(SharedRooms, AModerationThatIsRefusedIsAnError) {
  both_join();
  const std::string old =
      "<iq type='set' id='mod' from='" + juliet + to_room +
      "'><apply-to xmlns='urn:xmpp:fasten:0' id='$1'><moderate xmlns='urn:xmpp:message-moderate:0'>"
      "<retract xmlns='urn:xmpp:message-retract:0'/><reason>rude</reason></moderate></apply-to></iq>";
  w.in(old);
  EXPECT_EQ(std::get<Retraction>(town().open.at(0).command.what),
            (Retraction{MessageId{"$1"}, "rude", true}));
  town().refuse({Reason::not_permitted, "you may not"});
  EXPECT_EQ(w.count({"<iq", "type='error'", "id='mod'", "you may not"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  leave(juliet, "juliet");
  w.in(old);
  EXPECT_EQ(w.count({"<iq", "type='error'", "not-acceptable"}), 1U) << w.all();
}

TEST_F(SharedRooms, AMessageWithAFileIsTakenBackWithAllItsParts) {
  both_join();
  Message message{Text("caption")};
  message.attachments.push_back({.url = "https://x.example/1", .name = "1"});
  town().says("mayor", message, "$1");
  EXPECT_EQ(w.count({" id='$1'", "https://x.example/1", "to='" + romeo}), 1U) << w.all();
  EXPECT_EQ(w.count({" id='$1#1'", "caption", "to='" + romeo}), 1U) << w.all();
  w.sent.clear();
  town().says("mayor", message, "$1");
  EXPECT_TRUE(w.sent.empty()) << w.all();
  say(romeo, "r1", "<reactions xmlns='urn:xmpp:reactions:0' id='$1#1'><reaction>x</reaction></reactions>");
  EXPECT_EQ(std::get<Reactions>(town().take().command.what).target.value(), "$1");
  town().says("mayor", Retraction{MessageId{"$1"}, {}, false}, "$2");
  EXPECT_EQ(w.count({"<retract ", "id='$1#1'", "to='" + romeo}), 1U) << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"caption"}), 0U) << w.all();
  EXPECT_EQ(w.count({"x.example"}), 0U) << w.all();
}

// --------------------------------------------------------------------------------------- a view of one's own

TEST_F(SharedRooms, SomebodyWithAnAccountOfTheirOwnSeesTheRoomByThemselves) {
  Town::alone = {"romeo@example.org"};
  w.join(juliet, "juliet");
  w.join(romeo, "romeo");
  town().emit(town().of("romeo@example.org"), Message{Text("for him")}, {.nick = "mayor"}, MessageId{"$1"});
  EXPECT_EQ(w.count({"for him", "to='" + romeo}), 1U) << w.all();
  EXPECT_EQ(w.count({"for him"}), 1U) << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"for him"}), 1U) << w.all();
}

TEST_F(SharedRooms, WhoTakesAnAccountOfTheirOwnLeavesTheSharedRoom) {
  both_join();
  Town::alone = {"romeo@example.org"};
  town().emit(town().of("romeo@example.org"), Exited{Departure::left});
  EXPECT_EQ(w.count({"to='" + romeo, "'110'", "unavailable"}), 1U) << w.all();
  EXPECT_EQ(w.count({"to='" + juliet, "/romeo'", "unavailable"}), 1U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
