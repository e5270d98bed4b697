#include "bridges/irc/casemap.hpp"

#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

TEST(Casemap, IsKnownByName) {
  EXPECT_EQ(casemap_named("rfc1459"), Casemap::rfc1459);
  EXPECT_EQ(casemap_named("RFC1459"), Casemap::rfc1459);
  EXPECT_EQ(casemap_named("rfc1459-strict"), Casemap::rfc1459_strict);
  EXPECT_EQ(casemap_named("strict-rfc1459"), Casemap::rfc1459_strict);
  EXPECT_EQ(casemap_named("ascii"), Casemap::ascii);
  EXPECT_EQ(casemap_named("rfc7613"), Casemap::ascii);
  EXPECT_EQ(casemap_named(""), Casemap::ascii);
}

TEST(Casemap, FoldsWhatItsNameSays) {
  EXPECT_EQ(fold("AZ[]\\~{}|^@`", Casemap::ascii), "az[]\\~{}|^@`");
  EXPECT_EQ(fold("AZ[]\\~{}|^@`", Casemap::rfc1459), "az{}|^{}|^@`");
  EXPECT_EQ(fold("AZ[]\\~{}|^@`", Casemap::rfc1459_strict), "az{}|~{}|^@`");
}

TEST(Casemap, LeavesBytesBeyondAsciiAlone) { EXPECT_EQ(fold("ÄÖ", Casemap::rfc1459), "ÄÖ"); }

TEST(Casemap, EqualIsEqualFolded) {
  EXPECT_TRUE(equal("Nick[1]", "nICK{1}", Casemap::rfc1459));
  EXPECT_FALSE(equal("Nick[1]", "nICK{1}", Casemap::ascii));
  EXPECT_TRUE(equal("a~", "A^", Casemap::rfc1459));
  EXPECT_FALSE(equal("a~", "A^", Casemap::rfc1459_strict));
  EXPECT_FALSE(equal("a", "ab", Casemap::ascii));
  EXPECT_TRUE(equal("", "", Casemap::ascii));
}

TEST(Casemap, FoldingTwiceIsFoldingOnce) {
  for (int c = 0; c < 256; ++c) {
    for (Casemap map : {Casemap::ascii, Casemap::rfc1459, Casemap::rfc1459_strict}) {
      const char once = fold(static_cast<char>(c), map);
      EXPECT_EQ(fold(once, map), once);
      EXPECT_EQ(fold(fold(static_cast<char>(c), Casemap::ascii), map), once);
    }
  }
}

}  // namespace
}  // namespace dragoman::irc
