// How far a mailbox has been told.
#include "bridges/email/mailbox_progress.hpp"

#include <gmock/gmock.h>

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;
using std::chrono::year;

const Time day = std::chrono::sys_days(year(2026) / 3 / 5);

MailboxProgress open(const MailboxMark& mark, std::uint32_t validity, std::uint32_t next_uid) {
  MailboxProgress out(mark);
  out.told_validity(validity);
  out.told_next(next_uid);
  EXPECT_TRUE(out.opened());
  return out;
}

TEST(MailboxProgress, AMailboxWithoutNumbersCannotBeFollowed) { EXPECT_FALSE(MailboxProgress({}).opened()); }

TEST(MailboxProgress, TheFirstLookBeginsAfterWhatIsThere) {
  auto one = open({.since = day}, 7, 12);
  EXPECT_TRUE(one.is_first_look());
  EXPECT_EQ(one.begin(day), (MailboxMark{7, 11, day, day}));
  EXPECT_FALSE(one.is_first_look());
  // Where the server does not say which is the next, by what it has.
  auto other = open({.since = day}, 7, 0);
  other.found(3);
  other.found(9);
  EXPECT_EQ(other.begin(day).last, 9U);
  EXPECT_FALSE(other.has_next());
}

TEST(MailboxProgress, WhatHasHigherNumbersIsNew) {
  auto one = open({7, 11, day, day}, 7, 15);
  EXPECT_EQ(one.search(), "UID 12:* SINCE 4-Mar-2026");
  // RFC 3501 6.4.8: "12:*" always has the last one.
  one.found(11);
  one.found(14);
  one.found(12);
  EXPECT_EQ(one.sift(day), std::nullopt);
  EXPECT_EQ(one.next(), 12U);
  one.pass(one.after_next(day + 1h));
  EXPECT_EQ(one.mark(), (MailboxMark{7, 12, day, day + 1h}));
  EXPECT_EQ(one.next(), 14U);
  one.pass(one.after_next(day));
  EXPECT_FALSE(one.has_next());
}

TEST(MailboxProgress, NumberedAnewAllSinceTheLastLookAreLookedAt) {
  auto one = open({7, 900, day - 48h, day}, 8, 40);
  EXPECT_TRUE(one.is_anew());
  EXPECT_EQ(one.search(), "UID 1:* SINCE 4-Mar-2026");
  one.found(38);
  one.found(39);
  EXPECT_EQ(one.sift(day), std::nullopt);
  // Until the last one the old numbers are kept: a restart looks at all of them again.
  EXPECT_EQ(one.after_next(day + 1h), one.mark());
  one.pass(one.after_next(day + 1h));
  EXPECT_TRUE(one.is_anew());
  one.pass(one.after_next(day + 1h));
  EXPECT_FALSE(one.is_anew());
  EXPECT_EQ(one.mark(), (MailboxMark{8, 39, day - 48h, day + 1h}));
}

TEST(MailboxProgress, NumberedAnewWithNothingNewItGoesOnFromThere) {
  auto one = open({7, 900, day, day}, 8, 40);
  EXPECT_EQ(one.sift(day + 1h), (MailboxMark{8, 39, day, day + 1h}));
  EXPECT_FALSE(one.is_anew());
}

TEST(MailboxProgress, AMailAtWhichTheConnectionAlwaysBreaksIsHopeless) {
  auto one = open({7, 11, day, day}, 7, 15);
  one.found(12);
  one.found(13);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(one.is_hopeless());
    one.broke();
  }
  EXPECT_TRUE(one.is_hopeless());
  one.pass(one.after_next(day));
  EXPECT_FALSE(one.is_hopeless());
}

TEST(MailboxProgress, WhatArrivedBeforeSomebodyWantedToKnowIsOld) {
  const MailboxProgress one({7, 11, day, day});
  ImapMessage message;
  EXPECT_FALSE(one.is_old(message));
  message.arrived = day - 1h;
  EXPECT_TRUE(one.is_old(message));
  message.arrived = day - 1min;  // clocks differ
  EXPECT_FALSE(one.is_old(message));
}

}  // namespace
}  // namespace dragoman::email
