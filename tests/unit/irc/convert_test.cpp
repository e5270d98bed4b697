#include "bridges/irc/convert.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ToMessage, ReadsTextNoticesAndActions) {
  EXPECT_EQ(to_message("hi \x02there\x02", false, "")->text, Text("hi there", {{3, 8, Style::bold, ""}}));
  EXPECT_EQ(to_message("hi", false, "")->kind, MessageKind::normal);
  EXPECT_EQ(to_message("hi", true, "")->kind, MessageKind::notice);
  const auto action = to_message(
      "\x01"
      "ACTION waves\x01",
      false, "");
  ASSERT_TRUE(action);
  EXPECT_EQ(action->kind, MessageKind::action);
  EXPECT_EQ(action->text, Text("waves"));
}

TEST(ToMessage, LeavesOtherCtcpToTheSession) {
  EXPECT_FALSE(to_message("\x01VERSION\x01", false, ""));
  EXPECT_FALSE(to_message("\x01PING 1", true, ""));
}

TEST(ToMessage, TakesAStrayDelimiterForNothing) { EXPECT_EQ(to_message("\x01", false, "")->text, Text("")); }

TEST(ToMessage, ReadsOtherEncodings) {
  EXPECT_EQ(to_message("caf\xE9", false, "")->text, Text("café"));
  EXPECT_EQ(to_message("\xF0\xD2\xC9", false, "KOI8-R")->text, Text("При"));
  EXPECT_EQ(to_message("café", false, "KOI8-R")->text, Text("café"));
}

TEST(FromWire, IsPlainAndFitForXml) {
  EXPECT_EQ(plain_from_wire("\x02 b\x03"
                            "04,05c\x01\x1B",
                            ""),
            " bc");
  EXPECT_EQ(plain_from_wire("a\xEF\xBF\xBF", ""), "a");
  EXPECT_TRUE(is_utf8(plain_from_wire("\xFF\xFE\x80 x", "")));
}

TEST(ToWire, IsOneLineForOneLine) {
  EXPECT_THAT(to_wire("hello", MessageKind::normal, "", 400), ElementsAre("hello"));
  EXPECT_THAT(to_wire("waves", MessageKind::action, "", 400), ElementsAre("\x01"
                                                                          "ACTION waves\x01"));
  EXPECT_THAT(to_wire("", MessageKind::normal, "", 400), IsEmpty());
  EXPECT_THAT(to_wire("", MessageKind::action, "", 400), ElementsAre("\x01"
                                                                     "ACTION \x01"));
}

TEST(ToWire, IsALineForEachLine) {
  EXPECT_THAT(to_wire("one\ntwo", MessageKind::normal, "", 400), ElementsAre("one", "two"));
}

TEST(ToWire, KeepsWithinTheLimitWithAllThatIsAround) {
  const std::string text(1000, 'x');
  for (const auto& line : to_wire(text, MessageKind::action, "", 100)) {
    EXPECT_LE(line.size(), 100u);
    EXPECT_EQ(line.front(), '\x01');
    EXPECT_EQ(line.back(), '\x01');
  }
}

TEST(ToWire, KeepsWithinTheLimitInAnEncodingThatTakesMore) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "ñ";
  const auto lines = to_wire(text, MessageKind::normal, "GB18030", 100);
  std::string all;
  for (const auto& line : lines) {
    EXPECT_LE(line.size(), 100u);
    all += to_utf8(line, "GB18030");
  }
  EXPECT_EQ(all, text);
}

TEST(ToWire, WritesOtherEncodings) {
  EXPECT_THAT(to_wire("café €", MessageKind::normal, "ISO-8859-1", 400), ElementsAre("caf\xE9 ?"));
}

TEST(ToWire, NeverHasALineEndOrADelimiterWithin) {
  const std::string hostile(
      "a\rb\0c\x01"
      "d\x01QUIT\n:e",
      16);
  for (const auto kind : {MessageKind::normal, MessageKind::action}) {
    for (const auto& line : to_wire(hostile, kind, "", 400)) {
      EXPECT_EQ(line.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
      EXPECT_EQ(line.find('\x01', 1), kind == MessageKind::action ? line.size() - 1 : std::string::npos);
    }
  }
}

TEST(ToWireLine, IsOneLineWithinTheLimit) {
  EXPECT_EQ(to_wire_line("a\nb", "", 0), "a b");
  EXPECT_EQ(to_wire_line("topic", "", 3), "top");
  EXPECT_EQ(to_wire_line("ééé", "", 5), "éé");
  EXPECT_LE(to_wire_line(Text(std::string(100, 'x')), "UTF-16", 50).size(), 50u);
  EXPECT_EQ(to_wire_line("", "", 50), "");
}

}  // namespace
}  // namespace dragoman::irc
