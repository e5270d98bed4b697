// The past of rooms that are shared: paged from the network, and what is taken back.
#include "mapping/archive_table.hpp"
#include "mapping/messages_table.hpp"
#include "tests/unit/component/shared_rooms.hpp"

namespace dragoman::test {
namespace {

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

}  // namespace
}  // namespace dragoman::test
