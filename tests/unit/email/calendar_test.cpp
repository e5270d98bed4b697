#include "bridges/email/calendar.hpp"

#include <gtest/gtest.h>

#include "bridges/email/charset.hpp"

namespace dragoman::email {
namespace {

std::string event(const std::string& lines, const std::string& method = "REQUEST") {
  return invitation_text("BEGIN:VCALENDAR\nMETHOD:" + method + "\nBEGIN:VEVENT\n" + lines +
                         "END:VEVENT\nEND:VCALENDAR\n");
}

TEST(Invitations, SayWhatWhenWhereAndWho) {
  EXPECT_EQ(event("SUMMARY:Dinner\\, "
                  "late\nDTSTART:20261127T190000Z\nDTEND:20261127T210000Z\nLOCATION:Verona\nORGANIZER;CN=Bob:"
                  "MAILTO:bob@example.org\n"),
            "📅 Invitation: Dinner, late\nWhen: 2026-11-27 19:00 – 21:00 (UTC)\nWhere: Verona\nOrganiser: Bob "
            "<bob@example.org>");
}

TEST(Invitations, DaysAreDays) {
  EXPECT_EQ(event("SUMMARY:A\nDTSTART;VALUE=DATE:20261127\nDTEND;VALUE=DATE:20261128\n"),
            "📅 Invitation: A\nWhen: 2026-11-27");
  EXPECT_EQ(event("SUMMARY:A\nDTSTART;VALUE=DATE:20261127\nDTEND;VALUE=DATE:20261130\n"),
            "📅 Invitation: A\nWhen: 2026-11-27 – 2026-11-30");
  EXPECT_EQ(event("SUMMARY:A\nDTSTART;TZID=\"Europe/Rome\":20261127T230000\nDTEND;TZID=\"Europe/"
                  "Rome\":20261128T010000\n"),
            "📅 Invitation: A\nWhen: 2026-11-27 23:00 – 2026-11-28 01:00 (Europe/Rome)");
}

TEST(Invitations, SayWhatTheyDo) {
  EXPECT_EQ(event("SUMMARY:A\n", "CANCEL"), "📅 Cancelled: A");
  EXPECT_EQ(event("SUMMARY:A\nSTATUS:CANCELLED\n", "PUBLISH"), "📅 Cancelled: A");
  EXPECT_EQ(event("SUMMARY:A\n", "PUBLISH"), "📅 Event: A");
  EXPECT_EQ(event("SUMMARY:A\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org\n", "REPLY"),
            "📅 bob@example.org declines: A");
  EXPECT_EQ(event("SUMMARY:A\nATTENDEE;CN=Bob;PARTSTAT=TENTATIVE:mailto:bob@example.org\n", "REPLY"),
            "📅 Bob <bob@example.org> may come to: A");
  EXPECT_EQ(event(""), "📅 Invitation: (no title)");
}

TEST(Invitations, FoldedLinesAreWhole) {
  EXPECT_EQ(event("SUMM\n ARY:A lo\n ng\n\t name\n"), "📅 Invitation: A long name");
}

TEST(Invitations, ExceptionsOfASeriesAreNotToldTwice) {
  EXPECT_EQ(
      event("SUMMARY:A\nRRULE:FREQ=DAILY\nDTSTART:20261127T190000Z\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:A\n"),
      "📅 Invitation: A\nWhen: 2026-11-27 19:00 (UTC), every day");
}

TEST(Invitations, OddOnesAreHarmless) {
  EXPECT_EQ(invitation_text(""), "");
  EXPECT_EQ(invitation_text("no calendar"), "");
  EXPECT_EQ(invitation_text("BEGIN:VCALENDAR\nSUMMARY:outside\nEND:VCALENDAR"), "");
  for (const char* line :
       {"DTSTART:2026", "DTSTART:", "DTSTART:20261127T", "DTSTART:20261127T1", "DTEND:99999999",
        "SUMMARY;X=\":A", "SUMMARY;:A", ";:;:", ":", "SUMMARY:\\", "RRULE:"})
    event(std::string(line) + "\n");
  std::string many = "BEGIN:VCALENDAR\n";
  for (int i = 0; i < 10000; ++i)
    many += "BEGIN:VEVENT\nSUMMARY:" + std::to_string(i) + "\n" + std::string(1000, 'x') + "\n";
  EXPECT_LT(invitation_text(many).size(), 5000U);
  const std::string spoofed = event("SUMMARY:a\\nWhen: never\x01\u202E" + std::string(5000, 'x') + "\n");
  EXPECT_EQ(spoofed.find('\n'), std::string::npos);
  EXPECT_EQ(clean_text(spoofed), spoofed);
  EXPECT_LT(spoofed.size(), 600U);
}

}  // namespace
}  // namespace dragoman::email
