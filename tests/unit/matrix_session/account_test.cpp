// Logging in to one's own account and out.
#include <gmock/gmock.h>

#include "tests/unit/matrix_session/account_world.hpp"

namespace dragoman::matrix::account_test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(AccountTest, APasswordLogsInAndTheTokenIsKept) {
  const Outcome outcome = log_in({{"user", {" @alice:example.org "}}, {"password", {"open sesame"}}});
  ASSERT_TRUE(std::holds_alternative<Note>(outcome));
  wait([&] { return !polls.empty(); });
  Session* session = accounts->session_of(juliet);
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->user_id(), "@alice:example.org");
  EXPECT_EQ(kept("access_token"), "secret-token");
  EXPECT_EQ(kept("device_id"), "DEV");
  const auto* asked = server.last("POST", "/_matrix/client/v3/login");
  ASSERT_NE(asked, nullptr);
  EXPECT_THAT(asked->body, AllOf(HasSubstr("open sesame"), HasSubstr("m.login.password"),
                                 HasSubstr("@alice:example.org")));
  EXPECT_EQ(*polls[0].header("authorization"), "Bearer secret-token");
  EXPECT_THAT(house.words(juliet), ElementsAre(HasSubstr("You are logged in as @alice:example.org")));
}

TEST_F(AccountTest, APasswordIsNowhereInTheStore) {
  log_in();
  for (const auto& [name, setting] : store->settings().load(hub->network, juliet, "account"))
    EXPECT_THAT(setting.value, Not(HasSubstr("sesame"))) << name;
}

TEST_F(AccountTest, AWrongPasswordIsTold) {
  server.forget("POST", "/_matrix/client/v3/login");
  server.on("POST", "/_matrix/client/v3/login",
            Homeserver::Scripted{403, quoted("{'errcode':'M_FORBIDDEN','error':'no'}")});
  log_in({{"user", {"@alice:example.org"}}, {"password", {"x"}}});
  wait([&] { return !house.words(juliet).empty(); });
  EXPECT_THAT(house.words(juliet), ElementsAre(AllOf(HasSubstr("You could not be logged in"),
                                                     HasSubstr("does not take this user"))));
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  EXPECT_EQ(kept("access_token"), "");
}

TEST_F(AccountTest, AnAccessTokenLogsInAsWhomItIs) {
  server.on("GET", "/_matrix/client/v3/account/whoami",
            quoted("{'user_id':'@bob:example.org','device_id':'D2'}"));
  log_in({{"homeserver", {"example.org"}}, {"token", {"mine"}}});
  wait([&] { return !polls.empty(); });
  EXPECT_EQ(accounts->session_of(juliet)->user_id(), "@bob:example.org");
  EXPECT_EQ(server.count("POST", "/_matrix/client/v3/login"), 0U);
}

TEST_F(AccountTest, ATokenOfSomebodyElseIsRefused) {
  server.on("GET", "/_matrix/client/v3/account/whoami", quoted("{'user_id':'@bob:example.org'}"));
  log_in({{"user", {"@alice:example.org"}}, {"token", {"his"}}});
  wait([&] { return !house.words(juliet).empty(); });
  EXPECT_THAT(house.words(juliet), ElementsAre(HasSubstr("is of @bob:example.org")));
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
}

TEST_F(AccountTest, AGhostIsNobodysOwnAccount) {
  server.on("GET", "/_matrix/client/v3/account/whoami",
            quoted("{'user_id':'@_xmpp_romeo=40example.net:example.org'}"));
  log_in({{"homeserver", {"example.org"}}, {"token", {"mine"}}});
  wait([&] { return !house.words(juliet).empty(); });
  EXPECT_THAT(house.words(juliet), ElementsAre(HasSubstr("belongs to the bridge")));
}

TEST_F(AccountTest, AHomeserverSpeaksForItsOwnUsersAlone) {
  server.on("GET", "/_matrix/client/v3/account/whoami", quoted("{'user_id':'@alice:elsewhere.org'}"));
  log_in({{"homeserver", {"example.org"}}, {"token", {"mine"}}});
  wait([&] { return !house.words(juliet).empty(); });
  EXPECT_THAT(house.words(juliet), ElementsAre(HasSubstr("can't speak for")));
}

TEST_F(AccountTest, ASingleSignOnIsShownAsALinkAndItsTokenTaken) {
  server.forget("GET", "/_matrix/client/v3/login");
  server.on("GET", "/_matrix/client/v3/login", quoted("{'flows':[{'type':'m.login.sso'}]}"));
  log_in({{"user", {"@alice:example.org"}}, {"password", {"x"}}});
  wait([&] { return !house.words(juliet).empty(); });
  EXPECT_THAT(
      house.words(juliet),
      ElementsAre(HasSubstr(server.url() + "/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A")));
  EXPECT_EQ(server.count("POST", "/_matrix/client/v3/login"), 0U);

  log_in({{"user", {"@alice:example.org"}},
          {"login-token", {"http://localhost/dragoman?loginToken=abc%2Bd&x=1"}}});
  wait([&] { return !polls.empty(); });
  EXPECT_THAT(server.last("POST", "/_matrix/client/v3/login")->body,
              AllOf(HasSubstr("m.login.token"), HasSubstr("\"abc+d\"")));
}

TEST_F(AccountTest, AHomeserverInAPrivateNetworkIsNotTalkedTo) {
  const std::size_t before = server.requests.size();
  log_in({{"homeserver", {"https://127.0.0.1:8448"}}, {"token", {"mine"}}});
  wait([&] { return house.words(juliet).size() == 1; });
  log_in({{"homeserver", {"http://localhost:8008"}}, {"token", {"mine"}}});
  wait([&] { return house.words(juliet).size() == 2; });
  log_in({{"homeserver", {"https://user:pw@example.com"}}, {"token", {"mine"}}});
  wait([&] { return house.words(juliet).size() == 3; });
  for (const std::string& words : house.words(juliet))
    EXPECT_THAT(words, HasSubstr("could not be logged in"));
  EXPECT_EQ(server.requests.size(), before);
}

TEST_F(AccountTest, WhoMayNotLogInIsToldSo) {
  hub->settings.matrix.allow_login = {"elsewhere.org"};
  const Outcome outcome = log_in({{"user", {"@alice:example.org"}}, {"password", {"x"}}});
  ASSERT_TRUE(std::holds_alternative<Failure>(outcome));
  EXPECT_EQ(std::get<Failure>(outcome).reason, Reason::not_permitted);
}

TEST_F(AccountTest, ALoginOutlivesARestart) {
  log_in();
  sync("{}", "s1");
  restart();
  ASSERT_NE(accounts->session_of(juliet), nullptr);
  EXPECT_EQ(accounts->session_of(juliet)->user_id(), "@alice:example.org");
  const std::size_t before = polls.size();
  wait([&] { return polls.size() > before; });
  EXPECT_EQ(polls.back().parameter("since"), "s1");
}

TEST_F(AccountTest, LoggingOutEndsTheSessionAndTheToken) {
  log_in();
  const Outcome asked = accounts->run(juliet, PlaceId{}, "logout", {}, false);
  EXPECT_TRUE(std::holds_alternative<Form>(asked));
  const Outcome done = accounts->run(juliet, PlaceId{}, "logout", {}, true);
  ASSERT_TRUE(std::holds_alternative<Note>(done));
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  EXPECT_THAT(house.ended, ElementsAre(juliet.value()));
  EXPECT_EQ(kept("access_token"), "");
  wait([&] { return server.count("POST", "/_matrix/client/v3/logout") == 1; });
  EXPECT_EQ(*server.last("POST", "/_matrix/client/v3/logout")->header("authorization"),
            "Bearer secret-token");
  restart();
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
}

TEST_F(AccountTest, ALoginThatTheHomeserverEndsIsToldAndTheDeviceIsUsedAgain) {
  log_in();
  refuse(401, "{'errcode':'M_UNKNOWN_TOKEN','error':'gone','soft_logout':true}");
  wait([&] { return house.ended.size() == 1; });
  EXPECT_EQ(accounts->session_of(juliet), nullptr);
  ASSERT_FALSE(house.words(juliet).empty());
  EXPECT_THAT(house.words(juliet).back(), HasSubstr("has logged out @alice:example.org"));
  polls.clear();
  log_in();
  EXPECT_THAT(server.last("POST", "/_matrix/client/v3/login")->body, HasSubstr("\"device_id\":\"DEV\""));
}

TEST_F(AccountTest, WhoSpokeByAGhostSpeaksByTheAccountAfterwards) {
  hub->ghost_session(juliet);
  log_in();
  // The rooms of the ghost's voice are over.
  EXPECT_THAT(house.ended, ElementsAre(juliet.value()));
}

TEST_F(AccountTest, WhoWasDisconnectedIsBackAtTheirNextWord) {
  log_in();
  accounts->disconnect(juliet, "bye");
  EXPECT_THAT(accounts->sessions(), IsEmpty());
  EXPECT_THAT(house.ended, ElementsAre(juliet.value()));
  const std::size_t before = polls.size();
  ASSERT_NE(accounts->session_of(juliet), nullptr);
  wait([&] { return polls.size() > before; });
}

}  // namespace
}  // namespace dragoman::matrix::account_test
