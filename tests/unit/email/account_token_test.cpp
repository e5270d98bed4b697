// A new access token: what is asked for it, and what was answered.
#include "bridges/email/account_token.hpp"

#include <gmock/gmock.h>

#include "bridges/net/base64.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const Renewal renewal{"refresh/me+", "https://login.example.org/token", "client 1", ""};

TokenResult answered(int status, const std::string& body) {
  net::HttpResponse response;
  response.head.status = status;
  response.body = body;
  return token_in(response, "login.example.org");
}
TokenTrouble trouble(int status, const std::string& body) {
  const auto result = answered(status, body);
  if (const auto* out = std::get_if<TokenTrouble>(&result)) return *out;
  ADD_FAILURE() << "that is a token: " << body;
  return {};
}

TEST(AccountToken, IsAskedForByAForm) {
  const auto request = token_request(renewal);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.url, renewal.url);
  EXPECT_EQ(request.body, "grant_type=refresh_token&refresh_token=refresh%2Fme%2B&client_id=client%201");
  EXPECT_EQ(request.max_redirects, 0);
}

TEST(AccountToken, AClientWithASecretSaysItInTheHeaderAlone) {
  Renewal secret = renewal;
  secret.client_secret = "s:1";
  const auto request = token_request(secret);
  EXPECT_THAT(request.headers, Contains(std::pair<std::string, std::string>(
                                   "authorization", "Basic " + net::base64("client%201:s%3A1"))));
  EXPECT_THAT(request.body, Not(HasSubstr("client")));
}

TEST(AccountToken, ComesWithItsLifeAndPerhapsAnotherRefreshToken) {
  const auto whole =
      answered(200, R"({"access_token":"a1","token_type":"bearer","expires_in":3600,"refresh_token":"r2"})");
  ASSERT_TRUE(std::holds_alternative<FreshToken>(whole));
  EXPECT_EQ(std::get<FreshToken>(whole).access, "a1");
  EXPECT_EQ(std::get<FreshToken>(whole).refresh, "r2");
  EXPECT_EQ(std::get<FreshToken>(whole).lifetime, 3600s);
  const auto least = answered(200, R"({"access_token":"a1","token_type":"Bearer"})");
  ASSERT_TRUE(std::holds_alternative<FreshToken>(least));
  EXPECT_EQ(std::get<FreshToken>(least).lifetime, std::nullopt);

  Account account;
  account.renewal = renewal;
  use(account, std::get<FreshToken>(whole), Time(5s));
  EXPECT_EQ(account.token, "a1");
  EXPECT_EQ(account.renewal.refresh_token, "r2");
  EXPECT_EQ(account.token_ends, Time(3605s));
  use(account, std::get<FreshToken>(least), Time(5s));
  EXPECT_EQ(account.renewal.refresh_token, "r2");
  EXPECT_EQ(account.token_ends, Time{});
}

TEST(AccountToken, WhatIsRefusedForGoodIsToldApart) {
  const auto over =
      trouble(400, R"({"error":"invalid_grant","error_description":"Token has been\r\nrevoked."})");
  EXPECT_TRUE(over.refused);
  EXPECT_THAT(over.failure.text,
              AllOf(HasSubstr("login.example.org"), HasSubstr("revoked"), Not(HasSubstr("\n"))));
  EXPECT_TRUE(trouble(401, R"({"error":"invalid_client"})").refused);
  EXPECT_FALSE(trouble(400, R"({"error":"temporarily_unavailable"})").refused);
  EXPECT_FALSE(trouble(503, "<html>").refused);
  EXPECT_FALSE(trouble(429, "").refused);
  EXPECT_FALSE(trouble(302, "").refused);
}

TEST(AccountToken, WhatIsNoTokenIsNotUsed) {
  for (const char* body :
       {"", "[]", "{}", "null", R"({"access_token":5,"token_type":"bearer"})", R"({"access_token":"a"})",
        R"({"access_token":"a","token_type":"mac"})", R"({"access_token":"","token_type":"bearer"})",
        R"({"access_token":"a\r\nb","token_type":"bearer"})",
        R"({"access_token":"a\u0001b","token_type":"bearer"})",
        R"({"access_token":"a b","token_type":"bearer"})", R"({"access_token":"ä","token_type":"bearer"})",
        R"({"access_token":"a","token_type":"bearer","refresh_token":"r\n"})"})
    EXPECT_FALSE(trouble(200, body).refused) << body;
  EXPECT_FALSE(
      trouble(200, R"({"token_type":"bearer","access_token":")" + std::string(9000, 'a') + "\"}").refused);
  // A life that is none is not known.
  for (const char* life : {"-1", "0", "\"x\"", "null", "1.5"}) {
    const auto result =
        answered(200, std::string(R"({"access_token":"a","token_type":"bearer","expires_in":)") + life + "}");
    ASSERT_TRUE(std::holds_alternative<FreshToken>(result)) << life;
    EXPECT_EQ(std::get<FreshToken>(result).lifetime, std::nullopt) << life;
  }
  const auto endless =
      answered(200, R"({"access_token":"a","token_type":"bearer","expires_in":9223372036854775807})");
  EXPECT_EQ(std::get<FreshToken>(endless).lifetime, std::chrono::seconds(366 * 24 * 3600));
}

TEST(AccountToken, AnEndpointIsAUrlWithHttpsAndAPlainHost) {
  EXPECT_EQ(endpoint_host("https://Login.Example.org/token?x=1"), "login.example.org");
  EXPECT_EQ(endpoint_host("https://login.example.org:8443"), "login.example.org");
  EXPECT_EQ(endpoint_host("https://[::1]:8443/t"), "::1");
  for (const char* bad :
       {"", "http://login.example.org/", "https://", "https:///t", "https://a@login.example.org/",
        "https://login.example.org\\@evil.example/", "https://a b/", "https://a:/", "https://a:x/",
        "https://a:123456/", "https://[::1/", "https://[x]/", "https://a#b", "ftp://a/", "https://ä/",
        "https://a\r\nb/", "https://a:1:2/", "https://a%2eb/"})
    EXPECT_EQ(endpoint_host(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace dragoman::email
