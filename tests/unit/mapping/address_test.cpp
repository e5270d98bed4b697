#include "mapping/address.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "mapping/jid.hpp"

namespace dragoman {
namespace {

TEST(EscapeNode, EscapesEachCharacterALocalPartForbids) {
  EXPECT_EQ(escape_node("a b"), "a\\20b");
  EXPECT_EQ(escape_node("\""), "\\22");
  EXPECT_EQ(escape_node("&"), "\\26");
  EXPECT_EQ(escape_node("d'artagnan"), "d\\27artagnan");
  EXPECT_EQ(escape_node("/"), "\\2f");
  EXPECT_EQ(escape_node(":"), "\\3a");
  EXPECT_EQ(escape_node("<"), "\\3c");
  EXPECT_EQ(escape_node(">"), "\\3e");
  EXPECT_EQ(escape_node("treville@musketeers.lit"), "treville\\40musketeers.lit");
}

TEST(EscapeNode, LeavesEverythingElse) {
  EXPECT_EQ(escape_node("#chan%irc.libera.chat"), "#chan%irc.libera.chat");
  EXPECT_EQ(escape_node("[nick]`^{}|~"), "[nick]`^{}|~");
  EXPECT_EQ(escape_node("tr\xC3\xA9ville"), "tr\xC3\xA9ville");
  EXPECT_EQ(escape_node(""), "");
}

TEST(EscapeNode, EscapesABackslashOnlyWhereItWouldReadAsAnEscape) {
  EXPECT_EQ(escape_node("\\3and\\2is\\5cool"), "\\5c3and\\2is\\5c5cool");  // the XEP's own example
  EXPECT_EQ(escape_node("\\"), "\\");
  EXPECT_EQ(escape_node("\\\\"), "\\\\");
  EXPECT_EQ(escape_node("a\\"), "a\\");
  EXPECT_EQ(escape_node("\\2"), "\\2");
  EXPECT_EQ(escape_node("\\zz"), "\\zz");
  EXPECT_EQ(escape_node("\\27"), "\\5c27");
  EXPECT_EQ(escape_node("\\5c"), "\\5c5c");
}

TEST(EscapeNode, GuardsAnUpperCaseSequenceThatPreparationWouldMakeAnEscape) {
  EXPECT_EQ(escape_node("a\\2Fb"), "a\\5c2Fb");
  const auto jid = Jid::parse(escape_node("a\\2Fb") + "@irc.example.org");
  ASSERT_TRUE(jid);
  EXPECT_EQ(unescape_node(jid->local), "a\\2fb");
}

TEST(EscapeNode, NeverBeginsOrEndsWithASpace) {
  EXPECT_EQ(escape_node("  a b  "), "a\\20b");
  EXPECT_EQ(escape_node("   "), "");
}

TEST(UnescapeNode, TakesOnlyTheSequencesOfTheTable) {
  EXPECT_EQ(unescape_node("d\\27artagnan"), "d'artagnan");
  EXPECT_EQ(unescape_node("treville\\40musketeers.lit"), "treville@musketeers.lit");
  EXPECT_EQ(unescape_node("a\\20b\\22\\26\\27\\2f\\3a\\3c\\3e\\40\\5c"), "a b\"&'/:<>@\\");
  EXPECT_EQ(unescape_node("\\2is\\30\\41\\5d"), "\\2is\\30\\41\\5d");
  EXPECT_EQ(unescape_node("\\2F\\3A\\5C"), "\\2F\\3A\\5C");  // case is significant
  EXPECT_EQ(unescape_node("\\"), "\\");
  EXPECT_EQ(unescape_node("\\2"), "\\2");
  EXPECT_EQ(unescape_node(""), "");
}

TEST(UnescapeNode, ReadsAnEscapeOnce) {
  EXPECT_EQ(unescape_node("\\5c27"), "\\27");
  EXPECT_EQ(unescape_node("\\5c5c"), "\\5c");
  EXPECT_EQ(unescape_node("\\5c5c27"), "\\5c27");
}

TEST(UnescapeNode, KeepsAnEscapedSpaceAtEitherEndAsItIs) {
  EXPECT_EQ(unescape_node("\\20a\\20b\\20"), "\\20a b\\20");
}

TEST(EscapeNode, AnyNameComesBackFromALocalPart) {
  std::mt19937 random(20240229);  // fixed: a failure can be repeated
  const std::string alphabet = " \"&'/:<>@\\\\\\\\0234567acef2Fx#%\xC3";
  std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
  std::uniform_int_distribution<int> length(0, 14);
  for (int round = 0; round < 50000; ++round) {
    std::string name;
    for (int i = length(random); i > 0; --i) name += alphabet[pick(random)];
    const auto first = name.find_first_not_of(' ');
    const std::string stripped =
        first == std::string::npos ? "" : name.substr(first, name.find_last_not_of(' ') - first + 1);
    const std::string node = escape_node(name);
    ASSERT_EQ(unescape_node(node), stripped) << "name: " << name << " node: " << node;
    ASSERT_EQ(node.find_first_of(" \"&'/:<>@"), std::string::npos) << node;
  }
}

TEST(EscapeNode, AnEscapedAsciiNameSurvivesPreparationButForItsCase) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> byte(0x21, 0x7e);
  std::uniform_int_distribution<int> length(1, 10);
  for (int round = 0; round < 20000; ++round) {
    std::string name;
    for (int i = length(random); i > 0; --i) name += static_cast<char>(byte(random));
    const auto jid = Jid::parse(escape_node(name) + "@irc.example.org");
    ASSERT_TRUE(jid) << name;
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    ASSERT_EQ(unescape_node(jid->local), lower);
  }
}

}  // namespace
}  // namespace dragoman
