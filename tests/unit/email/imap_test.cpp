// What a server of IMAP says, well and badly.
#include <map>

#include <gmock/gmock.h>

#include "bridges/email/imap_reader.hpp"
#include "bridges/email/imap_response.hpp"

namespace dragoman::email {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// All responses of some bytes, cut into pieces of a size.
std::vector<ImapLine> lines_of(const std::string& bytes, std::size_t step, ImapLimits limits = {},
                               std::string* trouble = nullptr) {
  std::vector<ImapLine> out;
  ImapReader reader(limits);
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto wrong = reader.take(std::string_view(bytes).substr(at, step), [&](ImapLine line) {
      out.push_back(std::move(line));
      return true;
    });
    if (wrong.empty()) continue;
    if (trouble != nullptr) *trouble = wrong;
    break;
  }
  return out;
}

std::optional<ImapResponse> parse(const std::string& bytes) {
  auto lines = lines_of(bytes + "\r\n", 4096);
  if (lines.size() != 1) return {};
  return parse_imap(std::move(lines.front()));
}

ImapResponse parsed(const std::string& bytes) {
  auto response = parse(bytes);
  EXPECT_TRUE(response) << bytes;
  return response.value_or(ImapResponse{});
}

TEST(ImapReader, LinesAndLiteralsAreTheSameHoweverTheyAreCut) {
  const std::string bytes =
      "* OK hello\r\n* 1 FETCH (BODY[] {12}\r\nab\r\ncd\n\r\nef  UID 7)\r\n* LIST () {0}\r\n "
      "{3}\r\na\"b\r\nd1 OK x\n";
  for (std::size_t step : {1, 2, 3, 5, 7, 1000}) {
    const auto lines = lines_of(bytes, step);
    ASSERT_EQ(lines.size(), 4U) << step;
    EXPECT_EQ(lines[0].line, "* OK hello");
    EXPECT_EQ(lines[1].line.substr(0, 22), "* 1 FETCH (BODY[] {12}");
    EXPECT_THAT(lines[1].literals, ElementsAre("ab\r\ncd\n\r\nef "));
    EXPECT_THAT(lines[2].literals, ElementsAre("", "a\"b"));
    EXPECT_EQ(lines[3].line, "d1 OK x");
  }
}

TEST(ImapReader, MoreThanMayComeIsRefusedBeforeItComes) {
  const ImapLimits limits{.line_bytes = 50, .literal_bytes = 100, .literals = 3};
  for (const std::string& bytes :
       {std::string(51, 'x'), std::string("* 1 FETCH (BODY[] {101}\r\n"),
        std::string("a {60}\r\n") + std::string(60, 'x') + " {60}\r\n",
        std::string("a {1}\r\nx{1}\r\nx{1}\r\nx{1}\r\n"), std::string("* {99999999999999999999999999}\r\n"),
        std::string("* {18446744073709551615}\r\n"), "a {1}\r\nx" + std::string(60, 'y')}) {
    for (std::size_t step : {1, 1000}) {
      std::string trouble;
      const auto lines = lines_of(bytes, step, limits, &trouble);
      EXPECT_FALSE(trouble.empty()) << bytes;
      EXPECT_THAT(lines, IsEmpty()) << bytes;
    }
  }
}

TEST(ImapReader, LimitsAreOfOneResponseAndNotOfAll) {
  const ImapLimits limits{.line_bytes = 50, .literal_bytes = 100, .literals = 3};
  std::string bytes;
  for (int i = 0; i < 20; ++i) bytes += "a {100}\r\n" + std::string(100, 'x') + "\r\n";
  std::string trouble;
  EXPECT_EQ(lines_of(bytes, 64, limits, &trouble).size(), 20U);
  EXPECT_EQ(trouble, "");
}

TEST(ImapReader, WhatIsNoAnnouncementIsText) {
  for (const char* line : {"* OK {}", "* OK {5", "* OK {5} ", "* OK {a}", "* OK {-1}", "* OK {+}"}) {
    const auto lines = lines_of(std::string(line) + "\r\n", 1000);
    ASSERT_EQ(lines.size(), 1U) << line;
    EXPECT_EQ(lines[0].line, line);
  }
}

TEST(ImapReader, WhoWantsNoMoreIsToldWhetherThereWasMore) {
  ImapReader reader({});
  EXPECT_EQ(reader.take("d1 OK\r\n", [](ImapLine) { return false; }), "");
  EXPECT_FALSE(reader.dropped());
  EXPECT_EQ(reader.take("d1 OK\r\n* injected\r\n", [](ImapLine) { return false; }), "");
  EXPECT_TRUE(reader.dropped());
}

TEST(ImapResponses, TaggedOnesHaveTheirStateCodeAndWords) {
  const auto ok = parsed("d7 OK [READ-WRITE] SELECT completed");
  EXPECT_EQ(ok.kind, ImapResponse::Kind::tagged);
  EXPECT_EQ(ok.tag, "d7");
  EXPECT_TRUE(ok.ok());
  EXPECT_EQ(ok.code, "READ-WRITE");
  EXPECT_EQ(ok.text, "SELECT completed");
  const auto no = parsed("d8 no [authenticationFailed] Invalid \x1b[1m\xe2\x80\xae credentials");
  EXPECT_EQ(no.name, "NO");
  EXPECT_EQ(no.code, "AUTHENTICATIONFAILED");
  EXPECT_EQ(no.text, "Invalid [1m credentials");
  EXPECT_EQ(parsed("d9 BAD").text, "");
  EXPECT_FALSE(parse("d9 FINE"));
  EXPECT_FALSE(parse("d9"));
}

TEST(ImapResponses, WordsForPeopleAreBoundedAndOfOneLine) {
  EXPECT_LE(parsed("* OK " + std::string(10'000, 'x')).text.size(), 500U);
  EXPECT_EQ(parsed("* BYE \xff\xfe over").text, "ÿþ over");
}

TEST(ImapResponses, UntaggedOnesAreReadByTheirForm) {
  const auto exists = parsed("* 23 EXISTS");
  EXPECT_EQ(exists.kind, ImapResponse::Kind::untagged);
  EXPECT_EQ(exists.name, "EXISTS");
  EXPECT_EQ(exists.number, 23U);
  EXPECT_EQ(parsed("* 5 expunge").name, "EXPUNGE");
  const auto validity = parsed("* OK [UIDVALIDITY 3857529045] UIDs valid");
  EXPECT_EQ(validity.code, "UIDVALIDITY");
  EXPECT_EQ(validity.code_argument, "3857529045");
  EXPECT_EQ(parsed("* OK [PERMANENTFLAGS (\\Deleted \\*)] x").code_argument, "(\\Deleted \\*)");
  EXPECT_EQ(parsed("* BYE see you").text, "see you");
  EXPECT_EQ(parsed("* PREAUTH welcome").name, "PREAUTH");
  const auto search = parsed("* SEARCH 2 84 882");
  ASSERT_EQ(search.values.size(), 3U);
  EXPECT_EQ(search.values[2].number(), 882U);
  EXPECT_THAT(parsed("* SEARCH").values, IsEmpty());
  EXPECT_EQ(parsed("* 4294967296 EXISTS").number, 0U) << "no number of IMAP";
}

TEST(ImapResponses, TheServerWantsTheRest) {
  EXPECT_EQ(parsed("+ go on").kind, ImapResponse::Kind::go_on);
  EXPECT_EQ(parsed("+ go on").text, "go on");
  EXPECT_EQ(parsed("+").kind, ImapResponse::Kind::go_on);
  EXPECT_EQ(parsed("+ eyJzdGF0dXMiOiI0MDAifQ==").kind, ImapResponse::Kind::go_on);
}

TEST(ImapResponses, CapabilitiesComeAsAResponseOrAsACode) {
  EXPECT_THAT(capabilities_in(parsed("* CAPABILITY imap4rev1 IDLE AUTH=PLAIN")),
              ElementsAre("IMAP4REV1", "IDLE", "AUTH=PLAIN"));
  EXPECT_THAT(capabilities_in(parsed("d1 OK [CAPABILITY IMAP4rev1  uidplus] Logged in")),
              ElementsAre("IMAP4REV1", "UIDPLUS"));
  EXPECT_THAT(capabilities_in(parsed("d1 OK Logged in")), IsEmpty());
}

TEST(ImapResponses, AFetchedMailHasItsNumberItsFlagsItsTimeAndItsBytes) {
  auto fetch = parsed(
      "* 12 FETCH (FLAGS (\\Answered \\seen $Label) INTERNALDATE \"17-Jul-1996 02:44:25 -0700\" RFC822.SIZE "
      "4286 UID 77 "
      "BODY[]<0> {11}\r\nSubject: a\n)");
  EXPECT_EQ(fetch.number, 12U);
  const auto message = message_in(fetch);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->uid, 77U);
  EXPECT_EQ(message->seen, true);
  EXPECT_EQ(message->size, 4286U);
  EXPECT_EQ(message->bytes, "Subject: a\n");
  EXPECT_EQ(message->arrived, Time(std::chrono::seconds(837596665)));
}

TEST(ImapResponses, AFetchMayTellLittle) {
  auto fetch = parsed("* 12 FETCH (UID 3 FLAGS ())");
  const auto message = message_in(fetch);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->seen, false);
  EXPECT_FALSE(message->bytes);
  EXPECT_FALSE(message->arrived);
  auto quoted = parsed("* 1 FETCH (UID 3 BODY[HEADER.FIELDS (MESSAGE-ID)] \"Message-ID: <a \\\"\\\\ b>\")");
  EXPECT_EQ(message_in(quoted)->bytes, "Message-ID: <a \"\\ b>");
  auto none = parsed("* 1 FETCH (UID 3 BODY[] NIL)");
  EXPECT_FALSE(message_in(none)->bytes);
}

TEST(ImapResponses, AFetchThatIsNoneIsNone) {
  for (const char* line :
       {"* 1 FETCH (FLAGS ())", "* 1 FETCH", "* 1 FETCH UID 3", "* 1 FETCH (UID x)", "* 1 FETCH (UID 0)",
        "* 1 FETCH (UID 4294967296)", "* 1 FETCH (UID -1)", "* 1 FETCH (UID (3))", "* 1 FETCH () ()"}) {
    auto response = parse(line);
    EXPECT_FALSE(response && message_in(*response)) << line;
  }
}

TEST(ImapResponses, WhatIsMalformedIsRefused) {
  for (const char* line : {"", "*", "* ", "* 1", "* LIST (", "* LIST )", "* LIST \"a", "* LIST \"a\\",
                           "* LIST (\"a)", "* X (()", "* FLAGS {5}x"}) {
    EXPECT_FALSE(parse(line)) << line;
  }
  EXPECT_FALSE(parse("* X " + std::string(100, '(') + std::string(100, ')'))) << "nested too deep";
  std::string many = "* X";
  for (int i = 0; i < 30'000; ++i) many += " 1";
  EXPECT_FALSE(parse(many)) << "too many";
}

TEST(ImapResponses, ALiteralThatIsNotThereIsNotMadeUp) {
  EXPECT_FALSE(parse_imap({"* X {5}\n", {}}));
  EXPECT_FALSE(parse_imap({"* X {5}\n", {"abcd"}})) << "of another size";
  EXPECT_FALSE(parse_imap({"* X {\n", {"abcd"}}));
  EXPECT_FALSE(parse_imap({"* X {5}", {"abcde"}}));
  EXPECT_TRUE(parse_imap({"* X {5}\n", {"abcde"}}));
}

TEST(ImapResponses, TimesAreReadToTheSecondOrNotAtAll) {
  const std::map<std::string, std::int64_t> good{{"01-Jan-1970 00:00:00 +0000", 0},
                                                 {" 1-Jan-1970 00:00:00 +0000", 0},
                                                 {"01-jan-1970 02:30:00 +0230", 0},
                                                 {"31-Dec-1969 19:00:00 -0500", 0},
                                                 {"29-Feb-2024 12:00:00 +0000", 1709208000}};
  for (const auto& [text, seconds] : good)
    EXPECT_EQ(imap_time(text), Time(std::chrono::seconds(seconds))) << text;
  for (const char* text :
       {"", "x", "30-Feb-2024 12:00:00 +0000", "01-Foo-2024 12:00:00 +0000", "01-Jan-2024 24:00:00 +0000",
        "01-Jan-2024 12:60:00 +0000", "01-Jan-2024 12:00:00  0000", "1-Jan-1970 00:00:00 +0000 ",
        "ab-Jan-1970 00:00:00 +0000", "01-Jan-1970T00:00:00 +0000", "01-Jan-19x0 00:00:00 +0000"})
    EXPECT_FALSE(imap_time(text)) << text;
}

TEST(ImapResponses, MailboxesHaveTheirAttributesAndTheNameAsTheServerWritesIt) {
  const auto sent = mailbox_in(parsed("* LIST (\\HasNoChildren \\Sent) \"/\" \"Gesendete Objekte\""));
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->name, "Gesendete Objekte");
  EXPECT_TRUE(sent->has("\\Sent"));
  EXPECT_FALSE(sent->has("\\Drafts"));
  EXPECT_EQ(mailbox_in(parsed("* LIST () NIL INBOX"))->name, "INBOX");
  EXPECT_EQ(mailbox_in(parsed("* LIST () \".\" {4}\r\na\"bc"))->name, "a\"bc");
  for (const char* line : {"* LIST", "* LIST () \"/\"", "* LIST x \"/\" INBOX", "* LIST () \"/\" ()",
                           "* LSUB () \"/\" a", "* LIST () \"/\" NIL"})
    EXPECT_FALSE(mailbox_in(parsed(line))) << line;
}

TEST(ImapCommands, OnlyWhatCanBeQuotedIsQuoted) {
  EXPECT_EQ(imap_quoted("Sent Items"), "\"Sent Items\"");
  EXPECT_EQ(imap_quoted("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(imap_quoted(""), "\"\"");
  for (const std::string& text :
       {std::string("a\r\nd2 LOGOUT"), std::string("a\nb"), std::string("a\0b", 3), std::string("ü")})
    EXPECT_FALSE(imap_quoted(text));
}

}  // namespace
}  // namespace dragoman::email
