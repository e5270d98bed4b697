#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "config/syntax.hpp"
#include "tests/unit/config/example.hpp"

namespace dragoman::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> networks{"irc", "matrix"};
const std::string head =
    "bridges:\n  - network: matrix\n    domain: m.example.org\n    secret: s\n";  // 4 lines
const std::string homeserver = "    homeserver: {url: \"http://127.0.0.1:8008\", server_name: example.org}\n";

std::vector<std::string> problems(const std::string& yaml) {
  std::vector<std::string> texts;
  for (const Problem& problem : parse(yaml, "d.yaml", networks).problems) texts.push_back(problem.str());
  return texts;
}

// With one more key, in line 6.
std::vector<std::string> key_problems(const std::string& key) {
  return problems(head + homeserver + "    " + key + "\n");
}

Matrix good(const std::string& yaml) {
  const Loaded loaded = parse(yaml, "d.yaml", networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  return loaded.settings.bridges.empty() ? Matrix{} : loaded.settings.bridges[0].matrix;
}
Matrix with(const std::string& key) { return good(head + homeserver + "    " + key + "\n"); }

TEST(MatrixConfig, TheSmallestSectionHasDefaultsForTheRest) {
  const Matrix matrix = good(head + homeserver);
  EXPECT_EQ(matrix.homeserver.url, "http://127.0.0.1:8008");
  EXPECT_EQ(matrix.homeserver.server_name, "example.org");
  EXPECT_EQ(matrix.homeserver.ca_file, "");
  EXPECT_EQ(matrix.appservice.id, "dragoman");
  EXPECT_EQ(matrix.appservice.address, "127.0.0.1");
  EXPECT_EQ(matrix.appservice.port, 29318);
  EXPECT_EQ(matrix.appservice.url, "");
  EXPECT_EQ(matrix.appservice.sender_localpart, "xmpp");
  EXPECT_EQ(matrix.ghost_prefix, "_xmpp_");
  EXPECT_EQ(matrix.public_url, "");
  EXPECT_THAT(matrix.allow, IsEmpty());
  EXPECT_THAT(matrix.allow_login, IsEmpty());
  EXPECT_EQ(matrix.max_file_bytes, 50'000'000U);
  EXPECT_EQ(matrix.leave_after_seconds, 600U);
  EXPECT_FALSE(matrix.fetch_private_addresses);
}

TEST(MatrixConfig, EveryKeyIsRead) {
  const Matrix matrix = good(head + R"(
    homeserver: {url: "https://hs.example.org:8448/", server_name: "example.org:8448", ca_file: /dev/null}
    appservice: {listen: "[::1]:2000", id: other, url: "http://[::1]:2000/bridge//", sender_localpart: bot}
    ghost_prefix: xmpp/
    public_url: https://media.example.org/m/
    allow: ["*", Example.org]
    allow_login: [Juliet@Example.org]
    max_file_bytes: 5000000000
    leave_after_seconds: 0
    fetch_private_addresses: yes
)");
  EXPECT_EQ(matrix.homeserver.url, "https://hs.example.org:8448");
  EXPECT_EQ(matrix.homeserver.server_name, "example.org:8448");
  EXPECT_EQ(matrix.homeserver.ca_file, "/dev/null");
  EXPECT_EQ(matrix.appservice.address, "::1");
  EXPECT_EQ(matrix.appservice.port, 2000);
  EXPECT_EQ(matrix.appservice.id, "other");
  EXPECT_EQ(matrix.appservice.url, "http://[::1]:2000/bridge");
  EXPECT_EQ(matrix.appservice.sender_localpart, "bot");
  EXPECT_EQ(matrix.ghost_prefix, "xmpp/");
  EXPECT_EQ(matrix.public_url, "https://media.example.org/m");
  EXPECT_THAT(matrix.allow, ElementsAre("*", "example.org"));
  EXPECT_THAT(matrix.allow_login, ElementsAre("juliet@example.org"));
  EXPECT_EQ(matrix.max_file_bytes, 5'000'000'000U);
  EXPECT_EQ(matrix.leave_after_seconds, 0U);
  EXPECT_TRUE(matrix.fetch_private_addresses);
}

TEST(MatrixConfig, TheExampleOfABridgeToMatrixHasNoProblems) {
  const Loaded loaded = parse(example_with("matrix"), "example.yaml", networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  ASSERT_EQ(loaded.settings.bridges.size(), 2U);
  // What it shows as defaults are the defaults.
  const Matrix& shown = loaded.settings.bridges[1].matrix;
  const Matrix defaults;
  EXPECT_EQ(shown.homeserver.server_name, "example.org");
  EXPECT_EQ(shown.appservice.id, defaults.appservice.id);
  EXPECT_EQ(shown.appservice.address, defaults.appservice.address);
  EXPECT_EQ(shown.appservice.port, defaults.appservice.port);
  EXPECT_EQ(shown.appservice.sender_localpart, defaults.appservice.sender_localpart);
  EXPECT_EQ(shown.ghost_prefix, defaults.ghost_prefix);
  EXPECT_EQ(shown.max_file_bytes, defaults.max_file_bytes);
  EXPECT_EQ(shown.leave_after_seconds, defaults.leave_after_seconds);
  EXPECT_EQ(shown.fetch_private_addresses, defaults.fetch_private_addresses);
}

TEST(MatrixConfig, AHomeserverIsNeeded) {
  EXPECT_THAT(problems(head), ElementsAre(AllOf(HasSubstr("d.yaml:2: bridges[0].homeserver: is missing"),
                                                HasSubstr("server_name: example.org"))));
  EXPECT_THAT(problems(head + "    homeserver: {}\n"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].homeserver.url: is missing"),
                          HasSubstr("d.yaml:5: bridges[0].homeserver.server_name: is missing")));
  EXPECT_THAT(problems(head + "    homeserver: here\n"), ElementsAre(HasSubstr("homeserver: a map")));
}

TEST(MatrixConfig, AllThatIsWrongIsToldAtOnceWithItsLine) {
  EXPECT_THAT(problems(head + "    homeserver:\n"
                              "      url: 127.0.0.1:8008\n"
                              "      servername: example.org\n"
                              "    appservice:\n"
                              "      listen: 29318\n"
                              "    ghost-prefix: _xmpp_\n"
                              "    max_file_bytes: 50MB\n"
                              "    allow:\n"
                              "      - example.org\n"
                              "      - a b\n"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].homeserver.server_name: is missing"),
                          HasSubstr("d.yaml:6: bridges[0].homeserver.url: \"127.0.0.1:8008\""),
                          AllOf(HasSubstr("d.yaml:7: bridges[0].homeserver.servername"),
                                HasSubstr("did you mean \"server_name\"?")),
                          HasSubstr("d.yaml:9: bridges[0].appservice.listen: \"29318\""),
                          AllOf(HasSubstr("d.yaml:10"), HasSubstr("did you mean \"ghost_prefix\"?")),
                          HasSubstr("d.yaml:11: bridges[0].max_file_bytes: a number"),
                          HasSubstr("d.yaml:14: bridges[0].allow: \"a b\"")));
}

TEST(MatrixConfig, AddressesOfWebServersHaveTheirForm) {
  for (const char* url : {"", "example.org", "ftp://example.org", "http://", "http:///x", "http://a b",
                          "http://u:p@example.org", "http://example.org:0", "http://example.org:99999",
                          "http://example.org:", "http://example.org?x=1", "http://example.org/#x",
                          "http://[::1", "http://[127.0.0.1]", "http://::1:80", "http://a/\n"}) {
    EXPECT_FALSE(is_http_url(url)) << url;
  }
  for (const char* url :
       {"http://example.org", "HTTPS://example.org/", "http://127.0.0.1:8008", "http://[::1]:1/a-b"})
    EXPECT_TRUE(is_http_url(url)) << url;
  EXPECT_THAT(key_problems("public_url: media.example.org"),
              ElementsAre(HasSubstr("d.yaml:6: bridges[0].public_url: \"media.example.org\" is no address")));
}

TEST(MatrixConfig, NamesOfHomeserversHaveTheirForm) {
  for (const char* name :
       {"example.org", "example.org:8448", "1.2.3.4", "1.2.3.4:80", "[2001:db8::1]:80", "localhost"})
    EXPECT_TRUE(is_server_name(name)) << name;
  for (const char* name : {"", ":80", "a_b", "a b", "@a:b.c", "example.org:", "example.org:x",
                           "example.org:70000", "::1", "[a.b]", "http://example.org", "exämple.org"})
    EXPECT_FALSE(is_server_name(name)) << name;
}

TEST(MatrixConfig, ListeningNeedsAnAddressAndAPort) {
  EXPECT_EQ(with("appservice: {listen: 0.0.0.0:1}").appservice.address, "0.0.0.0");
  for (const char* listen : {"127.0.0.1", "localhost:80", ":80", "127.0.0.1:0", "127.0.0.1:65536", "::1:80",
                             "[127.0.0.1]:80", "127.0.0.1:80x", ""}) {
    EXPECT_THAT(key_problems(std::string("appservice: {listen: '") + listen + "'}"),
                ElementsAre(HasSubstr("d.yaml:6: bridges[0].appservice.listen")))
        << listen;
  }
}

TEST(MatrixConfig, UserIdsMustBePossible) {
  for (const char* prefix : {"'_XMPP_'", "'a b'", "'@x'", "'a:b'", "''", "'é'"}) {
    EXPECT_THAT(key_problems(std::string("ghost_prefix: ") + prefix),
                ElementsAre(HasSubstr("d.yaml:6: bridges[0].ghost_prefix")))
        << prefix;
  }
  EXPECT_THAT(key_problems("appservice: {sender_localpart: The Bridge}"),
              ElementsAre(HasSubstr("bridges[0].appservice.sender_localpart: \"The Bridge\" can't stand")));
  EXPECT_THAT(key_problems("ghost_prefix: " + std::string(250, 'x')), ElementsAre(HasSubstr("at most 255")));
}

TEST(MatrixConfig, TheBridgeItselfIsNoGhost) {
  EXPECT_THAT(key_problems("appservice: {sender_localpart: _xmpp_bridge}"),
              ElementsAre(HasSubstr("would be taken for an XMPP user")));
}

TEST(MatrixConfig, TwoBridgesDoNotListenAtOnePlace) {
  const std::string second = "  - network: matrix\n    domain: n.example.org\n    secret: s\n" + homeserver;
  EXPECT_THAT(problems(head + homeserver + second),
              ElementsAre(AllOf(HasSubstr("bridges[1].appservice"), HasSubstr("m.example.org listens at"))));
  EXPECT_THAT(problems(head + homeserver + second + "    appservice: {listen: 127.0.0.1:29319}\n"),
              IsEmpty());
}

TEST(MatrixConfig, AKeyOfMatrixIsUnknownToIrc) {
  EXPECT_THAT(problems("bridges:\n  - {network: irc, domain: i.example.org, secret: s, ghost_prefix: x}\n"),
              ElementsAre(HasSubstr("bridges[0].ghost_prefix: there is no such key")));
}

}  // namespace
}  // namespace dragoman::config
