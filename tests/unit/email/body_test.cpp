// Which parts are text, and which are files.
#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

Mail read(const std::string& bytes) {
  auto mail = parse_mail("From: a@example.org\n" + bytes, "");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail));
  return std::get<Mail>(mail);
}

std::string alternative(const std::string& plain, const std::string& html) {
  return "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + plain +
         "\n--b\nContent-Type: text/html\n\n" + html + "\n--b--\n";
}

TEST(Body, OfTwoWaysToSayItThePlainOneIsTaken) {
  EXPECT_EQ(read(alternative("Hello.", "<b>Hello.</b>")).said, Text("Hello."));
  EXPECT_TRUE(read(alternative("Hello.", "<b>Hello.</b>")).files.empty());
}

TEST(Body, ButNotWhereItIsEmptyOrAStub) {
  EXPECT_EQ(read(alternative(" \n", "<b>Hello.</b>")).said.plain, "Hello.");
  const std::string page = "<p>Dear Juliet,</p><p>" + std::string(300, 'x') + "</p>";
  EXPECT_EQ(read(alternative("Please view this mail in a browser.", page)).said.plain.substr(0, 12),
            "Dear Juliet,");
  EXPECT_EQ(read(alternative("Dear Juliet,", page)).said.plain, "Dear Juliet,");
}

TEST(Body, FilesAmongTheWaysToSayItAreKept) {
  const Mail mail = read(
      "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: "
      "text/plain\n\nHello.\n--b\nContent-Type: application/pdf\n\nx\n--b\n"
      "Content-Type: text/x-amp-html\n\n<html amp4email>\n--b--\n");
  EXPECT_EQ(mail.said.plain, "Hello.");
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].name, "file.pdf");
}

TEST(Body, TheRootOfAPageMayStandAnywhere) {
  const Mail mail = read(
      "Content-Type: multipart/related; boundary=b; start=\"<root>\"\n\n--b\nContent-Type: "
      "image/png\nContent-ID: <p>\n\nx\n--b\n"
      "Content-Type: text/html\nContent-ID: <root>\n\n<p>Hello.<img src=cid:p></p>\n--b--\n");
  EXPECT_EQ(mail.said.plain, "Hello.");
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_TRUE(mail.files[0].inlined);
  EXPECT_EQ(mail.files[0].content_id, "p");
}

TEST(Body, TextThatIsAttachedIsAFile) {
  for (const char* fields : {"Content-Type: text/plain\nContent-Disposition: attachment\n",
                             "Content-Type: text/plain; name=a.txt\n",
                             "Content-Type: text/html\nContent-Disposition: inline; filename=a.html\n",
                             "Content-Type: text/csv\n", "Content-Type: text/x-patch\n"}) {
    const Mail mail = read(std::string("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello.\n--b\n") +
                           fields + "\nx\n--b--\n");
    EXPECT_EQ(mail.said.plain, "Hello.") << fields;
    EXPECT_EQ(mail.files.size(), 1U) << fields;
  }
}

TEST(Body, AMailOfAFileAloneSaysNothing) {
  const Mail mail =
      read("Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nJVBERg==\n");
  EXPECT_TRUE(mail.said.empty());
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].name, "a.pdf");
  EXPECT_EQ(mail.files[0].size, 4U);
}

TEST(Body, AnEmptyMailIsOne) {
  EXPECT_TRUE(read("\n").said.empty());
  EXPECT_TRUE(read("Subject: x\n").said.empty());
  EXPECT_TRUE(read("Content-Type: multipart/mixed; boundary=b\n\n--b--\n").said.empty());
}

TEST(Body, WhatIsSealedIsOneFileAsItCame) {
  const std::string bytes =
      "From: a@example.org\nSubject: s/../x\nContent-Type: multipart/encrypted; boundary=b; "
      "protocol=\"application/pgp-encrypted\"\n\n--b\n"
      "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: "
      "application/octet-stream\n\nx\n--b--\n";
  const Mail mail = std::get<Mail>(parse_mail(bytes, ""));
  EXPECT_EQ(mail.sealed, Sealed::encrypted);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].name, "s_.._x.eml");
  std::string written;
  EXPECT_TRUE(
      write_part(bytes, mail.files[0].part, [&](std::string_view piece) { return written += piece, true; }));
  EXPECT_EQ(written, bytes);
}

TEST(Body, CertificatesAloneAreAFile) {
  const Mail mail =
      read("Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7c\n\nx\n");
  EXPECT_EQ(mail.sealed, Sealed::no);
  EXPECT_EQ(mail.files.size(), 1U);
}

TEST(Body, AReactionIsOneEmojiToAMail) {
  const auto reaction = [](const std::string& fields, const std::string& emoji) {
    return read(fields + "Content-Disposition: reaction\nContent-Type: text/plain; charset=utf-8\n\n" + emoji)
        .reaction;
  };
  EXPECT_EQ(reaction("In-Reply-To: <a@b>\n", "👍\r\n"), "👍");
  EXPECT_EQ(reaction("In-Reply-To: <a@b>\n", "👩‍👩‍👧‍👦\n"), "👩‍👩‍👧‍👦");
  EXPECT_EQ(reaction("In-Reply-To: <a@b>\n", "1️⃣\n"), "1️⃣");
  EXPECT_FALSE(reaction("In-Reply-To: <a@b>\n", "yes\n"));
  EXPECT_FALSE(reaction("In-Reply-To: <a@b>\n", "ok👍\n"));
  EXPECT_FALSE(reaction("In-Reply-To: <a@b>\n", "\n"));
  EXPECT_FALSE(reaction("In-Reply-To: <a@b>\n", std::string(100, '1') + "👍"));
  EXPECT_FALSE(reaction("", "👍\n"));
  EXPECT_EQ(read("Content-Disposition: reaction\nContent-Type: text/plain; charset=utf-8\n\n👍\n").said.plain,
            "👍");
}

}  // namespace
}  // namespace dragoman::email
