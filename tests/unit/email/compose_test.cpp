#include "bridges/email/compose.hpp"

#include <random>
#include <set>

#include <gmock/gmock.h>

#include "bridges/email/address.hpp"
#include "bridges/email/body_out.hpp"
#include "bridges/email/gmime.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(std::string_view mail) {
  std::vector<std::string> lines;
  while (!mail.empty()) {
    const auto end = mail.find("\r\n");
    if (end == std::string_view::npos) {
      lines.emplace_back(mail);
      break;
    }
    lines.emplace_back(mail.substr(0, end));
    mail.remove_prefix(end + 2);
  }
  return lines;
}

// What holds for every mail that leaves.
void expect_sound(const std::string& mail) {
  for (std::size_t i = 0; i < mail.size(); ++i) {
    const auto byte = static_cast<unsigned char>(mail[i]);
    ASSERT_LT(byte, 0x80) << "at " << i << " of\n" << mail;
    if (mail[i] == '\n') {
      ASSERT_TRUE(i > 0 && mail[i - 1] == '\r') << "a bare LF in\n" << mail;
    }
    if (mail[i] == '\r') {
      ASSERT_TRUE(i + 1 < mail.size() && mail[i + 1] == '\n') << "a bare CR in\n" << mail;
    }
    ASSERT_NE(byte, 0);
  }
  ASSERT_TRUE(mail.ends_with("\r\n"));
  for (const auto& line : lines_of(mail)) ASSERT_LE(line.size(), 998U) << line;
  static const std::set<std::string> ours{"From",
                                          "To",
                                          "Cc",
                                          "Reply-To",
                                          "Subject",
                                          "Date",
                                          "Message-Id",
                                          "In-Reply-To",
                                          "References",
                                          "MIME-Version",
                                          "Jabber-ID",
                                          "Auto-Submitted",
                                          "Disposition-Notification-To",
                                          "List-Unsubscribe",
                                          "Content-Type",
                                          "Content-Transfer-Encoding",
                                          "Content-Disposition"};
  std::set<std::string> seen;
  for (const auto& line : lines_of(mail)) {
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') continue;
    const auto name = line.substr(0, line.find(':'));
    ASSERT_TRUE(ours.contains(name)) << line;
    ASSERT_TRUE(seen.insert(name).second) << "twice: " << line;
  }
}

std::string field(const std::string& mail, const char* name) {
  const ParsedMail parsed(mail);
  return header(GMIME_OBJECT(parsed.message()), name);
}

// Of the whole mail's content.
std::string content_field(const std::string& mail, const char* name) {
  const ParsedMail parsed(mail);
  return header(parsed.root(), name);
}

std::string subject_of(const std::string& mail) {
  const ParsedMail parsed(mail);
  const char* subject = g_mime_message_get_subject(parsed.message());
  return subject == nullptr ? "" : subject;
}

std::vector<Mailbox> addresses_of(const std::string& mail, GMimeAddressType type) {
  const ParsedMail parsed(mail);
  auto* list = g_mime_message_get_addresses(parsed.message(), type);
  std::vector<Mailbox> found;
  for (int i = 0; i < internet_address_list_length(list); ++i) {
    auto* address = internet_address_list_get_address(list, i);
    const char* name = internet_address_get_name(address);
    found.push_back({name == nullptr ? "" : name,
                     INTERNET_ADDRESS_IS_MAILBOX(address)
                         ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address))
                         : "a group"});
  }
  return found;
}

// A part's decoded bytes; text with '\n'.
std::string part_of(const std::string& mail, std::size_t number) {
  const ParsedMail parsed(mail);
  if (number > parsed.leaves().size()) return "no such part";
  auto bytes = parsed.decoded(parsed.leaves()[number - 1], 100'000'000);
  std::erase(bytes, '\r');
  return bytes;
}

std::vector<std::string> types_of(const std::string& mail) {
  const ParsedMail parsed(mail);
  std::vector<std::string> types;
  for (auto* leaf : parsed.leaves()) types.push_back(media_type(leaf));
  return types;
}

std::string file_name_of(const std::string& mail, std::size_t number) {
  const ParsedMail parsed(mail);
  const char* name = g_mime_part_get_filename(GMIME_PART(parsed.leaves().at(number - 1)));
  return name == nullptr ? "" : name;
}

Draft draft(Text text = "Hello") {
  Draft mail;
  mail.from = {"Alice", "alice=xmpp.example@mail.example.org"};
  mail.to = {{"Bob", "bob@example.org"}};
  mail.message_id = "1@mail.example.org";
  mail.date = Time(std::chrono::seconds(1700000000));
  mail.subject = "Greetings";
  mail.text = std::move(text);
  return mail;
}

TEST(Compose, WritesAnOrdinaryMail) {
  auto given = draft();
  given.cc = {{"", "carol@example.org"}, {"Dan, Jr.", "dan@example.org"}};
  given.reply_to = Mailbox{"Alice", "alice@home.example"};
  given.in_reply_to = "0@example.org";
  given.references = {"00@example.org", "0@example.org"};
  given.jabber_id = "alice@xmpp.example";
  const auto mail = compose(given);
  expect_sound(mail);
  EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_FROM),
              ElementsAre(Mailbox{"Alice", "alice=xmpp.example@mail.example.org"}));
  EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_TO), ElementsAre(Mailbox{"Bob", "bob@example.org"}));
  EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_CC),
              ElementsAre(Mailbox{"", "carol@example.org"}, Mailbox{"Dan, Jr.", "dan@example.org"}));
  EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_REPLY_TO),
              ElementsAre(Mailbox{"Alice", "alice@home.example"}));
  EXPECT_EQ(subject_of(mail), "Greetings");
  EXPECT_EQ(field(mail, "Message-Id"), "<1@mail.example.org>");
  EXPECT_EQ(field(mail, "In-Reply-To"), "<0@example.org>");
  EXPECT_EQ(field(mail, "References"), "<00@example.org> <0@example.org>");
  EXPECT_EQ(field(mail, "Date"), "Tue, 14 Nov 2023 22:13:20 +0000");
  EXPECT_EQ(field(mail, "MIME-Version"), "1.0");
  EXPECT_EQ(field(mail, "Jabber-ID"), "alice@xmpp.example");
  EXPECT_EQ(field(mail, "Auto-Submitted"), "");
  EXPECT_EQ(content_field(mail, "Content-Type"), "text/plain; charset=utf-8; format=flowed");
  EXPECT_EQ(content_field(mail, "Content-Transfer-Encoding"), "7bit");
  EXPECT_EQ(part_of(mail, 1), "Hello\n");
}

TEST(Compose, SaysWhatNoPersonWroteAndAsksForReceipts) {
  auto given = draft();
  given.automatic = true;
  given.receipt_to = "alice=xmpp.example@mail.example.org";
  given.unsubscribe = "https://mail.example.org/u?x=1";
  const auto mail = compose(given);
  expect_sound(mail);
  EXPECT_EQ(field(mail, "Auto-Submitted"), "auto-replied");
  EXPECT_EQ(field(mail, "Disposition-Notification-To"), "alice=xmpp.example@mail.example.org");
  EXPECT_EQ(field(mail, "List-Unsubscribe"), "<https://mail.example.org/u?x=1>");
}

TEST(Compose, EncodesWhatIsNotAscii) {
  auto given = draft("Grüße, 世界 🦄");
  given.subject = "Grüße an die 世界 🦄";
  given.from.name = "Élise Müller";
  given.jabber_id = "élise\\20m@xmpp.example";
  const auto mail = compose(given);
  expect_sound(mail);
  EXPECT_EQ(subject_of(mail), given.subject);
  EXPECT_EQ(addresses_of(mail, GMIME_ADDRESS_TYPE_FROM).at(0).name, "Élise Müller");
  EXPECT_EQ(field(mail, "Jabber-ID"), "%C3%A9lise%5C20m@xmpp.example");
  EXPECT_EQ(part_of(mail, 1), "Grüße, 世界 🦄\n");
}

TEST(Compose, TakesBase64WhereQuotedPrintableWouldSayLittle) {
  const auto mail = compose(draft("Привет, мир! Это письмо."));
  expect_sound(mail);
  EXPECT_EQ(content_field(mail, "Content-Transfer-Encoding"), "base64");
  EXPECT_EQ(part_of(mail, 1), "Привет, мир! Это письмо.\n");
  EXPECT_EQ(content_field(compose(draft("Grüße to all of you")), "Content-Transfer-Encoding"),
            "quoted-printable");
}

TEST(Compose, BreaksNoLineItNeedNotAndNoneIsTooLong) {
  const std::string word(5000, 'a');
  const auto mail = compose(draft(Text(word)));
  expect_sound(mail);
  EXPECT_EQ(part_of(mail, 1), word + "\n");
}

TEST(Compose, KeepsTheFirstAndTheLastReferences) {
  auto given = draft();
  for (int i = 0; i < 100; ++i)
    given.references.push_back(std::to_string(i) + std::string(200, 'x') + "@example.org");
  const auto mail = compose(given);
  expect_sound(mail);
  const auto value = field(mail, "References");
  EXPECT_EQ(std::count(value.begin(), value.end(), '<'), 20);
  EXPECT_TRUE(value.starts_with("<0x"));
  EXPECT_THAT(value, HasSubstr("<81x"));
  EXPECT_THAT(value, HasSubstr("<99x"));
  EXPECT_THAT(value, Not(HasSubstr("<80x")));
}

TEST(Compose, EnclosesFiles) {
  auto given = draft();
  std::string bytes(100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 7);
  given.files = {{"a.png", "image/png", bytes},
                 {"Übersicht der \"Straßen\"; Teil 1.pdf", "application/pdf", "%PDF"},
                 {"../../etc/passwd", "Text/HTML; charset=utf-8", "<b>"},
                 {"", "message/rfc822", "From: x\r\n\r\n"},
                 {"x", "no type", ""}};
  const auto mail = compose(given);
  expect_sound(mail);
  EXPECT_THAT(types_of(mail), ElementsAre("text/plain", "image/png", "application/pdf", "text/html",
                                          "application/octet-stream", "application/octet-stream"));
  const ParsedMail parsed(mail);
  EXPECT_EQ(parsed.decoded(parsed.leaves()[1], 1'000'000), bytes);
  EXPECT_EQ(file_name_of(mail, 2), "a.png");
  EXPECT_EQ(file_name_of(mail, 3), "Übersicht der \"Straßen\"; Teil 1.pdf");
  EXPECT_EQ(file_name_of(mail, 4), "passwd");
  EXPECT_EQ(file_name_of(mail, 5), "file");
  for (std::size_t i = 2; i <= 6; ++i) EXPECT_EQ(disposition(parsed.leaves()[i - 1]), "attachment");
  EXPECT_THAT(mail, HasSubstr("filename*"));  // RFC 2231
  EXPECT_THAT(mail, HasSubstr("=?"));         // RFC 2047, for those that know no better
}

TEST(Compose, AddsHtmlOnlyWhereItSaysMore) {
  EXPECT_THAT(types_of(compose(draft(Text("> quoted", {{0, 8, Style::quote, ""}})))),
              ElementsAre("text/plain"));
  const auto mail = compose(draft(Text(
      "a bold <link>", {{2, 6, Style::bold, ""}, {7, 13, Style::link, "https://example.org/?a=1&b=\"2"}})));
  expect_sound(mail);
  EXPECT_THAT(types_of(mail), ElementsAre("text/plain", "text/html"));
  EXPECT_TRUE(content_field(mail, "Content-Type").starts_with("multipart/alternative"));
  const auto good = compose(draft(Text("see here", {{4, 8, Style::link, "https://example.org/?a=1&b=2"}})));
  EXPECT_EQ(part_of(good, 1), "see here <https://example.org/?a=1&b=2>\n");
  EXPECT_THAT(part_of(good, 2), HasSubstr("see <a href=\"https://example.org/?a=1&amp;b=2\">here</a><br>"));
  EXPECT_THAT(types_of(compose(draft(Text("https://a.org", {{0, 13, Style::link, "https://a.org"}})))),
              ElementsAre("text/plain"));
}

TEST(Compose, SendsReactionsByThemselves) {
  auto given = draft("not this");
  given.in_reply_to = "0@example.org";
  given.reaction = "👍";
  const auto mail = compose(given);
  expect_sound(mail);
  EXPECT_EQ(content_field(mail, "Content-Disposition"), "reaction");
  EXPECT_EQ(part_of(mail, 1), "👍\n");
}

TEST(ComposeReceipt, SaysWhatWasDisplayed) {
  auto frame = draft({});
  const auto mail = compose_receipt(frame, {"Alice", "alice@home.example"}, "0@example.org");
  expect_sound(mail);
  EXPECT_EQ(field(mail, "Auto-Submitted"), "auto-replied");
  EXPECT_TRUE(content_field(mail, "Content-Type").find("report-type=disposition-notification") !=
              std::string::npos)
      << mail;
  EXPECT_THAT(types_of(mail), ElementsAre("text/plain", "message/disposition-notification"));
  EXPECT_EQ(part_of(mail, 2),
            "Reporting-UA: dragoman\nFinal-Recipient: rfc822; alice@home.example\nOriginal-Message-ID: "
            "<0@example.org>\nDisposition: manual-action/MDN-sent-manually; displayed\n");
}

TEST(ComposeReceipt, NeverWritesSomebodyElsesFields) {
  const auto mail = compose_receipt(draft({}), {"", "a@b.org\r\nX: y"}, "0@example.org\nX: y");
  expect_sound(mail);
  EXPECT_THAT(mail, Not(HasSubstr("X: y")));
}

// ------------------------------------------------------------------------------------------------------------
// whatever people put where

const std::vector<std::string>& nasty() {
  static const std::vector<std::string> texts{
      "x\r\nBcc: victim@example.org",
      "x\nBcc: victim@example.org",
      "x\rBcc: victim@example.org",
      "x\r\n\r\nbody",
      "\r\n.\r\nMAIL FROM:<>",
      std::string("x\0Bcc: y", 8),
      "=?utf-8?q?=0D=0ABcc:_v?=",
      "=?utf-8?b?DQpCY2M6IHY=?=",
      "\"quoted\\\"",
      "a, b <c@d.org>",
      "<x@y.org>",
      "x\u2028Bcc: y",
      "x\u0085Bcc: y",
      std::string(10000, 'a'),
      std::string(3000, '"'),
      "\xFF\xFE broken",
      "; name=\"x\"",
      "--=-boundary--",
      "a\tb",
      "\u202Egnp.exe",
      "ä\r\nBcc: victim@example.org",
      "(comment",
      "x:y;",
      "\\",
      "\"",
      "=?",
      "?=",
      " ",
      ".",
      "..",
      "/",
      std::string(2000, '\xC3'),
      "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語"};
  return texts;
}

TEST(Compose, LetsNobodyWriteItsLines) {
  for (const auto& evil : nasty()) {
    auto given = draft(Text(xml_clean(evil)));
    given.from.name = evil;
    given.to = {{evil, "bob@example.org"}, {"Eve", evil}, {evil, evil + "@example.org"}, {"", "x@" + evil}};
    given.cc = {{evil, "carol@example.org"}};
    given.reply_to = Mailbox{evil, "alice@home.example"};
    given.message_id = evil;
    given.in_reply_to = evil;
    given.references = {evil, "good@example.org", evil + "@example.org>\r\nBcc: y"};
    given.subject = evil;
    given.signature = evil;
    given.jabber_id = evil;
    given.receipt_to = evil;
    given.unsubscribe = evil;
    given.files = {{evil, evil, "x"}, {evil + ".txt", "text/" + evil, "y"}};
    const auto mail = compose(given);
    expect_sound(mail);
    EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_FROM),
                ElementsAre(testing::Field(&Mailbox::address, "alice=xmpp.example@mail.example.org")))
        << mail;
    EXPECT_EQ(addresses_of(mail, GMIME_ADDRESS_TYPE_TO).at(0).address, "bob@example.org") << mail;
    EXPECT_THAT(addresses_of(mail, GMIME_ADDRESS_TYPE_CC),
                ElementsAre(testing::Field(&Mailbox::address, "carol@example.org")))
        << mail;
    EXPECT_EQ(field(mail, "Bcc"), "");
    EXPECT_EQ(types_of(mail).size(), 3U) << mail;
    EXPECT_EQ(types_of(mail).at(0), "text/plain");
  }
}

TEST(Compose, IsSoundWhateverBytesCome) {
  std::mt19937 random(4);
  const auto noise = [&](std::size_t most) {
    static const std::string alphabet = "ab \r\n\t\"\\<>@,;:=?().-\xC3\xA4\xE2\x80\xA8\x01/*'%";
    std::string text;
    for (auto n = random() % most; n > 0; --n) text += alphabet[random() % alphabet.size()];
    return text;
  };
  for (int i = 0; i < 1500; ++i) {
    auto given = draft(Text(xml_clean(noise(300))));
    for (int spans = 0; spans < 4 && !given.text.plain.empty(); ++spans) {
      const auto begin = random() % given.text.plain.size();
      given.text.spans.push_back({begin, begin + 1 + random() % (given.text.plain.size() - begin),
                                  static_cast<Style>(random() % 12), noise(20)});
    }
    given.from.name = noise(80);
    given.to = {{noise(40), "bob@example.org"}, {noise(5), noise(10)}};
    given.message_id = noise(20);
    given.references = {noise(20), noise(20)};
    given.subject = noise(200);
    given.signature = noise(60);
    given.jabber_id = noise(30);
    given.files = {{noise(60), noise(10), noise(100)}};
    const auto mail = compose(given);
    expect_sound(mail);
    const auto subject = subject_of(mail);
    // GMime itself reads back only some of what mixes encoded words and plain ones.
    if (is_ascii_only(display_clean(given.subject)) && given.subject.find("?=") == std::string::npos) {
      EXPECT_EQ(subject, display_clean(given.subject)) << mail;
    }
  }
}

TEST(MessageIdOf, IsTheSameForTheSameTokenAndNobodyElses) {
  const std::string key(32, 'k');
  const auto id = message_id_of("token 1", key, "mail.example.org");
  EXPECT_EQ(id, message_id_of("token 1", key, "mail.example.org"));
  EXPECT_NE(id, message_id_of("token 2", key, "mail.example.org"));
  EXPECT_NE(id, message_id_of("token 1", std::string(32, 'l'), "mail.example.org"));
  EXPECT_TRUE(id.ends_with("@mail.example.org"));
  EXPECT_THAT(id, Not(HasSubstr("token")));
}

TEST(AnswerSubject, SaysReOnce) {
  EXPECT_EQ(answer_subject("Lunch"), "Re: Lunch");
  EXPECT_EQ(answer_subject("Re: Lunch"), "Re: Lunch");
  EXPECT_EQ(answer_subject("RE: Lunch"), "RE: Lunch");
  EXPECT_EQ(answer_subject("AW: Mittag"), "AW: Mittag");
  EXPECT_EQ(answer_subject("Regards"), "Re: Regards");
  EXPECT_EQ(answer_subject(""), "Re:");
  EXPECT_EQ(answer_subject("a\r\nb"), "Re: a b");
}

}  // namespace
}  // namespace dragoman::email
