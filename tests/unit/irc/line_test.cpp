#include "bridges/irc/line.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ParseLine, TakesAllPartsApart) {
  const auto line = parse_line(
      "@time=2026-01-02T03:04:05.678Z;msgid=a\\sb;+typing :al!user@host.example PRIVMSG #chan :hello "
      "world\r\n");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->tag("time"), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(line->tag("msgid"), "a b");
  ASSERT_TRUE(line->find_tag("+typing"));
  EXPECT_EQ(line->find_tag("+typing")->raw, "");
  EXPECT_FALSE(line->find_tag("typing"));
  EXPECT_EQ(line->source.nick, "al");
  EXPECT_EQ(line->source.user, "user");
  EXPECT_EQ(line->source.host, "host.example");
  EXPECT_EQ(line->source.address(), "user@host.example");
  EXPECT_EQ(line->command, "PRIVMSG");
  EXPECT_EQ(line->numeric, 0);
  EXPECT_THAT(line->params, ElementsAre("#chan", "hello world"));
}

TEST(ParseLine, PointsIntoTheBytesItWasGiven) {
  const std::string bytes = ":a PRIVMSG #c :text";
  const auto line = parse_line(bytes);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->last().data(), bytes.data() + 15);
}

TEST(ParseLine, ReadsNumericsAsNumbers) {
  EXPECT_EQ(parse_line(":srv 005 me A=b :are supported")->numeric, 5);
  EXPECT_EQ(parse_line("433 * nick :in use")->numeric, 433);
  EXPECT_FALSE(parse_line(":srv 12 x"));
  EXPECT_FALSE(parse_line(":srv 1234 x"));
  EXPECT_FALSE(parse_line(":srv 4a3 x"));
}

TEST(ParseLine, TakesAMissingColonAndExtraSpaces) {
  const auto line = parse_line("  :srv   MODE   #c  +o   alice  ");
  ASSERT_TRUE(line);
  EXPECT_THAT(line->params, ElementsAre("#c", "+o", "alice"));
}

TEST(ParseLine, KeepsAnEmptyLastParameterAndColonsWithin) {
  EXPECT_THAT(parse_line("TOPIC #c :")->params, ElementsAre("#c", ""));
  EXPECT_THAT(parse_line("PRIVMSG #c ::) a:b")->params, ElementsAre("#c", ":) a:b"));
  EXPECT_THAT(parse_line("PRIVMSG #c a:b")->params, ElementsAre("#c", "a:b"));
  EXPECT_THAT(parse_line("X a : b ")->params, ElementsAre("a", " b "));
}

TEST(ParseLine, GivesAnEmptyParameterBeyondTheLast) {
  const auto line = parse_line("PING");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->param(0), "");
  EXPECT_EQ(line->param(99), "");
  EXPECT_EQ(line->last(), "");
}

TEST(ParseLine, TakesMoreParametersThanFit) {
  std::string text = "X";
  for (int i = 0; i < 100; ++i) text += " p";
  EXPECT_EQ(parse_line(text)->params.size(), 100u);
}

TEST(ParseLine, ReadsEveryKindOfSource) {
  EXPECT_TRUE(parse_line(":irc.example.org NOTICE * :x")->source.is_server());
  EXPECT_FALSE(parse_line(":nick NOTICE * :x")->source.is_server());
  EXPECT_FALSE(parse_line(":ni.ck!u@h NOTICE * :x")->source.is_server());
  const auto no_user = parse_line(":nick@host QUIT");
  EXPECT_EQ(no_user->source.nick, "nick");
  EXPECT_EQ(no_user->source.user, "");
  EXPECT_EQ(no_user->source.host, "host");
  const auto no_host = parse_line(":nick!user QUIT");
  EXPECT_EQ(no_host->source.nick, "nick");
  EXPECT_EQ(no_host->source.user, "user");
  EXPECT_EQ(no_host->source.address(), "user");
  const auto odd = parse_line(":nick!us@er!x@host QUIT");
  EXPECT_EQ(odd->source.nick, "nick");
  EXPECT_EQ(odd->source.user, "us@er!x");
  EXPECT_EQ(odd->source.host, "host");
  EXPECT_EQ(parse_line(": QUIT")->source.nick, "");
  EXPECT_EQ(parse_line("QUIT")->source.nick, "");
}

TEST(ParseLine, RefusesWhatIsNoLine) {
  for (std::string_view bad :
       {"", " ", "\r\n", ":", ":source", ":source ", "@tag", "@tag ", "@a :b", "PRIV-MSG x", "é x", "::x"}) {
    EXPECT_FALSE(parse_line(bad)) << bad;
  }
  EXPECT_FALSE(parse_line("PRIVMSG #c :a\rb"));
  EXPECT_FALSE(parse_line("PRIVMSG #c :a\nb"));
  EXPECT_FALSE(parse_line(std::string_view("PRIVMSG #c :a\0b", 15)));
}

TEST(ParseLine, TakesALineFeedAloneAsTheEnd) {
  EXPECT_THAT(parse_line("PING x\n")->params, ElementsAre("x"));
}

TEST(ParseLine, LeavesOutTagsWithoutAKey) {
  const auto line = parse_line("@;;=v;a=1;;b PING");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->tags.size(), 2u);
}

TEST(ParseLine, TheLastOfTwoTagsCounts) { EXPECT_EQ(parse_line("@a=1;a=2 PING")->tag("a"), "2"); }

TEST(ParseLine, TakesLongLines) {
  const std::string tags(kMaxTagBytes, 't'), text(4000, 'x');
  const std::string bytes = "@" + tags + " PRIVMSG #c :" + text;
  const auto line = parse_line(bytes);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->last(), text);
}

TEST(ParseLine, ComparesCommandsWithoutCase) {
  EXPECT_TRUE(parse_line("privmsg a b")->is("PRIVMSG"));
  EXPECT_FALSE(parse_line("PRIVMSG a b")->is("PRIVMS"));
  EXPECT_FALSE(parse_line("JOIN a")->is("PART"));
}

TEST(Tags, EscapingIsUndone) {
  EXPECT_EQ(escape_tag("a; b\\c\r\n"), "a\\:\\sb\\\\c\\r\\n");
  EXPECT_EQ(unescape_tag("a\\:\\sb\\\\c\\r\\n"), "a; b\\c\r\n");
  EXPECT_EQ(unescape_tag("test\\"), "test");
  EXPECT_EQ(unescape_tag("\\b"), "b");
  EXPECT_EQ(unescape_tag("\\\\s"), "\\s");
  EXPECT_EQ(escape_tag(std::string_view("a\0b", 3)), "ab");
}

TEST(FormatLine, PutsAColonWhereItIsNeeded) {
  EXPECT_EQ(format_line("PRIVMSG", "#c", "hello world"), "PRIVMSG #c :hello world");
  EXPECT_EQ(format_line("PRIVMSG", "#c", "hello"), "PRIVMSG #c hello");
  EXPECT_EQ(format_line("PRIVMSG", "#c", ":)"), "PRIVMSG #c ::)");
  EXPECT_EQ(format_line("TOPIC", "#c", ""), "TOPIC #c :");
  EXPECT_EQ(format_line("QUIT"), "QUIT");
  EXPECT_EQ(LineBuilder("PRIVMSG").param("#c").text("hi").str(), "PRIVMSG #c :hi");
}

TEST(FormatLine, RefusesWhatWouldMoveItsParameters) {
  EXPECT_EQ(format_line("PRIVMSG", "#a b", "text"), "");
  EXPECT_EQ(format_line("PRIVMSG", "", "text"), "");
  EXPECT_EQ(format_line("PRIVMSG", ":x", "text"), "");
  EXPECT_EQ(format_line("JOIN", "#a\r\nQUIT", "key"), "");
  EXPECT_EQ(format_line("", "x"), "");
  EXPECT_EQ(format_line("PRIV MSG", "x"), "");
  EXPECT_EQ(format_line("QUIT\r\n", "x"), "");
  EXPECT_EQ(LineBuilder("X").text("a").text("b").str(), "");
}

TEST(FormatLine, TurnsNewlinesOfTheLastParameterIntoSpaces) {
  EXPECT_EQ(format_line("PRIVMSG", "#c", "a\r\nQUIT :x"), "PRIVMSG #c :a  QUIT :x");
  EXPECT_EQ(format_line("PRIVMSG", "#c", std::string_view("a\0b", 3)), "PRIVMSG #c :a b");
}

TEST(FormatLine, WritesTags) {
  EXPECT_EQ(LineBuilder("TAGMSG").tag("+typing", "active").tag("label", "a b;").tag("+x").param("#c").str(),
            "@+typing=active;label=a\\sb\\:;+x TAGMSG #c");
  EXPECT_EQ(LineBuilder("TAGMSG").tag("a b", "x").param("#c").str(), "");
  EXPECT_EQ(LineBuilder("TAGMSG").tag("", "x").param("#c").str(), "");
  EXPECT_EQ(LineBuilder("TAGMSG").tag("x", std::string(kMaxClientTags, 'v')).param("#c").str(), "");
  EXPECT_NE(LineBuilder("TAGMSG").tag("x", std::string(kMaxClientTags - 2, 'v')).param("#c").str(), "");
}

TEST(FormatLine, NeverHasALineEndWhateverCame) {
  std::mt19937 random(7);
  const std::string_view alphabet("\r\n\0 :@;=\\a#\x01", 12);
  const auto any = [&] {
    std::string out;
    for (auto n = random() % 8; n > 0; --n) out += alphabet[random() % alphabet.size()];
    return out;
  };
  int said = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string key = any(), value = any(), first = any(), last = any();
    LineBuilder builder("PRIVMSG");
    if (random() % 2) builder.tag(random() % 2 ? "key" : key, value);
    const std::string line = builder.param(first).text(last).str();
    ASSERT_EQ(line.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    if (line.empty()) continue;
    ++said;
    const auto parsed = parse_line(line);
    ASSERT_TRUE(parsed) << line;
    ASSERT_EQ(parsed->params.size(), 2u) << line;
    ASSERT_EQ(parsed->param(0), first);
    ASSERT_TRUE(parsed->is("PRIVMSG"));
  }
  EXPECT_GT(said, 100);
}

TEST(RawLine, IsOneTrimmedLine) {
  EXPECT_EQ(raw_line("  WHOIS x\r\nQUIT  "), "WHOIS x  QUIT");
  EXPECT_EQ(raw_line("\r\n \n"), "");
}

}  // namespace
}  // namespace dragoman::irc
