// What those in a room that all share are told of one another, and what nobody else is.
#include "mapping/archive_table.hpp"
#include "tests/unit/component/shared_rooms.hpp"

namespace dragoman::test {
namespace {

const std::string stranger = "mallory@example.com/x";
const std::string grant =
    "<message from='example.org' to='echo.example'><privilege xmlns='urn:xmpp:privilege:2'>"
    "<perm access='iq'><namespace ns='http://jabber.org/protocol/pubsub' type='set'/></perm></privilege>"
    "</message>";

std::string get(const std::string& from, const std::string& payload) {
  return "<iq type='get' id='g' from='" + from + to_room + "'>" + payload + "</iq>";
}
const std::string info = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const std::string items = "<query xmlns='http://jabber.org/protocol/disco#items'/>";

TEST_F(SharedRooms, AWordBetweenTwoOfUsIsForThemAlone) {
  both_join();
  w.in("<message type='chat' id='p1' from='" + juliet + to_room +
       "/romeo'><body>psst</body><x xmlns='http://jabber.org/protocol/muc#user'><invite/></x>"
       "<stanza-id xmlns='urn:xmpp:sid:0' id='forged' by='#room@echo.example'/></message>");
  EXPECT_EQ(w.count({"from='#room@echo.example/juliet'", "to='" + romeo, "type='chat'", "id='p1'",
                     "<body>psst</body>", "<x xmlns='http://jabber.org/protocol/muc#user'/>"}),
            1U)
      << w.all();
  EXPECT_EQ(w.count({"forged"}), 0U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  EXPECT_TRUE(town().open.empty()) << "the town is not asked";
  w.in("<message type='chat' id='p2' from='" + stranger + to_room + "/romeo'><body>psst</body></message>");
  EXPECT_EQ(w.count({"type='error'", "not-acceptable", "to='" + stranger}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
}

TEST_F(SharedRooms, ARoomForTheInvitedTellsOthersNothing) {
  both_join();
  town().emit(town().own, RoomInfo{.name = "Secret society", .members_only = true, .hidden = true});
  w.in(get(stranger, info));
  EXPECT_EQ(w.count({"type='result'", "muc_membersonly"}), 1U) << w.all();
  EXPECT_EQ(w.count({"Secret"}), 0U) << w.all();
  EXPECT_EQ(w.count({"roominfo_occupants"}), 0U) << w.all();
  w.in(get(stranger, items));
  EXPECT_EQ(w.count({"<item"}), 0U) << w.all();
  w.in(get(stranger, "<vCard xmlns='vcard-temp'/>"));
  EXPECT_EQ(w.count({"type='result'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"Secret"}), 0U) << w.all();
  w.in(get(juliet, info));
  EXPECT_EQ(w.count({"Secret society", "roominfo_occupants"}), 1U) << w.all();
  w.in(get(juliet, items));
  EXPECT_EQ(w.count({"name='mayor'"}), 1U) << w.all();
  town().emit(town().own, RoomInfo{.name = "Market"});
  w.in(get(stranger, info));
  EXPECT_EQ(w.count({"Market", "roominfo_occupants"}), 1U) << w.all();
}

TEST_F(SharedRooms, WhoMayNotComeMayNotLookAroundEither) {
  Town::open_house = true;
  Town::barred = {"mallory@example.com"};
  const std::string search =
      "<search xmlns='urn:xmpp:channel-search:0:search'><x xmlns='jabber:x:data' type='submit'><field "
      "var='q'><value>x</value></field></x></search>";
  const auto ask = [&](const std::string& from, const std::string& to, const std::string& payload) {
    w.in("<iq type='get' id='g' from='" + from + "' to='" + to + "'>" + payload + "</iq>");
  };
  ask(stranger, "echo.example", search);
  EXPECT_EQ(w.count({"type='error'"}), 1U) << w.all();
  ask(stranger, "\\40mayor@echo.example", "<vCard xmlns='vcard-temp'/>");
  EXPECT_EQ(w.count({"type='error'"}), 1U) << w.all();
  EXPECT_TRUE(town().open.empty()) << "nobody asked the town";
  ask(juliet, "echo.example", search);
  EXPECT_EQ(town().open.size(), 1U);
  w.in("<presence from='" + stranger + "' to='echo.example'/>");
  EXPECT_EQ(w.count({"<vCard"}), 0U) << "nobody wants their card\n" << w.all();
  w.in("<presence from='" + juliet + "' to='echo.example'/>");
  EXPECT_EQ(w.count({"<vCard", "to='juliet@example.org'"}), 1U) << w.all();
}

TEST_F(SharedRooms, HowSomebodyLooksIsAskedAgainWhereItWasRefused) {
  Town::open_house = true;
  const std::string to_mayor = "' to='\\40mayor@echo.example'";
  w.in("<presence type='subscribe' from='juliet@example.org" + to_mayor + "/>");
  ASSERT_EQ(town().open.size(), 1U);
  w.in("<presence type='probe' from='juliet@example.org" + to_mayor + "/>");
  ASSERT_EQ(town().open.size(), 1U) << "it is under way";
  town().refuse({Reason::network_error, {}});
  w.in("<presence type='probe' from='juliet@example.org" + to_mayor + "/>");
  EXPECT_EQ(town().open.size(), 1U);
}

TEST_F(SharedRooms, TheBannedAreListedByTheirAddresses) {
  w.join(juliet, "juliet");
  w.in(get(juliet,
           "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='outcast'/></query>"));
  StandingList list;
  list.users.push_back({"@bob", Standing::banned, "@mayor", "rude"});
  town().emit(town().own, list);
  EXPECT_EQ(w.count({"<item affiliation='outcast' jid='\\40bob@echo.example'>", "rude"}), 1U) << w.all();
}

TEST_F(SharedRooms, OnlyWhatCanBeConfiguredIsAChangeOfTheConfiguration) {
  both_join();
  town().emit(town().own, RoomInfo{.name = "Market", .headcount = 1000});
  w.sent.clear();
  town().emit(town().own, RoomInfo{.name = "Market", .headcount = 1100});
  EXPECT_TRUE(w.sent.empty()) << w.all();
  w.in(get(juliet, info));
  EXPECT_EQ(w.count({"<value>1100</value>"}), 1U) << w.all();
  town().emit(town().own, RoomInfo{.name = "Fair", .headcount = 1100});
  EXPECT_EQ(w.count({"'104'"}), 2U) << w.all();
}

TEST_F(SharedRooms, WhoReadsIsAskedToSaySo) {
  both_join();
  town().says("mayor", Message{Text("order!")}, "$1");
  EXPECT_EQ(w.count({"order!", "<markable xmlns='urn:xmpp:chat-markers:0'/>"}), 2U) << w.all();
  w.sent.clear();
  town().says("mayor", Reactions{MessageId{"$1"}, {"x"}}, "$2");
  EXPECT_EQ(w.count({"<markable"}), 0U) << w.all();
}

TEST_F(SharedRooms, WhatIsOfTheMomentHasNoPlaceInTheArchive) {
  both_join();
  town().says("mayor", Typing{TypingState::composing}, {});
  town().says("mayor", ReadMark{MessageId{"$1"}}, {});
  EXPECT_EQ(w.count({"<composing"}), 2U) << w.all();
  EXPECT_EQ(w.count({"<displayed"}), 2U) << w.all();
  EXPECT_EQ(w.count({"<stanza-id"}), 0U) << w.all();
  say(juliet, "t", "<composing xmlns='http://jabber.org/protocol/chatstates'/>");
  EXPECT_EQ(w.count({"<composing"}), 2U) << w.all();
  EXPECT_EQ(w.count({"<stanza-id"}), 0U) << w.all();
}

TEST_F(SharedRooms, WhatIsSaidWhileOneEntersIsNotLost) {
  town().slow = true;
  w.join(juliet, "juliet");
  town().says("mayor", Message{Text("meanwhile")}, "$1");
  EXPECT_TRUE(w.sent.empty()) << w.all();
  EXPECT_FALSE(w.store().archive().get(room()->key(), MessageId{"$1"}))
      << "by what is in the archive the network knows what else to tell";
  town().slow = false;
  const Town::Asked asked = town().take();
  asked.by->perform(asked.command);
  EXPECT_EQ(w.count({"meanwhile", "id='$1'"}), 1U) << w.all();
  query(juliet);
  EXPECT_EQ(w.count({"<result", "meanwhile"}), 1U) << w.all();
}

TEST_F(SharedRooms, WhatIsSaidBeforeTheXmppServerIsThereIsNotLost) {
  w.join(juliet, "juliet");
  w.up_at_start = false;
  restart();
  town().says("mayor", Message{Text("early")}, "$1");
  w.link = true;
  w.gateway().on_link_up();
  EXPECT_EQ(w.count({"early", "id='$1'"}), 1U) << w.all();
}

TEST_F(SharedRooms, ARefusalThatComesInAnOutageIsToldAfterIt) {
  both_join();
  say(juliet, "m1", "<body>hi</body>");
  w.link = false;
  w.gateway().on_link_down();
  town().refuse({Reason::not_permitted, "no"});
  w.sent.clear();
  w.link = true;
  w.gateway().on_link_up();
  EXPECT_EQ(w.count({"<message", "type='error'", "to='" + juliet, "id='m1'"}), 1U) << w.all();
}

TEST_F(SharedRooms, AModeratorTakesAFileBackWithAllItsParts) {
  both_join();
  Message message{Text("caption")};
  message.attachments.push_back({.url = "https://x.example/1", .name = "1"});
  town().says("mayor", message, "$1");
  w.in("<iq type='set' id='mod' from='" + juliet + to_room +
       "'><moderate id='$1#1' xmlns='urn:xmpp:message-moderate:1'><retract "
       "xmlns='urn:xmpp:message-retract:1'/></moderate></iq>");
  EXPECT_EQ(std::get<Retraction>(town().open.at(0).command.what).target.value(), "$1");
  town().deliver("$2");
  EXPECT_EQ(w.count({"<retract ", "id='$1'", "<moderated", "to='" + romeo}), 1U) << w.all();
  EXPECT_EQ(w.count({"<retract ", "id='$1#1'", "<moderated", "to='" + romeo}), 1U) << w.all();
  query(romeo);
  EXPECT_EQ(w.count({"caption"}), 0U) << w.all();
  EXPECT_EQ(w.count({"x.example"}), 0U) << w.all();
}

TEST_F(SharedRooms, WhatIsEncryptedIsRefusedInWords) {
  both_join();
  say(juliet, "e1",
      "<body>I sent you an encrypted message</body>"
      "<encryption xmlns='urn:xmpp:eme:0' namespace='eu.siacs.conversations.axolotl'/>");
  EXPECT_EQ(w.count({"type='error'", "id='e1'", "encrypt", "feature-not-implemented"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  EXPECT_TRUE(town().open.empty());
}

// ------------------------------------------------------------------------------------------------- the
// archive

TEST_F(SharedRooms, AnArchiveIsSearchedByWhoSaidIt) {
  both_join();
  town().says("mayor", Message{Text("from the mayor")}, "$1");
  say(romeo, "r1", "<body>from romeo</body>");
  town().deliver("$2");
  const auto with = [&](const std::string& jid) {
    query(juliet, "<x xmlns='jabber:x:data'><field var='with'><value>" + jid + "</value></field></x>");
  };
  with("#room@echo.example/romeo");
  EXPECT_EQ(w.count({"<result", "from romeo"}), 1U) << w.all();
  EXPECT_EQ(w.count({"<result"}), 1U) << w.all();
  with("#room@echo.example");
  EXPECT_EQ(w.count({"<result"}), 2U) << w.all();
  with("somebody@example.net/romeo");
  EXPECT_EQ(w.count({"<result"}), 0U) << w.all();
  EXPECT_EQ(w.count({"<fin"}), 1U) << w.all();
}

TEST_F(SharedRooms, APageThatMayLackSomethingSaysSo) {
  past(50);
  town().recent = 5;
  w.join(juliet, "juliet");
  town().deaf = true;
  query(juliet);
  town().refuse({Reason::network_error, {}});
  EXPECT_EQ(w.count({"<fin", "stable='false'"}), 1U) << w.all();
  town().deaf = false;
  query(juliet);
  EXPECT_EQ(w.count({"<fin", "complete='true'"}), 1U) << w.all();
  EXPECT_EQ(w.count({"stable"}), 0U) << w.all();
}

TEST_F(SharedRooms, SoManyMessagesAreAskedForByTheirIds) {
  w.join(juliet, "juliet");
  std::string values;
  for (int i = 0; i < 251; ++i) values += "<value>$" + std::to_string(i) + "</value>";
  query(juliet, "<x xmlns='jabber:x:data'><field var='ids'>" + values + "</field></x>");
  EXPECT_EQ(w.count({"type='error'", "bad-request", "250"}), 1U) << w.all();
}

// ------------------------------------------------------------------------------------- an account of one's
// own

TEST_F(SharedRooms, WhatOneReadElsewhereIsReadHere) {
  Town::alone = {"romeo@example.org"};
  w.join(romeo, "romeo");
  TownSession& his = town().of("romeo@example.org");
  town().emit(his, Message{Text("for him")}, {.nick = "mayor"}, MessageId{"$1"});
  w.sent.clear();
  town().emit(his, ReadMark{MessageId{"$1"}}, {.nick = "romeo", .own = true});
  EXPECT_EQ(w.count({"privileged_iq"}), 0U) << "nobody let us\n" << w.all();
  w.in(grant);
  w.sent.clear();
  town().emit(his, ReadMark{MessageId{"$1"}}, {.nick = "romeo", .own = true});
  EXPECT_EQ(w.count({"to='romeo@example.org'", "<publish node='urn:xmpp:mds:displayed:0'>",
                     "<item id='#room@echo.example'>", "<stanza-id xmlns='urn:xmpp:sid:0' id='$1'",
                     "by='#room@echo.example'"}),
            1U)
      << w.all();
}

}  // namespace
}  // namespace dragoman::test
