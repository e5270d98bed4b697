// What goes wrong in between: nothing is lost, nothing is done twice.
#include <algorithm>
#include <vector>

#include "mapping/rooms_table.hpp"
#include "tests/unit/matrix_session/network_world.hpp"

namespace dragoman::matrix::test {
namespace {

using Given = const net::ServedRequest&;
using To = const std::shared_ptr<net::Answer>&;

const std::string lobby_id = "!lobby:example.org", chat_id = "!chat:example.org";
const std::string lobby_path = "/_matrix/client/v3/rooms/%21lobby%3Aexample.org";
const std::string chat_path = "/_matrix/client/v3/rooms/%21chat%3Aexample.org";
const std::string join_chat = "/_matrix/client/v3/join/%21chat%3Aexample.org";
const std::string send_path = lobby_path + "/send/m.room.message/*";
const std::string react_path = lobby_path + "/send/m.reaction/*";
const std::string create_path = "/_matrix/client/v3/createRoom";
const std::string register_path = "/_matrix/client/v3/register";
const std::string ghost_id = "@_xmpp_juliet=40example.org:example.org";
const UserId alice{"@alice:example.org"};

const Failure& failure_of(const Event* event) { return std::get<Failed>(event->what).failure; }
const std::string& plain_of(const Event* event) { return std::get<Message>(event->what).text.plain; }

// A homeserver's end of requests that it does not answer by itself.
struct Open {
  std::vector<std::string> paths, bodies;
  std::vector<std::shared_ptr<net::Answer>> answers;
  matrix::Homeserver::Handler handler() {
    return [this](Given asked, To answer) {
      paths.push_back(asked.path);
      bodies.push_back(asked.body);
      answers.push_back(answer);
    };
  }
};

std::string invitation(const std::string& more = {}, bool direct = true) {
  return R"({"type":"m.room.member","event_id":"$inv","room_id":"!chat:example.org","sender":"@alice:example.org",)"
         R"("state_key":")" +
         ghost_id + R"(","origin_server_ts":1700000000000,"content":{"membership":"invite","is_direct":)" +
         (direct ? "true" : "false") + "}" + more + "}";
}

std::string membership(const std::string& user, const std::string& how, const std::string& id) {
  return R"({"type":"m.room.member","event_id":")" + id + R"(","sender":")" + user + R"(","state_key":")" +
         user + R"(","origin_server_ts":1700000000000,"content":{"membership":")" + how + "\"}}";
}

// ------------------------------------------------------------ the homeserver

TEST_F(NetworkTest, AHomeserverThatIsSlowGetsTheSameTransactionAgainAndTheMessageIsDeliveredOnce) {
  patience.answer = std::chrono::milliseconds(100);
  restart();
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  Open open;
  homeserver.on("PUT", send_path, open.handler());
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  juliet(lobby).perform({lobby, "t2", Message{"Hello again"}});
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  EXPECT_EQ(open.paths[0], open.paths[1]) << "nothing overtakes";
  open.answers[1]->send(200, {}, R"({"event_id":"$1"})");
  open.answers[0]->send(200, {}, R"({"event_id":"$1"})");
  ASSERT_TRUE(until([&] { return open.paths.size() == 3; }));
  open.answers[2]->send(200, {}, R"({"event_id":"$2"})");
  ASSERT_TRUE(until([&] { return count<Delivered>() == 2; }));
  EXPECT_EQ("t2", std::get<Delivered>(last<Delivered>()->what).token);
  EXPECT_EQ(0U, count<Failed>());
}

TEST_F(NetworkTest, AnAnswerThatIsNoJsonIsNoAnswer) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  Open open;
  homeserver.on("PUT", send_path, open.handler());
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  open.answers[0]->send(200, {}, R"({"event_id":"$1)");
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  EXPECT_EQ(open.paths[0], open.paths[1]);
  open.answers[1]->send(200, {}, R"({"event_id":"$1"})");
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ(MessageId{"$1"}, last<Delivered>()->id);
}

TEST_F(NetworkTest, WhatSomebodyNewSaysWaitsForAHomeserverThatIsBusyAndAJoinIsToldSo) {
  make_room(chat_id);
  make_room(lobby_id, lobby.value());
  homeserver.on("GET", "/_matrix/client/v3/profile/*", R"({"displayname":"Alice"})");
  homeserver.on("POST", create_path, R"({"room_id":"!chat:example.org"})");
  homeserver.on("PUT", chat_path + "/send/m.room.message/*", R"({"event_id":"$1"})");
  homeserver.forget("POST", register_path);
  homeserver.on("POST", register_path, Scripted::Scripted{503, "busy"});
  homeserver.on("POST", register_path, Scripted::Scripted{503, "busy"});
  homeserver.on("POST", register_path, "{}");
  juliet(alice).perform({alice, "1", Message{"Hello"}});
  juliet(lobby).perform({lobby, "2", Join{"juliet", {}, false}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ("2", std::get<Failed>(last<Failed>()->what).token);
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ("1", std::get<Delivered>(last<Delivered>()->what).token);
  EXPECT_EQ(1U, count<Failed>());
}

TEST_F(NetworkTest, AGhostThatMayNotBeRegisteredIsToldToItsPerson) {
  homeserver.forget("POST", register_path);
  homeserver.on("POST", register_path,
                Scripted::Scripted{400, R"({"errcode":"M_EXCLUSIVE","error":"not your namespace"})"});
  juliet(alice).perform({alice, "1", Message{"Hello"}});
  ASSERT_TRUE(come<Failed>());
  EXPECT_EQ("1", std::get<Failed>(last<Failed>()->what).token);
  EXPECT_NE(std::string::npos, failure_of(last<Failed>()).text.find("not your namespace"));
}

// ------------------------------------------------------------ who is there

TEST_F(NetworkTest, WhoIsDisconnectedInTheMiddleHoldsNobodyElseUp) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(joins(romeo(), lobby, "romeo"));
  Open open;
  homeserver.on("PUT", send_path, open.handler());
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  romeo().perform({lobby, "t2", Message{"Hello yourself"}});
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  network->disconnect(juliet(lobby), "by the admin");
  ASSERT_EQ(std::vector{PersonId{"juliet@example.org"}}, sink.ended);
  open.answers[0]->send(200, {}, R"({"event_id":"$1"})");
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  open.answers[1]->send(200, {}, R"({"event_id":"$2"})");
  ASSERT_TRUE(until([&] { return last<Delivered>() && last<Delivered>()->id == MessageId{"$2"}; }));
  EXPECT_TRUE(until([&] { return homeserver.count("POST", lobby_path + "/leave") == 1; }));
}

TEST_F(NetworkTest, ARoomThatAllHaveLeftIsForgottenWhicheverComesFirst) {
  make_room(lobby_id, lobby.value());
  for (const bool event_first : {true, false}) {
    ASSERT_TRUE(juliet_joins(lobby));
    const std::size_t before = count<Exited>();
    Open open;
    homeserver.on("POST", lobby_path + "/leave", open.handler());
    juliet(lobby).perform({lobby, "t", Leave{}});
    ASSERT_TRUE(until([&] { return open.answers.size() == 1; }));
    std::string left = membership(ghost_id, "leave", event_first ? "$left1" : "$left2");
    left.insert(1, R"("room_id":"!lobby:example.org",)");
    if (event_first) {
      EXPECT_EQ(200, push("1", left));
    }
    open.answers[0]->send(200, {}, "{}");
    ASSERT_TRUE(until([&] { return count<Exited>() == before + 1; }));
    if (!event_first) {
      EXPECT_EQ(200, push("2", left));
    }
    EXPECT_TRUE(until([&] { return network->stream().rooms().empty(); }));
    EXPECT_EQ(before + 1, count<Exited>());
    homeserver.forget("POST", lobby_path + "/leave");
    make_room(lobby_id, lobby.value());
  }
}

TEST_F(NetworkTest, WhoEntersWhileAnotherLeavesIsNotForgotten) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  Open leave, join;
  homeserver.on("POST", lobby_path + "/leave", leave.handler());
  homeserver.on("POST", "/_matrix/client/v3/join/%21lobby%3Aexample.org", join.handler());
  romeo().perform({lobby, "r", Join{"romeo", {}, false}});
  ASSERT_TRUE(until([&] { return join.answers.size() == 1; }));
  juliet(lobby).perform({lobby, "t", Leave{}});
  ASSERT_TRUE(until([&] { return leave.answers.size() == 1; }));
  join.answers[0]->send(200, {}, R"({"room_id":"!lobby:example.org"})");
  leave.answers[0]->send(200, {}, "{}");
  ASSERT_TRUE(until([&] { return count<Entered>() == 2; }));
  EXPECT_EQ(200, push("1", message("$1", lobby_id, alice.value(), "hello")));
  EXPECT_EQ(1U, count<Message>());
}

TEST_F(NetworkTest, WhoLeavesAndComesBackWhileTheFirstJoinIsOnItsWayStays) {
  make_room(lobby_id, lobby.value());
  Open join;
  homeserver.on("POST", "/_matrix/client/v3/join/%21lobby%3Aexample.org", join.handler());
  juliet(lobby).perform({lobby, "1", Join{"juliet", {}, false}});
  ASSERT_TRUE(until([&] { return join.answers.size() == 1; }));
  juliet(lobby).perform({lobby, "2", Leave{}});
  juliet(lobby).perform({lobby, "3", Join{"juliet", {}, false}});
  ASSERT_TRUE(until([&] { return join.answers.size() == 2; }));
  join.answers[0]->send(200, {}, R"({"room_id":"!lobby:example.org"})");
  join.answers[1]->send(200, {}, R"({"room_id":"!lobby:example.org"})");
  ASSERT_TRUE(come<Entered>());
  EXPECT_EQ(0U, homeserver.count("POST", lobby_path + "/leave"));
}

TEST_F(NetworkTest, WhoLeavesWhileTheJoinIsOnItsWayIsOutAfterwards) {
  make_room(lobby_id, lobby.value());
  Open join;
  homeserver.on("POST", "/_matrix/client/v3/join/%21lobby%3Aexample.org", join.handler());
  juliet(lobby).perform({lobby, "1", Join{"juliet", {}, false}});
  ASSERT_TRUE(until([&] { return join.answers.size() == 1; }));
  juliet(lobby).perform({lobby, "2", Leave{}});
  join.answers[0]->send(200, {}, R"({"room_id":"!lobby:example.org"})");
  EXPECT_TRUE(until([&] { return homeserver.count("POST", lobby_path + "/leave") == 1; }));
  EXPECT_EQ(0U, count<Entered>());
}

TEST_F(NetworkTest, WhatWasTakenWhileNobodyWasInIsToldToWhoComesInBehindThePast) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  const RoomKey room = store->rooms().open(NetworkId{settings.domain}, lobby, {});
  store->rooms().set_joined(room, true, "juliet", {});
  restart();
  sink.told.clear();
  homeserver.forget("GET", lobby_path + "/messages");
  homeserver.on("GET", lobby_path + "/messages",
                R"({"start":"a","chunk":[)" + message("$1", lobby_id, alice.value(), "before") + "]}");
  EXPECT_EQ(200, push("1", message("$2", lobby_id, alice.value(), "taken")));
  restart();
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(until([&] { return count<Message>() == 2; }));
  EXPECT_EQ("taken", plain_of(last<Message>()));
  EXPECT_FALSE(last<Message>()->past);
  EXPECT_TRUE(std::holds_alternative<Message>(sink.told.back().event.what)) << "after Entered";
}

TEST_F(NetworkTest, SomebodyOfAnotherServerWhoLooksLikeAGhostOfOursIsSomebodyElse) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  const std::string forged = "@_xmpp_juliet=40example.org:evil.example";
  EXPECT_EQ(200, push("1", message("$1", lobby_id, forged, "I am Juliet")));
  ASSERT_EQ(1U, count<Message>());
  EXPECT_FALSE(last<Message>()->sender.own);
  EXPECT_NE("juliet", last<Message>()->sender.nick);
  EXPECT_EQ(UserId{forged}, last<Message>()->sender.user);
  // Nor is it invited as ours.
  std::string to_forged = invitation();
  to_forged.replace(to_forged.find(ghost_id), ghost_id.size(), forged);
  EXPECT_EQ(200, push("2", to_forged));
  EXPECT_EQ(0U, count<Invited>());
  EXPECT_EQ(0U, homeserver.count("POST", join_chat));
}

TEST_F(NetworkTest, WhatAGhostIsSaidToHaveSaidWithoutUsIsToldAsItsOwnAndSentNowhere) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  const std::size_t asked = homeserver.requests.size();
  EXPECT_EQ(200, push("1", message("$1", lobby_id, ghost_id, "never said")));
  ASSERT_EQ(1U, count<Message>());
  EXPECT_TRUE(last<Message>()->sender.own);
  EXPECT_EQ(200, push("2", message("$1", lobby_id, ghost_id, "never said")));
  EXPECT_EQ(1U, count<Message>());
  EXPECT_EQ(0U, count<Delivered>());
  EXPECT_EQ(asked, homeserver.requests.size());
}

TEST_F(NetworkTest, AnotherBridgesPeopleAreHeardOnceAndAnsweredByNobody) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", send_path, R"({"event_id":"$sent"})");
  juliet(lobby).perform({lobby, "t1", Message{"Hello"}});
  ASSERT_TRUE(come<Delivered>());
  const std::size_t asked = homeserver.requests.size();
  EXPECT_EQ(200, push("1", message("$sent", lobby_id, ghost_id, "Hello") + "," +
                               message("$2", lobby_id, "@_other_juliet=40example.org:example.org", "Hello")));
  EXPECT_EQ(1U, count<Message>()) << "the other bridge's alone";
  EXPECT_FALSE(last<Message>()->sender.own);
  EXPECT_EQ(asked, homeserver.requests.size()) << "nothing goes back into the room";
}

TEST_F(NetworkTest, WhoLeavesAChatRightAfterAMessageIsAskedInAgainOnce) {
  make_room(chat_id);
  homeserver.on("GET", "/_matrix/client/v3/profile/*", R"({"displayname":"Alice"})");
  homeserver.on("POST", create_path, R"({"room_id":"!chat:example.org"})");
  homeserver.on("PUT", chat_path + "/send/m.room.message/*", R"({"event_id":"$1"})");
  homeserver.on("POST", chat_path + "/invite", "{}");
  juliet(alice).perform({alice, "1", Message{"Hello"}});
  ASSERT_TRUE(come<Delivered>());
  std::string left = membership(alice.value(), "leave", "$left");
  left.insert(1, R"("room_id":"!chat:example.org",)");
  EXPECT_EQ(200, push("1", left));
  ASSERT_TRUE(until([&] { return homeserver.count("POST", chat_path + "/invite") == 1; }));
  // They decline: their word is the last.
  left.replace(left.find("$left"), 5, "$away");
  EXPECT_EQ(200, push("2", left));
  EXPECT_EQ(200, request("POST", "/_matrix/app/v1/ping", "{}"));
  EXPECT_EQ(200, request("POST", "/_matrix/app/v1/ping", "{}"));
  EXPECT_EQ(1U, homeserver.count("POST", chat_path + "/invite"));
}

// ------------------------------------------------------------ reactions

TEST_F(NetworkTest, ARedactedFileIsDeadAtOnceAlsoWhereNobodyLooks) {
  settings.matrix.public_url = "http://127.0.0.1:1";
  restart();
  const std::string link =
      network->hub().media.link({.mxc = "mxc://example.org/f", .name = "a", .event_id = "$file"});
  const std::string path = link.substr(link.find('/', 8));
  homeserver.on("GET", "/_matrix/client/v1/media/download/*", "content");
  EXPECT_EQ(200, request("GET", path, {}));
  EXPECT_EQ(200, push("1", R"({"type":"m.room.redaction","event_id":"$r","room_id":"!nobody:example.org",)"
                           R"("sender":"@alice:example.org","redacts":"$file","content":{}})"));
  EXPECT_EQ(410, request("GET", path, {}));
  restart();
  EXPECT_EQ(410, request("GET", path, {}));
}

TEST_F(NetworkTest, AReactionThatIsThereAlreadyIsWhatWasWanted) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", react_path,
                Scripted::Scripted{400, R"({"errcode":"M_DUPLICATE_ANNOTATION","error":"twice"})"});
  juliet(lobby).perform({lobby, "1", Reactions{MessageId{"$m"}, {"a"}}});
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ(0U, count<Failed>());
}

TEST_F(NetworkTest, AReactionThatIsSentAgainAfterARestartIsTheSameTransaction) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  Open open;
  homeserver.on("PUT", react_path, open.handler());
  juliet(lobby).perform({lobby, "1", Reactions{MessageId{"$m"}, {"a", "b"}}});
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  open.answers[0]->send(200, {}, R"({"event_id":"$a"})");
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  restart();
  ASSERT_TRUE(until([&] { return open.paths.size() == 3; }));
  EXPECT_EQ(open.paths[1], open.paths[2]) << "the first of them is not sent again, the second as it was";
  open.answers[2]->send(200, {}, R"({"event_id":"$b"})");
  EXPECT_TRUE(come<Delivered>());
}

// ------------------------------------------------------------ invitations

TEST_F(NetworkTest, WhatWasSaidInAChatBeforeOursCameInIsToldOnceAndFirst) {
  make_room(chat_id);
  homeserver.forget("GET", chat_path + "/messages");
  homeserver.on("GET", chat_path + "/messages",
                R"({"start":"a","chunk":[)" + message("$live", chat_id, alice.value(), "fourth") + "," +
                    membership(ghost_id, "join", "$join") + "," +
                    message("$2", chat_id, alice.value(), "second") + "," +
                    message("$1", chat_id, alice.value(), "first") + "," + invitation() + "," +
                    message("$0", chat_id, alice.value(), "long before") + "]}");
  Open open;
  homeserver.on("POST", join_chat, open.handler());
  EXPECT_EQ(200, push("1", invitation()));
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  EXPECT_EQ(200, push("2", message("$3", chat_id, alice.value(), "third")));
  open.answers[0]->send(200, {}, R"({"room_id":"!chat:example.org"})");
  ASSERT_TRUE(until([&] { return count<Message>() == 3; }));
  std::vector<std::string> said;
  for (const Told& told : sink.told) {
    if (std::holds_alternative<Message>(told.event.what)) said.push_back(plain_of(&told.event));
  }
  EXPECT_EQ((std::vector<std::string>{"first", "second", "third"}), said);
  restart();
  EXPECT_EQ(200, push("3", message("$4", chat_id, alice.value(), "fourth")));
  ASSERT_TRUE(until([&] { return count<Message>() == 4; }));
  EXPECT_EQ("fourth", plain_of(last<Message>()));
  EXPECT_EQ(1U, open.paths.size());
}

TEST_F(NetworkTest, AnInvitationToAChatThatWasNotAcceptedYetIsAcceptedAfterARestart) {
  make_room(chat_id);
  Open open;
  homeserver.on("POST", join_chat, open.handler());
  EXPECT_EQ(200, push("1", invitation()));
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  restart();
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  open.answers[1]->send(200, {}, R"({"room_id":"!chat:example.org"})");
  EXPECT_EQ(200, push("2", message("$1", chat_id, alice.value(), "Hello")));
  ASSERT_TRUE(come<Message>());
  EXPECT_EQ(Conversation{alice}, last<Message>()->in);
  EXPECT_EQ(1U, count<Invited>()) << "the wish to talk was told before";
  restart();
  EXPECT_EQ(200, request("POST", "/_matrix/app/v1/ping", "{}"));
  EXPECT_EQ(2U, open.paths.size());
}

TEST_F(NetworkTest, AnInvitationToARoomWhoseAliasWasBeingLookedUpIsToldAfterARestart) {
  const std::string look_up = "/_matrix/client/v3/directory/room/%23lobby%3Aexample.org";
  Open open;
  homeserver.on("GET", look_up, open.handler());
  EXPECT_EQ(200, push("1", invitation(R"(,"unsigned":{"invite_room_state":[{"type":"m.room.canonical_alias",)"
                                      R"("state_key":"","content":{"alias":"#lobby:example.org"}}]})",
                                      false)));
  ASSERT_TRUE(until([&] { return open.paths.size() == 1; }));
  EXPECT_EQ(0U, count<Invited>());
  restart();
  ASSERT_TRUE(until([&] { return open.paths.size() == 2; }));
  open.answers[1]->send(200, {}, R"({"room_id":"!chat:example.org"})");
  ASSERT_TRUE(come<Invited>());
  EXPECT_EQ(Conversation{lobby}, last<Invited>()->in);
}

TEST_F(NetworkTest, AnInvitationDoesNotLendARoomTheNameOfAnother) {
  make_room(lobby_id, lobby.value());
  EXPECT_EQ(200, push("1", invitation(R"(,"unsigned":{"invite_room_state":[{"type":"m.room.canonical_alias",)"
                                      R"("state_key":"","content":{"alias":"#lobby:example.org"}}]})",
                                      false)));
  ASSERT_TRUE(come<Invited>());
  EXPECT_EQ(Conversation{RoomId{chat_id}}, last<Invited>()->in);
}

// ------------------------------------------------------------ chats

TEST_F(NetworkTest, AChatsRoomIsMadeOnceThoughTheAnswerWasLost) {
  make_room(chat_id);
  make_room("!other:example.org");
  homeserver.on("GET", "/_matrix/client/v3/profile/*", R"({"displayname":"Alice"})");
  homeserver.on("GET", "/_matrix/client/v3/joined_rooms",
                R"({"joined_rooms":["!other:example.org","!chat:example.org"]})");
  homeserver.on("PUT", chat_path + "/send/m.room.message/*", R"({"event_id":"$1"})");
  Open open;
  homeserver.on("POST", create_path, open.handler());
  juliet(alice).perform({alice, "1", Message{"Hello"}});
  ASSERT_TRUE(until([&] { return open.bodies.size() == 1; }));
  const auto asked = parse_json(open.bodies[0]);
  const std::string content = json::serialize(asked->as_object().at("creation_content"));
  EXPECT_GT(content.size(), 20U);
  homeserver.forget("GET", chat_path + "/state/m.room.create");
  homeserver.on("GET", chat_path + "/state/m.room.create", content);
  restart();
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ(1U, open.bodies.size());
  EXPECT_EQ(1U, homeserver.count("PUT", chat_path + "/send/m.room.message/*"));
}

TEST_F(NetworkTest, AChatsRoomIsMadeAgainWhereTheHomeserverHadNotMadeIt) {
  make_room(chat_id);
  homeserver.on("GET", "/_matrix/client/v3/profile/*", R"({"displayname":"Alice"})");
  homeserver.on("GET", "/_matrix/client/v3/joined_rooms", R"({"joined_rooms":[]})");
  homeserver.on("PUT", chat_path + "/send/m.room.message/*", R"({"event_id":"$1"})");
  homeserver.on("POST", create_path, Scripted::Scripted{502, "<html>"});
  homeserver.on("POST", create_path, R"({"room_id":"!chat:example.org"})");
  juliet(alice).perform({alice, "1", Message{"Hello"}});
  ASSERT_TRUE(come<Delivered>());
  EXPECT_EQ(2U, homeserver.count("POST", create_path));
  EXPECT_EQ(1U, homeserver.count("GET", "/_matrix/client/v3/joined_rooms"));
}

}  // namespace
}  // namespace dragoman::matrix::test
