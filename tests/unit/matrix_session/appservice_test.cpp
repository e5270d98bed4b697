#include "tests/unit/matrix_session/network_world.hpp"

namespace dragoman::matrix::test {
namespace {

const std::string ping = "/_matrix/app/v1/ping";

TEST_F(NetworkTest, TheHomeserversTokenIsAskedForAndNoOtherIsTaken) {
  EXPECT_EQ(200, request("POST", ping, "{}"));
  EXPECT_EQ(401, request("POST", ping, "{}", ""));
  std::string answer;
  EXPECT_EQ(403, request("POST", ping, "{}", "wrong", &answer));
  EXPECT_NE(std::string::npos, answer.find("M_FORBIDDEN"));
}

TEST_F(NetworkTest, WhatIsNotKnownIsSaidSo) {
  std::string answer;
  EXPECT_EQ(404, request("GET", "/_matrix/app/v1/nothing", {}, "right", &answer));
  EXPECT_NE(std::string::npos, answer.find("M_UNRECOGNIZED"));
  EXPECT_EQ(404, request("GET", "/elsewhere", {}));
  EXPECT_EQ(405, request("GET", "/_matrix/app/v1/transactions/1", {}));
}

TEST_F(NetworkTest, ATransactionThatIsNoneIsRefused) {
  std::string answer;
  EXPECT_EQ(400, request("PUT", "/_matrix/app/v1/transactions/1", "{\"events\":[", "right", &answer));
  EXPECT_NE(std::string::npos, answer.find("M_NOT_JSON"));
  EXPECT_EQ(400, request("PUT", "/_matrix/app/v1/transactions/1", "{\"events\":{}}", "right", &answer));
  EXPECT_NE(std::string::npos, answer.find("M_BAD_JSON"));
  EXPECT_EQ(200, request("PUT", "/_matrix/app/v1/transactions/1", R"({"events":[1,"a",null,{},[]]})"));
}

TEST_F(NetworkTest, TheUnprefixedPathsOfOldAreServedToo) {
  EXPECT_EQ(200, request("PUT", "/transactions/7", R"({"events":[]})"));
  EXPECT_EQ(404, request("GET", "/rooms/%23a%3Aexample.org", {}));
}

TEST_F(NetworkTest, AUserExistsWhereItsIdIsAnAddressAndIsMadeThen) {
  EXPECT_EQ(200, request("GET", "/_matrix/app/v1/users/%40_xmpp_romeo%3D40example.org%3Aexample.org", {}));
  EXPECT_EQ("_xmpp_romeo=40example.org",
            text_at(parse_json(homeserver.last("POST", "/_matrix/client/v3/register")->body)->as_object(),
                    "username"));
  EXPECT_EQ(404, request("GET", "/_matrix/app/v1/users/%40_xmpp_nobody%3Aexample.org", {}));
  EXPECT_EQ(404, request("GET", "/_matrix/app/v1/users/%40alice%3Aexample.org", {}));
  EXPECT_EQ(404, request("GET", "/_matrix/app/v1/users/%40_xmpp_romeo%3D40example.org%3Aelsewhere.org", {}));
}

TEST_F(NetworkTest, APersonOfXmppIsFoundByTheirAddress) {
  std::string answer;
  EXPECT_EQ(200, request("GET", "/_matrix/app/v1/thirdparty/protocol/xmpp", {}, "right", &answer));
  EXPECT_NE(std::string::npos, answer.find("\"jid\""));
  EXPECT_EQ(404, request("GET", "/_matrix/app/v1/thirdparty/protocol/irc", {}));
  EXPECT_EQ(200, request("GET", "/_matrix/app/v1/thirdparty/user/xmpp?jid=romeo%40example.org", {}, "right",
                         &answer));
  EXPECT_NE(std::string::npos, answer.find("@_xmpp_romeo=40example.org:example.org"));
  EXPECT_EQ(200, request("GET", "/_matrix/app/v1/thirdparty/user/xmpp?jid=nonsense", {}, "right", &answer));
  EXPECT_EQ("[]", answer);
  EXPECT_EQ(200, request("GET", "/_matrix/app/v1/thirdparty/location/xmpp", {}, "right", &answer));
  EXPECT_EQ("[]", answer);
}

TEST_F(NetworkTest, WhileHeldATransactionWaitsForItsAnswer) {
  network->hold(true);
  const auto status = begin("PUT", "/_matrix/app/v1/transactions/1", R"({"events":[]})", "right");
  EXPECT_EQ(200, request("POST", ping, "{}"));  // behind it, on another connection
  EXPECT_EQ(0, *status);
  network->hold(false);
  EXPECT_TRUE(until([&] { return *status == 200; }));
}

TEST_F(NetworkTest, PresenceIsTold) {
  EXPECT_EQ(200, push("1", {},
                      R"({"type":"m.presence","sender":"@alice:example.org",)"
                      R"("content":{"presence":"unavailable","status_msg":"lunch"}})"));
  ASSERT_EQ(1U, count<Presence>());
  const auto& presence = std::get<Presence>(last<Presence>()->what);
  EXPECT_TRUE(presence.online);
  EXPECT_EQ(Availability::away, presence.availability);
  EXPECT_EQ("lunch", presence.status);
  EXPECT_EQ(Conversation{UserId{"@alice:example.org"}}, last<Presence>()->in);
}

}  // namespace
}  // namespace dragoman::matrix::test
