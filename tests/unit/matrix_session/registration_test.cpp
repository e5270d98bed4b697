// What the homeserver is given.
#include "bridges/matrix/registration.hpp"

#include <cstdlib>
#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {
namespace {

using testing::HasSubstr;
using testing::Not;

class RegistrationTest : public testing::Test {
 protected:
  RegistrationTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-registration-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    bridge.domain = "matrix.example.net";
    bridge.matrix.homeserver = {"http://127.0.0.1:8008", "example.org", ""};
  }
  ~RegistrationTest() override { std::filesystem::remove_all(folder); }
  Tokens tokens() {
    Store store(folder + "/db", folder + "/key");
    return tokens_of(bridge, store);
  }
  std::string yaml() {
    Store store(folder + "/db", folder + "/key");
    return registration(bridge, store);
  }
  std::string folder;
  config::Bridge bridge;
};

TEST_F(RegistrationTest, ItsTokensAreMadeOnceAndDiffer) {
  const Tokens first = tokens(), second = tokens();
  EXPECT_EQ(first.as_token, second.as_token);
  EXPECT_EQ(first.hs_token, second.hs_token);
  EXPECT_EQ(first.as_token.size(), 64U);
  EXPECT_NE(first.as_token, first.hs_token);
  EXPECT_EQ(yaml(), yaml());
  EXPECT_THAT(yaml(), HasSubstr("as_token: " + first.as_token + "\n"));
  EXPECT_THAT(yaml(), HasSubstr("hs_token: " + first.hs_token + "\n"));
}

TEST_F(RegistrationTest, EachBridgeHasTokensOfItsOwn) {
  const Tokens first = tokens();
  bridge.domain = "other.example.net";
  EXPECT_NE(tokens().as_token, first.as_token);
}

TEST_F(RegistrationTest, ItsNamesAreTakenLiterallyAndWhole) {
  bridge.matrix.ghost_prefix = "x.+";
  bridge.matrix.homeserver.server_name = "[2001:db8::1]:8448";
  const std::string text = yaml();
  EXPECT_THAT(text, HasSubstr(R"(regex: '^@x\.\+.*:\[2001:db8::1\]:8448$')"));
  EXPECT_THAT(text, HasSubstr(R"(regex: '^#x\.\+.*:\[2001:db8::1\]:8448$')"));
  EXPECT_THAT(text, HasSubstr(R"(regex: '^@xmpp:\[2001:db8::1\]:8448$')"));
}

TEST_F(RegistrationTest, AQuoteInAnIdDoesNotEndIt) {
  bridge.matrix.appservice.id = "it's";
  EXPECT_THAT(yaml(), HasSubstr("\nid: 'it''s'\n"));
}

TEST_F(RegistrationTest, TheWayBackIsWhereWeListenUnlessItIsNamed) {
  EXPECT_EQ(appservice_url(bridge), "http://127.0.0.1:29318");
  bridge.matrix.appservice.address = "::1";
  EXPECT_EQ(appservice_url(bridge), "http://[::1]:29318");
  bridge.matrix.appservice.url = "https://bridge.example.org";
  EXPECT_EQ(appservice_url(bridge), "https://bridge.example.org");
  EXPECT_THAT(yaml(), HasSubstr("\nurl: 'https://bridge.example.org'\n"));
  EXPECT_EQ(sender_id(bridge), "@xmpp:example.org");
}

TEST_F(RegistrationTest, TokensAreNotReadableInTheDatabase) {
  const Tokens made = tokens();
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::FILE* open = std::fopen(file.path().c_str(), "rb");
    ASSERT_NE(open, nullptr);
    std::string bytes(std::filesystem::file_size(file.path()), '\0');
    EXPECT_EQ(std::fread(bytes.data(), 1, bytes.size(), open), bytes.size());
    std::fclose(open);
    EXPECT_THAT(bytes, Not(HasSubstr(made.as_token))) << file.path();
    EXPECT_THAT(bytes, Not(HasSubstr(made.hs_token))) << file.path();
  }
}

}  // namespace
}  // namespace dragoman::matrix
