#include "component/datetime.hpp"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

using namespace std::chrono;

TEST(Datetime, WritesUtc) {
  EXPECT_EQ(format_datetime(Time()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_datetime(Time(sys_days(2002y / 9 / 10) + 23h + 8min + 25s)), "2002-09-10T23:08:25Z");
  EXPECT_EQ(format_datetime(Time(sys_days(2002y / 9 / 10) + 23h + 8min + 25s + 7ms)),
            "2002-09-10T23:08:25.007Z");
  EXPECT_EQ(format_datetime(Time(-1ms)), "1969-12-31T23:59:59.999Z");
}

TEST(Datetime, ReadsTheProfile) {
  const Time t(sys_days(2015y / 7 / 26) + 19h + 46min);
  for (const char* text :
       {"2015-07-26T19:46:00Z", "2015-07-26T21:46:00+02:00", "2015-07-26T14:16:00-05:30",
        "2015-07-26T19:46:00.000000Z", "2015-07-26T19:45:60Z", "2015-07-27T00:46:00.0+05:00"})
    EXPECT_EQ(parse_datetime(text), t) << text;
  EXPECT_EQ(parse_datetime("2015-07-26T19:46:00.5Z"), t + 500ms);
  EXPECT_EQ(parse_datetime("2015-07-26T19:46:00.123999Z"), t + 123ms);
  EXPECT_TRUE(parse_datetime("2024-02-29T00:00:00Z"));
}

TEST(Datetime, RefusesAllElse) {
  for (const char* text : {"",
                           "2015",
                           "2015-07-26",
                           "2015-07-26T19:46:00",
                           "2015-07-26 19:46:00Z",
                           "2015-07-26T19:46Z",
                           "2015-13-26T19:46:00Z",
                           "2015-02-29T19:46:00Z",
                           "2015-07-26T24:00:00Z",
                           "2015-07-26T19:60:00Z",
                           "2015-07-26T19:46:61Z",
                           "2015-07-26T19:46:00.Z",
                           "2015-07-26T19:46:00ZZ",
                           "2015-07-26T19:46:00+2:00",
                           "2015-07-26T19:46:00+15:00",
                           "0000-07-26T19:46:00Z",
                           "+015-07-26T19:46:00Z",
                           "20150726T19:46:00",
                           "2015-07-26T19:46:00Z ",
                           "-2015-07-26T19:46:00Z"})
    EXPECT_FALSE(parse_datetime(text)) << text;
}

TEST(Datetime, ReadsWhatItWrites) {
  for (long long ms = -4'000'000'000'000; ms < 4'000'000'000'000; ms += 12'345'678'987)
    EXPECT_EQ(parse_datetime(format_datetime(Time(milliseconds(ms)))), Time(milliseconds(ms)));
}

}  // namespace
}  // namespace dragoman
