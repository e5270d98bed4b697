#include <gtest/gtest.h>

#include "bridges/net/backoff.hpp"
#include "bridges/net/base64.hpp"
#include "bridges/net/identd.hpp"
#include "bridges/net/tls.hpp"

namespace dragoman::net {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

TEST(BackoffTest, DoublesUpToItsMostWithinItsJitter) {
  Backoff low(milliseconds(2000), milliseconds(300'000)), high(milliseconds(2000), milliseconds(300'000));
  std::int64_t full = 2000;
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(low.next(0).count(), full - full / 2);
    auto most = high.next(0xffffffffU).count();
    EXPECT_LE(most, full);
    EXPECT_GE(most, full - 1);
    full = std::min<std::int64_t>(full * 2, 300'000);
  }
  low.reset();
  EXPECT_EQ(low.next(0).count(), 1000);
}

TEST(SpacingTest, NoTwoComeAtOnce) {
  Spacing spacing(milliseconds(250));
  auto now = Clock::now();
  EXPECT_EQ(spacing.reserve(now), now);
  EXPECT_EQ(spacing.reserve(now), now + milliseconds(250));
  EXPECT_EQ(spacing.reserve(now + milliseconds(10)), now + milliseconds(500));
  EXPECT_EQ(spacing.reserve(now + milliseconds(9000)), now + milliseconds(9000));
}

TEST(TokenBucketTest, LetsABurstThroughAndThenOneEachInterval) {
  TokenBucket bucket(3, milliseconds(1000));
  auto now = Clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_EQ(bucket.wait(now), milliseconds(1000));
  EXPECT_FALSE(bucket.take(now + milliseconds(999)));
  EXPECT_TRUE(bucket.take(now + milliseconds(1000)));
  EXPECT_FALSE(bucket.take(now + milliseconds(1000)));
  auto later = now + milliseconds(60'000);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(later));
  EXPECT_FALSE(bucket.take(later));
}

TEST(TokenBucketTest, KeepsSomeForOthersAndTellsWhenTheNthIsDue) {
  TokenBucket bucket(4, milliseconds(1000));
  auto now = Clock::now();
  EXPECT_TRUE(bucket.take(now, 2));
  EXPECT_TRUE(bucket.take(now, 2));
  EXPECT_FALSE(bucket.take(now, 2));
  EXPECT_EQ(bucket.wait(now, 2), milliseconds(1000));
  EXPECT_EQ(bucket.wait(now, 0, 2), milliseconds(0));
  EXPECT_EQ(bucket.wait(now, 0, 4), milliseconds(2000));
  EXPECT_TRUE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

TEST(TokenBucketTest, WithoutABurstEverythingPasses) {
  TokenBucket bucket(0, milliseconds(1000));
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(bucket.take(Clock::time_point{}));
}

TEST(IdentTest, AnswersAsRfc1413Says) {
  auto lookup = [](std::uint16_t local, std::uint16_t remote,
                   const std::string& address) -> std::optional<std::string> {
    if (local == 6193 && remote == 23 && address == "192.0.2.1") return "abc";
    return std::nullopt;
  };
  EXPECT_EQ(ident_reply("6193, 23\r\n", "192.0.2.1", lookup), "6193, 23 : USERID : UNIX : abc\r\n");
  EXPECT_EQ(ident_reply("6193,23", "192.0.2.1", lookup), "6193, 23 : USERID : UNIX : abc\r\n");
  EXPECT_EQ(ident_reply("1, 2", "192.0.2.1", lookup), "1, 2 : ERROR : NO-USER\r\n");
  EXPECT_EQ(ident_reply("6193, 23", "192.0.2.2", lookup), "6193, 23 : ERROR : NO-USER\r\n");
  for (const char* bad : {"", ",", "x, 23", "6193", "0, 23", "70000, 23", "6193, -1", "6193, 23, 1"}) {
    auto reply = ident_reply(bad, "192.0.2.1", lookup);
    EXPECT_NE(reply.find(" : ERROR : INVALID-PORT\r\n"), std::string::npos) << bad;
  }
}

TEST(IdentTest, IsShortAndKeyedAndBeginsWithALetter) {
  auto ident = short_ident("key", "alice@example.org");
  EXPECT_EQ(ident.size(), 10U);
  EXPECT_EQ(ident, short_ident("key", "alice@example.org"));
  EXPECT_NE(ident, short_ident("other key", "alice@example.org"));
  EXPECT_NE(ident, short_ident("key", "bob@example.org"));
  for (int i = 0; i < 200; ++i) {
    auto one = short_ident("key", std::to_string(i));
    EXPECT_TRUE(one.front() >= 'a' && one.front() <= 'z') << one;
  }
}

TEST(Base64Test, IsThatOfTheRfc) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(FingerprintTest, IsTakenInAnyUsualForm) {
  std::string plain(64, 'a'), colons;
  for (int i = 0; i < 32; ++i) colons += i ? ":AA" : "AA";
  EXPECT_EQ(normal_fingerprint(colons), plain);
  EXPECT_EQ(normal_fingerprint(plain), plain);
  EXPECT_FALSE(normal_fingerprint("abc"));
  EXPECT_FALSE(normal_fingerprint(std::string(64, 'g')));
  EXPECT_FALSE(normal_fingerprint(""));
}

}  // namespace
}  // namespace dragoman::net
