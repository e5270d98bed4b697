// What an account's /sync brings.
#include <gmock/gmock.h>

#include "tests/unit/matrix_session/account_world.hpp"

namespace dragoman::matrix::account_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string chat = "!chat:example.org";
const std::string members =
    "{'joined':{'@alice:example.org':{'display_name':'Alice'},'@romeo:example.org':{'display_name':'Romeo'}}"
    "}";

std::string message(const std::string& id, const std::string& body,
                    const std::string& sender = "@romeo:example.org") {
  return "{'type':'m.room.message','event_id':'" + id + "','sender':'" + sender +
         "','origin_server_ts':1700000000000,'content':{'msgtype':'m.text','body':'" + body + "'}}";
}
// A chat with Romeo, and what happened in it.
std::string in_chat(const std::string& events, const std::string& more = "") {
  return "{'rooms':{'join':{'" + chat + "':{'timeline':{'events':[" + events + "]" + more + "}}}}}";
}

class SyncTest : public AccountTest {
 protected:
  SyncTest() {
    server.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded(chat) + "/*",
              Homeserver::Scripted{404, quoted("{'errcode':'M_NOT_FOUND'}")});
    server.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded(chat) + "/joined_members",
              quoted(members));
    log_in();
  }
  void first() {
    sync("{'account_data':{'events':[{'type':'m.direct','content':{'@romeo:example.org':['" + chat +
             "']}}]},'rooms':{'join':{'" + chat +
             "':{'state':{'events':[{'type':'m.room.member','state_key':'@romeo:example.org','sender':"
             "'@romeo:example.org','event_id':'$m','content':{'membership':'join','displayname':'Romeo'}}]},"
             "'timeline':{'events':[" +
             message("$old", "long ago") +
             "]}},'!room:example.org':{'summary':"
             "{'m.joined_member_count':7},'state':{'events':[{'type':'m.room.name','state_key':'','content':"
             "{'name':'Garden'}},{'type':'m.room.canonical_alias','state_key':'','content':{'alias':"
             "'#garden:example.org'}},{'type':'m.room.join_rules','state_key':'','content':{'join_rule':"
             "'public'}}]}}}}}",
         "s1");
  }
};

TEST_F(SyncTest, TheFirstOneSaysWhereTheAccountIs) {
  first();
  const auto told = house.all<OwnPlaces>();
  ASSERT_EQ(told.size(), 1U);
  ASSERT_EQ(told[0].rooms.size(), 1U);
  EXPECT_EQ(told[0].rooms[0].room, RoomId("#garden:example.org"));
  EXPECT_EQ(told[0].rooms[0].name, "Garden");
  EXPECT_EQ(told[0].rooms[0].members, 7U);
  EXPECT_TRUE(told[0].rooms[0].open);
  ASSERT_EQ(told[0].people.size(), 1U);
  EXPECT_EQ(told[0].people[0].user, UserId("@romeo:example.org"));
  EXPECT_EQ(told[0].people[0].name, "Romeo");
}

TEST_F(SyncTest, WhatWasSaidBeforeIsNotToldAsNew) {
  first();
  EXPECT_THAT(house.said(), IsEmpty());
}

TEST_F(SyncTest, EachPollGoesOnWhereTheOneBeforeEnded) {
  EXPECT_EQ(polls.back().parameter("since"), std::nullopt);
  first();
  EXPECT_EQ(polls.back().parameter("since"), "s1");
  EXPECT_EQ(polls.back().parameter("timeout"), "30000");
  sync("{}", "s2");
  EXPECT_EQ(polls.back().parameter("since"), "s2");
}

TEST_F(SyncTest, AMessageInAChatIsToldInIt) {
  first();
  sync(in_chat(message("$1", "good night")), "s2");
  wait([&] { return !house.said().empty(); });
  EXPECT_THAT(house.said(), ElementsAre("@romeo:example.org: good night"));
}

TEST_F(SyncTest, WhatAnotherDeviceSaidIsOnesOwn) {
  first();
  sync(in_chat(message("$1", "from my phone", "@alice:example.org")), "s2");
  wait([&] { return !house.said().empty(); });
  const auto own = std::find_if(house.heard.begin(), house.heard.end(), [](const Heard& one) {
    return std::holds_alternative<Message>(one.event.what) && std::holds_alternative<UserId>(one.event.in);
  });
  ASSERT_NE(own, house.heard.end());
  EXPECT_TRUE(own->event.sender.own);
}

TEST_F(SyncTest, AGapIsFilledInOrderBeforeWhatFollowsIt) {
  first();
  server.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded(chat) + "/messages",
            quoted("{'chunk':[" + message("$2", "two") + "," + message("$1", "one") + "],'start':'p'}"));
  sync(in_chat(message("$3", "three"), ",'limited':true,'prev_batch':'p'"), "s2");
  wait([&] { return house.said().size() >= 3; });
  EXPECT_THAT(house.said(),
              ElementsAre("@romeo:example.org: one", "@romeo:example.org: two", "@romeo:example.org: three"));
  const auto* asked = server.last("GET", "/_matrix/client/v3/rooms/" + net::url_encoded(chat) + "/messages");
  EXPECT_EQ(asked->parameter("from"), "p");
  EXPECT_EQ(asked->parameter("to"), "s1");
}

TEST_F(SyncTest, AnInvitationIsTold) {
  first();
  sync(
      "{'rooms':{'invite':{'!new:example.org':{'invite_state':{'events':[{'type':'m.room.member','state_key':"
      "'@alice:example.org','sender':'@romeo:example.org','content':{'membership':'invite'}}]}}}}}",
      "s2");
  const auto told = house.all<Invited>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].by, "@romeo:example.org");
}

TEST_F(SyncTest, ARoomThatIsLeftElsewhereIsNoPlaceAnyMore) {
  first();
  sync("{'rooms':{'leave':{'!room:example.org':{'timeline':{'events':[]}}}}}", "s2");
  const auto told = house.all<OwnPlaces>();
  ASSERT_EQ(told.size(), 2U);
  EXPECT_THAT(told[1].rooms, IsEmpty());
  EXPECT_EQ(told[1].people.size(), 1U);
}

TEST_F(SyncTest, PlacesAreRememberedOverARestart) {
  first();
  restart();
  polls.clear();
  wait([&] { return !polls.empty(); });
  sync("{}", "s2");
  const auto told = house.all<OwnPlaces>();
  ASSERT_EQ(told.size(), 2U);
  ASSERT_EQ(told[1].rooms.size(), 1U);
  EXPECT_EQ(told[1].rooms[0].name, "Garden");
  EXPECT_EQ(told[1].people.size(), 1U);
}

TEST_F(SyncTest, PresenceIsToldInTheConversation) {
  first();
  sync(
      "{'presence':{'events':[{'type':'m.presence','sender':'@romeo:example.org','content':{'presence':"
      "'online'}}]}}",
      "s2");
  const auto told = house.all<Presence>();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].online);
}

TEST_F(SyncTest, AHomeserverThatFailsIsAskedAgainAndThePersonSeesIt) {
  first();
  refuse(502, "{}");
  const std::size_t before = polls.size();
  wait([&] { return polls.size() > before; });
  EXPECT_EQ(polls.back().parameter("since"), "s1");
  EXPECT_EQ(accounts->session_of(juliet)->link(), Link::lost);
  sync("{}", "s2");
  EXPECT_EQ(accounts->session_of(juliet)->link(), Link::up);
}

TEST_F(SyncTest, APositionThatIsNotKnownAnyMoreIsGivenUp) {
  first();
  refuse(400, "{'errcode':'M_INVALID_PARAM','error':'since'}");
  const std::size_t before = polls.size();
  wait([&] { return polls.size() > before; });
  EXPECT_EQ(polls.back().parameter("since"), std::nullopt);
}

TEST_F(SyncTest, WhileHeldNothingIsTakenOver) {
  first();
  accounts->hold(true);
  std::exchange(poll, nullptr)
      ->send(200, {{"Content-Type", "application/json"}},
             quoted("{'next_batch':'s2'," + in_chat(message("$1", "later")).substr(1)));
  run_until(loop, [&] { return loop.poll() == 0; });
  EXPECT_EQ(store->notes().get(hub->network, "sync", juliet.value()), "s1");
  accounts->hold(false);
  wait([&] { return !house.said().empty(); });
  EXPECT_EQ(store->notes().get(hub->network, "sync", juliet.value()), "s2");
}

TEST_F(SyncTest, ARoomOfTwoThatNobodyNamedIsAChat) {
  sync(
      "{'rooms':{'join':{'" + chat +
          "':{'summary':{'m.joined_member_count':2,'m.heroes':['@romeo:example.org']}},'!three:example.org':{"
          "'summary':{'m.joined_member_count':3,'m.heroes':['@tybalt:example.org','@romeo:example.org']}}}}}",
      "s1");
  const auto told = house.all<OwnPlaces>();
  ASSERT_EQ(told.size(), 1U);
  ASSERT_EQ(told[0].people.size(), 1U);
  EXPECT_EQ(told[0].people[0].user, UserId("@romeo:example.org"));
  ASSERT_EQ(told[0].rooms.size(), 1U);
  EXPECT_EQ(told[0].rooms[0].name, "romeo, tybalt");
  sync(in_chat(message("$1", "good night")), "s2");
  wait([&] { return !house.said().empty(); });
  EXPECT_THAT(house.said(), ElementsAre("@romeo:example.org: good night"));
}

TEST_F(SyncTest, TheChatThatTheAccountNamesGoesBeforeOneThatIsGuessed) {
  sync(
      "{'account_data':{'events':[{'type':'m.direct','content':{'@romeo:example.org':['!z:example.org']}}]},"
      "'rooms':{'join':{'!a:example.org':{'summary':{'m.joined_member_count':2,'m.heroes':['@romeo:example."
      "org']"
      "}},'!z:example.org':{'summary':{'m.joined_member_count':2,'m.heroes':['@romeo:example.org']}}}}}",
      "s1");
  Stream& own = accounts->session_of(juliet)->stream();
  EXPECT_EQ(own.direct_room(juliet, UserId("@romeo:example.org")), "!z:example.org");
}

TEST_F(SyncTest, HostileAnswersDoNoHarm) {
  first();
  for (const char* body :
       {"{'rooms':[]}", "{'rooms':{'join':{'nonsense':{'timeline':{'events':[1,null,'x']}},'!a:b.c':5}}}",
        "{'account_data':{'events':[{'type':'m.direct','content':{'nobody':'x','@romeo:example.org':5}}]}}",
        "{'rooms':{'invite':{'!i:x.y':{'invite_state':{'events':[{}]}}},'leave':{'!l:x.y':[]}}}",
        "{'presence':{'events':[{'sender':5}]}}"}) {
    sync(body, "s2");
  }
  EXPECT_NE(accounts->session_of(juliet), nullptr);
}

}  // namespace
}  // namespace dragoman::matrix::account_test
