#include "tests/unit/matrix_session/network_world.hpp"

namespace dragoman::matrix::test {
namespace {

const std::string lobby_id = "!lobby:example.org";
const std::string lobby_path = "/_matrix/client/v3/rooms/%21lobby%3Aexample.org";
const std::string send_path = lobby_path + "/send/m.room.message/*";
const std::string ghost_id = "@_xmpp_juliet=40example.org:example.org";

const Failure& failure_of(const Event* event) { return std::get<Failed>(event->what).failure; }

TEST_F(NetworkTest, ARoomIsJoinedByItsAliasAsAGhostThatIsRegisteredFirst) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  std::size_t registered = 0;
  for (const auto& request : homeserver.requests) {
    if (request.path != "/_matrix/client/v3/register") continue;
    const auto body = parse_json(request.body)->as_object();
    EXPECT_EQ("m.login.application_service", text_at(body, "type"));
    EXPECT_TRUE(true_at(body, "inhibit_login"));
    registered += text_at(body, "username") == "_xmpp_juliet=40example.org" ? 1 : 0;
  }
  EXPECT_EQ(1U, registered);
  const auto* join = homeserver.last("POST", "/_matrix/client/v3/join/*");
  ASSERT_NE(nullptr, join);
  EXPECT_EQ(ghost_id, join->parameter("user_id"));
  const Event* entered = last<Entered>();
  EXPECT_EQ(Conversation{lobby}, entered->in);
  EXPECT_EQ("juliet", std::get<Entered>(entered->what).nick);
  EXPECT_EQ(0U, count<Failed>());
}

TEST_F(NetworkTest, AGhostThatExistsAlreadyIsAsGoodAsANewOne) {
  homeserver.forget("POST", "/_matrix/client/v3/register");
  homeserver.on("POST", "/_matrix/client/v3/register",
                Scripted::Scripted{400, R"({"errcode":"M_USER_IN_USE"})"});
  make_room(lobby_id, lobby.value());
  EXPECT_TRUE(juliet_joins(lobby));
}

TEST_F(NetworkTest, AGhostIsRegisteredAndNamedOnceOverRestarts) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  const auto registered = homeserver.count("POST", "/_matrix/client/v3/register");
  restart();
  ASSERT_TRUE(juliet_joins(lobby));
  EXPECT_EQ(registered, homeserver.count("POST", "/_matrix/client/v3/register"));
}

TEST_F(NetworkTest, ARoomThatIsNotThereIsToldSo) {
  homeserver.on("GET", "/_matrix/client/v3/directory/room/*",
                Scripted::Scripted{404, R"({"errcode":"M_NOT_FOUND","error":"no"})"});
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ(Reason::no_such_room, failure_of(last<Failed>()).reason);
}

TEST_F(NetworkTest, AClosedRoomIsKnockedAt) {
  make_room(lobby_id, lobby.value());
  const std::string join = "/_matrix/client/v3/join/%21lobby%3Aexample.org";
  homeserver.forget("POST", join);
  homeserver.on("POST", join, Scripted::Scripted{403, R"({"errcode":"M_FORBIDDEN","error":"not invited"})"});
  homeserver.on("POST", "/_matrix/client/v3/knock/*", R"({"room_id":"!lobby:example.org"})");
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ(Reason::members_only, failure_of(last<Failed>()).reason);
  EXPECT_NE(std::string::npos, failure_of(last<Failed>()).text.find("asked to be let in"));
}

TEST_F(NetworkTest, SomebodyWhoIsBannedIsToldSo) {
  make_room(lobby_id, lobby.value());
  const std::string join = "/_matrix/client/v3/join/%21lobby%3Aexample.org";
  homeserver.forget("POST", join);
  homeserver.on(
      "POST", join,
      Scripted::Scripted{403, R"({"errcode":"M_FORBIDDEN","error":"@a:b is banned from the room"})"});
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ(Reason::banned, failure_of(last<Failed>()).reason);
}

TEST_F(NetworkTest, SomebodyWhoMayNotUseTheBridgeIsToldSo) {
  settings.matrix.allow = {"example.com"};
  network->reload(settings);
  juliet(lobby).perform({lobby, "j", Join{"juliet", {}, false}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ(Reason::not_permitted, failure_of(last<Failed>()).reason);
}

TEST_F(NetworkTest, WhatIsSaidInARoomOfMatrixIsToldOnceWhateverIsSentAgain) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  EXPECT_EQ(200, push("1", message("$1", lobby_id, "@alice:example.org", "hello")));
  EXPECT_EQ(1U, count<Message>());
  EXPECT_EQ(MessageId{"$1"}, last<Message>()->id);
  EXPECT_EQ(200, push("1", message("$1", lobby_id, "@alice:example.org", "hello")));
  EXPECT_EQ(1U, count<Message>());
  EXPECT_EQ(200, push("2", message("$1", lobby_id, "@alice:example.org", "hello")));
  EXPECT_EQ(1U, count<Message>());
}

// Synapse on SQLite counts its transactions from 1 again after a restart.
TEST_F(NetworkTest, AnotherTransactionUnderAnOldNumberIsNoRepetition) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  EXPECT_EQ(200, push("1", message("$1", lobby_id, "@alice:example.org", "hello")));
  EXPECT_EQ(200, push("1", message("$2", lobby_id, "@alice:example.org", "after a restart")));
  EXPECT_EQ(2U, count<Message>());
}

TEST_F(NetworkTest, EventsOfRoomsThatNobodyIsInCauseNoCalls) {
  ASSERT_TRUE(until([&] { return !homeserver.requests.empty(); }));
  ASSERT_TRUE(until([&] { return homeserver.count("POST", "/_matrix/client/v1/appservice/*") > 0; }));
  const std::size_t before = homeserver.requests.size();
  EXPECT_EQ(200, push("1", message("$1", "!other:example.org", "@alice:example.org", "hello")));
  EXPECT_EQ(before, homeserver.requests.size());
  EXPECT_EQ(0U, count<Message>());
}

TEST_F(NetworkTest, WhatIsSaidIsDeliveredWithItsIdAndItsEchoIsNotTold) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", send_path, R"({"event_id":"$sent"})");
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ("t1", std::get<Delivered>(last<Delivered>()->what).token);
  EXPECT_EQ(MessageId{"$sent"}, last<Delivered>()->id);
  EXPECT_EQ(200, push("1", message("$sent", lobby_id, ghost_id, "Hello")));
  EXPECT_EQ(0U, count<Message>());
}

TEST_F(NetworkTest, AnEventThatComesBeforeTheSendReturnsIsKnownByTheAnswer) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  std::shared_ptr<net::Answer> open;
  homeserver.on("PUT", send_path,
                Scripted::Handler([&](const net::ServedRequest&, const std::shared_ptr<net::Answer>& answer) {
                  open = answer;
                }));
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(until([&] { return open != nullptr; }));
  EXPECT_EQ(200, push("1", message("$sent", lobby_id, ghost_id, "Hello") + "," +
                               message("$next", lobby_id, "@alice:example.org", "Hello yourself")));
  EXPECT_EQ(0U, count<Message>());
  open->send(200, {}, R"({"event_id":"$sent"})");
  ASSERT_TRUE(come<Message>());
  EXPECT_EQ(1U, count<Message>());
  EXPECT_EQ(MessageId{"$next"}, last<Message>()->id);
  EXPECT_EQ(1U, count<Delivered>());
}

TEST_F(NetworkTest, SendsOfOneRoomAreInOrderAndTheirTransactionIdsUnique) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  int sent = 0;
  homeserver.on("PUT", send_path,
                Scripted::Handler([&](const net::ServedRequest&, const std::shared_ptr<net::Answer>& answer) {
                  answer->send(200, {}, R"({"event_id":"$e)" + std::to_string(++sent) + "\"}");
                }));
  for (int i = 0; i < 20; ++i) {
    juliet(lobby).perform({lobby, std::to_string(i), Message{std::to_string(i)}});
  }
  ASSERT_TRUE(until([&] { return count<Delivered>() == 20; }));
  std::set<std::string> paths;
  int expected = 0;
  for (const auto& request : homeserver.requests) {
    if (request.method != "PUT" || request.path.find("/send/") == std::string::npos) continue;
    paths.insert(request.path);
    EXPECT_EQ(std::to_string(expected++), text_at(parse_json(request.body)->as_object(), "body"));
  }
  EXPECT_EQ(20U, paths.size());
  EXPECT_TRUE(network->stream().queues().idle());
}

TEST_F(NetworkTest, WhatWasNotAnsweredBeforeARestartIsSentAfterItWithTheSameTransactionId) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  std::vector<std::shared_ptr<net::Answer>> open;
  std::vector<std::string> paths;
  homeserver.on(
      "PUT", send_path,
      Scripted::Handler([&](const net::ServedRequest& asked, const std::shared_ptr<net::Answer>& answer) {
        paths.push_back(asked.path);
        open.push_back(answer);
      }));
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(until([&] { return paths.size() == 1; }));
  restart();
  ASSERT_TRUE(until([&] { return paths.size() == 2; }));
  EXPECT_EQ(paths[0], paths[1]);
  open[1]->send(200, {}, R"({"event_id":"$sent"})");
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ("t1", std::get<Delivered>(last<Delivered>()->what).token);
}

TEST_F(NetworkTest, WhatIsRefusedForGoodIsToldInTheServersWords) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", send_path,
                Scripted::Scripted{403, R"({"errcode":"M_FORBIDDEN","error":"You have no power here"})"});
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ("t1", std::get<Failed>(last<Failed>()->what).token);
  EXPECT_NE(std::string::npos, failure_of(last<Failed>()).text.find("You have no power here"));
}

TEST_F(NetworkTest, NothingIsSentIntoAnEncryptedRoomAndTheSenderReadsWhy) {
  make_room(lobby_id, lobby.value());
  state(lobby_id, "m.room.encryption", R"({"algorithm":"m.megolm.v1.aes-sha2"})");
  ASSERT_TRUE(juliet_joins(lobby));
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_NE(std::string::npos, failure_of(last<Failed>()).text.find("encrypted"));
  EXPECT_EQ(0U, homeserver.count("PUT", send_path));
}

TEST_F(NetworkTest, ReactionsAreSentAsTheDifference) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  int sent = 0;
  const auto answer = [&](const net::ServedRequest&, const std::shared_ptr<net::Answer>& to) {
    to->send(200, {}, R"({"event_id":"$r)" + std::to_string(++sent) + "\"}");
  };
  const std::string react = lobby_path + "/send/m.reaction/*", redact = lobby_path + "/redact/%24r1/*";
  homeserver.on("PUT", react, Scripted::Handler(answer));
  homeserver.on("PUT", redact, Scripted::Handler(answer));
  juliet(lobby).perform({lobby, "1", Reactions{MessageId{"$m"}, {"a", "b"}}});
  ASSERT_TRUE(until([&] { return count<Delivered>() == 1; }));
  EXPECT_EQ(2U, homeserver.count("PUT", react));
  juliet(lobby).perform({lobby, "2", Reactions{MessageId{"$m"}, {"b"}}});
  ASSERT_TRUE(until([&] { return count<Delivered>() == 2; }));
  EXPECT_EQ(2U, homeserver.count("PUT", react));
  EXPECT_EQ(1U, homeserver.count("PUT", redact));
}

TEST_F(NetworkTest, WhoLeavesIsToldSoOnceAndGoesAfterWhatTheySaid) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", send_path, R"({"event_id":"$sent"})");
  juliet(lobby).perform({lobby, "t1", Message{"Farewell"}});
  juliet(lobby).perform({lobby, "t2", Leave{"gone"}});
  ASSERT_TRUE(until([&] { return count<Delivered>() == 2; }));
  ASSERT_TRUE(come<Exited>());
  EXPECT_EQ(1U, count<Exited>());
  std::size_t at_send = 0, at_leave = 0;
  for (std::size_t i = 0; i < homeserver.requests.size(); ++i) {
    if (homeserver.requests[i].path.find("/send/") != std::string::npos) at_send = i;
    if (homeserver.requests[i].path.ends_with("/leave")) at_leave = i;
  }
  EXPECT_LT(at_send, at_leave);
}

// ------------------------------------------------------------------------------------------------- one to
// one

const UserId alice_user{"@alice:example.org"};

TEST_F(NetworkTest, AChatGetsARoomWhenSomebodyWritesAndOnlyOne) {
  make_room("!chat:example.org");
  homeserver.on("GET", "/_matrix/client/v3/profile/%40alice%3Aexample.org", R"({"displayname":"Alice"})");
  homeserver.on("POST", "/_matrix/client/v3/createRoom", R"({"room_id":"!chat:example.org"})");
  homeserver.on("PUT", "/_matrix/client/v3/rooms/%21chat%3Aexample.org/send/m.room.message/*",
                R"({"event_id":"$1"})");
  juliet(alice_user).perform({alice_user, "1", Message{"Hello"}});
  juliet(alice_user).perform({alice_user, "2", Message{"Are you there?"}});
  ASSERT_TRUE(until([&] { return count<Delivered>() == 2; }));
  EXPECT_EQ(1U, homeserver.count("POST", "/_matrix/client/v3/createRoom"));
  const auto* created = homeserver.last("POST", "/_matrix/client/v3/createRoom");
  EXPECT_TRUE(true_at(parse_json(created->body)->as_object(), "is_direct"));
  restart();
  sink.told.clear();
  EXPECT_EQ(200, push("1", message("$9", "!chat:example.org", alice_user.value(), "Yes")));
  ASSERT_TRUE(come<Message>());
  EXPECT_EQ(Conversation{alice_user}, last<Message>()->in);
}

TEST_F(NetworkTest, SomebodyWhoDoesNotExistIsToldSoAndGetsNoRoom) {
  homeserver.on("GET", "/_matrix/client/v3/profile/*",
                Scripted::Scripted{404, R"({"errcode":"M_NOT_FOUND"})"});
  juliet(alice_user).perform({alice_user, "1", Message{"Hello"}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ(Reason::no_such_user, failure_of(last<Failed>()).reason);
  EXPECT_EQ(0U, homeserver.count("POST", "/_matrix/client/v3/createRoom"));
}

std::string invitation(const std::string& by, bool direct) {
  return R"({"type":"m.room.member","event_id":"$inv","room_id":"!chat:example.org","sender":")" + by +
         R"(","state_key":")" + ghost_id + R"(","origin_server_ts":1700000000000,"content":)" +
         R"({"membership":"invite","is_direct":)" + (direct ? "true" : "false") + "}}";
}

TEST_F(NetworkTest, AnInvitationToAChatIsAcceptedAndToldAsAWishToTalk) {
  make_room("!chat:example.org");
  EXPECT_EQ(200, push("1", invitation(alice_user.value(), true)));
  EXPECT_EQ(1U, count<Invited>());
  EXPECT_EQ(Conversation{alice_user}, last<Invited>()->in);
  ASSERT_TRUE(
      until([&] { return homeserver.count("POST", "/_matrix/client/v3/join/%21chat%3Aexample.org") == 1; }));
  EXPECT_EQ(200, push("2", message("$1", "!chat:example.org", alice_user.value(), "Hello")));
  ASSERT_TRUE(come<Message>());
  EXPECT_EQ(Conversation{alice_user}, last<Message>()->in);
}

TEST_F(NetworkTest, AnInvitationToARoomIsTold) {
  EXPECT_EQ(200, push("1", invitation(alice_user.value(), false)));
  ASSERT_EQ(1U, count<Invited>());
  EXPECT_EQ(Conversation{RoomId{"!chat:example.org"}}, last<Invited>()->in);
  EXPECT_EQ(0U, homeserver.count("POST", "/_matrix/client/v3/join/*"));
}

TEST_F(NetworkTest, AnotherBridgesStandInForOneOfOursIsRefused) {
  make_room("!chat:example.org");
  EXPECT_EQ(200, push("1", invitation("@_other_juliet=40example.org:example.org", true)));
  EXPECT_EQ(0U, count<Invited>());
  EXPECT_TRUE(until(
      [&] { return homeserver.count("POST", "/_matrix/client/v3/rooms/%21chat%3Aexample.org/leave") == 1; }));
}

}  // namespace
}  // namespace dragoman::matrix::test
