#include "bridges/matrix/nicks.hpp"

#include <gtest/gtest.h>

#include "mapping/jid.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

TEST(SafeName, IsWhatSomebodyIsCalled) {
  EXPECT_EQ(safe_name("Alice"), "Alice");
  EXPECT_EQ(safe_name("  Alice   Bee "), "Alice   Bee");
  EXPECT_EQ(safe_name("\xC3\x84nne \xF0\x9F\x8E\x89"), "\xC3\x84nne \xF0\x9F\x8E\x89");
  EXPECT_EQ(safe_name("@alice:example.org"), "@alice:example.org");
  EXPECT_EQ(safe_name("\xD7\x93\xD7\x95\xD7\x93"), "\xD7\x93\xD7\x95\xD7\x93");
}

TEST(SafeName, HasNothingThatMisleads) {
  EXPECT_EQ(safe_name("a\xE2\x80\xAE"
                      "b\xE2\x80\x8B"
                      "c\xEF\xBB\xBF"),
            "abc");
  EXPECT_EQ(safe_name("a\nb\tc\rd\x01"
                      "e\x7F"
                      "f\xC2\x85g"),
            "a b c def g");
  EXPECT_EQ(safe_name("a\xE3\x85\xA4"
                      "b\xE2\xA0\x80"
                      "c\xEF\xB8\x8F"),
            "abc");  // Hangul filler, blank braille
  EXPECT_EQ(safe_name(std::string("a\0b", 3)), "ab");
}

TEST(SafeName, OfNothingVisibleIsEmpty) {
  for (const std::string_view nothing :
       {"", " ", "\n", "\xE2\x80\x8B\xE2\x80\x8B", "\xE3\x85\xA4", "\xEF\xB8\x8F", "\x01", "\xE2\xA0\x80"}) {
    EXPECT_EQ(safe_name(nothing), "") << nothing;
  }
}

TEST(SafeName, IsBoundedOnACharacterBoundary) {
  EXPECT_EQ(safe_name(std::string(1'000'000, 'a')).size(), 128u);
  std::string accents;
  for (int i = 0; i < 1000; ++i) accents += "\xC3\xA9";
  const std::string name = safe_name("a" + accents);
  EXPECT_EQ(name.size(), 127u);
  EXPECT_TRUE(is_utf8(name));
  std::string stacked = "Z";
  for (int i = 0; i < 60; ++i) stacked += "\xCC\x8A\xCC\xA3";
  EXPECT_LE(safe_name(stacked).size(), 8u);
}

TEST(SafeName, IsAResourceOfAnAddressWhateverCame) {
  for (const std::string_view name :
       {"Alice", "\xEF\xBC\xA1lice", "\xD7\x93\xD7\x95\xD7\x93 2", "David \xD7\x93\xD7\x95\xD7\x93",
        "\xD8\xB9\xD9\x84\xD9\x8A x \xD8\xB9", "\xEF\xB7\xBA",
        "a\xED\xA0\x80"
        "b",
        "\xEE\x80\x80private", "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9", "\xE2\x85\xA3",
        "\xC2\xA0x\xC2\xA0"}) {
    const std::string safe = safe_name(name);
    EXPECT_FALSE(safe.empty()) << name;
    EXPECT_EQ(prepare_resource(safe), safe) << name;
  }
  EXPECT_EQ(safe_name("\xEF\xBC\xA1lice"), "Alice");
  EXPECT_EQ(safe_name("David \xD7\x93\xD7\x95\xD7\x93"), "\xD7\x93\xD7\x95\xD7\x93");
}

TEST(Skeleton, IsEqualForNamesThatLookAlike) {
  const std::pair<std::string_view, std::string_view> alike[] = {
      {"Alice", "alice"},
      {"Alice", "\xD0\x90lice"},  // Cyrillic A
      {"alice",
       "\xD0\xB0li\xD1\x81"
       "e"},  // Cyrillic a, s
      {"Alice B", "AliceB"},
      {"Alice", "A\xC2\xA0lice"},
      {"Ian", "lan"},
      {"Oscar", "0scar"},
      {"paypal", "paypa1"},
      {"modern", "rnodern"},
      {"\xC3\x89va", "e\xCC\x81va"},
      {"Alice",
       "\xF0\x9D\x93\x90\xF0\x9D\x93\xB5\xF0\x9D\x93\xB2\xF0\x9D\x93\xAC\xF0\x9D\x93\xAE"},  // script letters
      {"STRASSE",
       "stra\xC3\x9F"
       "e"},
  };
  for (const auto& [one, two] : alike) EXPECT_EQ(skeleton(one), skeleton(two)) << one << ' ' << two;
  EXPECT_NE(skeleton("Alice"), skeleton("Alica"));
  EXPECT_NE(skeleton("Bob"), skeleton("Bobby"));
  EXPECT_NE(skeleton("\xF0\x9F\x8E\x89"), skeleton("\xF0\x9F\x8E\x88"));
  EXPECT_EQ(skeleton(""), "");
}

TEST(Nicks, AreNamesOrIds) {
  Nicks nicks;
  EXPECT_EQ(nicks.put("@alice:x", "Alice"), "Alice");
  EXPECT_EQ(nicks.put("@bob:x", ""), "@bob:x");
  EXPECT_EQ(nicks.put("@carol:x", " \xE2\x80\x8B"), "@carol:x");
  EXPECT_EQ(nicks.user("Alice"), "@alice:x");
  EXPECT_EQ(nicks.user("alice"), std::nullopt);
  ASSERT_TRUE(nicks.of("@bob:x"));
  EXPECT_EQ(*nicks.of("@bob:x"), "@bob:x");
  EXPECT_FALSE(nicks.of("@nobody:x"));
  EXPECT_EQ(nicks.size(), 3u);
}

TEST(Nicks, TellApartWhoLooksAlike) {
  Nicks nicks;
  EXPECT_EQ(nicks.put("@alice:x", "Alice"), "Alice");
  EXPECT_EQ(nicks.put("@evil:y", "Alice"), "Alice (@evil:y)");
  EXPECT_EQ(nicks.put("@worse:y", "\xD0\x90lice"), "\xD0\x90lice (@worse:y)");
  EXPECT_EQ(nicks.user("Alice"), "@alice:x");
  EXPECT_EQ(nicks.user("Alice (@evil:y)"), "@evil:y");
}

TEST(Nicks, StayWithWhoHasThem) {
  Nicks nicks;
  nicks.put("@alice:x", "Alice");
  nicks.put("@evil:y", "Alice");
  EXPECT_EQ(nicks.put("@alice:x", "Alice"), "Alice");
  EXPECT_EQ(nicks.put("@evil:y", "Alice"), "Alice (@evil:y)");
  nicks.put("@alice:x", "Alicia");
  EXPECT_EQ(*nicks.of("@evil:y"), "Alice (@evil:y)");
  EXPECT_EQ(nicks.put("@evil:y", "Alice"), "Alice");
  EXPECT_EQ(nicks.put("@alice:x", "ALICE"), "ALICE (@alice:x)");
  EXPECT_EQ(nicks.size(), 2u);
}

TEST(Nicks, NobodyIsCalledByAnotherOnesId) {
  Nicks nicks;
  EXPECT_EQ(nicks.put("@evil:y", "@alice:x"), "@alice:x (@evil:y)");
  EXPECT_EQ(nicks.put("@alice:x", ""), "@alice:x");
  EXPECT_EQ(nicks.put("@bob:x", "@bob:x"), "@bob:x");
}

TEST(Nicks, AreUniqueThoughSomebodyTakesTheFormForIt) {
  Nicks nicks;
  nicks.put("@a:x", "Alice (@alice:x)");
  nicks.put("@b:x", "Alice");
  EXPECT_EQ(nicks.put("@alice:x", "Alice"), "Alice (@alice:x 2)");
  EXPECT_EQ(nicks.user("Alice (@alice:x)"), "@a:x");
}

TEST(Nicks, OfLongIdsAreUnique) {
  Nicks nicks;
  const std::string prefix = "@" + std::string(150, 'a');
  const std::string one = nicks.put(prefix + "1:x", ""), two = nicks.put(prefix + "2:x", "");
  EXPECT_EQ(one, prefix + "1:x");
  EXPECT_EQ(two, prefix + "2:x");
}

TEST(Nicks, OfNamesWrittenLeftwardsAreResourcesToo) {
  Nicks nicks;
  const std::string david = "\xD7\x93\xD7\x95\xD7\x93";
  EXPECT_EQ(nicks.put("@a:x", david), david);
  EXPECT_EQ(nicks.put("@b:x", david), "@b:x");
  EXPECT_EQ(nicks.put("@c:x", david), "@c:x");
  nicks.put("@d:x", david);
  EXPECT_EQ(nicks.size(), 4u);
}

TEST(Nicks, AreFreeOnceTheirOwnerHasLeft) {
  Nicks nicks;
  nicks.put("@alice:x", "Alice");
  nicks.erase("@alice:x");
  nicks.erase("@alice:x");
  EXPECT_EQ(nicks.size(), 0u);
  EXPECT_EQ(nicks.user("Alice"), std::nullopt);
  EXPECT_EQ(nicks.put("@other:x", "Alice"), "Alice");
}

TEST(Nicks, ManyOfOneNameAreAllDifferent) {
  Nicks nicks;
  for (int i = 0; i < 2000; ++i) nicks.put("@u" + std::to_string(i) + ":x", "same");
  EXPECT_EQ(nicks.size(), 2000u);
  for (int i = 0; i < 2000; ++i) {
    const std::string id = "@u" + std::to_string(i) + ":x";
    ASSERT_TRUE(nicks.of(id));
    EXPECT_EQ(nicks.user(*nicks.of(id)), id);
  }
}

TEST(Nicks, OfNonsenseAreStillNicks) {
  Nicks nicks;
  EXPECT_FALSE(nicks.put("", "").empty());
  EXPECT_FALSE(nicks.put("\xFF", "\xFF").empty());
  EXPECT_FALSE(nicks.put("@\x01:x", "\x02").empty());
}

}  // namespace
}  // namespace dragoman::matrix
