#include "bridges/irc/refusals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman::irc {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Refusals, EachOfAJoinHasItsReason) {
  const std::pair<int, Reason> expected[] = {{403, Reason::no_such_room},
                                             {405, Reason::too_many_rooms},
                                             {407, Reason::rate_limited},
                                             {432, Reason::nick_invalid},
                                             {433, Reason::nick_in_use},
                                             {436, Reason::nick_in_use},
                                             {437, Reason::nick_unavailable},
                                             {438, Reason::nick_unavailable},
                                             {464, Reason::login_failed},
                                             {465, Reason::banned_by_server},
                                             {470, Reason::redirected},
                                             {471, Reason::room_full},
                                             {473, Reason::members_only},
                                             {474, Reason::banned},
                                             {475, Reason::wrong_key},
                                             {476, Reason::no_such_room},
                                             {477, Reason::registration_required},
                                             {480, Reason::rate_limited},
                                             {489, Reason::not_permitted},
                                             {520, Reason::not_permitted},
                                             {926, Reason::not_permitted}};
  for (const auto& [code, reason] : expected) {
    const auto failure = refusal(code, "server words");
    ASSERT_TRUE(failure) << code;
    EXPECT_EQ(failure->reason, reason) << code;
    EXPECT_FALSE(failure->text.empty()) << code;
  }
}

TEST(Refusals, EachOfACommandHasItsReason) {
  const std::pair<int, Reason> expected[] = {
      {263, Reason::rate_limited},  {401, Reason::no_such_user},  {402, Reason::no_such_server},
      {404, Reason::cannot_speak},  {441, Reason::no_such_user},  {442, Reason::not_joined},
      {443, Reason::conflict},      {461, Reason::invalid},       {472, Reason::not_permitted},
      {481, Reason::not_permitted}, {482, Reason::not_permitted}, {904, Reason::login_failed}};
  for (const auto& [code, reason] : expected) EXPECT_EQ(refusal(code, "")->reason, reason) << code;
}

TEST(Refusals, AreNotWhatIsNone) {
  for (int code : {0, 1, 5, 301, 332, 353, 366, 372, 376, 422, 730, 900, 903, 999, -1})
    EXPECT_FALSE(refusal(code, "x")) << code;
}

TEST(Refusals, QuoteTheServerWhereItAdds) {
  EXPECT_THAT(refusal(404, "Color is not permitted")->text, HasSubstr("(\"Color is not permitted\")"));
  EXPECT_THAT(refusal(433, "Nickname is already in use")->text, Not(HasSubstr("already in use")));
  EXPECT_THAT(refusal(404, "")->text, Not(HasSubstr("\"")));
  EXPECT_LT(refusal(404, std::string(5000, 'x'))->text.size(), 700u);
}

TEST(Refusals, OfALineAreReadFromIt) {
  const auto moved = refusal(*parse_line(":srv 470 me #chan ##chan :Forwarding to another channel"));
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->reason, Reason::redirected);
  EXPECT_THAT(moved->text, HasSubstr("##chan"));
  EXPECT_THAT(refusal(*parse_line(":srv 474 me #c :Cannot \x02join\x02 caf\xE9"))->text,
              HasSubstr("Cannot join café"));
  EXPECT_FALSE(refusal(*parse_line("PRIVMSG a b")));
  EXPECT_TRUE(refusal(*parse_line("433")));
}

TEST(Closing, TellsABanFromAThrottleAndFromALoss) {
  EXPECT_EQ(closing("Closing Link: x[1.2.3.4] (K-Lined)").reason, Reason::banned_by_server);
  EXPECT_EQ(closing("You are banned from this server").reason, Reason::banned_by_server);
  EXPECT_EQ(closing("Closing link: (x@h) [Z-lined: spam]").reason, Reason::banned_by_server);
  EXPECT_EQ(closing("Your host is listed in DroneBL DNSBL").reason, Reason::banned_by_server);
  EXPECT_EQ(closing("Trying to reconnect too fast.").reason, Reason::rate_limited);
  EXPECT_EQ(closing("Throttled: banned for a minute").reason, Reason::rate_limited);
  EXPECT_EQ(closing("Too many connections from your IP").reason, Reason::rate_limited);
  EXPECT_EQ(closing("Closing Link: Ping timeout").reason, Reason::connection_lost);
  EXPECT_EQ(closing("").reason, Reason::connection_lost);
}

}  // namespace
}  // namespace dragoman::irc
