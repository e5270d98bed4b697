#include "mapping/jid.hpp"

#include <string>

#include <gtest/gtest.h>

namespace dragoman {
namespace {

std::string parsed(std::string_view text) {
  const auto jid = Jid::parse(text);
  return jid ? jid->str() : "(none)";
}

TEST(Jid, HasThreeParts) {
  const auto jid = Jid::parse("juliet@example.com/balcony");
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->local, "juliet");
  EXPECT_EQ(jid->domain, "example.com");
  EXPECT_EQ(jid->resource, "balcony");
  EXPECT_EQ(jid->str(), "juliet@example.com/balcony");
  EXPECT_EQ(jid->bare().str(), "juliet@example.com");
}

TEST(Jid, LocalPartAndResourceMayBeMissing) {
  EXPECT_EQ(parsed("example.com"), "example.com");
  EXPECT_EQ(parsed("example.com/res"), "example.com/res");
  EXPECT_EQ(parsed("a@example.com"), "a@example.com");
}

TEST(Jid, SplitsAtTheFirstSlashThenAtTheFirstAt) {
  const auto jid = Jid::parse("a@example.com/x@y/z");
  ASSERT_TRUE(jid);
  EXPECT_EQ(jid->resource, "x@y/z");
  EXPECT_EQ(Jid::parse("example.com/a@b")->domain, "example.com");
  EXPECT_FALSE(Jid::parse("a@b@example.com"));
}

TEST(Jid, IsPreparedToLowerCaseButForTheResource) {
  EXPECT_EQ(parsed("JULIET@Example.COM/Balcony"), "juliet@example.com/Balcony");
  EXPECT_EQ(parsed("\xC3\x89T\xC3\x89@example.com"), "\xC3\xA9t\xC3\xA9@example.com");
  EXPECT_EQ(parsed("stra\xC3\x9F\x65@example.com"), "strasse@example.com");
  EXPECT_EQ(parsed("a@B\xC3\x9C\x43HER.example"), "a@b\xC3\xBC\x63her.example");
}

TEST(Jid, ComposesAndFoldsCompatibilityForms) {
  EXPECT_EQ(parsed("e\xCC\x81@example.com"), "\xC3\xA9@example.com");
  EXPECT_EQ(parsed("a@example.com/\xE2\x85\xA3"), "a@example.com/IV");
}

TEST(Jid, KeepsTheCharactersOfIrcNames) {
  EXPECT_EQ(parsed("#chan%irc.libera.chat@irc.example.org/[nick]`^"),
            "#chan%irc.libera.chat@irc.example.org/[nick]`^");
  EXPECT_EQ(parsed("%irc.libera.chat@irc.example.org"), "%irc.libera.chat@irc.example.org");
  EXPECT_EQ(parsed("a\\20b@example.org"), "a\\20b@example.org");
}

TEST(Jid, RefusesEmptyParts) {
  for (const char* text :
       {"", "@", "/", "@example.com", "a@", "a@/x", "example.com/", "a@example.com/", "@/"}) {
    EXPECT_FALSE(Jid::parse(text)) << text;
  }
}

TEST(Jid, RefusesWhatALocalPartForbids) {
  for (const char* text : {"a b@x.y", "a\"b@x.y", "a&b@x.y", "a'b@x.y", "a:b@x.y", "a<b@x.y", "a>b@x.y",
                           "a\x7f@x.y", "a\n@x.y", "a\xC2\xA0@x.y", "a\xE2\x80\xA8@x.y"}) {
    EXPECT_FALSE(Jid::parse(text)) << text;
  }
}

TEST(Jid, RefusesWhatADomainForbids) {
  for (const char* text : {"a@x y", "a@.", "a@.x", "a@x..y", "a@-x", "a@x-", "a@x-.y", "a@x.-y", "a@x%y",
                           "a@x\ty", "a@[::g]", "a@[]", "a@[1.2.3.4]", "a@x:5269", "a@x\x7f"}) {
    EXPECT_FALSE(Jid::parse(text)) << text;
  }
}

TEST(Jid, TakesAddressesAndUnderscoresAsDomains) {
  EXPECT_EQ(parsed("a@127.0.0.1"), "a@127.0.0.1");
  EXPECT_EQ(parsed("a@[::1]"), "a@[::1]");
  EXPECT_EQ(parsed("a@my_host"), "a@my_host");
  EXPECT_EQ(parsed("a@localhost"), "a@localhost");
}

TEST(Jid, DropsTheDotOfTheRoot) { EXPECT_EQ(parsed("a@example.com."), "a@example.com"); }

TEST(Jid, RefusesControlCharactersInTheResource) {
  EXPECT_FALSE(Jid::parse("a@b/x\ny"));
  EXPECT_FALSE(Jid::parse("a@b/\x01"));
  EXPECT_FALSE(Jid::parse("a@b/\xC3\xA9\x01"));
  EXPECT_TRUE(Jid::parse("a@b/x y"));
}

TEST(Jid, RefusesNulAndInvalidUtf8) {
  EXPECT_FALSE(Jid::parse(std::string_view("a\0b@c", 5)));
  EXPECT_FALSE(Jid::parse(std::string_view("a@b\0c", 5)));
  EXPECT_FALSE(Jid::parse(std::string_view("a@b/c\0d", 7)));
  EXPECT_FALSE(Jid::parse(std::string_view("a@b/\xC3\xA9\0d", 8)));
  EXPECT_FALSE(Jid::parse("\xC3@b"));
  EXPECT_FALSE(Jid::parse("a@b/\xED\xA0\x80"));
  EXPECT_FALSE(Jid::parse("a@\xFF"));
}

TEST(Jid, EachPartHasAtMost1023Bytes) {
  const std::string most(1023, 'a');
  EXPECT_TRUE(Jid::parse(most + "@b/" + most));
  EXPECT_FALSE(Jid::parse(most + "a@b"));
  EXPECT_FALSE(Jid::parse("b/" + most + "a"));
  EXPECT_TRUE(Jid::parse("b/" + most.substr(0, 1021) + "\xC3\xA9"));
  EXPECT_FALSE(Jid::parse("b/" + most.substr(0, 1022) + "\xC3\xA9"));
  std::string domain;
  while (domain.size() + 10 <= 1020) domain += "abcdefghi.";
  EXPECT_TRUE(Jid::parse(domain + "abc"));
  EXPECT_FALSE(Jid::parse(domain + "abcd"));
  EXPECT_FALSE(Jid::parse(std::string(100000, 'a')));
  std::string long_text;
  for (int i = 0; i < 10000; ++i) long_text += "\xC3\xA9";
  EXPECT_FALSE(Jid::parse(long_text + "@b"));
}

TEST(Jid, ALabelHasAtMost63Bytes) {
  EXPECT_TRUE(Jid::parse(std::string(63, 'a') + ".org"));
  EXPECT_FALSE(Jid::parse(std::string(64, 'a') + ".org"));
}

TEST(Jid, RefusesWhatPreparationLeavesEmpty) {
  EXPECT_FALSE(Jid::parse("\xC2\xAD@b"));  // a soft hyphen is mapped to nothing
  EXPECT_FALSE(Jid::parse("a@b/\xC2\xAD"));
}

TEST(Jid, RefusesMixedDirections) {
  EXPECT_TRUE(Jid::parse("\xD7\xA9\xD7\x9C@b"));
  EXPECT_FALSE(Jid::parse("\xD7\xA9x@b"));
}

TEST(Jid, ANickMayHoldAnEmoji) { EXPECT_EQ(parsed("a@b/\xF0\x9F\xA6\x84"), "a@b/\xF0\x9F\xA6\x84"); }

TEST(Jid, PreparingTwiceChangesNothing) {
  for (const char* text :
       {"A@B/C", "\xC3\x89@b/\xE2\x85\xA3", "stra\xC3\x9F\x65@B\xC3\x9C\x43HER.example", "a@b."}) {
    const std::string once = parsed(text);
    EXPECT_EQ(parsed(once), once);
  }
}

TEST(PrepareResource, IsTheResourcesRule) {
  EXPECT_EQ(prepare_resource("Nick Name"), "Nick Name");
  EXPECT_EQ(prepare_resource("e\xCC\x81"), "\xC3\xA9");
  EXPECT_FALSE(prepare_resource(""));
  EXPECT_FALSE(prepare_resource("a\tb"));
  EXPECT_FALSE(prepare_resource(std::string(1024, 'x')));
  EXPECT_TRUE(prepare_resource(std::string(1023, 'x')));
}

}  // namespace
}  // namespace dragoman
