#include "bridges/email/files.hpp"

#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

Mail read(const std::string& bytes) {
  auto mail = parse_mail(bytes, "");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail));
  return std::get<Mail>(mail);
}

std::string part(const std::string& bytes, std::size_t number) {
  std::string all;
  EXPECT_TRUE(write_part(bytes, number, [&](std::string_view piece) {
    all += piece;
    return true;
  }));
  return all;
}

TEST(FileName, IsHarmless) {
  EXPECT_EQ(file_name("a.txt"), "a.txt");
  EXPECT_EQ(file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(file_name("C:\\Windows\\a.exe"), "a.exe");
  EXPECT_EQ(file_name("..") + file_name(".") + file_name("") + file_name("/") + file_name(" . "), "");
  EXPECT_EQ(file_name(".bashrc"), "bashrc");
  EXPECT_EQ(file_name("a\r\nb\tc\x01.txt"), "a b c.txt");
  EXPECT_EQ(file_name("a\u202Etxt.exe"), "atxt.exe");
  EXPECT_EQ(file_name("a<b>|c?.txt. "), "a_b__c_.txt");
  EXPECT_EQ(file_name("Plan über alles.pdf"), "Plan über alles.pdf");
}

TEST(FileName, IsBoundedAndKeepsItsEnding) {
  const std::string name = file_name(std::string(500, 'a') + ".tar.gz");
  EXPECT_EQ(name.size(), 200U);
  EXPECT_EQ(name.substr(197), ".gz");
  EXPECT_LE(file_name("a." + std::string(500, 'b')).size(), 200U);
}

TEST(Files, HaveNamesOfTheirTypesWhereTheMailGivesNone) {
  EXPECT_EQ(ending_of("application/pdf"), ".pdf");
  EXPECT_EQ(ending_of("text/xml"), ".xml");
  EXPECT_EQ(ending_of("video/webm"), ".webm");
  EXPECT_EQ(ending_of("application/gzip"), ".gz");
  EXPECT_EQ(ending_of("x/y"), ".bin");
}

TEST(Files, AMailWithinTheMailIsItselfByteForByte) {
  const std::string inner =
      "From: a@example.org\r\nSubject:  odd   spaces \r\nContent-Type: multipart/mixed; "
      "boundary=\"in\"\r\n\r\n--in\r\n\r\n"
      "a\r\n--outer-not\r\n--in--\r\nepilogue";
  const std::string bytes =
      "From: b@example.org\r\nContent-Type: multipart/mixed; "
      "boundary=\"outer\"\r\n\r\n--outer\r\n\r\ntext\r\n--outer\r\n"
      "Content-Type: message/rfc822\r\n\r\n" +
      inner + "\r\n--outer--\r\n";
  const Mail mail = read(bytes);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].name, "odd   spaces.eml");
  EXPECT_EQ(part(bytes, mail.files[0].part), inner);
  EXPECT_EQ(mail.files[0].size, inner.size());
  EXPECT_EQ(mail.said.plain, "text");
}

TEST(Files, AMailThatIsOnlyAnotherMailIsThatFile) {
  const std::string bytes =
      "From: b@example.org\nContent-Type: message/rfc822\n\nFrom: a@example.org\n\nHi\n";
  const Mail mail = read(bytes);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(part(bytes, mail.files[0].part), "From: a@example.org\n\nHi\n");
}

TEST(Files, AMailWithinTheMailMayBeEncoded) {
  const std::string bytes =
      "From: b@example.org\nContent-Type: message/rfc822\nContent-Transfer-Encoding: "
      "base64\n\nRnJvbTogYUBleGFtcGxlLm9yZwoKSGkK\n";
  const Mail mail = read(bytes);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].name, "message.eml");
  EXPECT_EQ(part(bytes, mail.files[0].part), "From: a@example.org\n\nHi\n");
}

TEST(Files, AreDecoded) {
  const auto decoded = [](const std::string& encoding, const std::string& content) {
    const std::string bytes =
        "From: b@example.org\nContent-Type: application/x-y\nContent-Transfer-Encoding: " + encoding +
        "\n\n" + content;
    EXPECT_EQ(read(bytes).files.at(0).size, part(bytes, 1).size());
    return part(bytes, 1);
  };
  EXPECT_EQ(decoded("base64", "SGVs\nbG8="), "Hello");
  EXPECT_EQ(decoded("BASE64", "SGVsbG8"), "Hello");
  EXPECT_EQ(decoded("quoted-printable", "a=3Db=\n c=\n"), "a=b c");
  EXPECT_EQ(decoded("quoted-printable", "a=ZZb="), "a=ZZb");
  EXPECT_EQ(decoded("8bit", std::string("a\0b\xFF", 4)), std::string("a\0b\xFF", 4));
  EXPECT_EQ(decoded("x-unknown", "a=3D"), "a=3D");
  EXPECT_EQ(decoded("x-uuencode", "begin 644 a.txt\n%2&5L;&\\`\n`\nend\n"), "Hello");
}

TEST(Files, ThereIsNoSuchPart) {
  const auto any = [](std::string_view) { return true; };
  EXPECT_FALSE(write_part("From: a@example.org\n\nx\n", 2, any));
  EXPECT_FALSE(write_part("", 1, any));
  EXPECT_EQ(part("From: a@example.org\n\nx\n", 0), "From: a@example.org\n\nx\n");
}

TEST(Files, NamesOfRfc2231AreReadInAllTheirWays) {
  const auto name = [](const std::string& disposition) {
    return read("From: b@example.org\nContent-Type: application/x-y\nContent-Disposition: " + disposition +
                "\n\nx\n")
        .files.at(0)
        .name;
  };
  EXPECT_EQ(name("attachment; filename=a.txt"), "a.txt");
  EXPECT_EQ(name("attachment; filename*=iso-8859-1'de'%FCber.txt"), "über.txt");
  EXPECT_EQ(name("attachment; filename*0=\"a b\"; filename*1=\".txt\""), "a b.txt");
  EXPECT_EQ(name("attachment; filename*1=\".txt\"; filename*0=\"a\""), "a.txt");
  EXPECT_EQ(name("attachment; filename=\"=?utf-8?q?=C3=BCber?=.txt\""), "über.txt");
  EXPECT_EQ(name("attachment; filename*=x-none''%zz%"), "%zz%");
  EXPECT_EQ(name("attachment; filename*0*=utf-8''%"), "%");
  EXPECT_EQ(name("attachment; filename=\"unterminated"), "unterminated");
  EXPECT_EQ(name("attachment"), "file.bin");
}

}  // namespace
}  // namespace dragoman::email
