// SmtpClient's way in: TLS (RFC 3207) and logins (RFC 4954).
#include <algorithm>

#include <gmock/gmock.h>

#include "bridges/net/base64.hpp"
#include "tests/unit/net/smtp_client_world.hpp"

namespace dragoman::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using What = SmtpResult::What;

class SmtpLogin : public test::SmtpClientWorld {};

TEST_F(SmtpLogin, TakesTlsWhereItIsOffered) {
  ASSERT_TRUE(certificate().made);
  peer.use(certificate());
  peer.hello = "250-peer\r\n250 STARTTLS";
  server.ca_file = certificate().file();
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_THAT(peer.commands,
              ElementsAre("EHLO gw.example.org", "STARTTLS", "EHLO gw.example.org",
                          "MAIL FROM:<a@gw.example.org>", "RCPT TO:<bob@example.org>", "DATA"));
}

TEST_F(SmtpLogin, SpeaksTlsAtOnceToSmtps) {
  peer.use(certificate(), true);
  server.ca_file = certificate().file();
  server.url = peer.url("smtps");
  EXPECT_EQ(one().what, What::accepted);
}

TEST_F(SmtpLogin, SendsLargeMailsByTls) {
  peer.use(certificate(), true);
  server.ca_file = certificate().file();
  server.url = peer.url("smtps");
  std::string mail;
  while (mail.size() < 5'000'000) mail += std::string(900, 'x') + "\r\n";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one("bob@example.org", mail).what, What::accepted);
  ASSERT_EQ(peer.mails.size(), 3U);
  EXPECT_EQ(peer.mails.back(), mail);
  EXPECT_EQ(peer.accepted, 1U);
}

TEST_F(SmtpLogin, GoesToNoPrivateNetworkThatSomebodyElseNamed) {
  server.public_only = true;
  const auto result = one();
  EXPECT_FALSE(result.reached);
  EXPECT_THAT(result.words, HasSubstr("no address on the public Internet"));
  EXPECT_EQ(peer.accepted, 0U);
}

TEST_F(SmtpLogin, SendsNothingToAServerItCannotTrust) {
  peer.use(certificate());
  peer.hello = "250-peer\r\n250 STARTTLS";
  const auto result = one();
  EXPECT_EQ(result.what, What::later);
  EXPECT_FALSE(result.reached);
  EXPECT_THAT(peer.commands, ElementsAre("EHLO gw.example.org", "STARTTLS"));
}

TEST_F(SmtpLogin, VerifiesNothingWhereItIsToldSo) {
  peer.use(certificate());
  peer.hello = "250-peer\r\n250 STARTTLS";
  server.verify = false;
  EXPECT_EQ(one().what, What::accepted);
}

TEST_F(SmtpLogin, InsistsOnTlsWhereItIsRequired) {
  server.require_tls = true;
  EXPECT_THAT(one().words, HasSubstr("offers no TLS"));
  peer.hello = "250-peer\r\n250 STARTTLS";
  let("STARTTLS", "454 not now");
  const auto result = one();
  EXPECT_THAT(result.words, HasSubstr("refused TLS: 454 not now"));
  EXPECT_FALSE(result.reached);
  EXPECT_TRUE(peer.mails.empty());
}

TEST_F(SmtpLogin, GoesOnInClearWhereTlsIsOnlyPreferred) {
  peer.hello = "250-peer\r\n250 STARTTLS";
  let("STARTTLS", "454 not now");
  EXPECT_EQ(one().what, What::accepted);
}

TEST_F(SmtpLogin, DoesNotEvenTryTlsWhereItIsOff) {
  peer.hello = "250-peer\r\n250 STARTTLS";
  server.no_tls = true;
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.commands.at(1), "MAIL FROM:<a@gw.example.org>");
}

// What a man in the middle says in clear must not be taken for what comes by TLS.
TEST_F(SmtpLogin, TakesNothingThatCameInClearBehindStarttls) {
  peer.use(certificate());
  server.verify = false;
  peer.hello = "250-peer\r\n250 STARTTLS";
  peer.behind_starttls = "250 evil\r\n";
  const auto result = one();
  EXPECT_EQ(result.what, What::later);
  EXPECT_THAT(result.words, HasSubstr("before TLS"));
  EXPECT_TRUE(peer.mails.empty());
}

TEST_F(SmtpLogin, AServerThatGoesWhenTlsIsUpIsALostConnection) {
  peer.use(certificate());
  server.ca_file = certificate().file();
  peer.hello = "250-peer\r\n250 STARTTLS";
  int hellos = 0;
  peer.answer = [&](const std::string& verb, const std::string&) -> std::string {
    return verb == "EHLO" && ++hellos == 2 ? "hang up" : "";
  };
  EXPECT_THAT(one().words, HasSubstr("The connection to 127.0.0.1 was lost"));
  EXPECT_EQ(hellos, 2);
}

TEST_F(SmtpLogin, LogsInByPlain) {
  peer.hello = "250-peer\r\n250 AUTH LOGIN PLAIN";
  server.username = "alice";
  server.password = "secret";
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.commands.at(1), "AUTH PLAIN");
  EXPECT_EQ(peer.commands.at(2), base64(std::string("\0alice\0secret", 13)));
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.accepted, 1U) << "once a connection";
}

TEST_F(SmtpLogin, LogsInByLogin) {
  peer.hello = "250-peer\r\n250 AUTH LOGIN";
  server.username = "alice";
  server.password = "secret";
  int step = 0;
  peer.answer = [&](const std::string&, const std::string& line) -> std::string {
    if (line == "AUTH LOGIN") return "334 VXNlcm5hbWU6";
    if (line == base64("alice")) return ++step == 1 ? "334 UGFzc3dvcmQ6" : "535 no";
    if (line == base64("secret")) return ++step == 2 ? "235 ok" : "535 no";
    return "";
  };
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(step, 2);
}

TEST_F(SmtpLogin, LogsInByXoauth2) {
  peer.hello = "250-peer\r\n250 AUTH XOAUTH2";
  server.username = "alice@example.org";
  server.bearer = "token";
  EXPECT_EQ(one().what, What::accepted);
  EXPECT_EQ(peer.commands.at(1), "AUTH XOAUTH2");
  EXPECT_EQ(peer.commands.at(2), base64("user=alice@example.org\x01"
                                        "auth=Bearer token\x01\x01"));
}

TEST_F(SmtpLogin, ARefusedLoginIsEverybodysTrouble) {
  peer.hello = "250-peer\r\n250 AUTH PLAIN XOAUTH2";
  server.username = "alice";
  server.password = "wrong-secret";
  let("AUTH", "535 5.7.8 Authentication failed");
  auto result = one();
  EXPECT_EQ(result.what, What::later);
  EXPECT_EQ(result.code, 535);
  EXPECT_FALSE(result.reached);
  EXPECT_EQ(result.words, "The mail server refused our login: 535 Authentication failed");
  EXPECT_TRUE(peer.mails.empty());
}

TEST_F(SmtpLogin, AServerThatGoesOnAskingForThePasswordRefusesIt) {
  peer.hello = "250-peer\r\n250 AUTH PLAIN";
  server.username = "alice";
  server.password = "secret";
  peer.answer = [](const std::string& verb, const std::string&) -> std::string {
    return verb.empty() || verb == "EHLO" ? "" : "334 ";
  };
  const auto result = one();
  EXPECT_EQ(result.code, 535);
  EXPECT_EQ(result.words, "The mail server refused our login");
}

class SmtpTokens : public SmtpLogin, public testing::WithParamInterface<const char*> {};

// The server says why in the place of a question (RFC 7628 3.2.3).
TEST_P(SmtpTokens, ARefusedOneIsARefusedLogin) {
  const std::string mechanism = GetParam();
  peer.hello = "250-peer\r\n250 AUTH " + mechanism;
  server.username = "alice@example.org";
  server.bearer = "old";
  peer.answer = [&](const std::string& verb, const std::string& line) -> std::string {
    if (verb == "AUTH") return "334 ";
    if (line == "AQ==") return "535 5.7.8 the token is too old";
    return verb == "EHLO" || verb.empty() ? "" : "334 eyJzdGF0dXMiOiI0MDEifQ==";
  };
  const auto result = one();
  EXPECT_EQ(peer.commands.at(1), "AUTH " + mechanism);
  EXPECT_EQ(result.code, 535);
  EXPECT_EQ(result.what, What::later);
  EXPECT_FALSE(result.reached);
  EXPECT_THAT(result.words, HasSubstr("refused our login"));
  EXPECT_TRUE(peer.mails.empty());
}

INSTANTIATE_TEST_SUITE_P(All, SmtpTokens, testing::Values("XOAUTH2", "OAUTHBEARER"));

TEST_F(SmtpLogin, APasswordDoesNotLeaveInClear) {
  peer.hello = "250-peer\r\n250 AUTH PLAIN";
  server.url = "smtp://dragoman.localhost:" + std::to_string(peer.port());
  server.username = "alice";
  server.password = "secret";
  EXPECT_THAT(one().words, HasSubstr("a password does not leave in clear"));
  peer.hello = "250-peer\r\n250-STARTTLS\r\n250 AUTH PLAIN";
  let("STARTTLS", "454 not now");
  EXPECT_FALSE(one().reached);
  // Not as libcurl knows it: what is no offer is not taken for one.
  peer.hello = "250-peer\r\n250-starttls\r\n250 AUTH PLAIN";
  EXPECT_THAT(one().words, HasSubstr("a password does not leave in clear"));
  EXPECT_EQ(std::count_if(peer.commands.begin(), peer.commands.end(),
                          [](const auto& line) { return line.starts_with("AUTH"); }),
            0);
}

TEST_F(SmtpLogin, AServerWithoutLoginIsToldAsSuch) {
  server.username = "alice";
  server.password = "secret";
  EXPECT_THAT(one().words, HasSubstr("offers no login"));
}

}  // namespace
}  // namespace dragoman::net
