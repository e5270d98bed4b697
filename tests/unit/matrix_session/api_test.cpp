// Api against a scripted homeserver.
#include "bridges/matrix/api.hpp"

#include <gtest/gtest.h>

#include "tests/unit/matrix_session/homeserver.hpp"

namespace dragoman::matrix {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

class ApiCalls : public testing::Test {
 protected:
  template <class Done>
  bool until(Done done) {
    return run_until(loop, done);
  }
  Reply ask(Api::Call call) { return ask(server.voice(), std::move(call)); }
  Reply ask(const Voice& as, Api::Call call) {
    std::optional<Reply> reply;
    api.call(as, std::move(call), [&](Reply r) { reply = std::move(r); });
    EXPECT_FALSE(reply) << "answered from within";
    EXPECT_TRUE(until([&] { return reply.has_value(); }));
    return reply ? std::move(*reply) : Refusal{};
  }
  Refusal refusal(Api::Call call) {
    auto reply = ask(std::move(call));
    EXPECT_TRUE(std::holds_alternative<Refusal>(reply));
    auto* found = std::get_if<Refusal>(&reply);
    return found != nullptr ? *found : Refusal{};
  }
  static Api::Call get(const std::string& path = "/x") { return {.path = path}; }
  static Api::Call insisting(const std::string& path = "/x") {
    return {.path = path, .patience = Api::Patience::insist};
  }
  static Homeserver::Scripted error(int status, const std::string& body = "{}") { return {status, body}; }

  boost::asio::io_context loop;
  Homeserver server{loop};
  net::HttpClient http{loop, {}};
  Api api{loop, http, {milliseconds(10), milliseconds(40)}};
};

TEST_F(ApiCalls, JsonGoesOutAndComesIn) {
  server.on("PUT", "/_matrix/client/v3/rooms/%21a%3Ab/send/m.room.message/t1", R"({"event_id":"$e"})");
  Api::Call call{.method = "PUT",
                 .path = "/_matrix/client/v3/rooms/%21a%3Ab/send/m.room.message/t1",
                 .query = "ts=5",
                 .body = json::object{{"body", "h\u00e4"}}};
  auto reply = ask(server.voice("@_xmpp_a+b=40c:d"), call);
  EXPECT_EQ(text_at(std::get<json::value>(reply).as_object(), "event_id"), "$e");
  const auto& got = server.requests.at(0);
  EXPECT_EQ(got.query, "ts=5&user_id=%40_xmpp_a%2Bb%3D40c%3Ad");
  EXPECT_EQ(*got.header("authorization"), "Bearer token");
  EXPECT_EQ(*got.header("content-type"), "application/json");
  EXPECT_EQ(got.body, "{\"body\":\"h\u00e4\"}");
}

TEST_F(ApiCalls, AnAccountSpeaksAsItselfAndAGetHasNoBody) {
  server.on("GET", "/x", "{}");
  ask(get());
  EXPECT_EQ(server.requests.at(0).query, "");
  EXPECT_EQ(server.requests.at(0).body, "");
  EXPECT_EQ(server.requests.at(0).header("content-type"), nullptr);
  ask(server.voice("@a:b"), get());
  EXPECT_EQ(server.requests.at(1).query, "user_id=%40a%3Ab");
}

TEST_F(ApiCalls, APostWithoutContentCarriesAnEmptyObject) {
  server.on("POST", "/x", "");
  auto reply = ask({.method = "POST", .path = "/x"});
  EXPECT_EQ(server.requests.at(0).body, "{}");
  EXPECT_EQ(std::get<json::value>(reply), json::value(json::object()));
}

TEST_F(ApiCalls, ARefusalHasItsReasonAndTheServersWords) {
  server.on("GET", "/x", error(403, R"({"errcode":"M_FORBIDDEN","error":"You are not\n invited\u202e"})"));
  auto got = refusal(get());
  EXPECT_EQ(got.status, 403);
  EXPECT_EQ(got.errcode, "M_FORBIDDEN");
  EXPECT_EQ(got.failure.reason, Reason::not_permitted);
  EXPECT_EQ(got.failure.text.find_first_of("\n"), std::string::npos);
  EXPECT_EQ(got.failure.text.find("\u202e"), std::string::npos);
  EXPECT_EQ(server.requests.size(), 1U);
}

TEST_F(ApiCalls, WhatIsNotFoundIsSomebodyOrARoom) {
  server.on("GET", "/*", error(404, R"({"errcode":"M_NOT_FOUND","error":"no"})"));
  EXPECT_EQ(refusal(get("/_matrix/client/v3/profile/%40a%3Ab")).failure.reason, Reason::no_such_user);
  EXPECT_EQ(refusal(get("/_matrix/client/v3/directory/room/%23a%3Ab")).failure.reason, Reason::no_such_room);
}

TEST_F(ApiCalls, RateLimitsAreObeyedUpToALimit) {
  server.on("GET", "/x", error(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":30})"));
  server.on("GET", "/x", R"({"a":1})");
  auto begin = steady_clock::now();
  EXPECT_TRUE(std::holds_alternative<json::value>(ask(get())));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(30));
  EXPECT_EQ(server.requests.size(), 2U);

  server.on("GET", "/y", error(429, R"({"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":31000})"));
  EXPECT_EQ(refusal(get("/y")).failure.reason, Reason::rate_limited);
  EXPECT_EQ(server.count("GET", "/y"), 1U);

  server.on("GET", "/z", Homeserver::Scripted{429, "busy", {{"Retry-After", "31"}}});
  EXPECT_EQ(refusal(get("/z")).failure.reason, Reason::rate_limited);
}

TEST_F(ApiCalls, RetryAfterCountsBeforeTheBody) {
  server.on("GET", "/x", Homeserver::Scripted{429, R"({"retry_after_ms":60000})", {{"Retry-After", "0"}}});
  server.on("GET", "/x", "{}");
  EXPECT_TRUE(std::holds_alternative<json::value>(ask(get())));
}

TEST_F(ApiCalls, WithoutInsistingTheFirstAnswerCounts) {
  server.on("GET", "/x", error(502, "<html>Bad gateway"));
  auto got = refusal(get());
  EXPECT_EQ(got.status, 502);
  EXPECT_EQ(got.errcode, "");
  EXPECT_NE(got.failure.text.find("502"), std::string::npos);
  server.down();
  got = refusal(get());
  EXPECT_EQ(got.status, 0);
  EXPECT_EQ(got.failure.reason, Reason::connection_refused);
}

TEST_F(ApiCalls, InsistingOutlastsErrorsSilenceAndBrokenJson) {
  server.on("GET", "/x", error(500));
  server.on("GET", "/x", error(503, "busy"));
  server.on("GET", "/x", error(429, R"({"retry_after_ms":1})"));
  server.on("GET", "/x", error(200, "{\"a\":"));
  server.on("GET", "/x", R"({"a":1})");
  EXPECT_TRUE(std::holds_alternative<json::value>(ask(insisting())));
  EXPECT_EQ(server.requests.size(), 5U);
}

TEST_F(ApiCalls, InsistingOutlastsAServerThatIsAway) {
  server.on("PUT", "/x", "{}");
  server.down();
  std::optional<Reply> reply;
  int tries = 0;
  Api::Call call{.method = "PUT",
                 .path = "/x",
                 .body = json::object{{"a", 1}},
                 .patience = Api::Patience::insist,
                 .still_wanted = [&](const Refusal& so_far) {
                   EXPECT_EQ(so_far.status, 0);
                   ++tries;
                   return true;
                 }};
  api.call(server.voice(), std::move(call), [&](Reply r) { reply = std::move(r); });
  ASSERT_TRUE(until([&] { return tries >= 3; }));
  EXPECT_FALSE(reply);
  server.up();
  ASSERT_TRUE(until([&] { return reply.has_value(); }));
  EXPECT_TRUE(std::holds_alternative<json::value>(*reply));
  EXPECT_EQ(server.requests.at(0).body, R"({"a":1})");
}

TEST_F(ApiCalls, InsistingEndsWithAnAnswerOrWhenItIsNotWanted) {
  server.on("GET", "/x", error(500));
  server.on("GET", "/x", error(403, R"({"errcode":"M_FORBIDDEN"})"));
  EXPECT_EQ(refusal(insisting()).errcode, "M_FORBIDDEN");

  server.on("GET", "/y", error(500));
  auto call = insisting("/y");
  call.still_wanted = [](const Refusal&) { return false; };
  EXPECT_EQ(refusal(call).status, 500);
  EXPECT_EQ(server.count("GET", "/y"), 1U);
}

TEST_F(ApiCalls, WhatCantBeSentIsNotTriedAgain) {
  EXPECT_EQ(refusal(insisting("/a b")).failure.reason, Reason::invalid);
  auto voice = server.voice();
  voice.token = "a\r\nX: y";
  auto reply = ask(voice, insisting());
  EXPECT_EQ(std::get<Refusal>(reply).failure.reason, Reason::invalid);
  EXPECT_TRUE(server.requests.empty());
}

TEST_F(ApiCalls, ASlowAnswerIsTimedOut) {
  std::shared_ptr<net::Answer> kept;
  server.on("GET", "/x", [&](const auto&, const auto& answer) { kept = answer; });
  auto call = get();
  call.timeout = milliseconds(30);
  EXPECT_EQ(refusal(call).failure.reason, Reason::timed_out);
}

TEST_F(ApiCalls, NothingComesAfterACancelOrTheEnd) {
  server.on("GET", "/x", error(500));
  auto id = api.call(server.voice(), insisting(), [](const Reply&) { ADD_FAILURE(); });
  ASSERT_TRUE(until([&] { return server.requests.size() == 1; }));
  api.cancel(id);
  api.cancel(id);
  server.on("GET", "/y", "{}");
  ask(get("/y"));

  std::optional<Api> other;
  other.emplace(loop, http);
  other->call(server.voice(), insisting(), [](const Reply&) { ADD_FAILURE(); });
  other.reset();
  bool done = false;
  other.emplace(loop, http);
  other->call(server.voice(), get("/y"), [&](const Reply&) {
    done = true;
    other.reset();
  });
  ASSERT_TRUE(until([&] { return done; }));
  EXPECT_EQ(http.open(), 0U);
}

TEST(RefusalOf, EachCodeHasItsReason) {
  auto of = [](int status, const std::string& code) {
    return refusal_of(status, R"({"errcode":")" + code + R"("})").failure.reason;
  };
  EXPECT_EQ(of(401, "M_UNKNOWN_TOKEN"), Reason::login_failed);
  EXPECT_EQ(of(400, "M_NOT_FOUND"), Reason::no_such_room);  // the code counts, not the status
  EXPECT_EQ(of(400, "M_UNKNOWN"), Reason::invalid);         // but for this one
  EXPECT_EQ(of(500, "M_UNKNOWN"), Reason::network_error);
  EXPECT_EQ(of(404, "M_UNRECOGNIZED"), Reason::unsupported);
  EXPECT_EQ(of(413, ""), Reason::too_large);
  EXPECT_EQ(of(400, "M_TOO_LARGE"), Reason::too_large);
  EXPECT_EQ(of(400, "M_USER_IN_USE"), Reason::conflict);
  EXPECT_EQ(of(429, "M_LIMIT_EXCEEDED"), Reason::rate_limited);
  EXPECT_EQ(of(403, "ORG.EXAMPLE_X"), Reason::not_permitted);
}

TEST(RefusalOf, HostileBodiesAreBounded) {
  for (const std::string body :
       {"", "null", "[]", "{\"errcode\":5,\"error\":[]}", "\xff\xfe", "{\"errcode\":"}) {
    auto refusal = refusal_of(500, body);
    EXPECT_EQ(refusal.errcode, "");
    EXPECT_NE(refusal.failure.text.find("500"), std::string::npos);
  }
  auto refusal = refusal_of(
      400, R"({"errcode":")" + std::string(5000, 'M') + R"(","error":")" + std::string(50'000, 'x') + "\"}");
  EXPECT_LE(refusal.errcode.size(), 100U);
  EXPECT_LE(refusal.failure.text.size(), 400U);
}

}  // namespace
}  // namespace dragoman::matrix
