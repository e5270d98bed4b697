#include "component/codepoint.hpp"

#include <gtest/gtest.h>

#include "mapping/utf8.hpp"

namespace dragoman {
namespace {

TEST(Codepoint, ReadsForwardAndBackward) {
  const std::string text = "aä日👍";
  std::u32string read, back;
  for (std::size_t at = 0; at < text.size();) read += next_codepoint(text, at);
  EXPECT_EQ(read, U"aä日👍");
  for (std::size_t at : {1u, 3u, 6u, 10u}) back += previous_codepoint(text, at);
  EXPECT_EQ(back, read);
  EXPECT_EQ(previous_codepoint(text, 0), no_codepoint);
}

TEST(Codepoint, AgreesWithTheHouseOnWhatIsUtf8) {
  for (unsigned a = 0x80; a < 0x100; ++a)
    for (unsigned b = 0; b < 0x100; b += 5) {
      const std::string text{static_cast<char>(a), static_cast<char>(b), '\x80', '\x80'};
      for (std::size_t n = 1; n <= 4; ++n) {
        bool good = true;
        const std::string part = text.substr(0, n);
        for (std::size_t at = 0; at < part.size();) good = next_codepoint(part, at) != no_codepoint && good;
        ASSERT_EQ(good, is_utf8(part)) << a << " " << b << " " << n;
      }
    }
}

TEST(Codepoint, CountsAndFindsOffsets) {
  EXPECT_EQ(count_codepoints("aä日👍"), 4u);
  EXPECT_EQ(codepoint_offset("aä日👍", 0), 0u);
  EXPECT_EQ(codepoint_offset("aä日👍", 2), 3u);
  EXPECT_EQ(codepoint_offset("aä日👍", 99), 10u);
}

TEST(Codepoint, KnowsWhitespaceOfUnicode) {
  for (char32_t c :
       {U' ', U'\t', U'\n', U'\r', U'\u0085', U'\u00A0', U'\u1680', U'\u2003', U'\u2028', U'\u3000'})
    EXPECT_TRUE(is_space(c)) << static_cast<unsigned>(c);
  for (char32_t c : {U'a', U'*', U'\u200B', U'\uFEFF', U'\x1F', no_codepoint}) EXPECT_FALSE(is_space(c));
}

TEST(Shortened, KeepsShortTextAndCutsLongOnCharacters) {
  EXPECT_EQ(shortened("short", 60), "short");
  EXPECT_EQ(shortened("12345", 5), "12345");
  EXPECT_EQ(shortened("123456", 5), "12345…");
  EXPECT_EQ(shortened("ääää", 2), "ää…");
  EXPECT_EQ(shortened("", 5), "");
}

TEST(Shortened, MakesOneLineOfMany) {
  EXPECT_EQ(shortened("  a\n\n b\t\rc\x01"
                      "d  ",
                      60),
            "a b c d");
  EXPECT_EQ(shortened("ab cd", 3), "ab…");
}

}  // namespace
}  // namespace dragoman
