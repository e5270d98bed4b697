// The owner's form, the room's picture, and the lists of people: what the network is asked, and what is told.
#include "bridges/net/base64.hpp"
#include "tests/unit/component/shared_rooms.hpp"

namespace dragoman::test {
namespace {

const std::string png("\x89PNG\r\n\x1A\n and so on", 18);

class Configuration : public SharedRooms {
 protected:
  Configuration() {
    Town::settable = {.name = true,
                      .picture = true,
                      .members_only = true,
                      .moderated = true,
                      .hidden = true,
                      .key = true,
                      .limit = true};
    both_join();
    is({.name = "Square", .members_only = true, .limit = 25});
  }
  void is(RoomInfo info) {
    town().emit(town().own, std::move(info));
    w.sent.clear();
  }
  void owner(const std::string& type, const std::string& inner, const std::string& who = juliet) {
    w.in("<iq id='o' type='" + type + "' from='" + who + to_room +
         "'><query xmlns='http://jabber.org/protocol/muc#owner'>" + inner + "</query></iq>");
  }
  static std::string answer(const std::string& field, const std::string& value) {
    return "<field var='muc#roomconfig_" + field + "'><value>" + value + "</value></field>";
  }
  void submit(const std::string& fields, const std::string& who = juliet) {
    owner("set", "<x xmlns='jabber:x:data' type='submit'>" + fields + "</x>", who);
  }
  SetRoomInfo asked() { return std::get<SetRoomInfo>(town().open.at(0).command.what); }
  void picture(const std::string& inner) {
    w.in("<iq id='p' type='set' from='" + juliet + to_room + "'><vCard xmlns='vcard-temp'>" + inner +
         "</vCard></iq>");
  }
};

TEST_F(Configuration, TheFormShowsWhatCanBeSetAsItIs) {
  owner("get", "");
  ASSERT_EQ(town().open.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<FetchRoomInfo>(town().open[0].command.what));
  EXPECT_TRUE(w.sent.empty()) << w.all();
  // Its answer shows what was not known before.
  town().emit(town().own, RoomInfo{.name = "Square", .members_only = true, .hidden = true, .limit = 25});
  EXPECT_EQ(w.count({"code='104'"}), 2U) << w.all();
  w.sent.clear();
  town().deliver({});
  ASSERT_EQ(w.sent.size(), 1U) << w.all();
  for (const char* piece : {"<value>http://jabber.org/protocol/muc#roomconfig</value>",
                            "var='muc#roomconfig_roomname' type='text-single'", "<value>Square</value>",
                            "var='muc#roomconfig_membersonly' type='boolean'",
                            "var='muc#roomconfig_roomsecret' type='text-private'",
                            "var='muc#roomconfig_maxusers' type='list-single'", "<value>25</value>"})
    EXPECT_NE(w.sent[0].find(piece), std::string::npos) << piece << w.all();
  const std::size_t hidden = w.sent[0].find("muc#roomconfig_publicroom");
  EXPECT_EQ(w.sent[0].substr(w.sent[0].find("<value>", hidden), 8), "<value>0");
}

TEST_F(Configuration, WhatTheNetworkLacksIsNotInTheForm) {
  Town::settable = {.name = true};
  owner("get", "");
  town().deliver({});
  EXPECT_EQ(w.count({"muc#roomconfig_roomname"}), 1U) << w.all();
  for (const char* field : {"membersonly", "publicroom", "moderatedroom", "roomsecret", "maxusers"})
    EXPECT_EQ(w.count({std::string("muc#roomconfig_") + field}), 0U) << field;
  Town::settable = {};
  w.sent.clear();
  owner("get", "");
  EXPECT_EQ(w.count({"feature-not-implemented"}), 1U) << w.all();
  submit(answer("roomname", "x"));
  EXPECT_EQ(w.count({"feature-not-implemented"}), 1U) << w.all();
  EXPECT_TRUE(town().open.empty());
}

TEST_F(Configuration, OnlyWhatIsAnotherIsAskedFor) {
  submit(answer("roomname", "Market") + answer("membersonly", "1") + answer("publicroom", "0") +
         answer("moderatedroom", "true") + answer("maxusers", "25") + answer("roomsecret", "") +
         answer("persistentroom", "1"));
  EXPECT_EQ(asked(), (SetRoomInfo{.name = "Market", .moderated = true, .hidden = true}));
  EXPECT_EQ(town().open[0].by->person(), PersonId{"juliet@example.org"});
  town().deliver({});
  EXPECT_EQ(w.count({"type='result'", "id='o'"}), 1U) << w.all();
  submit(answer("roomname", "Square") + answer("membersonly", "true"));
  EXPECT_TRUE(town().open.empty());
  EXPECT_EQ(w.count({"type='result'", "id='o'"}), 1U) << w.all();
}

TEST_F(Configuration, APasswordIsSetWithItsSwitchAndTakenAwayByIt) {
  submit(answer("passwordprotectedroom", "1") + answer("roomsecret", ""));
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
  submit(answer("passwordprotectedroom", "0") + answer("roomsecret", "left over"));
  EXPECT_EQ(w.count({"type='result'"}), 1U) << w.all();
  EXPECT_TRUE(town().open.empty());
  submit(answer("passwordprotectedroom", "1") + answer("roomsecret", "sesame"));
  EXPECT_EQ(asked(), (SetRoomInfo{.key = "sesame"}));
  town().deliver({});
  is({.name = "Square", .password_protected = true});
  // It is known from then on.
  owner("get", "");
  town().deliver({});
  EXPECT_EQ(w.count({"<value>sesame</value>"}), 1U) << w.all();
  submit(answer("passwordprotectedroom", "1") + answer("roomsecret", "sesame"));
  EXPECT_TRUE(town().open.empty());
  submit(answer("passwordprotectedroom", "0") + answer("roomsecret", "sesame"));
  EXPECT_EQ(asked(), (SetRoomInfo{.key = ""}));
}

TEST_F(Configuration, ALimitIsANumberOrNone) {
  for (const char* none : {"none", "", "0"}) {
    submit(answer("maxusers", none));
    EXPECT_EQ(asked(), (SetRoomInfo{.limit = 0})) << none;
    town().deliver({});
  }
  submit(answer("maxusers", "100"));
  EXPECT_EQ(asked(), (SetRoomInfo{.limit = 100}));
  town().deliver({});
  for (const char* bad : {"many", "-1", "12 people", "99999999999999999999999"}) {
    submit(answer("maxusers", bad));
    EXPECT_EQ(w.count({"not-acceptable"}), 1U) << bad << w.all();
  }
  EXPECT_TRUE(town().open.empty());
}

TEST_F(Configuration, ARefusalIsForbiddenInTheNetworksWords) {
  submit(answer("roomname", "Mine"), romeo);
  EXPECT_EQ(town().open.at(0).by->person(), PersonId{"romeo@example.org"});
  town().refuse({Reason::not_permitted, "You are no elder here"});
  EXPECT_EQ(w.count({"type='error'", "id='o'", "<forbidden", "You are no elder here"}), 1U) << w.all();
  submit(answer("roomname", "Mine"), romeo);
  town().refuse({Reason::too_large, "Too long a name"});
  EXPECT_EQ(w.count({"policy-violation", "Too long a name"}), 1U) << w.all();
}

TEST_F(Configuration, WhoIsNotInTheRoomChangesNothing) {
  const std::string stranger = "tybalt@example.org/street";
  owner("get", "", stranger);
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
  submit(answer("roomname", "Mine"), stranger);
  EXPECT_EQ(w.count({"not-acceptable"}), 1U) << w.all();
  w.in("<iq id='p' type='set' from='" + stranger + to_room + "'><vCard xmlns='vcard-temp'/></iq>");
  EXPECT_EQ(w.count({"type='error'", "not-acceptable"}), 1U) << w.all();
  EXPECT_TRUE(town().open.empty());
}

TEST_F(Configuration, TheRoomsCardSetsItsPictureAndAnEmptyOneTakesItAway) {
  picture("<PHOTO><TYPE>image/svg+xml</TYPE><BINVAL>" + net::base64(png) + "</BINVAL></PHOTO>");
  // The type is what the bytes are.
  EXPECT_EQ(asked(), (SetRoomInfo{.picture = Picture{"image/png", png}}));
  town().deliver({});
  EXPECT_EQ(w.count({"type='result'", "id='p'"}), 1U) << w.all();
  picture("");
  EXPECT_EQ(asked(), (SetRoomInfo{.picture = Picture{}}));
  town().refuse({Reason::not_permitted, "no"});
  EXPECT_EQ(w.count({"<forbidden", "id='p'"}), 1U) << w.all();
  picture("<PHOTO><BINVAL>" + net::base64("no picture at all") + "</BINVAL></PHOTO>");
  EXPECT_EQ(w.count({"not-acceptable", "PNG"}), 1U) << w.all();
  Town::settable.picture = false;
  picture("");
  EXPECT_EQ(w.count({"service-unavailable"}), 1U) << w.all();
  EXPECT_TRUE(town().open.empty());
}

TEST_F(Configuration, AListNamesThoseWhoAreShownAndThoseWhoAreNot) {
  const auto list = [&](const std::string& affiliation) {
    w.in("<iq id='l' type='get' from='" + juliet + to_room +
         "'><query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='" + affiliation +
         "'/></query></iq>");
  };
  const auto answer_with = [&](Standing standing, std::vector<ListedUser> users) {
    const auto question = town().take();
    EXPECT_EQ(std::get<ListStandings>(question.command.what).standing, standing);
    town().emit(*question.by, StandingList{std::move(users)});
    town().emit(*question.by, Delivered{question.command.token});
  };
  list("owner");
  answer_with(Standing::owner, {{"@mayor", Standing::owner, {}, {}}, {"@founder", Standing::owner, {}, {}}});
  ASSERT_EQ(w.sent.size(), 1U) << w.all();
  EXPECT_EQ(w.count({"nick='mayor'", "affiliation='owner' jid='\\40founder@echo.example'"}), 1U) << w.all();
  EXPECT_EQ(w.sent[0].find("\\40mayor@"), w.sent[0].rfind("\\40mayor@")) << w.all();
  // Two ranks of the network are one affiliation.
  list("member");
  answer_with(Standing::moderator, {{"@warden", Standing::moderator, {}, {}}});
  EXPECT_TRUE(w.sent.empty());
  answer_with(Standing::member, {{"@baker", Standing::member, {}, {}}});
  EXPECT_EQ(w.count({"jid='\\40warden@echo.example'", "jid='\\40baker@echo.example'"}), 1U) << w.all();
  // A network that can't say more has said all by who is there; but who is banned is not.
  list("owner");
  town().refuse({Reason::unsupported, {}});
  EXPECT_EQ(w.count({"type='result'", "nick='mayor'"}), 1U) << w.all();
  list("outcast");
  town().refuse({Reason::not_permitted, "not for you"});
  EXPECT_EQ(w.count({"type='error'", "not for you"}), 1U) << w.all();
}

TEST_F(Configuration, AnInvitationIsDeclinedThoughOthersAreInTheRoom) {
  const std::string decline =
      "'><x xmlns='http://jabber.org/protocol/muc#user'><decline to='mayor@echo.example'/></x></message>";
  w.in("<message from='tybalt@example.org/street" + to_room + decline);
  EXPECT_EQ(town().leaves, 1U);
  EXPECT_TRUE(w.sent.empty()) << w.all();
  // Who is in has nothing to decline.
  w.in("<message from='" + romeo + to_room + decline);
  EXPECT_EQ(town().leaves, 1U);
}

}  // namespace
}  // namespace dragoman::test
