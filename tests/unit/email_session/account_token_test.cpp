// Accounts that are entered by access tokens: how these are had anew, against a token endpoint in the same
// loop.
#include "mapping/settings_table.hpp"
#include "tests/unit/email_session/account_world.hpp"
#include "tests/unit/email_session/token_peer.hpp"

namespace dragoman::email::test {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class AccountTokens : public AccountsTest {
 protected:
  AccountTokens() : endpoint(loop, certificate()) {
    imap.capabilities = "IMAP4rev1 IDLE SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER";
    submission.hello = "250-peer\r\n250-AUTH PLAIN XOAUTH2 OAUTHBEARER\r\n250 SIZE 1000000";
    endpoint.answer = [this](const std::string&) { return next_token(3600); };
  }
  std::string next_token(int seconds) {
    imap.password = "access-" + std::to_string(++given);
    return R"({"access_token":")" + imap.password + R"(","token_type":"Bearer","expires_in":)" +
           std::to_string(seconds) + R"(,"refresh_token":"refresh-)" + std::to_string(given) + "\"}";
  }
  Answers by_token() const {
    auto out = answers();
    out["password"] = {""};
    out["refresh-token"] = {"refresh-0"};
    out["token-url"] = {endpoint.url()};
    out["client-id"] = {"dragoman"};
    out["client-secret"] = {"hush"};
    return out;
  }
  void log_in_by_token() {
    ASSERT_THAT(word_of(by_token()), StartsWith("You use your mail account"));
    ASSERT_TRUE(until_idle());
    ASSERT_TRUE(until_idle(imap.sent));
  }
  SettingMap kept() { return disk->settings().load(NetworkId{settings.domain}, juliet, "account"); }

  TokenPeer endpoint;
  int given = 0;
};

TEST_F(AccountTokens, AreHadByTheRefreshTokenAndKeptSealed) {
  log_in_by_token();
  EXPECT_THAT(imap.commands, Contains(StartsWith("AUTHENTICATE OAUTHBEARER ")));
  EXPECT_THAT(submission.commands, Contains("AUTH OAUTHBEARER"));
  ASSERT_EQ(endpoint.asked.size(), 1U);
  EXPECT_EQ(endpoint.asked[0], "grant_type=refresh_token&refresh_token=refresh-0");
  EXPECT_THAT(endpoint.heads[0], AllOf(StartsWith("POST /token "), HasSubstr("Basic ")));
  auto values = kept();
  EXPECT_EQ(values["refresh-token"].value, "refresh-1");
  EXPECT_EQ(values["token"].value, "access-1");
  for (const char* secret : {"refresh-token", "token", "client-secret"})
    EXPECT_TRUE(values[secret].secret) << secret;
}

TEST_F(AccountTokens, AreHadAnewBeforeTheyEndWhileTheConnectionGoesOn) {
  log_in_by_token();
  const auto connections = imap.accepted;
  time.pass(2h);
  EXPECT_EQ(imap.accepted, connections);
  EXPECT_EQ(endpoint.asked.size(), 3U);
  EXPECT_THAT(endpoint.asked.back(), HasSubstr("refresh_token=refresh-2"));
  // What is entered then is entered by the newest one.
  imap.hang_up_all();
  ASSERT_TRUE(until_idle());
  say(bob, "t1", "Hello");
  ASSERT_TRUE(until_left(1));
  EXPECT_EQ(said().find("does not come here"), std::string::npos);
}

TEST_F(AccountTokens, AServerThatRefusesOneIsGivenANewOneWithoutAWord) {
  log_in_by_token();
  time.pass(10min);
  imap.password = "no longer the old one";
  sink.told.clear();
  imap.hang_up_all();
  imap.arrive(letter("meanwhile").bytes());
  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(endpoint.asked.size(), 2U);
  EXPECT_EQ(said(), "");
}

TEST_F(AccountTokens, WhoMayNotHaveANewOneIsToldOnceToLogInAnew) {
  log_in_by_token();
  endpoint.answer = nullptr;
  sink.told.clear();
  ASSERT_TRUE(time.pass_until([&] { return !said().empty(); }, 2h));
  EXPECT_THAT(said(), AllOf(HasSubstr("It was revoked"), HasSubstr("Use my own mail account"),
                            HasSubstr("again"), Not(HasSubstr("refresh-1")), Not(HasSubstr("hush"))));
  const auto asked = endpoint.asked.size();
  sink.told.clear();
  imap.password = "gone";
  imap.hang_up_all();
  time.pass(3h);
  EXPECT_EQ(endpoint.asked.size(), asked);
  EXPECT_EQ(said(), "");
  // And so they do.
  endpoint.answer = [this](const std::string&) { return next_token(3600); };
  imap.arrive(letter("meanwhile").bytes());
  log_in_by_token();
  ASSERT_TRUE(until_heard(1));
}

TEST_F(AccountTokens, AnEndpointThatIsAwayIsAskedAgain) {
  log_in_by_token();
  endpoint.refusal = "<html>busy</html>";
  endpoint.answer = nullptr;
  sink.told.clear();
  time.pass(70min);
  EXPECT_EQ(said(), "");
  EXPECT_GE(endpoint.asked.size(), 3U);
  // What is to be sent waits for a token, and nobody is told that something is wrong with theirs.
  say(bob, "t1", "Hello");
  time.pass(120s);
  EXPECT_THAT(submission.mails, IsEmpty());
  EXPECT_THAT(chat(), IsEmpty());
  EXPECT_THAT(sink.failed(), IsEmpty());
  endpoint.answer = [this](const std::string&) { return next_token(3600); };
  ASSERT_TRUE(time.pass_until([&] { return !submission.mails.empty(); }, 15min));
}

TEST_F(AccountTokens, AfterARestartAnOldOneIsNotTriedFirst) {
  log_in_by_token();
  disk->commit();
  accounts->stop();
  time.pass(2h);
  imap.commands.clear();
  sink.told.clear();
  kill();
  ASSERT_TRUE(until_idle());
  EXPECT_EQ(imap.asked(net::sasl::oauthbearer(own_address, "127.0.0.1", imap.port(), "access-1")), 0U);
  EXPECT_GE(imap.asked(net::sasl::oauthbearer(own_address, "127.0.0.1", imap.port(), "access-2")), 1U);
  EXPECT_EQ(said(), "");
}

TEST_F(AccountTokens, AKillAfterTheNewOneWasGivenLosesNone) {
  log_in_by_token();
  time.pass(58min);
  ASSERT_EQ(endpoint.asked.size(), 2U);
  // Nothing is committed but what was there when it was used.
  kill();
  ASSERT_TRUE(until_idle());
  EXPECT_EQ(kept()["refresh-token"].value, "refresh-2");
}

TEST_F(AccountTokens, ARefusalAtTheLoginIsSaidAndNothingIsKept) {
  endpoint.answer = nullptr;
  EXPECT_THAT(word_of(by_token()), AllOf(HasSubstr("can't be used"), HasSubstr("It was revoked")));
  EXPECT_TRUE(kept().empty());
  EXPECT_EQ(imap.accepted, 0U);
}

TEST_F(AccountTokens, EndpointsObeyTheAdministratorsListToo) {
  auto given_answers = by_token();
  given_answers["token-url"] = {"https://127.0.0.2:1/token"};
  EXPECT_THAT(word_of(given_answers), HasSubstr("does not let mail accounts of 127.0.0.2 be used"));
  hub->settings.email.accounts.servers = {"127.0.0.1", "*"};
  EXPECT_THAT(word_of(given_answers), HasSubstr("No new access token can be had from 127.0.0.2"));
  given_answers["token-url"] = {"http://127.0.0.1/token"};
  EXPECT_THAT(word_of(given_answers), HasSubstr("https://"));
  EXPECT_EQ(imap.accepted, 0U);
}

TEST_F(AccountTokens, AWrongOneIsRefusedByOauthbearerInItsOwnWay) {
  auto by_access = answers();
  by_access["password"] = {""};
  by_access["token"] = {"stale"};
  imap.commands.clear();
  EXPECT_THAT(word_of(by_access), HasSubstr("does not take this access token"));
  EXPECT_THAT(endpoint.asked, SizeIs(0));
}

}  // namespace
}  // namespace dragoman::email::test
