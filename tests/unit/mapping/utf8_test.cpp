#include "mapping/utf8.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace dragoman {
namespace {

using namespace std::string_literals;

TEST(IsUtf8, TakesEveryLengthAndItsLimits) {
  for (const char* text : {"", "a", "ascii text of some length", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                           "\xF4\x8F\xBF\xBF", "12345678\xC3\xA9", "1234567\xC3\xA9 12345678"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  EXPECT_TRUE(is_utf8("a\0b"s));
}

TEST(IsUtf8, RefusesOverlongSurrogatesStraysAndCutOnes) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x41", "\xE0\x9F\xBF", "\xE0\xA0",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80", "\xFE", "\xFF", "12345678\xFF", "12345678 12345\xC3"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

TEST(ToUtf8, LeavesUtf8AsItIsWhateverTheFallback) {
  EXPECT_EQ(to_utf8("caf\xC3\xA9", "ISO-8859-1"), "caf\xC3\xA9");
  EXPECT_EQ(to_utf8(""), "");
}

TEST(ToUtf8, ReadsTheRestAsTheFallback) {
  EXPECT_EQ(to_utf8("caf\xE9", "ISO-8859-1"), "caf\xC3\xA9");
  EXPECT_EQ(to_utf8("\xA4", "ISO-8859-15"), "\xE2\x82\xAC");
  EXPECT_EQ(to_utf8("\xCF\xF0\xE8\xE2\xE5\xF2", "CP1251"),
            "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82");
  EXPECT_EQ(to_utf8("\x82\xA0", "SHIFT_JIS"), "\xE3\x81\x82");
}

TEST(ToUtf8, IsWindows1252WithoutAUsableFallback) {
  for (const char* name : {"", "no-such-encoding", "UTF-8//IGNORE", "a,b"}) {
    EXPECT_EQ(to_utf8("\x80 caf\xE9", name), "\xE2\x82\xAC caf\xC3\xA9") << name;
  }
  EXPECT_EQ(to_utf8("\xE9", "x\0y"s), "\xC3\xA9");
  EXPECT_EQ(to_utf8("\xE9", std::string(1000, 'x')), "\xC3\xA9");
}

TEST(ToUtf8, MarksWhatTheEncodingLacks) {
  EXPECT_EQ(to_utf8("a\x81z"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(to_utf8("\x82", "SHIFT_JIS"), "\xEF\xBF\xBD");  // cut in the middle
}

TEST(ToUtf8, IsAlwaysUtf8) {
  std::mt19937 random(3);
  std::uniform_int_distribution<int> byte(0, 255);
  std::uniform_int_distribution<int> length(0, 40);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (int i = length(random); i > 0; --i) bytes += static_cast<char>(byte(random));
    for (const char* name : {"", "EUC-JP", "GB18030", "UTF-8"}) {
      ASSERT_TRUE(is_utf8(to_utf8(bytes, name)));
    }
    ASSERT_TRUE(is_utf8(xml_clean(bytes)));
    ASSERT_TRUE(is_utf8(display_clean(bytes)));
    ASSERT_EQ(xml_clean(xml_clean(bytes)), xml_clean(bytes));
    ASSERT_EQ(display_clean(display_clean(bytes)), display_clean(bytes));
  }
}

TEST(FromUtf8, PutsAQuestionMarkForWhatTheEncodingLacks) {
  EXPECT_EQ(from_utf8("caf\xC3\xA9", "ISO-8859-1"), "caf\xE9");
  EXPECT_EQ(from_utf8("5 \xE2\x82\xAC!", "ISO-8859-1"), "5 ?!");
  EXPECT_EQ(from_utf8("\xF0\x9F\xA6\x84\xF0\x9F\xA6\x84", "ISO-8859-1"), "??");
  EXPECT_EQ(from_utf8("a\xFFz", "ISO-8859-1"), "a?z");
}

TEST(FromUtf8, EndsAShiftedEncodingUnshifted) {
  EXPECT_EQ(from_utf8("\xE3\x81\x82", "ISO-2022-JP"), "\x1B$B$\"\x1B(B");
  EXPECT_EQ(from_utf8("\xE3\x81\x82\xF0\x9F\xA6\x84", "ISO-2022-JP"), "\x1B$B$\"\x1B(B?");
}

TEST(FromUtf8, LeavesTheTextForAnUnknownEncoding) {
  EXPECT_EQ(from_utf8("caf\xC3\xA9", "no-such-encoding"), "caf\xC3\xA9");
  EXPECT_EQ(from_utf8("caf\xC3\xA9", ""), "caf\xC3\xA9");
  EXPECT_EQ(from_utf8("\xE2\x82\xAC", "ISO-8859-1//TRANSLIT"), "\xE2\x82\xAC");
}

TEST(FromUtf8, ComesBackForLongTexts) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xC3\xA9-";
  EXPECT_EQ(to_utf8(from_utf8(text, "ISO-8859-1"), "ISO-8859-1"), text);
}

TEST(PrefixWithin, EndsOnACharacterBoundary) {
  const std::string text = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\xA6\x84z";  // 1 + 2 + 3 + 4 + 1 bytes
  const std::size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t limit = 0; limit < std::size(expected); ++limit) {
    EXPECT_EQ(prefix_within(text, limit), expected[limit]) << limit;
  }
  EXPECT_EQ(prefix_within("", 0), 0U);
  EXPECT_EQ(prefix_within("", 5), 0U);
}

TEST(PrefixWithin, MakesProgressWhereTheTextIsNoUtf8) {
  EXPECT_EQ(prefix_within(std::string(20, '\x80'), 7), 7U);
  EXPECT_EQ(prefix_within(std::string(20, '\x80'), 2), 2U);
}

TEST(XmlClean, DropsWhatXmlForbids) {
  std::string all;
  for (int c = 0; c < 0x20; ++c) all += static_cast<char>(c);
  EXPECT_EQ(xml_clean(all), "\t\n\n");  // CR became a newline of its own
  EXPECT_EQ(xml_clean("a\xEF\xBF\xBE\xEF\xBF\xBFz"), "az");
  EXPECT_EQ(xml_clean("\xEF\xBF\xBD\x7F"), "\xEF\xBF\xBD\x7F");
  EXPECT_EQ(xml_clean("a\0z"s), "az");
}

TEST(XmlClean, MakesOneNewlineOfEachLineEnd) { EXPECT_EQ(xml_clean("a\r\nb\rc\nd\r\r\n"), "a\nb\nc\nd\n\n"); }

TEST(XmlClean, ReplacesInvalidUtf8) {
  EXPECT_EQ(xml_clean("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(xml_clean("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(xml_clean("x\xEF\xBF"), "x\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(XmlClean, LeavesGoodText) {
  EXPECT_EQ(xml_clean("plain <&> \t\n \xF0\x9F\xA6\x84"), "plain <&> \t\n \xF0\x9F\xA6\x84");
}

TEST(DisplayClean, IsTrimmedAndOneLine) {
  EXPECT_EQ(display_clean(" \t a\tb\nc\r\n "), "a b c");
  EXPECT_EQ(display_clean("\xC2\xA0x\xE3\x80\x80"), "x");
  EXPECT_EQ(display_clean("a\xE2\x80\xA8\x62"), "a b");
  EXPECT_EQ(display_clean(" \n "), "");
}

TEST(DisplayClean, HasNoBidiControlsZeroWidthOrControlCharacters) {
  EXPECT_EQ(display_clean("a\xE2\x80\xAE\x62\xE2\x81\xA6\x63\xD8\x9C"), "abc");
  EXPECT_EQ(display_clean("a\xE2\x80\x8B\x62\xE2\x80\x8D\xEF\xBB\xBF\xE2\x81\xA0\xC2\xAD"), "ab");
  EXPECT_EQ(display_clean("a\x7F\xC2\x9F\x01z"), "az");
  EXPECT_EQ(display_clean("\xF3\xA0\x80\xA1x"), "x");  // a tag character
}

TEST(DisplayClean, TrimsBehindInvisibleCharactersToo) { EXPECT_EQ(display_clean("a \xE2\x80\x8B "), "a"); }

TEST(OneLine, MakesSpacesOfCrLfAndNul) {
  EXPECT_EQ(one_line("a\r\nb\0c\td"s), "a  b c\td");
  EXPECT_EQ(one_line(""), "");
}

TEST(AsciiLower, ChangesAsciiLettersAlone) { EXPECT_EQ(ascii_lower("AZaz@[`{\xC3\x89"), "azaz@[`{\xC3\x89"); }

}  // namespace
}  // namespace dragoman
