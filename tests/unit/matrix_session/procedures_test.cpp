// The forms by which people log in and out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/matrix/account_forms.hpp"
#include "bridges/matrix/foreign.hpp"

namespace dragoman::matrix {
namespace {

using testing::HasSubstr;

TEST(AccountForms, AreOfTheGatewayAndOfRooms) {
  EXPECT_EQ(account_procedures(PlaceId{}).size(), 3U);
  EXPECT_EQ(account_procedures(RoomId("#a:b.c")).size(), 1U);
  EXPECT_TRUE(account_procedures(PlaceId("example.org")).empty());
  EXPECT_TRUE(account_procedures(UserId("@a:b.c")).empty());
}

TEST(AccountForms, AskForSecretsAsSecrets) {
  for (const Field& field : login_form("").fields) {
    const bool secret = field.name == "password" || field.name == "token" || field.name == "login-token";
    EXPECT_EQ(field.type == FieldType::secret, secret) << field.name;
    EXPECT_TRUE(field.values.empty()) << field.name;
  }
}

TEST(AccountForms, AreReadWithoutTheSpacesAround) {
  const auto read = credentials_in({{"user", {" @a:b.c\n"}}, {"password", {" with spaces "}}});
  const auto* credentials = std::get_if<Credentials>(&read);
  ASSERT_NE(credentials, nullptr);
  EXPECT_EQ(credentials->user, "@a:b.c");
  EXPECT_EQ(credentials->password, " with spaces ");
}

TEST(AccountForms, SayWhatIsMissingOrTooMuch) {
  for (const Answers& answers : std::vector<Answers>{
           {},
           {{"password", {"x"}}},
           {{"homeserver", {"b.c"}}, {"password", {"x"}}},
           {{"user", {"@a:b.c"}}, {"password", {"x"}}, {"token", {"y"}}},
           {{"user", {"@a:b.c"}}, {"token", {"a\r\nX: y"}}},
           {{"user", {"@a:b.c"}}, {"token", {std::string(5000, 'x')}}},
       }) {
    EXPECT_TRUE(std::holds_alternative<Failure>(credentials_in(answers)));
  }
}

TEST(AccountForms, NeedNoPasswordToAskHowOneLogsIn) {
  EXPECT_TRUE(std::holds_alternative<Credentials>(credentials_in({{"user", {"@a:b.c"}}})));
}

TEST(LoginToken, IsTakenOutOfAnAddress) {
  EXPECT_EQ(login_token_in("abc"), "abc");
  EXPECT_EQ(login_token_in("http://localhost/x?loginToken=abc"), "abc");
  EXPECT_EQ(login_token_in("http://localhost/x?a=b&loginToken=a%20b&c=d#e"), "a b");
  EXPECT_EQ(login_token_in("?loginToken=%zz"), "");
}

TEST(PublicUrl, IsHttpsWithAHostAndNothingHidden) {
  for (const char* url : {"https://example.org", "https://example.org:8448", "https://example.org/sub/path"})
    EXPECT_TRUE(is_public_url(url)) << url;
  for (const std::string& url :
       {std::string("http://example.org"), std::string("https://"), std::string("https://u:p@example.org"),
        std::string("https://example.org?x"), std::string("https://example.org/#x"),
        std::string("https://a b"), std::string("https://example.org/\r\nX"),
        std::string("file:///etc/passwd"), std::string(), "https://example.org/" + std::string(600, 'a')})
    EXPECT_FALSE(is_public_url(url)) << url;
}

TEST(WellKnown, LiesAtTheHostOfAServerName) {
  EXPECT_EQ(well_known_url("example.org"), "https://example.org/.well-known/matrix/client");
  EXPECT_EQ(well_known_url("example.org:8448"), "https://example.org/.well-known/matrix/client");
  EXPECT_EQ(well_known_url("[2001:db8::1]:8448"), "https://[2001:db8::1]/.well-known/matrix/client");
  EXPECT_EQ(well_known_url("[2001:db8::1]"), "https://[2001:db8::1]/.well-known/matrix/client");
}

TEST(WellKnown, SaysWhereTheHomeserverIs) {
  const auto where = [](const char* text) { return homeserver_in(parse_json(text).value()); };
  EXPECT_EQ(where(R"({"m.homeserver":{"base_url":"https://matrix.example.org/"}})"),
            "https://matrix.example.org");
  EXPECT_EQ(where(R"({"m.homeserver":{"base_url":"https://example.org:8448/a/b"}})"),
            "https://example.org:8448/a/b");
  for (const char* nothing : {"{}", "[]", R"({"m.homeserver":5})", R"({"m.homeserver":{"base_url":7}})",
                              R"({"m.homeserver":{"base_url":"http://matrix.example.org"}})",
                              R"({"m.homeserver":{"base_url":"https://user@example.org"}})",
                              R"({"m.homeserver":{"base_url":"file:///etc/passwd"}})",
                              R"({"m.homeserver":{"base_url":"https://example.org/\r\nHost: evil"}})"}) {
    EXPECT_EQ(where(nothing), "") << nothing;
  }
  EXPECT_EQ(homeserver_in(Refusal{404, {}, {}}), "");
}

TEST(GuestNote, SaysWhenNobodyCanSeeThem) {
  EXPECT_TRUE(guest_note("").warning);
  EXPECT_THAT(guest_note("@g:b.c").text, HasSubstr("@g:b.c"));
}

}  // namespace
}  // namespace dragoman::matrix
