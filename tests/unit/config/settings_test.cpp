#include "config/settings.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace dragoman::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> networks{"irc", "echo"};

std::vector<std::string> problems(const std::string& yaml) {
  std::vector<std::string> texts;
  for (const Problem& problem : parse(yaml, "d.yaml", networks).problems) texts.push_back(problem.str());
  return texts;
}

const std::string bridge = "bridges:\n  - {network: irc, domain: irc.example.org, secret: s}\n";  // two lines

Settings good(const std::string& yaml) {
  const Loaded loaded = parse(yaml, "d.yaml", networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  return loaded.settings;
}

Irc irc(const std::string& key) {
  const Settings settings =
      good("bridges:\n  - network: irc\n    domain: irc.example.org\n    secret: s\n    " + key + "\n");
  return settings.bridges.empty() ? Irc{} : settings.bridges[0].irc;
}

std::vector<std::string> irc_problems(const std::string& key) {
  return problems("bridges:\n  - network: irc\n    domain: irc.example.org\n    secret: s\n    " + key +
                  "\n");
}

// What is right.

TEST(Config, TheSmallestFileHasDefaultsForTheRest) {
  const Settings settings = good(bridge);
  EXPECT_EQ(settings.xmpp.server, "127.0.0.1");
  EXPECT_EQ(settings.xmpp.port, 5347);
  EXPECT_THAT(settings.xmpp.admins, IsEmpty());
  EXPECT_EQ(settings.xmpp.max_stanza_bytes, 1U << 20);
  EXPECT_EQ(settings.store.path, "/var/lib/dragoman/dragoman.db");
  EXPECT_EQ(settings.store.key_file, "/var/lib/dragoman/key");
  EXPECT_EQ(settings.store.retention_days, 0U);
  EXPECT_EQ(settings.log.level, LogLevel::info);
  EXPECT_EQ(settings.log.format, LogFormat::text);
  ASSERT_EQ(settings.bridges.size(), 1U);
  EXPECT_EQ(settings.bridges[0].network, "irc");
  EXPECT_EQ(settings.bridges[0].domain, "irc.example.org");
  EXPECT_EQ(settings.bridges[0].secret, "s");
  EXPECT_EQ(settings.bridges[0].irc.tls, Tls::required);
  EXPECT_EQ(settings.bridges[0].irc.identd_port, 0);
  EXPECT_FALSE(settings.bridges[0].irc.persistent_by_default);
}

TEST(Config, EveryKeyIsRead) {
  const Settings settings = good(R"(
xmpp: {server: xmpp.example.org, port: 5348, admins: [Admin@Example.org, b@example.org], max_stanza_bytes: 20000}
store: {path: /a/b.db, key_file: /a/key, retention_days: 30}
log: {level: debug, format: json}
bridges:
  - network: irc
    domain: IRC.example.org
    secret: change-me
    tls: preferred
    fixed_server: irc.libera.chat
    identd_port: 113
    outgoing_bind: 192.0.2.7
    persistent_by_default: true
    realname_from_jid: yes
    servers:
      IRC.localhost: {address: 127.0.0.1, ports: [6667, 6668], tls_ports: [], verify_cert: false}
      other.example.org: {}
  - {network: echo, domain: echo.example.org, secret: t}
)");
  EXPECT_EQ(settings.xmpp.server, "xmpp.example.org");
  EXPECT_EQ(settings.xmpp.port, 5348);
  EXPECT_THAT(settings.xmpp.admins, ElementsAre("admin@example.org", "b@example.org"));
  EXPECT_EQ(settings.xmpp.max_stanza_bytes, 20000U);
  EXPECT_EQ(settings.store.path, "/a/b.db");
  EXPECT_EQ(settings.store.key_file, "/a/key");
  EXPECT_EQ(settings.store.retention_days, 30U);
  EXPECT_EQ(settings.log.level, LogLevel::debug);
  EXPECT_EQ(settings.log.format, LogFormat::json);
  ASSERT_EQ(settings.bridges.size(), 2U);
  EXPECT_EQ(settings.bridges[0].domain, "irc.example.org");
  const Irc& first = settings.bridges[0].irc;
  EXPECT_EQ(first.tls, Tls::preferred);
  EXPECT_EQ(first.fixed_server, "irc.libera.chat");
  EXPECT_EQ(first.identd_port, 113);
  EXPECT_EQ(first.outgoing_bind, "192.0.2.7");
  EXPECT_TRUE(first.persistent_by_default);
  EXPECT_TRUE(first.realname_from_jid);
  ASSERT_EQ(first.servers.size(), 2U);
  const IrcServer& server = first.servers.at("irc.localhost");
  EXPECT_EQ(server.address, "127.0.0.1");
  EXPECT_EQ(server.ports, (std::vector<std::uint16_t>{6667, 6668}));
  EXPECT_EQ(server.tls_ports, std::vector<std::uint16_t>{});
  EXPECT_EQ(server.verify_cert, false);
  EXPECT_FALSE(first.servers.at("other.example.org").ports);
  EXPECT_EQ(settings.bridges[1].network, "echo");
}

TEST(Config, TheExampleHasNoProblems) {
  const std::filesystem::path root = DRAGOMAN_SOURCE_DIR;
  const Loaded loaded = load((root / "config" / "example.yaml").string(), networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  EXPECT_EQ(loaded.settings.bridges.size(), 1U);
}

TEST(Config, TlsOffIsAWordAndNoBoolean) {
  EXPECT_EQ(irc("tls: off").tls, Tls::off);
  EXPECT_EQ(irc("tls: \"off\"").tls, Tls::off);
  EXPECT_EQ(irc("tls: required").tls, Tls::required);
  EXPECT_EQ(irc("tls: preferred").tls, Tls::preferred);
}

TEST(Config, BooleansHaveTheirUsualWords) {
  for (const char* word : {"true", "True", "yes", "on"})
    EXPECT_TRUE(irc(std::string("realname_from_jid: ") + word).realname_from_jid);
  for (const char* word : {"false", "FALSE", "no", "off"})
    EXPECT_FALSE(irc(std::string("realname_from_jid: ") + word).realname_from_jid);
}

TEST(Config, EveryLogLevelIsKnown) {
  const std::vector<std::pair<const char*, LogLevel>> levels{{"trace", LogLevel::trace},
                                                             {"debug", LogLevel::debug},
                                                             {"info", LogLevel::info},
                                                             {"warning", LogLevel::warning},
                                                             {"error", LogLevel::error}};
  for (const auto& [word, level] : levels) {
    EXPECT_EQ(good(std::string("log: {level: ") + word + "}\n" + bridge).log.level, level);
  }
}

TEST(Config, AddressesOfBothKindsMayBindAndServe) {
  EXPECT_EQ(irc("outgoing_bind: \"2001:db8::1\"").outgoing_bind, "2001:db8::1");
  EXPECT_EQ(good("xmpp: {server: \"::1\"}\n" + bridge).xmpp.server, "::1");
}

// What is wrong, and where.

TEST(Config, AllProblemsAreToldAtOnceInTheOrderOfTheirLines) {
  const auto texts = problems(
      "xmpp:\n"
      "  port: 99999\n"
      "  sevrer: x\n"
      "log: {level: loud}\n"
      "bridges:\n"
      "  - network: irc\n"
      "    domain: irc.example.org\n"
      "  - network: irk\n"
      "    domain: irc.example.org\n"
      "    secret: s\n");
  ASSERT_EQ(texts.size(), 6U) << testing::PrintToString(texts);
  EXPECT_THAT(texts[0],
              AllOf(HasSubstr("d.yaml:2: xmpp.port: a number from 1 to 65535"), HasSubstr("\"99999\"")));
  EXPECT_THAT(texts[1], HasSubstr("d.yaml:3: xmpp.sevrer: there is no such key; did you mean \"server\"?"));
  EXPECT_THAT(texts[2], HasSubstr("d.yaml:4: log.level: one of trace, debug, info, warning, error"));
  EXPECT_THAT(texts[3], HasSubstr("d.yaml:6: bridges[0].secret: is missing"));
  EXPECT_THAT(texts[4], AllOf(HasSubstr("d.yaml:8: bridges[1].network: one of irc, echo"),
                              HasSubstr("did you mean \"irc\"")));
  EXPECT_THAT(texts[5], AllOf(HasSubstr("d.yaml:9: bridges[1].domain"), HasSubstr("line 7")));
}

TEST(Config, AnUnknownKeyIsNamedWithTheNearestOne) {
  EXPECT_THAT(problems("bridge: []\n" + bridge),
              ElementsAre(HasSubstr("d.yaml:1: bridge: there is no such key; did you mean \"bridges\"?")));
  EXPECT_THAT(problems("store: {retention-days: 1}\n" + bridge),
              ElementsAre(HasSubstr("did you mean \"retention_days\"?")));
  EXPECT_THAT(problems("log: {Level: info}\n" + bridge), ElementsAre(HasSubstr("did you mean \"level\"?")));
  EXPECT_THAT(irc_problems("identport: 1"),
              ElementsAre(HasSubstr(
                  "d.yaml:5: bridges[0].identport: there is no such key; did you mean \"identd_port\"?")));
}

TEST(Config, AnUnknownKeyNearNothingIsToldWhatThereIs) {
  EXPECT_THAT(problems("log: {zzzzzz: 1}\n" + bridge), ElementsAre(HasSubstr("there are level, format")));
}

TEST(Config, AKeyOfAnotherNetworkIsUnknown) {
  EXPECT_THAT(problems("bridges:\n  - {network: echo, domain: e.example.org, secret: s, tls: off}\n"),
              ElementsAre(HasSubstr("bridges[0].tls")));
}

TEST(Config, ANetworkThatIsNotBuiltInIsRefused) {
  const Loaded loaded = parse(bridge, "d.yaml", {"echo"});
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_THAT(loaded.problems[0].str(),
              HasSubstr("d.yaml:2: bridges[0].network: one of echo belongs here, not \"irc\""));
}

TEST(Config, WrongTypesAreRefused) {
  EXPECT_THAT(problems("xmpp: [1]\n" + bridge),
              ElementsAre(HasSubstr("d.yaml:1: xmpp: a map (key: value) belongs here, not a list")));
  EXPECT_THAT(problems("xmpp:\n" + bridge),
              ElementsAre(HasSubstr("d.yaml:1: xmpp: a map (key: value) belongs here, not nothing")));
  EXPECT_THAT(problems("xmpp: {port: [1]}\n" + bridge),
              ElementsAre(HasSubstr("xmpp.port: a number from 1 to 65535 belongs here, not a list")));
  EXPECT_THAT(problems("xmpp: {admins: a@b.c}\n" + bridge), ElementsAre(HasSubstr("xmpp.admins: a list")));
  EXPECT_THAT(problems("xmpp: {admins: [[a]]}\n" + bridge),
              ElementsAre(HasSubstr("a text belongs here, not a list")));
  EXPECT_THAT(problems("store: {path: {a: b}}\n" + bridge),
              ElementsAre(HasSubstr("store.path: a text belongs here, not a map")));
  EXPECT_THAT(problems("store: {path: }\n" + bridge),
              ElementsAre(HasSubstr("store.path: a text belongs here, not nothing")));
  EXPECT_THAT(problems("bridges: {network: irc}\n"), ElementsAre(HasSubstr("bridges: a list")));
  EXPECT_THAT(problems("bridges: [irc]\n"), ElementsAre(HasSubstr("bridges[0]: a map")));
  EXPECT_THAT(problems("[1, 2]\n"),
              ElementsAre(HasSubstr("d.yaml:1: a map (key: value) belongs here, not a list")));
  EXPECT_THAT(problems("just words\n"), ElementsAre(HasSubstr("a map")));
  EXPECT_THAT(irc_problems("servers: [a]"), ElementsAre(HasSubstr("bridges[0].servers: a map")));
  EXPECT_THAT(irc_problems("servers: {a.b: 1}"), ElementsAre(HasSubstr("bridges[0].servers.a.b: a map")));
  EXPECT_THAT(irc_problems("persistent_by_default: maybe"),
              ElementsAre(HasSubstr("true or false belongs here, not \"maybe\"")));
  EXPECT_THAT(irc_problems("tls: true"), ElementsAre(HasSubstr("one of required, preferred, off")));
  EXPECT_THAT(problems("? [a]\n: b\n" + bridge), ElementsAre(HasSubstr("d.yaml:1: a key is a word")));
}

TEST(Config, NumbersAreWholeAndInTheirRange) {
  for (const char* port :
       {"0", "65536", "-1", "1.5", "0x10", "five", "5347 ", "99999999999999999999", "''"}) {
    EXPECT_THAT(problems(std::string("xmpp: {port: \"") + port + "\"}\n" + bridge),
                ElementsAre(HasSubstr("xmpp.port")))
        << port;
  }
  EXPECT_THAT(irc_problems("identd_port: 65536"), ElementsAre(HasSubstr("from 0 to 65535")));
  EXPECT_THAT(irc_problems("servers: {a.b: {ports: [6667, 0, 70000]}}").size(), 2U);
  EXPECT_THAT(irc_problems("servers: {a.b: {ports: 6667}}"), ElementsAre(HasSubstr("a list of ports")));
  EXPECT_THAT(problems("store: {retention_days: -1}\n" + bridge),
              ElementsAre(HasSubstr("store.retention_days")));
  EXPECT_THAT(problems("xmpp: {max_stanza_bytes: 100}\n" + bridge), ElementsAre(HasSubstr("from 10000")));
}

TEST(Config, AServerWithoutAnyPortIsRefused) {
  EXPECT_THAT(irc_problems("servers: {a.b: {ports: [], tls_ports: []}}"),
              ElementsAre(HasSubstr("neither ports nor tls_ports")));
}

TEST(Config, NamesOfServersAreCheckedAndTheSameInAnyCase) {
  EXPECT_THAT(irc_problems("servers: {'a b': {}}"), ElementsAre(HasSubstr("is no name of a server")));
  EXPECT_THAT(irc_problems("servers: {a.b: {}, A.b: {}}"), ElementsAre(HasSubstr("a second time")));
  EXPECT_THAT(irc_problems("servers: {a.b: {address: 'x y'}}"),
              ElementsAre(HasSubstr("bridges[0].servers.a.b.address")));
  EXPECT_THAT(irc_problems("servers: {a.b: {prots: [1]}}"),
              ElementsAre(HasSubstr("did you mean \"ports\"?")));
}

TEST(Config, DomainsAndJidsHaveTheirForm) {
  for (const char* domain : {"a@b", "a/b", "a b", "", ".", "a..b", "-a", "a-", "a.b.", "a%b"}) {
    EXPECT_THAT(problems(std::string("bridges:\n  - {network: irc, domain: '") + domain + "', secret: s}\n"),
                ElementsAre(HasSubstr("d.yaml:2: bridges[0].domain")))
        << domain;
  }
  for (const char* jid : {"admin", "@b.c", "a@", "a b@c", "a@b@c", "a:b@c"}) {
    EXPECT_THAT(problems(std::string("xmpp: {admins: ['") + jid + "']}\n" + bridge),
                ElementsAre(HasSubstr("is no bare JID")))
        << jid;
  }
  EXPECT_THAT(problems("xmpp: {admins: [a@b.c/r]}\n" + bridge),
              ElementsAre(HasSubstr("without what begins with /")));
  EXPECT_THAT(problems("xmpp: {server: 'a b'}\n" + bridge), ElementsAre(HasSubstr("xmpp.server")));
  EXPECT_THAT(irc_problems("fixed_server: 'irc libera'"), ElementsAre(HasSubstr("bridges[0].fixed_server")));
  EXPECT_THAT(irc_problems("outgoing_bind: eth0"), ElementsAre(HasSubstr("an IP address")));
}

TEST(Config, AnAdminOfAListStandsInItsOwnLine) {
  EXPECT_THAT(problems("xmpp:\n  admins:\n    - a@b.c\n    - nobody\n" + bridge),
              ElementsAre(HasSubstr("d.yaml:4: xmpp.admins")));
}

TEST(Config, BridgesAreNeeded) {
  EXPECT_THAT(problems("log: {level: info}\n"), ElementsAre(HasSubstr("bridges: there is no bridge")));
  EXPECT_THAT(problems("bridges: []\n"), ElementsAre(HasSubstr("there is no bridge")));
  EXPECT_THAT(problems("bridges:\n"), ElementsAre(HasSubstr("bridges: a list")));
  EXPECT_THAT(problems(""), ElementsAre(HasSubstr("d.yaml: the file is empty")));
  EXPECT_THAT(problems("# nothing\n"), ElementsAre(HasSubstr("empty")));
  EXPECT_THAT(problems("bridges: [{}]\n"),
              ElementsAre(HasSubstr("network: is missing"), HasSubstr("domain: is missing"),
                          HasSubstr("secret: is missing")));
}

TEST(Config, DomainsAreOfOneBridgeEach) {
  EXPECT_THAT(problems("bridges:\n"
                       "  - {network: irc, domain: a.example.org, secret: s}\n"
                       "  - {network: echo, domain: A.example.org, secret: s}\n"
                       "  - {network: irc, domain: b.example.org, secret: s}\n"),
              ElementsAre(AllOf(HasSubstr("d.yaml:3: bridges[1].domain"),
                                HasSubstr("another bridge already (line 2)"))));
}

TEST(Config, AnEmptySecretIsNone) {
  for (const char* secret : {"", "''", "~"}) {
    EXPECT_THAT(
        problems(std::string("bridges:\n  - network: irc\n    domain: a.b\n    secret: ") + secret + "\n"),
        ElementsAre(HasSubstr("d.yaml:4: bridges[0].secret: is empty")))
        << secret;
  }
}

TEST(Config, ASecretIsNeverShown) {
  setenv("DRAGOMAN_TEST_SECRET", "hidden-thing", 1);
  for (const auto& text :
       problems("bridges:\n  - {network: irk, domain: 'a b', secret: hidden-thing, port: x}\n"
                "  - {network: irc, domain: a.b, secret: [hidden-thing]}\n"
                "  - {network: irc, domain: c.d, secret: '${DRAGOMAN_TEST_SECRET}', tls: "
                "${DRAGOMAN_TEST_SECRET}}\n")) {
    EXPECT_EQ(text.find("hidden-thing"), std::string::npos) << text;
  }
}

TEST(Config, AKeyStandsOnce) {
  EXPECT_THAT(
      problems("log:\n  level: info\n  level: debug\n" + bridge),
      ElementsAre(AllOf(HasSubstr("d.yaml:3: log.level: stands here a second time"), HasSubstr("line 2"))));
  EXPECT_THAT(problems(bridge + bridge),
              ElementsAre(HasSubstr("d.yaml:3: bridges: stands here a second time")));
}

TEST(Config, TheDatabaseIsNoKey) {
  EXPECT_THAT(problems("store: {path: /a, key_file: /a}\n" + bridge),
              ElementsAre(HasSubstr("store.key_file: is the same file")));
  EXPECT_THAT(problems("store: {path: ''}\n" + bridge), ElementsAre(HasSubstr("store.path: is empty")));
}

// The environment.

TEST(Config, TheEnvironmentStandsInAnyText) {
  setenv("DRAGOMAN_TEST_SECRET", "from outside", 1);
  setenv("DRAGOMAN_TEST_PORT", "5999", 1);
  const Settings settings = good(
      "xmpp: {port: '${DRAGOMAN_TEST_PORT}'}\nstore: {path: '/x/${DRAGOMAN_TEST_PORT}.db'}\n"
      "bridges:\n  - {network: irc, domain: a.b, secret: '<${DRAGOMAN_TEST_SECRET}>$'}\n");
  EXPECT_EQ(settings.xmpp.port, 5999);
  EXPECT_EQ(settings.store.path, "/x/5999.db");
  EXPECT_EQ(settings.bridges.at(0).secret, "<from outside>$");
}

TEST(Config, TheEnvironmentIsReadOnce) {
  setenv("DRAGOMAN_TEST_SECRET", "${DRAGOMAN_TEST_PORT}", 1);
  setenv("DRAGOMAN_TEST_PORT", "5999", 1);
  EXPECT_EQ(good("bridges:\n  - {network: irc, domain: a.b, secret: '${DRAGOMAN_TEST_SECRET}'}\n")
                .bridges.at(0)
                .secret,
            "${DRAGOMAN_TEST_PORT}");
}

TEST(Config, TwoDollarsStandForTheTextItself) {
  EXPECT_EQ(good("bridges:\n  - {network: irc, domain: a.b, secret: 'a$${B}$c'}\n").bridges.at(0).secret,
            "a${B}$c");
}

TEST(Config, AVariableThatIsNotSetIsAProblem) {
  unsetenv("DRAGOMAN_TEST_UNSET");
  EXPECT_THAT(problems("bridges:\n  - {network: irc, domain: a.b, secret: '${DRAGOMAN_TEST_UNSET}'}\n"),
              ElementsAre(AllOf(HasSubstr("d.yaml:2: bridges[0].secret"),
                                HasSubstr("DRAGOMAN_TEST_UNSET is not set"))));
}

TEST(Config, AVariableThatIsEmptyIsNoSecret) {
  setenv("DRAGOMAN_TEST_SECRET", "", 1);
  EXPECT_THAT(problems("bridges:\n  - {network: irc, domain: a.b, secret: '${DRAGOMAN_TEST_SECRET}'}\n"),
              ElementsAre(HasSubstr("secret: is empty")));
}

TEST(Config, AnUnfinishedVariableIsAProblem) {
  for (const char* text : {"${", "${A", "${}", "${A B}", "x${A-B}"}) {
    EXPECT_THAT(problems(std::string("bridges:\n  - {network: irc, domain: a.b, secret: '") + text + "'}\n"),
                ElementsAre(HasSubstr("the name of an environment variable")))
        << text;
  }
}

// Files.

TEST(Config, WhatIsNoYamlIsToldWithItsLine) {
  EXPECT_THAT(problems("log: {level: info}\nxmpp: [1\nbridges: }\n"),
              ElementsAre(AllOf(HasSubstr("d.yaml:3: this is no YAML"))));
  EXPECT_THAT(problems("a: b\n\tc: d\n"), ElementsAre(HasSubstr("d.yaml:2: this is no YAML")));
  EXPECT_THAT(problems("a: *nobody\n"), ElementsAre(HasSubstr("d.yaml:1: this is no YAML")));
}

TEST(Config, HostileDepthDoesNotThrow) {
  EXPECT_FALSE(problems(std::string(100000, '[')).empty());
  EXPECT_FALSE(problems(std::string(100000, '{')).empty());
  EXPECT_FALSE(problems(std::string("\0\x01\xff", 3)).empty());
}

TEST(Config, SeveralDocumentsAreRefused) {
  EXPECT_THAT(problems(bridge + "---\n" + bridge), ElementsAre(HasSubstr("2 YAML documents")));
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-config-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
  }
  ~ConfigFile() override { std::filesystem::remove_all(folder); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder + "/" + name) << text;
    return folder + "/" + name;
  }
  std::string folder;
};

TEST_F(ConfigFile, IsLoaded) {
  const Loaded loaded = load(write("d.yaml", bridge), networks);
  EXPECT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.settings.bridges.size(), 1U);
}

TEST_F(ConfigFile, ThatIsMissingIsTold) {
  const Loaded loaded = load(folder + "/none.yaml", networks);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_THAT(loaded.problems[0].str(),
              AllOf(HasSubstr(folder + "/none.yaml: can't be read"), HasSubstr("No such file")));
}

TEST_F(ConfigFile, ThatIsAFolderIsTold) {
  ASSERT_EQ(load(folder, networks).problems.size(), 1U);
  EXPECT_THAT(load(folder, networks).problems[0].str(), HasSubstr("this is a folder"));
}

TEST_F(ConfigFile, ThatIsHugeIsRefused) {
  const Loaded loaded = load(write("d.yaml", bridge + std::string(2 << 20, '#')), networks);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_THAT(loaded.problems[0].str(), HasSubstr("larger than"));
}

TEST_F(ConfigFile, NamesProblemsByItsPathAndLine) {
  const std::string path = write("d.yaml", "\nlog: {level: loud}\n" + bridge);
  const Loaded loaded = load(path, networks);
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_THAT(loaded.problems[0].str(), HasSubstr(path + ":2: log.level"));
}

TEST_F(ConfigFile, OfCertificatesHasToBeReadable) {
  EXPECT_THAT(irc_problems("ca_file: " + folder + "/none.pem"),
              ElementsAre(AllOf(HasSubstr("d.yaml:5: bridges[0].ca_file"), HasSubstr("can't be read"))));
  EXPECT_THAT(irc_problems("ca_file: " + folder), ElementsAre(HasSubstr("is a folder")));
  EXPECT_EQ(irc("ca_file: " + write("ca.pem", "")).ca_file, folder + "/ca.pem");
}

TEST(Problem, WithoutALineIsOfTheWholeFile) {
  EXPECT_EQ((Problem{"f", 0, "t"}).str(), "f: t");
  EXPECT_EQ((Problem{"f", 3, "t"}).str(), "f:3: t");
}

}  // namespace
}  // namespace dragoman::config
