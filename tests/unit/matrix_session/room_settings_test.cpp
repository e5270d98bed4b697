// What a room is, changed from here; who has which rank in it; and invitations that are declined.
#include <gmock/gmock.h>

#include "mapping/notes_table.hpp"
#include "tests/unit/matrix_session/network_world.hpp"

namespace dragoman::matrix::test {
namespace {

const std::string lobby_id = "!lobby:example.org";
const std::string state_path = "/_matrix/client/v3/rooms/%21lobby%3Aexample.org/state/";
const std::string listed_path = "/_matrix/client/v3/directory/list/room/%21lobby%3Aexample.org";
const std::string ghost_id = "@_xmpp_juliet=40example.org:example.org";

class RoomSettings : public NetworkTest {
 protected:
  RoomSettings() {
    make_room(lobby_id, lobby.value());
    homeserver.on("PUT", state_path + "*", R"({"event_id":"$set"})");
    homeserver.on("PUT", listed_path, "{}");
  }
  void enter() { ASSERT_TRUE(juliet_joins(lobby)); }
  // True when it was delivered.
  bool set(SetRoomInfo wish) {
    const std::size_t before = count<Delivered>() + count<Failed>();
    const std::size_t done = count<Delivered>();
    juliet(lobby).perform({lobby, "s", std::move(wish)});
    EXPECT_TRUE(until([&] { return count<Delivered>() + count<Failed>() > before; }));
    return count<Delivered>() > done;
  }
  std::string sent(const std::string& type) {
    const auto* request = homeserver.last("PUT", state_path + type + "/");
    return request != nullptr ? request->body : std::string();
  }
  RoomInfo info() { return std::get<RoomInfo>(last<RoomInfo>()->what); }
};

TEST_F(RoomSettings, AreStateEventsOfThePersonsOwnVoice) {
  enter();
  EXPECT_TRUE(juliet(lobby).features(lobby).can_set.name);
  EXPECT_FALSE(juliet(lobby).features(lobby).can_set.key);
  EXPECT_TRUE(set({.name = "The orchard", .members_only = true, .moderated = true}));
  EXPECT_EQ(sent("m.room.name"), R"({"name":"The orchard"})");
  EXPECT_EQ(sent("m.room.join_rules"), R"({"join_rule":"invite"})");
  EXPECT_NE(sent("m.room.power_levels").find(R"("events_default":1)"), std::string::npos);
  EXPECT_EQ(homeserver.last("PUT", state_path + "m.room.name/")->parameter("user_id"), ghost_id);
}

TEST_F(RoomSettings, ARoomThatIsClosedByAFinerRuleKeepsIt) {
  homeserver.forget("GET", state_path + "m.room.join_rules");
  state(lobby_id, "m.room.join_rules", R"({"join_rule":"knock_restricted"})");
  enter();
  EXPECT_TRUE(info().members_only);
  EXPECT_TRUE(set({.members_only = true}));
  EXPECT_EQ(sent("m.room.join_rules"), "");
  EXPECT_TRUE(set({.members_only = false}));
  EXPECT_EQ(sent("m.room.join_rules"), R"({"join_rule":"public"})");
}

TEST_F(RoomSettings, APictureIsBroughtToTheRepositoryAndTakenAway) {
  homeserver.on("POST", "/_matrix/media/v3/upload", R"({"content_uri":"mxc://example.org/pic"})");
  enter();
  EXPECT_TRUE(set({.picture = Picture{"image/png", std::string("\x89PNG\r\n\x1A\n", 8)}}));
  EXPECT_NE(sent("m.room.avatar").find(R"("url":"mxc://example.org/pic")"), std::string::npos);
  EXPECT_NE(sent("m.room.avatar").find(R"("mimetype":"image/png")"), std::string::npos);
  EXPECT_TRUE(set({.picture = Picture{}}));
  EXPECT_EQ(sent("m.room.avatar"), "{}");
}

TEST_F(RoomSettings, WhetherItIsListedIsAskedForAndToldOnce) {
  homeserver.on("GET", listed_path, R"({"visibility":"private"})");
  enter();
  EXPECT_FALSE(info().hidden);
  const std::size_t before = count<Delivered>();
  const auto fetch = [&] {
    const std::size_t told = count<Delivered>();
    juliet(lobby).perform({lobby, "f", FetchRoomInfo{}});
    EXPECT_TRUE(until([&] { return count<Delivered>() > told; }));
  };
  fetch();
  EXPECT_TRUE(info().hidden);
  const std::size_t infos = count<RoomInfo>();
  fetch();
  EXPECT_EQ(count<RoomInfo>(), infos);
  EXPECT_EQ(count<Delivered>(), before + 2);
  // Of a change no event comes: the answer tells.
  EXPECT_TRUE(set({.hidden = false}));
  EXPECT_EQ(homeserver.last("PUT", listed_path)->body, R"({"visibility":"public"})");
  EXPECT_FALSE(info().hidden);
}

TEST_F(RoomSettings, AnAnswerThatIsNoneIsNoAnswerToWhetherItIsListed) {
  enter();  // nothing is scripted for it: 404
  juliet(lobby).perform({lobby, "f", FetchRoomInfo{}});
  EXPECT_TRUE(come<Delivered>());
  EXPECT_FALSE(info().hidden);
}

TEST_F(RoomSettings, TheFirstRefusalEndsItInTheHomeserversWords) {
  homeserver.on("PUT", state_path + "m.room.join_rules/",
                Scripted::Scripted{403, R"({"errcode":"M_FORBIDDEN","error":"You are no elder"})"});
  enter();
  EXPECT_FALSE(set({.name = "Mine", .members_only = true, .hidden = true}));
  const Failure& why = std::get<Failed>(last<Failed>()->what).failure;
  EXPECT_EQ(why.reason, Reason::not_permitted);
  EXPECT_NE(why.text.find("You are no elder"), std::string::npos) << why.text;
  EXPECT_NE(why.text.find("Part of it was changed"), std::string::npos) << why.text;
  EXPECT_EQ(homeserver.count("PUT", listed_path), 0U);
}

TEST_F(RoomSettings, WhatMatrixLacksIsRefusedWhole) {
  enter();
  EXPECT_FALSE(set({.name = "x", .key = "sesame"}));
  EXPECT_EQ(std::get<Failed>(last<Failed>()->what).failure.reason, Reason::unsupported);
  EXPECT_EQ(sent("m.room.name"), "");
}

TEST_F(RoomSettings, WhoIsNotInTheRoomChangesNothing) {
  EXPECT_FALSE(set({.name = "x"}));
  EXPECT_EQ(std::get<Failed>(last<Failed>()->what).failure.reason, Reason::not_joined);
}

TEST_F(RoomSettings, AListNamesAllOfThatRankWhetherTheyAreThereOrNot) {
  homeserver.forget("GET", state_path + "m.room.power_levels");
  state(lobby_id, "m.room.power_levels",
        R"({"users":{"@alice:example.org":100,"@away:far.example":100,"@warden:far.example":50}})");
  enter();
  const auto listed = [&](Standing standing) {
    juliet(lobby).perform({lobby, "l", ListStandings{standing}});
    std::vector<std::string> who;
    for (const ListedUser& user : std::get<StandingList>(last<StandingList>()->what).users)
      who.push_back(user.who);
    return who;
  };
  EXPECT_THAT(listed(Standing::owner),
              testing::UnorderedElementsAre("@alice:example.org", "@away:far.example"));
  EXPECT_THAT(listed(Standing::admin), testing::UnorderedElementsAre("@warden:far.example"));
  EXPECT_THAT(listed(Standing::member), testing::IsEmpty());
}

// ---- invitations

class Declined : public NetworkTest {
 protected:
  const std::string leave = "/_matrix/client/v3/rooms/%21den%3Aexample.org/leave";
  const RoomId den{"!den:example.org"};
  void invited() {
    const std::string event =
        R"({"type":"m.room.member","room_id":"!den:example.org","event_id":"$invite","sender":"@alice:example.org",)"
        R"("state_key":")" +
        ghost_id + R"(","content":{"membership":"invite"}})";
    ASSERT_EQ(push("1", event), 200);
    ASSERT_EQ(count<Invited>(), 1U);
  }
};

TEST_F(Declined, AnInvitationIsRejectedOnceWithItsReason) {
  homeserver.on("POST", leave, "{}");
  invited();
  juliet(den).perform({den, "d", Leave{"too late at night"}});
  EXPECT_TRUE(until([&] { return homeserver.count("POST", leave) == 1; }));
  EXPECT_EQ(homeserver.last("POST", leave)->parameter("user_id"), ghost_id);
  EXPECT_EQ(homeserver.last("POST", leave)->body, R"({"reason":"too late at night"})");
  EXPECT_EQ(count<Delivered>(), 1U);
  juliet(den).perform({den, "d2", Leave{}});
  EXPECT_EQ(count<Delivered>(), 2U);
  EXPECT_TRUE(until([&] { return store->notes().all(NetworkId{settings.domain}, "invitation").empty(); }));
  EXPECT_EQ(homeserver.count("POST", leave), 1U);
}

TEST_F(Declined, AHomeserverThatIsAwayIsToldLaterAlsoAfterARestart) {
  homeserver.on("POST", leave, Scripted::Scripted{503, "{}"});
  invited();
  restart();
  juliet(den).perform({den, {}, Leave{}});
  EXPECT_TRUE(until([&] { return homeserver.count("POST", leave) >= 1; }));
  const std::size_t before = homeserver.count("POST", leave);
  homeserver.forget("POST", leave);
  homeserver.on("POST", leave, "{}");
  restart();
  EXPECT_TRUE(until([&] { return homeserver.count("POST", leave) > before; }));
}

TEST_F(Declined, WhoWasNotInvitedOrHasComeInDeclinesNothing) {
  juliet(den).perform({den, "d", Leave{}});
  EXPECT_EQ(count<Delivered>(), 1U);
  make_room(den.value());
  invited();
  ASSERT_TRUE(juliet_joins(den));
  EXPECT_TRUE(store->notes().all(NetworkId{settings.domain}, "invited").empty());
  EXPECT_EQ(homeserver.count("POST", leave), 0U);
}

}  // namespace
}  // namespace dragoman::matrix::test
