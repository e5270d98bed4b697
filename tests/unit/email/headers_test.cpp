#include "bridges/email/headers.hpp"

#include <gtest/gtest.h>

namespace dragoman::email {
namespace {

Mail read(const std::string& headers) {
  auto mail = parse_mail(headers + "\n\nx\n", "");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail)) << headers;
  return std::holds_alternative<Mail>(mail) ? std::get<Mail>(mail) : Mail();
}

TEST(MessageIds, AreReadInAllTheirWays) {
  EXPECT_EQ(message_id_in("<a@b>"), "a@b");
  EXPECT_EQ(message_id_in("  <a@b> (comment)"), "a@b");
  EXPECT_EQ(message_id_in("a@b"), "a@b");
  EXPECT_EQ(message_id_in("Message of Mon <a@b>"), "a@b");
  EXPECT_EQ(message_id_in("<a\r\n b@c>"), "ab@c");
  EXPECT_EQ(message_id_in("<\"a\"@b>"), "");
  EXPECT_EQ(message_id_in("<>") + message_id_in("") + message_id_in("<") + message_id_in("two words") +
                message_id_in("<a\x01@b>"),
            "");
  EXPECT_EQ(message_id_in("<" + std::string(600, 'a') + "@b>"), "");
  EXPECT_EQ(message_ids_in("<a@b><c@d> junk <<e@f>> <g"), (std::vector<std::string>{"a@b", "c@d", "e@f"}));
}

TEST(Mailboxes, AreTheValidOnes) {
  EXPECT_EQ(mailboxes_in("Bob <bob@EXAMPLE.org>, <eve@example.net>, \"A, B\" <ab@example.org>", 9),
            (std::vector<Mailbox>{
                {"Bob", "bob@example.org"}, {"", "eve@example.net"}, {"A, B", "ab@example.org"}}));
  EXPECT_EQ(mailboxes_in("bob@example.org (Bob)", 9), (std::vector<Mailbox>{{"Bob", "bob@example.org"}}));
  EXPECT_EQ(mailboxes_in("undisclosed-recipients:;", 9), std::vector<Mailbox>());
  EXPECT_EQ(mailboxes_in("a@example.org, b@example.org", 1).size(), 1U);
  EXPECT_EQ(mailboxes_in("<bob@bücher.example>", 9).at(0).address, "bob@xn--bcher-kva.example");
}

TEST(Mailboxes, NamesAreOneCleanLine) {
  EXPECT_EQ(mailboxes_in("=?utf-8?q?Bob=0D=0ABcc:_x=E2=80=AE=00?= <bob@example.org>", 9)
                .at(0)
                .name.find_first_of("\r\n"),
            std::string::npos);
  EXPECT_EQ(mailboxes_in("=?utf-8?b?4oCuQm9i?= <bob@example.org>", 9).at(0).name, "Bob");
  EXPECT_LE(mailboxes_in(std::string(5000, 'a') + " <bob@example.org>", 9).at(0).name.size(), 200U);
}

TEST(HeaderWords, AreDecoded) {
  EXPECT_EQ(header_words("=?utf-8?q?a?= =?utf-8?q?b?= c", 99), "ab c");
  EXPECT_EQ(header_words("=?UTF-8?Q?Gr=C3=BC?=\r\n =?UTF-8?Q?=C3=9Fe?=", 99), "Grüße");
  EXPECT_EQ(header_words("=?iso-8859-1?q?=A4?= =?nonsense?q?x?=", 99).substr(0, 2), "¤");
  EXPECT_EQ(header_words("gr\xFCn", 99), "grün");
  EXPECT_EQ(header_words("gr\xC3\xBCn", 99), "grün");
  EXPECT_EQ(header_words("=?utf-7?q?+ADw-?=", 99), "=?utf-7?q?+ADw-?=");
  EXPECT_EQ(header_words("abcdef", 3), "abc");
  EXPECT_EQ(header_words("=?utf-8*en?q?a?=", 99), "a");
  for (const char* odd : {"=?", "=?utf-8", "=?utf-8?q", "=?utf-8?q?",
                          "=?utf-8?x?a?=", "=?utf-8?b?%%%?=", "=??q?a?=", "?=", "=?utf-8?q?=ZZ?="})
    header_words(odd, 99);
}

TEST(Dates, OutsideOfMailsTimesAreNone) {
  EXPECT_EQ(read("Date: Mon, 23 Nov 2026 10:00:00 +0100").date->time_since_epoch().count(), 1795424400000);
  EXPECT_EQ(read("Date: 23 Nov 2026 09:00 GMT").date->time_since_epoch().count(), 1795424400000);
  for (const char* date : {"", "yesterday", "Mon, 99 Foo 2026", "1 Jan 1900 00:00:00 +0000"})
    EXPECT_FALSE(read(std::string("From: a@example.org\nDate: ") + date).date) << date;
}

TEST(Automatic, IsWhatNobodyMayAnswerByItself) {
  for (const char* field : {"Auto-Submitted: auto-replied", "Auto-Submitted: auto-generated; x=y",
                            "auto-submitted: auto-notified", "Precedence: bulk", "Precedence: Junk",
                            "Precedence: list", "X-Auto-Response-Suppress: DR, OOF, AutoReply",
                            "X-Auto-Response-Suppress: All", "X-Autoreply: yes", "Return-Path: <>"})
    EXPECT_TRUE(read(field).automatic) << field;
  for (const char* field : {"Auto-Submitted: no", "Auto-Submitted: No", "Precedence: first-class",
                            "X-Auto-Response-Suppress: DR", "Return-Path: <a@example.org>"})
    EXPECT_FALSE(read(field).automatic) << field;
}

TEST(Lists, SayWhatTheyAre) {
  const Mail mail = read(
      "List-Id: =?utf-8?q?Gr=C3=BCne?= <Dev.Lists.Example.org>\nList-Post: <mailto:dev@lists.example.org>\n"
      "List-Unsubscribe: <ftp://x>, <http://plain.example/>, <https://x.example/\n u?a=1>, "
      "<mailto:dev-leave@lists.example.org?subject=un%20sub&body=x>\n"
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click");
  ASSERT_TRUE(mail.list);
  EXPECT_EQ(mail.list->id, "dev.lists.example.org");
  EXPECT_EQ(mail.list->name, "Grüne");
  EXPECT_EQ(mail.list->post, "dev@lists.example.org");
  EXPECT_EQ(mail.list->unsubscribe_mail, "dev-leave@lists.example.org");
  EXPECT_EQ(mail.list->unsubscribe_subject, "un sub");
  EXPECT_EQ(mail.list->unsubscribe_url, "https://x.example/u?a=1");
  EXPECT_FALSE(mail.list->one_click) << "nobody vouches for it";
}

TEST(Lists, WithoutAnIdAreNone) {
  EXPECT_FALSE(read("List-Post: <mailto:dev@lists.example.org>").list);
  EXPECT_FALSE(read("List-Id: <>").list);
  EXPECT_FALSE(read("List-Id: <a b\tc\x01>").list);
  EXPECT_FALSE(read("List-Id: <...>").list);
}

TEST(Lists, GiveNothingThatInjects) {
  const Mail mail = read(
      "List-Id: <a.b>\nList-Unsubscribe: <mailto:a%0D%0ARCPT@example.org>, "
      "<mailto:a@example.org?subject=a%0D%0Ab>, <https://x\"y>\nList-Post: NO");
  EXPECT_EQ(mail.list->unsubscribe_mail, "a@example.org");
  EXPECT_EQ(mail.list->unsubscribe_subject.find_first_of("\r\n"), std::string::npos);
  EXPECT_EQ(mail.list->unsubscribe_url, "");
  EXPECT_EQ(mail.list->post, "");
  EXPECT_FALSE(mail.list->one_click);
}

TEST(ListIds, AreFoldedAndClean) {
  EXPECT_EQ(list_id_in("<Dev.Example.Org>"), "dev.example.org");
  EXPECT_EQ(list_id_in("dev.example.org"), "dev.example.org");
  EXPECT_EQ(list_id_in("Dev <dev@example.org>"), "dev.example.org");
  EXPECT_EQ(list_id_in("<" + std::string(300, 'a') + ">"), "");
}

}  // namespace
}  // namespace dragoman::email
