#include "bridges/irc/isupport.hpp"

#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

Isupport told(std::initializer_list<std::string_view> tokens) {
  Isupport server;
  for (const auto token : tokens) server.update(token);
  return server;
}

TEST(Isupport, HasTheDefaultsOfTheRfc) {
  const Isupport server;
  EXPECT_EQ(server.casemap, Casemap::rfc1459);
  EXPECT_EQ(server.chantypes, "#&");
  EXPECT_EQ(server.prefix_modes, "ov");
  EXPECT_EQ(server.prefix_marks, "@+");
  EXPECT_EQ(server.linelen, 512u);
  EXPECT_EQ(server.modes, 3u);
  EXPECT_EQ(server.kind('b'), ModeKind::list);
  EXPECT_EQ(server.kind('k'), ModeKind::always);
  EXPECT_EQ(server.kind('l'), ModeKind::when_set);
  EXPECT_EQ(server.kind('m'), ModeKind::flag);
  EXPECT_EQ(server.kind('o'), ModeKind::prefix);
}

TEST(Isupport, ReadsALineButNotItsWords) {
  Isupport server;
  server.update(
      *parse_line(":srv 005 NICKLEN=99 NICKLEN=16 WHOX CHANTYPES=# :are NICKLEN=1 supported by this server"));
  EXPECT_EQ(server.nicklen, 16u);
  EXPECT_TRUE(server.whox);
  EXPECT_EQ(server.chantypes, "#");
}

TEST(Isupport, ReadsALineWhoseWordsAreMissing) {
  Isupport server;
  server.update(*parse_line(":srv 005 me NICKLEN=16 TOPICLEN=300"));
  EXPECT_EQ(server.topiclen, 300u);
}

TEST(Isupport, ReadsAllItKnows) {
  const Isupport server = told({"CASEMAPPING=ascii",
                                "CHANTYPES=#!",
                                "PREFIX=(qaohv)~&@%+",
                                "CHANMODES=beI,fkL,lj,imnpst,xyz",
                                "STATUSMSG=~&@%+",
                                "NICKLEN=31",
                                "CHANNELLEN=64",
                                "TOPICLEN=307",
                                "KICKLEN=255",
                                "AWAYLEN=200",
                                "LINELEN=2048",
                                "MODES=20",
                                "TARGMAX=PRIVMSG:3,WHOIS:1,JOIN:",
                                "MAXLIST=beI:100,q:7",
                                "EXCEPTS",
                                "INVEX=J",
                                "MONITOR=30",
                                "NETWORK=Some\\x20Net",
                                "WHOX",
                                "UTF8ONLY",
                                "BOT=B",
                                "USERLEN=10",
                                "HOSTLEN=63",
                                "NAMELEN=128",
                                "KEYLEN=32",
                                "ELIST=CMNTU",
                                "SAFELIST",
                                "draft/CHATHISTORY=1000"});
  EXPECT_EQ(server.casemap, Casemap::ascii);
  EXPECT_EQ(server.chantypes, "#!");
  EXPECT_EQ(server.prefix_modes, "qaohv");
  EXPECT_EQ(server.prefix_marks, "~&@%+");
  EXPECT_EQ(server.chanmodes, (std::array<std::string, 4>{"beI", "fkL", "lj", "imnpst"}));
  EXPECT_EQ(server.statusmsg, "~&@%+");
  EXPECT_EQ(server.nicklen, 31u);
  EXPECT_EQ(server.channellen, 64u);
  EXPECT_EQ(server.topiclen, 307u);
  EXPECT_EQ(server.kicklen, 255u);
  EXPECT_EQ(server.awaylen, 200u);
  EXPECT_EQ(server.linelen, 2048u);
  EXPECT_EQ(server.modes, 20u);
  EXPECT_EQ(server.targmax.at("PRIVMSG"), 3u);
  EXPECT_EQ(server.targmax.at("JOIN"), 0u);
  EXPECT_EQ(server.maxlist.at('b'), 100u);
  EXPECT_EQ(server.maxlist.at('I'), 100u);
  EXPECT_EQ(server.maxlist.at('q'), 7u);
  EXPECT_EQ(server.excepts, 'e');
  EXPECT_EQ(server.invex, 'J');
  EXPECT_EQ(server.monitor, 30u);
  EXPECT_EQ(server.network, "Some Net");
  EXPECT_TRUE(server.whox);
  EXPECT_TRUE(server.utf8only);
  EXPECT_TRUE(server.safelist);
  EXPECT_EQ(server.bot, 'B');
  EXPECT_EQ(server.others.at("draft/CHATHISTORY"), "1000");
  EXPECT_EQ(server.kind('f'), ModeKind::always);  // the first letter of a group counts
  EXPECT_EQ(server.kind('b'), ModeKind::list);
  EXPECT_EQ(server.kind('x'), ModeKind::flag);
}

TEST(Isupport, ANegationPutsTheDefaultBack) {
  Isupport server = told({"PREFIX=(ohv)@%+", "CHANTYPES=+", "CASEMAPPING=ascii", "MONITOR=5", "EXCEPTS",
                          "OTHER=1", "LINELEN=999"});
  for (const auto token : {"-PREFIX", "-CHANTYPES", "-CASEMAPPING", "-MONITOR", "-EXCEPTS", "-OTHER",
                           "-LINELEN", "-NEVERTOLD"}) {
    server.update(token);
  }
  EXPECT_EQ(server.prefix_modes, "ov");
  EXPECT_EQ(server.prefix_marks, "@+");
  EXPECT_EQ(server.chantypes, "#&");
  EXPECT_EQ(server.casemap, Casemap::rfc1459);
  EXPECT_FALSE(server.monitor);
  EXPECT_EQ(server.excepts, 0);
  EXPECT_TRUE(server.others.empty());
  EXPECT_EQ(server.linelen, 512u);
}

TEST(Isupport, AServerMayHaveNoRanksAndNoChannels) {
  const Isupport server = told({"PREFIX=", "CHANTYPES="});
  EXPECT_EQ(server.prefix_modes, "");
  EXPECT_EQ(server.prefix_marks, "");
  EXPECT_FALSE(server.has_rank('o'));
  EXPECT_FALSE(server.is_channel("#c"));
}

TEST(Isupport, ABrokenPrefixLeavesWhatThereWas) {
  for (const auto bad : {"PREFIX=ov", "PREFIX=(ov@+", "PREFIX=(ov)@", "PREFIX=(o)@+", "PREFIX=)("}) {
    EXPECT_EQ(told({bad}).prefix_modes, "ov") << bad;
  }
}

TEST(Isupport, TooManyRanksAreCutToSixteen) {
  const Isupport server = told({"PREFIX=(abcdefghijklmnopqrst)ABCDEFGHIJKLMNOPQRST"});
  EXPECT_EQ(server.prefix_modes.size(), 16u);
  EXPECT_EQ(server.prefix_marks.size(), 16u);
}

TEST(Isupport, FewerGroupsOfModesAreTakenAsTheyAre) {
  const Isupport server = told({"CHANMODES=b,k"});
  EXPECT_EQ(server.chanmodes, (std::array<std::string, 4>{"b", "k", "", ""}));
  EXPECT_EQ(told({"CHANMODES=,,,imn"}).chanmodes, (std::array<std::string, 4>{"", "", "", "imn"}));
}

TEST(Isupport, NumbersThatAreNoneAreDefaults) {
  EXPECT_EQ(told({"NICKLEN=9", "NICKLEN=abc"}).nicklen, 0u);
  EXPECT_EQ(told({"NICKLEN=-4"}).nicklen, 0u);
  EXPECT_EQ(told({"NICKLEN=99999999999999999999999"}).nicklen, 0u);
  EXPECT_EQ(told({"MODES"}).modes, 0u);
  EXPECT_EQ(told({"MODES="}).modes, 0u);
  EXPECT_EQ(told({"LINELEN=1"}).linelen, 512u);
  EXPECT_EQ(told({"MONITOR"}).monitor, 0u);
}

TEST(Isupport, EscapesAreUndoneAndBrokenOnesKept) {
  EXPECT_EQ(told({"NETWORK=a\\x3Db\\x5Cc"}).network, "a=b\\c");
  EXPECT_EQ(told({"NETWORK=a\\x2"}).network, "a\\x2");
  EXPECT_EQ(told({"NETWORK=a\\xZZ\\"}).network, "a\\xZZ\\");
}

TEST(Isupport, WhatAServerFillsIsBounded) {
  Isupport server;
  for (int i = 0; i < 1000; ++i) server.update("KEY" + std::to_string(i) + "=" + std::string(2000, 'x'));
  EXPECT_EQ(server.others.size(), 64u);
  EXPECT_EQ(server.others.begin()->second.size(), 512u);
  std::string targmax = "TARGMAX=";
  for (int i = 0; i < 100; ++i) targmax += "C" + std::to_string(i) + ":1,";
  server.update(targmax);
  EXPECT_LE(server.targmax.size(), 64u);
}

TEST(Isupport, EmptyTokensSayNothing) {
  Isupport server = told({"", "-", "=x", "-=x"});
  EXPECT_TRUE(server.others.empty());
}

TEST(Isupport, KnowsChannelsAndTheirStatusMessages) {
  const Isupport server = told({"CHANTYPES=#+", "STATUSMSG=@+"});
  EXPECT_TRUE(server.is_channel("#c"));
  EXPECT_FALSE(server.is_channel("nick"));
  EXPECT_FALSE(server.is_channel(""));
  EXPECT_EQ(server.without_status("@#c"), "#c");
  EXPECT_EQ(server.without_status("#c"), "#c");
  EXPECT_EQ(server.without_status("+c"), "+c");
  EXPECT_EQ(server.without_status("@nick"), "@nick");
  EXPECT_EQ(server.without_status("@"), "@");
  EXPECT_EQ(server.without_status(""), "");
}

}  // namespace
}  // namespace dragoman::irc
