#include <cstdlib>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "tests/unit/config/example.hpp"

namespace dragoman::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> networks{"irc", "matrix", "email"};
const std::string head =
    "bridges:\n  - network: email\n    domain: Mail.Example.org\n    secret: s\n";  // 4 lines

std::vector<std::string> problems(const std::string& yaml) {
  std::vector<std::string> texts;
  for (const Problem& problem : parse(yaml, "d.yaml", networks).problems) texts.push_back(problem.str());
  return texts;
}

// With one more key, in line 5.
std::vector<std::string> key_problems(const std::string& key) { return problems(head + "    " + key + "\n"); }

Email good(const std::string& yaml) {
  const Loaded loaded = parse(yaml, "d.yaml", networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  return loaded.settings.bridges.empty() ? Email{} : loaded.settings.bridges[0].email;
}
Email with(const std::string& key) { return good(head + "    " + key + "\n"); }

TEST(EmailConfig, TheSmallestSectionHasDefaultsForTheRest) {
  const Email email = good(head);
  EXPECT_EQ(email.lmtp.address, "127.0.0.1");
  EXPECT_EQ(email.lmtp.port, 2400);
  EXPECT_EQ(email.smtp.url, "smtp://127.0.0.1:25");
  EXPECT_EQ(email.smtp.username, "");
  EXPECT_EQ(email.smtp.password, "");
  EXPECT_EQ(email.smtp.tls, Tls::preferred);
  EXPECT_EQ(email.smtp.ca_file, "");
  EXPECT_EQ(email.files.address, "127.0.0.1");
  EXPECT_EQ(email.files.port, 29319);
  EXPECT_EQ(email.address, "{local}={host}@mail.example.org");
  EXPECT_EQ(email.authserv_id, "");
  EXPECT_EQ(email.public_url, "");
  EXPECT_THAT(email.allow, IsEmpty());
  EXPECT_THAT(email.uploads, IsEmpty());
  EXPECT_THAT(email.accounts.servers, IsEmpty());
  EXPECT_EQ(email.accounts.ca_file, "");
  EXPECT_THAT(email.allow_login, IsEmpty());
  EXPECT_EQ(email.coalesce_seconds, 30U);
  EXPECT_EQ(email.max_mail_bytes, 25'000'000U);
  EXPECT_EQ(email.max_mailbox_bytes, 1'000'000'000U);
  EXPECT_EQ(email.aliases_per_person, 0U);
  EXPECT_EQ(email.max_file_bytes, 10'000'000U);
  EXPECT_EQ(email.mails_per_hour, 60U);
  EXPECT_EQ(email.mails_per_minute_and_domain, 60U);
  EXPECT_EQ(email.keep_days, 365U);
  EXPECT_FALSE(email.fetch_private_addresses);
}

TEST(EmailConfig, EveryKeyIsRead) {
  ASSERT_EQ(setenv("DRAGOMAN_TEST_SMTP", "sesame", 1), 0);
  const Email email = good(head + R"(
    lmtp: {listen: "unix:/run/dragoman/lmtp"}
    smtp:
      url: SMTPS://smtp.example.org:465/
      username: gateway
      password: "${DRAGOMAN_TEST_SMTP}"
      tls: required
      ca_file: /dev/null
    files: {listen: "[::1]:8080"}
    address: "x-{local}_at_{host}.y@Mail.Example.NET"
    authserv_id: MX.example.org
    public_url: https://files.example.org/m/
    allow: ["*", Example.org, Juliet@Example.org]
    uploads: [Upload.example.org, localhost]
    accounts: {servers: [Imap.example.org, "*", 192.0.2.1], ca_file: /dev/null}
    allow_login: [Juliet@Example.org]
    coalesce_seconds: 0
    max_mail_bytes: 50000000
    max_mailbox_bytes: 0
    aliases_per_person: 3
    max_file_bytes: 36000000
    mails_per_hour: 0
    mails_per_minute_and_domain: 5
    keep_days: 0
    fetch_private_addresses: yes
)");
  EXPECT_EQ(email.lmtp.address, "unix:/run/dragoman/lmtp");
  EXPECT_EQ(email.lmtp.port, 0);
  EXPECT_EQ(email.smtp.url, "SMTPS://smtp.example.org:465");
  EXPECT_EQ(email.smtp.username, "gateway");
  EXPECT_EQ(email.smtp.password, "sesame");
  EXPECT_EQ(email.smtp.tls, Tls::required);
  EXPECT_EQ(email.smtp.ca_file, "/dev/null");
  EXPECT_EQ(email.files.address, "::1");
  EXPECT_EQ(email.files.port, 8080);
  EXPECT_EQ(email.address, "x-{local}_at_{host}.y@mail.example.net");
  EXPECT_EQ(email.authserv_id, "mx.example.org");
  EXPECT_EQ(email.public_url, "https://files.example.org/m");
  EXPECT_THAT(email.allow, ElementsAre("*", "example.org", "juliet@example.org"));
  EXPECT_THAT(email.uploads, ElementsAre("upload.example.org", "localhost"));
  EXPECT_THAT(email.accounts.servers, ElementsAre("imap.example.org", "*", "192.0.2.1"));
  EXPECT_EQ(email.accounts.ca_file, "/dev/null");
  EXPECT_THAT(email.allow_login, ElementsAre("juliet@example.org"));
  EXPECT_EQ(email.coalesce_seconds, 0U);
  EXPECT_EQ(email.max_mail_bytes, 50'000'000U);
  EXPECT_EQ(email.max_mailbox_bytes, 0U);
  EXPECT_EQ(email.aliases_per_person, 3U);
  EXPECT_EQ(email.max_file_bytes, 36'000'000U);
  EXPECT_EQ(email.mails_per_hour, 0U);
  EXPECT_EQ(email.mails_per_minute_and_domain, 5U);
  EXPECT_EQ(email.keep_days, 0U);
  EXPECT_TRUE(email.fetch_private_addresses);
}

TEST(EmailConfig, TheExampleOfABridgeToEmailHasNoProblems) {
  const Loaded loaded = parse(example_with("email"), "example.yaml", networks);
  for (const Problem& problem : loaded.problems) ADD_FAILURE() << problem.str();
  ASSERT_EQ(loaded.settings.bridges.size(), 2U);
  // What it shows as defaults are the defaults.
  const Email& shown = loaded.settings.bridges[1].email;
  const Email defaults;
  EXPECT_EQ(shown.lmtp.address, defaults.lmtp.address);
  EXPECT_EQ(shown.lmtp.port, defaults.lmtp.port);
  EXPECT_EQ(shown.smtp.url, defaults.smtp.url);
  EXPECT_EQ(shown.smtp.tls, defaults.smtp.tls);
  EXPECT_EQ(shown.files.address, defaults.files.address);
  EXPECT_EQ(shown.files.port, defaults.files.port);
  EXPECT_EQ(shown.coalesce_seconds, defaults.coalesce_seconds);
  EXPECT_EQ(shown.max_mail_bytes, defaults.max_mail_bytes);
  EXPECT_EQ(shown.max_mailbox_bytes, defaults.max_mailbox_bytes);
  EXPECT_EQ(shown.aliases_per_person, defaults.aliases_per_person);
  EXPECT_EQ(shown.max_file_bytes, defaults.max_file_bytes);
  EXPECT_EQ(shown.mails_per_hour, defaults.mails_per_hour);
  EXPECT_EQ(shown.mails_per_minute_and_domain, defaults.mails_per_minute_and_domain);
  EXPECT_EQ(shown.keep_days, defaults.keep_days);
  EXPECT_EQ(shown.fetch_private_addresses, defaults.fetch_private_addresses);
}

TEST(EmailConfig, ServersOfPeoplesAccountsAreHostsWithoutPorts) {
  for (const char* host : {"imaps://imap.example.org", "imap.example.org:993", "*.example.org", "a b"}) {
    EXPECT_THAT(key_problems("accounts: {servers: [\"" + std::string(host) + "\"]}"),
                ElementsAre(AllOf(HasSubstr("d.yaml:5: bridges[0].accounts.servers: \"" + std::string(host)),
                                  HasSubstr("write it like imap.example.org"))));
  }
  EXPECT_THAT(key_problems("accounts: {server: [imap.example.org]}"), ElementsAre(HasSubstr("server")));
}

TEST(EmailConfig, FilesArePutOnTheServiceThatIsNamed) {
  const Loaded loaded =
      parse(head + "    upload_to: {service: Upload.example.org, ca_file: /dev/null}\n", "d.yaml", {"email"});
  ASSERT_THAT(loaded.problems, IsEmpty());
  EXPECT_EQ(loaded.settings.bridges.front().upload_to.service, "upload.example.org");
  EXPECT_EQ(loaded.settings.bridges.front().upload_to.ca_file, "/dev/null");
  for (const char* wrong :
       {"{}", "{service: https://upload.example.org}", "{service: a@upload.example.org}"}) {
    EXPECT_THAT(key_problems(std::string("upload_to: ") + wrong),
                ElementsAre(HasSubstr("upload_to.service: the JID of your XMPP server's upload service")))
        << wrong;
  }
  EXPECT_THAT(key_problems("upload_to: upload.example.org"), ElementsAre(HasSubstr("upload_to: a map")));
}

TEST(EmailConfig, AllThatIsWrongIsToldAtOnceWithItsLine) {
  EXPECT_THAT(problems(head + "    lmtp: {listen: 2400}\n"
                              "    smtp:\n"
                              "      url: 127.0.0.1\n"
                              "      user: me\n"
                              "      tls: always\n"
                              "    files: here\n"
                              "    coalesce-seconds: 5\n"
                              "    max_mail_bytes: 25MB\n"
                              "    uploads:\n"
                              "      - https://upload.example.org\n"
                              "    allow: [a b]\n"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].lmtp.listen: \"2400\" is no address with a port"),
                          HasSubstr("d.yaml:7: bridges[0].smtp.url: \"127.0.0.1\" is no address of a mail"),
                          HasSubstr("d.yaml:8: bridges[0].smtp.user: there is no such key"),
                          HasSubstr("d.yaml:9: bridges[0].smtp.tls: one of required, preferred, off"),
                          HasSubstr("d.yaml:10: bridges[0].files: a map"),
                          AllOf(HasSubstr("d.yaml:11"), HasSubstr("did you mean \"coalesce_seconds\"?")),
                          HasSubstr("d.yaml:12: bridges[0].max_mail_bytes: a number"),
                          HasSubstr("d.yaml:14: bridges[0].uploads: \"https://upload.example.org\" is no"),
                          HasSubstr("d.yaml:15: bridges[0].allow: \"a b\"")));
}

TEST(EmailConfig, LmtpIsNeverOnThePortOfSmtp) {
  EXPECT_THAT(key_problems("lmtp: {listen: \"127.0.0.1:25\"}"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].lmtp.listen: LMTP must not be on port 25")));
}

TEST(EmailConfig, ASocketHasAnAbsolutePathThatFits) {
  EXPECT_EQ(with("lmtp: {listen: \"unix:/l\"}").lmtp.address, "unix:/l");
  for (const char* listen : {"unix:", "unix:run/lmtp", "unix:/run/", "unix:127.0.0.1:24", "/run/lmtp",
                             "127.0.0.1", "localhost:2400", "127.0.0.1:0", "[::1]", ""}) {
    EXPECT_THAT(key_problems(std::string("lmtp: {listen: '") + listen + "'}"),
                ElementsAre(HasSubstr("d.yaml:5: bridges[0].lmtp.listen: \"")))
        << listen;
  }
  EXPECT_EQ(with("lmtp: {listen: \"unix:/" + std::string(106, 'x') + "\"}").lmtp.address.size(), 112U);
  EXPECT_THAT(key_problems("lmtp: {listen: \"unix:/" + std::string(107, 'x') + "\"}"),
              ElementsAre(HasSubstr("at most 107 characters")));
}

TEST(EmailConfig, LmtpAndFilesDoNotListenAtOnePlace) {
  EXPECT_THAT(
      key_problems("files: {listen: \"127.0.0.1:2400\"}"),
      ElementsAre(HasSubstr("d.yaml:5: bridges[0].files: LMTP and files both listen at 127.0.0.1:2400")));
  EXPECT_THAT(key_problems("lmtp: {listen: \"0.0.0.0:29319\"}"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].lmtp: LMTP and files both listen")));
  EXPECT_THAT(key_problems("files: {listen: \"127.0.0.2:2400\"}"), IsEmpty());
}

TEST(EmailConfig, TwoBridgesDoNotListenAtOnePlace) {
  const std::string second = "  - network: email\n    domain: n.example.org\n    secret: s\n";
  EXPECT_THAT(problems(head + second),
              ElementsAre(AllOf(HasSubstr("bridges[1].lmtp"),
                                HasSubstr("mail.example.org listens at 127.0.0.1:2400")),
                          AllOf(HasSubstr("bridges[1].files"), HasSubstr("another files.listen"))));
  EXPECT_THAT(problems(head + second + "    lmtp: {listen: unix:/run/l}\n    files: {listen: 127.0.0.1:1}\n"),
              IsEmpty());
  EXPECT_THAT(problems(head + "    lmtp: {listen: unix:/run/l}\n" + second +
                       "    lmtp: {listen: unix:/run/l}\n    files: {listen: 127.0.0.1:1}\n"),
              ElementsAre(HasSubstr("bridges[1].lmtp: mail.example.org listens at unix:/run/l already")));
  const std::string matrix =
      "  - network: matrix\n    domain: m.example.org\n    secret: s\n"
      "    homeserver: {url: \"http://127.0.0.1:8008\", server_name: example.org}\n"
      "    appservice: {listen: \"127.0.0.1:29319\"}\n";
  EXPECT_THAT(problems(head + matrix),
              ElementsAre(AllOf(HasSubstr("bridges[1].appservice"), HasSubstr("127.0.0.1:29319 already"))));
}

TEST(EmailConfig, TheServerThatTakesMailHasAnAddress) {
  for (const char* url : {"smtp://localhost", "smtps://[::1]:465", "smtp://mail.example.org/", "SMTP://h:25"})
    with(std::string("smtp: {url: '") + url + "'}");
  for (const char* url :
       {"", "localhost:25", "http://localhost", "smtp://", "smtp://a b", "smtp://u:p@h", "smtp://h:0",
        "smtp://h/path", "smtp://h//", "smtp://h?x", "smtp://h:25\r\nRSET", "smtp://[127.0.0.1]"}) {
    EXPECT_THAT(key_problems("smtp: {url: \"" + std::string(url) + "\"}"),
                testing::Contains(HasSubstr("smtp")))
        << url;
  }
}

TEST(EmailConfig, APasswordHasAUserAndIsNotReadOnItsWay) {
  EXPECT_THAT(key_problems("smtp: {username: u}"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].smtp.password: is missing")));
  EXPECT_THAT(key_problems("smtp: {password: p}"),
              ElementsAre(HasSubstr("d.yaml:5: bridges[0].smtp.username: is missing")));
  EXPECT_THAT(key_problems("smtp: {username: u, password: ''}"),
              ElementsAre(HasSubstr("bridges[0].smtp.password: is empty")));
  EXPECT_THAT(key_problems("smtp: {username: u, password: \"${DRAGOMAN_UNSET}\"}"),
              ElementsAre(HasSubstr("DRAGOMAN_UNSET is not set")));
  for (const char* tls : {"preferred", "off"}) {
    EXPECT_THAT(
        key_problems(std::string("smtp: {url: \"smtp://h.example:587\", username: u, password: pw9, tls: ") +
                     tls + "}"),
        ElementsAre(AllOf(HasSubstr("bridges[0].smtp.tls: the password could be read on its way to "
                                    "h.example: say tls: required"),
                          testing::Not(HasSubstr("pw9")))));
  }
  for (const char* rest : {"url: \"smtp://h.example\", tls: required", "url: \"smtps://h.example\"",
                           "url: \"smtp://localhost:587\"", "url: \"smtp://127.0.0.1\", tls: off",
                           "url: \"smtp://[::1]\"", "tls: preferred"}) {
    EXPECT_EQ(with(std::string("smtp: {username: u, password: p, ") + rest + "}").smtp.password, "p") << rest;
  }
  // What only begins like this machine is another one.
  EXPECT_THAT(key_problems("smtp: {url: \"smtp://127.evil.example\", username: u, password: p}"),
              ElementsAre(HasSubstr("could be read")));
  EXPECT_THAT(key_problems("smtp: {url: \"smtps://h.example\", tls: off}"),
              ElementsAre(HasSubstr("smtps:// is TLS")));
}

TEST(EmailConfig, OurPeoplesAddressesCanBeReadBack) {
  for (const char* rule : {"{local}={host}@m.example", "x.{local}_{host}@m.example", "{local}.at={host}@m"})
    EXPECT_EQ(with(std::string("address: \"") + rule + "\"").address, rule);
  for (const char* rule : {"",
                           "{local}={host}",
                           "{local}={host}@",
                           "{local}={host}@a b",
                           "{local}@m.example",
                           "{host}@m.example",
                           "{host}={local}@m.example",
                           "{local}={local}={host}@m.example",
                           "{local}={host}={host}@m.example",
                           "{local}{host}@m.example",
                           "{local}-{host}@m.example",
                           "{local}.{host}@m.example",
                           "{local}x{host}@m.example",
                           "{local}+{host}@m.example",
                           "{local}%{host}@m.example",
                           "{local}={host}{x}@m.example",
                           "{local}={host}@{host}",
                           "{local} = {host}@m.example",
                           "\\\"{local}\\\"={host}@m.example",
                           ".{local}={host}@m.example",
                           "{local}={host}.@m.example",
                           "{local}=.{host}@m.example",
                           "a..{local}={host}@m.example",
                           "{local}={host}@m@m.example",
                           "{local}={host}\\r\\n@m.example",
                           "{local}@{host}"}) {
    EXPECT_THAT(key_problems(std::string("address: \"") + rule + "\""),
                ElementsAre(AllOf(HasSubstr("d.yaml:5: bridges[0].address: \""),
                                  HasSubstr("write it like \"{local}={host}@mail.example.org\""))))
        << rule;
  }
}

TEST(EmailConfig, TheServerWhoseWordCountsIsOneWord) {
  for (const char* id : {"''", "a b", "'a;b'", "'a=b'", "'\"a\"'", "é", "'a(b)'"}) {
    EXPECT_THAT(key_problems(std::string("authserv_id: ") + id),
                ElementsAre(HasSubstr("d.yaml:5: bridges[0].authserv_id: the name that stands first")))
        << id;
  }
  EXPECT_THAT(key_problems("authserv_id: " + std::string(256, 'a')), ElementsAre(HasSubstr("authserv_id")));
}

TEST(EmailConfig, AFileFitsIntoAMail) {
  EXPECT_THAT(
      key_problems("max_file_bytes: 20000000"),
      ElementsAre(AllOf(HasSubstr("d.yaml:5: bridges[0].max_file_bytes: no mail of max_mail_bytes, 25000000"),
                        HasSubstr("at most 18269"))));
  // What nobody asked for gives way.
  const auto small = with("max_mail_bytes: 65536");
  EXPECT_LT(small.max_file_bytes * 4 / 3, 65536U);
  EXPECT_GT(small.max_file_bytes, 45000U);
  const std::string at_most = std::to_string(small.max_file_bytes);
  good(head + "    max_mail_bytes: 65536\n    max_file_bytes: " + at_most + "\n");
}

TEST(EmailConfig, NumbersHaveTheirBounds) {
  for (const char* key : {"coalesce_seconds: -1", "coalesce_seconds: 3601", "max_mail_bytes: 65535",
                          "max_mail_bytes: 2000000000", "max_file_bytes: 0", "mails_per_hour: -1",
                          "mails_per_minute_and_domain: 0", "keep_days: 36501", "keep_days: for ever",
                          "fetch_private_addresses: 2"}) {
    EXPECT_THAT(key_problems(key), ElementsAre(HasSubstr("d.yaml:5: bridges[0]."))) << key;
  }
}

TEST(EmailConfig, AKeyOfEmailIsUnknownToIrc) {
  EXPECT_THAT(problems("bridges:\n  - {network: irc, domain: i.example.org, secret: s, authserv_id: x}\n"),
              ElementsAre(HasSubstr("bridges[0].authserv_id: there is no such key")));
}

}  // namespace
}  // namespace dragoman::config
