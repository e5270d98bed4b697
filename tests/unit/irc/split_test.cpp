#include "bridges/irc/split.hpp"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/irc/formatting.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TextBudget, IsWhatTheServerPassesOnWhole) {
  const Isupport server;
  const Source self{"nick", "user", "host.example"};
  const std::string line = ":nick!user@host.example PRIVMSG #chan :";
  EXPECT_EQ(text_budget(server, self, "PRIVMSG", "#chan"), 512 - line.size() - 2);
}

TEST(TextBudget, CountsTheLongestWhereNothingIsKnown) {
  Isupport server;
  server.update("USERLEN=10");
  server.update("HOSTLEN=63");
  EXPECT_EQ(text_budget(server, {"nick", "", ""}, "PRIVMSG", "#c"),
            text_budget(server, {"nick", std::string(10, 'u'), std::string(63, 'h')}, "PRIVMSG", "#c"));
}

TEST(TextBudget, FollowsLinelenAndNeverEndsUpAtNothing) {
  Isupport server;
  server.update("LINELEN=2048");
  const Source self{"n", "u", "h"};
  EXPECT_EQ(text_budget(server, self, "PRIVMSG", "#c"), text_budget({}, self, "PRIVMSG", "#c") + 1536);
  EXPECT_EQ(text_budget(server, self, "PRIVMSG", std::string(4000, 'x')), 32u);
}

TEST(SplitBytes, CutsAtSpacesWhereItCan) {
  EXPECT_THAT(split_bytes("one two three four", 9), ElementsAre("one two", "three", "four"));
  EXPECT_THAT(split_bytes("one two", 7), ElementsAre("one two"));
  EXPECT_THAT(split_bytes("one two", 3), ElementsAre("one", "two"));
  EXPECT_THAT(split_bytes("", 3), IsEmpty());
}

TEST(SplitBytes, CutsWordsThatAreTooLong) {
  EXPECT_THAT(split_bytes("abcdefgh", 3), ElementsAre("abc", "def", "gh"));
}

TEST(SplitBytes, DoesNotCutAtASpaceThatComesTooEarly) {
  EXPECT_THAT(split_bytes("a bcdefghijkl", 8), ElementsAre("a bcdefg", "hijkl"));
}

TEST(SplitBytes, NeverCutsACharacter) {
  EXPECT_THAT(split_bytes("ééé", 3), ElementsAre("é", "é", "é"));
  EXPECT_THAT(split_bytes("😀😀", 2), ElementsAre("😀", "😀"));
  EXPECT_THAT(split_bytes("ab", 0), ElementsAre("a", "b"));
}

TEST(SplitText, CutsAtNewlinesFirstAndDropsBlankLines) {
  EXPECT_THAT(split_text("one\n\n \t\ntwo\n", 100), ElementsAre(Text("one"), Text("two")));
  EXPECT_THAT(split_text("", 100), IsEmpty());
  EXPECT_THAT(split_text("\n\n", 100), IsEmpty());
  EXPECT_THAT(split_text("  ", 100), IsEmpty());
}

TEST(SplitText, GoesOnWithTheFormattingInEachPiece) {
  const Text text("bold words here", {{0, 15, Style::bold, ""}});
  EXPECT_THAT(split_text(text, 12), ElementsAre(Text("bold words", {{0, 10, Style::bold, ""}}),
                                                Text("here", {{0, 4, Style::bold, ""}})));
}

TEST(SplitText, CountsTheCodes) {
  const Text text("12345678", {{0, 8, Style::bold, ""}});
  for (const Text& piece : split_text(text, 6)) EXPECT_LE(to_mirc(piece).size(), 6u);
}

TEST(SplitText, QuotesEachLine) {
  const Text text("one\ntwo\nthree", {{0, 7, Style::quote, ""}});
  std::vector<std::string> lines;
  for (const Text& piece : split_text(text, 100)) lines.push_back(to_mirc(piece));
  EXPECT_THAT(lines, ElementsAre("> one", "> two", "three"));
}

TEST(SplitText, TellsALinkOnce) {
  const Text text("a long label here", {{0, 17, Style::link, "https://x"}});
  std::string all;
  for (const Text& piece : split_text(text, 10)) all += to_mirc(piece) + "|";
  EXPECT_EQ(all, "a long|label here|<https://x|>|");
}

TEST(SplitText, LosesNoLetterAndKeepsWithinTheLimit) {
  std::mt19937 random(11);
  const std::string letters[] = {"a", "b", " ", "é", "😀", "1", ",", "\n"};
  for (int round = 0; round < 3000; ++round) {
    Text text;
    for (auto n = random() % 80; n > 0; --n) text.plain += letters[random() % std::size(letters)];
    for (auto n = random() % 5; n > 0 && !text.plain.empty(); --n) {
      std::size_t begin = prefix_within(text.plain, random() % text.plain.size());
      std::size_t end = prefix_within(text.plain, begin + random() % 30);
      if (begin < end) text.spans.push_back({begin, end, static_cast<Style>(random() % 5), ""});
    }
    std::sort(text.spans.begin(), text.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    const std::size_t limit = 20 + random() % 40;
    std::string joined;
    for (const Text& piece : split_text(text, limit)) {
      ASSERT_FALSE(piece.empty());
      ASSERT_TRUE(is_utf8(piece.plain));
      ASSERT_LE(to_mirc(piece).size(), limit) << text.plain;
      joined += piece.plain;
    }
    const auto letters_of = [](std::string all) {
      std::erase_if(all, [](char c) { return c == ' ' || c == '\n'; });
      return all;
    };
    ASSERT_EQ(letters_of(joined), letters_of(text.plain));
  }
}

TEST(SplitText, TakesLinearTime) {
  Text text;
  for (std::size_t i = 0; i < 100000; ++i) {
    text.plain += "b ";
    text.spans.push_back({2 * i, 2 * i + 1, Style::bold, ""});
  }
  std::size_t letters = 0;
  for (const Text& piece : split_text(text, 400))
    letters += static_cast<std::size_t>(std::count(piece.plain.begin(), piece.plain.end(), 'b'));
  EXPECT_EQ(letters, 100000u);
}

TEST(CutText, KeepsWhatFits) {
  EXPECT_EQ(cut_text("short", 100), Text("short"));
  EXPECT_EQ(cut_text("longer", 4), Text("long"));
  EXPECT_EQ(cut_text("éé", 3), Text("é"));
  EXPECT_EQ(cut_text("😀", 3), Text(""));
  EXPECT_EQ(cut_text("a\nb", 100), Text("a b"));
  EXPECT_EQ(to_mirc(cut_text(Text("bold", {{0, 4, Style::bold, ""}}), 4)),
            "\x02"
            "bo\x02");
}

}  // namespace
}  // namespace dragoman::irc
