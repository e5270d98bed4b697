#include "bridges/irc/formatting.hpp"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr char B = '\x02', C = '\x03', H = '\x04', O = '\x0F', M = '\x11', R = '\x16', I = '\x1D', S = '\x1E',
               U = '\x1F';

template <class... Parts>
std::string wire(Parts... parts) {
  std::string out;
  ((out += parts), ...);
  return out;
}

TEST(FromMirc, PlainTextIsItself) {
  EXPECT_EQ(from_mirc("just *text*"), Text("just *text*"));
  EXPECT_EQ(from_mirc(""), Text(""));
  EXPECT_EQ(from_mirc("tab\tstays"), Text("tab\tstays"));
}

TEST(FromMirc, TogglesBecomeSpans) {
  EXPECT_EQ(from_mirc(wire("a ", B, "b", B, " c")), Text("a b c", {{2, 3, Style::bold, ""}}));
  EXPECT_EQ(from_mirc(wire(I, "i", I, U, "u", U, S, "s", S, M, "m", M)),
            Text("iusm", {{0, 1, Style::italic, ""},
                          {1, 2, Style::underline, ""},
                          {2, 3, Style::strike, ""},
                          {3, 4, Style::code, ""}}));
}

TEST(FromMirc, WhatIsLeftOpenEndsWithTheLine) {
  EXPECT_EQ(from_mirc(wire(B, "bold")), Text("bold", {{0, 4, Style::bold, ""}}));
}

TEST(FromMirc, SpansMayOverlap) {
  EXPECT_EQ(from_mirc(wire(B, "a", I, "b", B, "c", I)),
            Text("abc", {{0, 2, Style::bold, ""}, {1, 3, Style::italic, ""}}));
}

TEST(FromMirc, ResetEndsAll) {
  EXPECT_EQ(
      from_mirc(wire(B, I, C, "04", "x", O, "y")),
      Text("xy", {{0, 1, Style::bold, ""}, {0, 1, Style::italic, ""}, {0, 1, Style::colour, "#ff0000"}}));
}

TEST(FromMirc, AnEmptySpanIsNone) { EXPECT_EQ(from_mirc(wire("a", B, B, "b", C, "4", C)), Text("ab")); }

// The forms that the formatting page lists.
TEST(FromMirc, ReadsAllFormsOfColours) {
  EXPECT_EQ(from_mirc(wire(C, "4red", C, " no")), Text("red no", {{0, 3, Style::colour, "#ff0000"}}));
  EXPECT_EQ(from_mirc(wire(C, "04,1x")),
            Text("x", {{0, 1, Style::colour, "#ff0000"}, {0, 1, Style::background, "#000000"}}));
  EXPECT_EQ(from_mirc(wire(C, "4,x")), Text(",x", {{0, 2, Style::colour, "#ff0000"}}));
  EXPECT_EQ(from_mirc(wire(C, "4,")), Text(",", {{0, 1, Style::colour, "#ff0000"}}));
  EXPECT_EQ(from_mirc(wire(C, ",5x")), Text(",5x"));
  EXPECT_EQ(from_mirc(wire(C, "041x")), Text("1x", {{0, 2, Style::colour, "#ff0000"}}));
  EXPECT_EQ(from_mirc(wire(C, "98x")), Text("x", {{0, 1, Style::colour, "#ffffff"}}));
  EXPECT_EQ(from_mirc(wire(C, "16x")), Text("x", {{0, 1, Style::colour, "#470000"}}));
  EXPECT_EQ(from_mirc(wire(C)), Text(""));
}

TEST(FromMirc, AForegroundAloneKeepsTheBackground) {
  EXPECT_EQ(from_mirc(wire(C, "4,1a", C, "8b")), Text("ab", {{0, 1, Style::colour, "#ff0000"},
                                                             {0, 1, Style::background, "#000000"},
                                                             {1, 2, Style::colour, "#ffff00"},
                                                             {1, 2, Style::background, "#000000"}}));
}

TEST(FromMirc, NinetyNineIsTheDefault) {
  EXPECT_EQ(from_mirc(wire(C, "4,1a", C, "99,99b")),
            Text("ab", {{0, 1, Style::colour, "#ff0000"}, {0, 1, Style::background, "#000000"}}));
}

TEST(FromMirc, ReadsHexColours) {
  EXPECT_EQ(from_mirc(wire(H, "12aBcDx", H, "y")), Text("xy", {{0, 1, Style::colour, "#12abcd"}}));
  EXPECT_EQ(from_mirc(wire(H, "000000,ffffffx")),
            Text("x", {{0, 1, Style::colour, "#000000"}, {0, 1, Style::background, "#ffffff"}}));
  EXPECT_EQ(from_mirc(wire(H, "000000,fffx")), Text(",fffx", {{0, 5, Style::colour, "#000000"}}));
  EXPECT_EQ(from_mirc(wire(H, "12zz")), Text("12zz"));
  EXPECT_EQ(from_mirc(wire(H)), Text(""));
}

TEST(FromMirc, LettersInTheColourOfTheirBackgroundAreASpoiler) {
  EXPECT_EQ(from_mirc(wire("the end: ", C, "01,01he dies", C)),
            Text("the end: he dies", {{9, 16, Style::spoiler, ""}}));
}

TEST(FromMirc, OtherControlsAndReverseAreDropped) {
  EXPECT_EQ(from_mirc(wire("a", R, "b", '\x01', "c", '\x07', "d", '\r', '\n', "e", '\x1B', "f")),
            Text("abcdef"));
  EXPECT_EQ(from_mirc(std::string_view("a\0b", 3)), Text("ab"));
}

TEST(FromMirc, WhatXmlForbidsIsDroppedAndItsLikesAreKept) {
  EXPECT_EQ(from_mirc("a\xEF\xBF\xBE"
                      "b\xEF\xBF\xBF"
                      "c"),
            Text("abc"));
  EXPECT_EQ(from_mirc("a\xEF\xBF\xBD"
                      "b\xEF\xBB\xBF"),
            Text("a\xEF\xBF\xBD"
                 "b\xEF\xBB\xBF"));
}

TEST(ToMirc, PlainTextIsItself) {
  const Text text("just text, Ünïcode");
  EXPECT_EQ(to_mirc(text), text.plain);
  EXPECT_EQ(wire_size(text), text.plain.size());
}

TEST(ToMirc, SpansBecomeToggles) {
  EXPECT_EQ(to_mirc(Text("a b c", {{2, 3, Style::bold, ""}})), wire("a ", B, "b", B, " c"));
  EXPECT_EQ(to_mirc(Text("ab", {{0, 2, Style::italic, ""}})), wire(I, "ab", I));
}

TEST(ToMirc, AResetEndsSeveral) {
  EXPECT_EQ(to_mirc(Text("ab", {{0, 1, Style::bold, ""}, {0, 1, Style::italic, ""}})),
            wire(B, I, "a", O, "b"));
}

TEST(ToMirc, ADigitAfterAColourIsNotReadAsAPartOfIt) {
  const Text digits("5,3", {{1, 3, Style::colour, "#ff0000"}});
  EXPECT_EQ(from_mirc(to_mirc(digits)), digits);
  const Text after("red5", {{0, 3, Style::colour, "#ff0000"}});
  EXPECT_EQ(from_mirc(to_mirc(after)), after);
  const Text comma("red,5", {{0, 3, Style::background, "#ff0000"}});
  EXPECT_EQ(from_mirc(to_mirc(comma)), comma);
}

TEST(ToMirc, ColoursAreTheNearestOfThePalette) {
  EXPECT_EQ(to_mirc(Text("x", {{0, 1, Style::colour, "#fe0102"}})), wire(C, "04x", C));
  EXPECT_EQ(to_mirc(Text("x", {{0, 1, Style::background, "#ffffff"}})), wire(C, "99,00x", C));
  EXPECT_EQ(to_mirc(Text("x", {{0, 1, Style::colour, "red"}})), "x");
  EXPECT_EQ(to_mirc(Text("x", {{0, 1, Style::colour, ""}})), "x");
}

TEST(ToMirc, AQuoteStandsBehindItsMark) {
  EXPECT_EQ(to_mirc(Text("said", {{0, 4, Style::quote, ""}})), "> said");
  EXPECT_EQ(to_mirc(Text("said", {{0, 4, Style::quote, ""}, {0, 4, Style::quote, ""}})), "> > said");
  std::vector<Span> deep(1000, Span{0, 4, Style::quote, ""});
  EXPECT_EQ(to_mirc(Text("said", deep)), "> > > > > said");
}

TEST(ToMirc, BlockCodeIsPlain) {
  EXPECT_EQ(to_mirc(Text("x = *p;", {{0, 7, Style::block_code, "c"}})), "x = *p;");
}

TEST(ToMirc, ALinkIsFollowedByItsUrl) {
  EXPECT_EQ(to_mirc(Text("see here now", {{4, 8, Style::link, "https://x.example/"}})),
            "see here <https://x.example/> now");
  EXPECT_EQ(to_mirc(Text("https://x.example/", {{0, 18, Style::link, "https://x.example/"}})),
            "https://x.example/");
  EXPECT_EQ(to_mirc(Text("x.example", {{0, 9, Style::link, "https://x.example/"}})), "x.example");
  EXPECT_EQ(to_mirc(Text("here", {{0, 4, Style::link, "u\r\nQUIT"}})), "here <u QUIT>");
}

TEST(LinksTold, MovesTheOtherSpans) {
  const Text text("a b c", {{0, 5, Style::italic, ""},
                            {0, 1, Style::link, "URL"},
                            {0, 1, Style::bold, ""},
                            {2, 3, Style::link, "W"},
                            {4, 5, Style::bold, ""}});
  EXPECT_EQ(links_told(text),
            Text("a <URL> b <W> c",
                 {{0, 15, Style::italic, ""}, {0, 1, Style::bold, ""}, {14, 15, Style::bold, ""}}));
}

TEST(ToMirc, NeverHasALineEndOrNul) {
  EXPECT_EQ(to_mirc(Text(std::string("a\nb\rc\0d\x01"
                                     "e",
                                     9))),
            "a bcde");
  EXPECT_EQ(wire_size(Text(std::string("a\nb\rc\0d\x01"
                                       "e",
                                       9))),
            6u);
}

TEST(ToMirc, TakesLinearTimeForManySpans) {
  Text text;
  for (std::size_t i = 0; i < 200000; ++i) {
    text.plain += "b ";
    text.spans.push_back({2 * i, 2 * i + 1, Style::bold, ""});
  }
  EXPECT_EQ(to_mirc(text).size(), 800000u);
}

// One look for each letter: what a reader sees, however it is cut into spans.
std::vector<std::vector<std::string>> looks(const Text& text) {
  std::vector<std::vector<std::string>> all(text.plain.size());
  for (const Span& span : text.spans) {
    for (std::size_t i = span.begin; i < span.end; ++i)
      all[i].push_back(std::to_string(static_cast<int>(span.style)) + span.detail);
  }
  for (auto& one : all) {
    std::sort(one.begin(), one.end());
    one.erase(std::unique(one.begin(), one.end()), one.end());
  }
  return all;
}

TEST(Mirc, WhatWasReadIsWrittenAndReadTheSame) {
  std::mt19937 random(3);
  const std::string pieces[] = {"a",
                                "b ",
                                "1",
                                ",",
                                "23",
                                "ü",
                                "😀",
                                std::string(1, B),
                                std::string(1, C),
                                wire(C, "4"),
                                wire(C, "04,12"),
                                wire(C, "99"),
                                wire(C, "52,88"),
                                wire(C, "1,1"),
                                std::string(1, I),
                                std::string(1, U),
                                std::string(1, S),
                                std::string(1, M),
                                std::string(1, O),
                                std::string(1, R),
                                std::string(1, H)};
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (auto n = random() % 12; n > 0; --n) bytes += pieces[random() % std::size(pieces)];
    const Text text = from_mirc(bytes);
    const std::string out = to_mirc(text);
    const Text again = from_mirc(out);
    ASSERT_EQ(again.plain, text.plain);
    ASSERT_EQ(looks(again), looks(text)) << bytes;
    ASSERT_EQ(wire_size(text), out.size());
    ASSERT_TRUE(std::is_sorted(text.spans.begin(), text.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    }));
    for (const Span& span : text.spans) ASSERT_TRUE(span.begin < span.end && span.end <= text.plain.size());
  }
}

}  // namespace
}  // namespace dragoman::irc
