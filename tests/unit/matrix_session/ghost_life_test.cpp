// How long a ghost's session is there: no longer than somebody needs it, and nothing is lost by that.
#include <algorithm>
#include <vector>

#include "tests/unit/matrix_session/network_world.hpp"

namespace dragoman::matrix::test {
namespace {

using Given = const net::ServedRequest&;
using To = const std::shared_ptr<net::Answer>&;

const std::string lobby_id = "!lobby:example.org", chat_id = "!chat:example.org";
const std::string lobby_path = "/_matrix/client/v3/rooms/%21lobby%3Aexample.org";
const std::string chat_path = "/_matrix/client/v3/rooms/%21chat%3Aexample.org";
const std::string send_path = lobby_path + "/send/m.room.message/*";
const std::string juliets_presence = "/_matrix/client/v3/presence/%40_xmpp_juliet%3D40example.org*";
const std::string juliets_name = "/_matrix/client/v3/profile/%40_xmpp_juliet%3D40example.org*";
const UserId alice{"@alice:example.org"};

struct GhostLifeTest : NetworkTest {
  GhostLifeTest() {
    patience.presence = std::chrono::milliseconds(250);
    restart();
    make_room(lobby_id, lobby.value());
  }

  bool is_there(const std::string& who) {
    return network->hub().find_ghost_session(PersonId{who + "@example.org"}) != nullptr;
  }
  bool goes(const std::string& who) {
    return until([&] { return !is_there(who); });
  }
  // Romeo comes and goes: by then whoever is not needed has gone as well.
  bool romeo_comes_and_goes() {
    if (!joins(romeo(), lobby, "romeo")) return false;
    romeo().perform({lobby, {}, Leave{}});
    return goes("romeo");
  }
  // Juliet has written to alice before.
  bool juliet_has_a_chat() {
    make_room(chat_id);
    homeserver.on("GET", "/_matrix/client/v3/profile/*", R"({"displayname":"Alice"})");
    homeserver.on("POST", "/_matrix/client/v3/createRoom", R"({"room_id":"!chat:example.org"})");
    homeserver.on("PUT", chat_path + "/send/m.room.message/*", R"({"event_id":"$1"})");
    juliet(alice).perform({alice, "first", Message{"Hello"}});
    return come<Delivered>();
  }
};

TEST_F(GhostLifeTest, WhoHasLeftEverythingIsLetGoAndTheHouseIsToldSo) {
  ASSERT_TRUE(juliet_joins(lobby));
  juliet(lobby).perform({lobby, {}, Leave{"gone"}});
  ASSERT_TRUE(goes("juliet"));
  EXPECT_EQ(std::vector{PersonId{"juliet@example.org"}}, sink.ended);
  EXPECT_EQ(1U, count<Exited>());
}

TEST_F(GhostLifeTest, WhoIsInARoomStays) {
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(romeo_comes_and_goes());
  EXPECT_TRUE(is_there("juliet"));
  EXPECT_EQ(std::vector{PersonId{"romeo@example.org"}}, sink.ended);
}

TEST_F(GhostLifeTest, WhoIsOnTheWayInStays) {
  std::shared_ptr<net::Answer> open;
  const std::string join = "/_matrix/client/v3/join/%21lobby%3Aexample.org";
  ASSERT_TRUE(romeo_comes_and_goes());
  homeserver.on("POST", join, Scripted::Handler([&](Given, To answer) { open = answer; }));
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(until([&] { return open != nullptr; }));
  sink.ended.clear();
  romeo();
  ASSERT_TRUE(goes("romeo"));
  EXPECT_TRUE(is_there("juliet"));
  open->send(200, {}, R"({"room_id":"!lobby:example.org"})");
  EXPECT_TRUE(until([&] { return count<Entered>() == 2; }));
}

TEST_F(GhostLifeTest, WhoComesBackIsNamedOnlyOnce) {
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(juliet_joins(lobby, "Juliet"));
    juliet(lobby).perform({lobby, {}, Leave{}});
    ASSERT_TRUE(goes("juliet"));
  }
  EXPECT_EQ(2U, count<Entered>());
  EXPECT_EQ(1U, homeserver.count("PUT", juliets_name));
  EXPECT_EQ(0U, homeserver.count("PUT", lobby_path + "/state/m.room.member/*"));
  const auto registers =
      std::count_if(homeserver.requests.begin(), homeserver.requests.end(), [](Given asked) {
        return asked.path == "/_matrix/client/v3/register" && asked.body.find("juliet") != std::string::npos;
      });
  EXPECT_EQ(1, registers);
}

TEST_F(GhostLifeTest, WhatWaitedWhenSomebodyWasLetGoIsSentAndItsSenderToldWhatBecameOfIt) {
  std::vector<std::shared_ptr<net::Answer>> open;
  homeserver.on("PUT", send_path, Scripted::Handler([&](Given, To answer) { open.push_back(answer); }));
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(joins(romeo(), lobby, "romeo"));
  romeo().perform({lobby, "r", Message{"I speak first"}});
  juliet(lobby).perform({lobby, "j1", Message{"Then I"}});
  juliet(lobby).perform({lobby, "j2", Message{"And again"}});
  ASSERT_TRUE(until([&] { return open.size() == 1; }));
  ASSERT_EQ(200, push("1", R"({"type":"m.room.member","event_id":"$kick","room_id":"!lobby:example.org",)"
                           R"("sender":"@alice:example.org","origin_server_ts":1700000000000,)"
                           R"("state_key":"@_xmpp_juliet=40example.org:example.org",)"
                           R"("content":{"membership":"leave"}})"));
  ASSERT_TRUE(goes("juliet"));
  open[0]->send(200, {}, R"({"event_id":"$r"})");
  ASSERT_TRUE(until([&] { return open.size() == 2; }));
  open[1]->send(200, {}, R"({"event_id":"$j1"})");
  ASSERT_TRUE(until([&] { return open.size() == 3; }));
  open[2]->send(403, {}, R"({"errcode":"M_FORBIDDEN","error":"not in the room"})");
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ("j2", std::get<Failed>(last<Failed>()->what).token);
  EXPECT_EQ("j1", std::get<Delivered>(last<Delivered>()->what).token);
  EXPECT_EQ(MessageId{"$j1"}, last<Delivered>()->id);
  for (const Told& told : sink.told) {
    const auto* delivered = std::get_if<Delivered>(&told.event.what);
    const bool of_juliet =
        (delivered != nullptr && delivered->token == "j1") || std::holds_alternative<Failed>(told.event.what);
    EXPECT_TRUE(!of_juliet || told.person == PersonId{"juliet@example.org"}) << told.person.value();
  }
}

TEST_F(GhostLifeTest, WhatIsSaidToSomebodyWhoWasLetGoIsTold) {
  ASSERT_TRUE(juliet_has_a_chat());
  ASSERT_TRUE(goes("juliet"));
  ASSERT_EQ(200, push("1", message("$2", chat_id, alice.value(), "Are you there?")));
  ASSERT_TRUE(come<Message>());
  EXPECT_EQ(Conversation{alice}, last<Message>()->in);
  EXPECT_EQ("juliet@example.org", sink.told.back().person.value());
}

TEST_F(GhostLifeTest, WhoWantsToBeSeenStaysUntilTheyGo) {
  juliet().perform({PlaceId{}, {}, SetAvailability{}});
  ASSERT_TRUE(until([&] { return homeserver.count("PUT", juliets_presence) >= 2; })) << "it is told again";
  ASSERT_TRUE(romeo_comes_and_goes());
  EXPECT_TRUE(is_there("juliet"));
  juliet().perform({PlaceId{}, {}, SetAvailability{.online = false}});
  EXPECT_TRUE(goes("juliet"));
}

TEST_F(GhostLifeTest, WhoWasSeenBecauseOfARoomIsSeenNoMoreWhenItIsLeft) {
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(until([&] { return homeserver.count("PUT", juliets_presence) > 0; }));
  juliet(lobby).perform({lobby, {}, Leave{}});
  ASSERT_TRUE(until([&] {
    const auto* shown = homeserver.last("PUT", juliets_presence);
    return shown->body.find("offline") != std::string::npos;
  }));
  EXPECT_TRUE(goes("juliet"));
}

TEST_F(GhostLifeTest, WhoIsTypingStaysUntilTheyHaveStopped) {
  ASSERT_TRUE(juliet_has_a_chat());
  homeserver.on("PUT", chat_path + "/typing/*", "{}");
  juliet(alice).perform({alice, {}, Typing{TypingState::composing}});
  ASSERT_TRUE(romeo_comes_and_goes());
  juliet(alice).perform({alice, {}, Typing{TypingState::paused}});
  ASSERT_TRUE(until([&] { return homeserver.count("PUT", chat_path + "/typing/*") == 2; }));
  EXPECT_EQ(R"({"typing":false})", homeserver.last("PUT", chat_path + "/typing/*")->body);
}

TEST_F(GhostLifeTest, WhoAskedForAChatsPastStaysUntilItIsTold) {
  ASSERT_TRUE(juliet_has_a_chat());
  std::shared_ptr<net::Answer> open;
  homeserver.on("GET", chat_path + "/messages", Scripted::Handler([&](Given, To answer) { open = answer; }));
  juliet(alice).perform({alice, "h", FetchHistory{10}});
  ASSERT_TRUE(until([&] { return open != nullptr; }));
  ASSERT_TRUE(romeo_comes_and_goes());
  EXPECT_TRUE(is_there("juliet"));
  open->send(200, {}, R"({"chunk":[],"start":"a"})");
  EXPECT_TRUE(come<HistoryTold>());
  EXPECT_TRUE(goes("juliet"));
}

// A join that is answered after its person was disconnected leaves nobody behind.
TEST_F(GhostLifeTest, WhoIsDisconnectedOnTheWayInIsNotInAfterwards) {
  std::shared_ptr<net::Answer> open;
  homeserver.on("GET", lobby_path + "/joined_members",
                Scripted::Handler([&](Given, To answer) { open = answer; }));
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(until([&] { return open != nullptr; }));
  network->disconnect(juliet(lobby), "by the admin");
  EXPECT_EQ(1U, count<Failed>());
  open->send(200, {}, R"({"joined":{}})");
  EXPECT_TRUE(until([&] { return homeserver.count("POST", lobby_path + "/leave") == 1; }));
  EXPECT_TRUE(goes("juliet"));
  EXPECT_EQ(0U, count<Entered>());
}

}  // namespace
}  // namespace dragoman::matrix::test
