#include "bridges/text.hpp"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(Text, ASliceKeepsTheSpansThatTouchItClippedAndMoved) {
  const Text text("hello big world",
                  {{0, 15, Style::italic, ""}, {6, 9, Style::bold, ""}, {10, 15, Style::colour, "#ff0000"}});
  EXPECT_EQ(
      slice(text, 6, 12),
      Text("big wo", {{0, 6, Style::italic, ""}, {0, 3, Style::bold, ""}, {4, 6, Style::colour, "#ff0000"}}));
}

TEST(Text, ASliceLeavesOutSpansThatOnlyBorderOnIt) {
  const Text text("abcdef", {{0, 2, Style::bold, ""}, {4, 6, Style::bold, ""}});
  EXPECT_EQ(slice(text, 2, 4), Text("cd"));
}

TEST(Text, ASlicePutsTheOuterSpanFirstAgain) {
  const Text text("abcdef", {{0, 4, Style::bold, ""}, {1, 6, Style::italic, ""}});
  EXPECT_EQ(slice(text, 2, 6), Text("cdef", {{0, 4, Style::italic, ""}, {0, 2, Style::bold, ""}}));
}

TEST(Text, ASliceBeyondTheEndIsClipped) {
  EXPECT_EQ(slice(Text("abc"), 1, 99), Text("bc"));
  EXPECT_EQ(slice(Text("abc"), 7, 99), Text(""));
  EXPECT_EQ(slice(Text("abc"), 2, 1), Text(""));
}

TEST(Text, ConcatMovesTheSpansOfTheSecond) {
  EXPECT_EQ(concat(Text("ab", {{0, 1, Style::bold, ""}}), Text("cd", {{1, 2, Style::link, "u"}})),
            Text("abcd", {{0, 1, Style::bold, ""}, {3, 4, Style::link, "u"}}));
}

TEST(Text, SlicesPutTogetherAreTheText) {
  const Text text("one two", {{0, 3, Style::bold, ""}, {4, 7, Style::strike, ""}});
  for (std::size_t at : {0, 3, 4, 7}) EXPECT_EQ(concat(slice(text, 0, at), slice(text, at, 7)), text) << at;
}

}  // namespace
}  // namespace dragoman
