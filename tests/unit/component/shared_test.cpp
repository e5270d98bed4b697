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
