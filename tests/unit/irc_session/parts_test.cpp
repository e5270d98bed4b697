// The pure parts of a session.
#include <gtest/gtest.h>

#include "bridges/irc/capabilities.hpp"
#include "bridges/irc/pending.hpp"
#include "bridges/irc/secrets.hpp"
#include "bridges/irc/settings.hpp"

namespace dragoman::irc {
namespace {

TEST(Secrets, AreNotInALog) {
  for (const char* line :
       {"PASS sesame", "pass :sesame", "AUTHENTICATE sesame", "OPER me sesame",
        "PRIVMSG NickServ :IDENTIFY sesame", "@label=1 PRIVMSG nickserv@services.test :sesame",
        "NS IDENTIFY sesame", "JOIN #room sesame", "MODE #room +k sesame",
        ":alice!a@h MODE #room +ok bob sesame", ":irc.test 324 me #room +ntk sesame",
        ":a!b@c PRIVMSG NickServ :sesame"}) {
    EXPECT_EQ(without_secrets(line).find("sesame"), std::string::npos) << line;
  }
  EXPECT_EQ(without_secrets("PRIVMSG #room :open sesame"), "PRIVMSG #room :open sesame");
  EXPECT_EQ(without_secrets("MODE #room +o bob"), "MODE #room +o bob");
  EXPECT_EQ(without_secrets("MODE #room"), "MODE #room");
  EXPECT_EQ(without_secrets("PRIVMSG #room :\x1b[2J"), "PRIVMSG #room :?[2J");
}

TEST(Attempts, RequiredNeverGoesOnInPlainText) {
  ServerSettings settings;
  Failure why;
  auto list = attempts(settings, config::Tls::required, why);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_TRUE(list[0].tls && list[1].tls);
  settings.tls_ports.clear();
  EXPECT_TRUE(attempts(settings, config::Tls::required, why).empty());
  EXPECT_EQ(why.reason, Reason::tls_failed);
  EXPECT_NE(why.text.find("tls_ports"), std::string::npos);
}

TEST(Attempts, PreferredTriesTlsFirstAndMarksTheFallback) {
  ServerSettings settings;
  Failure why;
  auto list = attempts(settings, config::Tls::preferred, why);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_TRUE(list[1].tls);
  EXPECT_FALSE(list[2].tls);
  EXPECT_TRUE(list[2].fallback);
  settings.tls_ports.clear();
  list = attempts(settings, config::Tls::preferred, why);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_FALSE(list[0].fallback);
}

TEST(Attempts, OffIsPlain) {
  Failure why;
  auto list = attempts({}, config::Tls::off, why);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_FALSE(list[0].tls);
  EXPECT_EQ(list[0].port, 6667);
}

TEST(Settings, APersonsOwnWinOverTheAdmins) {
  config::Irc config;
  config.servers["irc.test"].address = "10.0.0.1";
  config.servers["irc.test"].ports = {{7000}};
  auto settings = server_settings(config, "irc.test", {});
  EXPECT_EQ(settings.address, "10.0.0.1");
  EXPECT_EQ(settings.tls_ports, (std::vector<std::uint16_t>{6697, 6670}));
  settings = server_settings(config, "irc.test",
                             {{"address", {"irc2.test", false}},
                              {"ports", {"1\n70000\nx\n2", false}},
                              {"verify_cert", {"false", false}},
                              {"throttle_limit", {"-1", false}}});
  EXPECT_EQ(settings.address, "irc2.test");
  EXPECT_EQ(settings.ports, (std::vector<std::uint16_t>{1, 2}));
  EXPECT_FALSE(settings.verify_cert);
  EXPECT_EQ(settings.throttle_limit, -1);
}

TEST(CapabilityNegotiation, WaitsForTheLastLineAndAsksOnlyForWhatIsOffered) {
  Capabilities caps;
  EXPECT_TRUE(caps.on_line(*parse_line(":s CAP * LS * :message-tags sts=port=6697 sasl=PLAIN")).empty());
  EXPECT_FALSE(caps.settled());
  auto asked = caps.on_line(*parse_line(":s CAP * LS :batch unknown/cap"));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0], "CAP REQ :message-tags batch");
  EXPECT_FALSE(caps.settled());
  caps.on_line(*parse_line(":s CAP * ACK :message-tags batch"));
  EXPECT_TRUE(caps.settled());
  EXPECT_TRUE(caps.has(Cap::batch));
  caps.on_line(*parse_line(":s CAP me DEL :batch"));
  EXPECT_FALSE(caps.has(Cap::batch));
  asked = caps.on_line(*parse_line(":s CAP me NEW :batch"));
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0], "CAP REQ :batch");
}

TEST(CapabilityNegotiation, AfterARefusalOfAllEachIsAskedForByItself) {
  Capabilities caps;
  caps.on_line(*parse_line(":s CAP * LS :batch setname"));
  auto asked = caps.on_line(*parse_line(":s CAP * NAK :setname batch"));
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_FALSE(caps.settled());
  caps.on_line(*parse_line(":s CAP * NAK :setname"));
  caps.on_line(*parse_line(":s CAP * ACK :batch"));
  EXPECT_TRUE(caps.settled());
  EXPECT_TRUE(caps.has(Cap::batch));
  EXPECT_FALSE(caps.has(Cap::setname));
}

TEST(CapabilityNegotiation, AnEmptyListIsSettledAtOnce) {
  Capabilities caps;
  EXPECT_TRUE(caps.on_line(*parse_line(":s CAP * LS :")).empty());
  EXPECT_TRUE(caps.settled());
}

TEST(WhatIsPending, ARefusalFindsTheOldestItCanBeAbout) {
  PendingList list;
  list.add({"m", Awaited::message, "#room", "", "", RoomId("#room"), {}});
  list.add({"k", Awaited::kick, "#room", "bob", "", RoomId("#room"), {}});
  list.add({"n", Awaited::nick, "carol", "", "", RoomId("#room"), {}});
  std::vector<std::string> names{"bob", "#room"};
  EXPECT_EQ(list.take_refused(441, names)->token, "k");
  names = {"#room"};
  EXPECT_FALSE(list.take_refused(433, {})->token == "m");
  EXPECT_EQ(list.take_refused(404, names)->token, "m");
  EXPECT_FALSE(list.take_refused(404, names));
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace dragoman::irc
