#include "bridges/irc/ctcp.hpp"

#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

TEST(Ctcp, IsTakenApart) {
  const auto action = parse_ctcp(
      "\x01"
      "ACTION waves  twice\x01");
  ASSERT_TRUE(action);
  EXPECT_EQ(action->command, "ACTION");
  EXPECT_EQ(action->params, "waves  twice");
  EXPECT_EQ(parse_ctcp("\x01version\x01")->command, "VERSION");
  EXPECT_EQ(parse_ctcp("\x01version\x01")->params, "");
  EXPECT_EQ(parse_ctcp("\x01PING 1 2\x01")->params, "1 2");
}

TEST(Ctcp, MayLackItsEnd) {
  EXPECT_EQ(parse_ctcp("\x01"
                       "ACTION waves")
                ->params,
            "waves");
}

TEST(Ctcp, IsNotPlainText) {
  for (std::string_view text : {"", "ACTION x", "\x01", "\x01\x01", "\x01 x\x01"})
    EXPECT_FALSE(parse_ctcp(text)) << text;
}

TEST(Ctcp, IsPutTogether) {
  EXPECT_EQ(format_ctcp("VERSION"), "\x01VERSION\x01");
  EXPECT_EQ(format_ctcp("PING", "12 34"), "\x01PING 12 34\x01");
}

TEST(Ctcp, NothingInItEndsIt) {
  EXPECT_EQ(format_ctcp("ACTION", std::string_view("a\x01"
                                                   "b\r\nc\0d",
                                                   8)),
            "\x01"
            "ACTION a b  c d\x01");
}

}  // namespace
}  // namespace dragoman::irc
