#include "bridges/email/mime_in.hpp"

#include <gtest/gtest.h>

namespace dragoman::email {
namespace {

Mail parsed(std::string_view bytes) {
  auto mail = parse_mail(bytes, "mx.example.org");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail)) << std::get<std::string>(mail);
  return std::get<Mail>(mail);
}

TEST(ParseMail, APlainMailIsReadWhole) {
  const Mail mail = parsed(
      "From: Bob <bob@example.org>\r\nTo: juliet@gw.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
      "Message-ID: <1@example.org>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0100\r\n\r\nHello.\r\n");
  EXPECT_EQ(mail.from, (std::vector<Mailbox>{{"Bob", "bob@example.org"}}));
  EXPECT_EQ(mail.subject, "Grüße");
  EXPECT_EQ(mail.message_id, "1@example.org");
  EXPECT_EQ(mail.said.plain, "Hello.");
}

}  // namespace
}  // namespace dragoman::email
