// Mails that want to be expensive.
#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

std::string times(std::size_t n, std::string_view what) {
  std::string all;
  all.reserve(n * what.size());
  for (std::size_t i = 0; i < n; ++i) all += what;
  return all;
}

std::string multipart(std::string_view boundary) {
  return "Content-Type: multipart/mixed; boundary=\"" + std::string(boundary) + "\"\r\n\r\n";
}

std::string why(const std::string& mail) { return beyond_limits(mail, {}); }

Mail read(const std::string& bytes) {
  auto mail = parse_mail(bytes, "");
  EXPECT_TRUE(std::holds_alternative<Mail>(mail)) << std::get<std::string>(mail);
  return std::holds_alternative<Mail>(mail) ? std::get<Mail>(mail) : Mail();
}

TEST(BeyondLimits, OrdinaryMailsAreNot) {
  EXPECT_EQ(why(""), "");
  EXPECT_EQ(why("From: a@example.org\r\n\r\nHello\r\n"), "");
  EXPECT_EQ(
      why("From: a\n" + multipart("b") + times(100, "--b\nContent-Type: text/plain\n\nx\n") + "--b--\n"), "");
}

TEST(BeyondLimits, TextThatLooksLikeBoundariesIsText) {
  EXPECT_EQ(why("From: a\n\n" + times(10000, "-- x\n")), "");
  EXPECT_EQ(why("From: a\n" + multipart("b") + "--b\n\n" + times(10000, "--c\nA: b\n") + "--b--\n"), "");
  EXPECT_EQ(why("From: a\n\n" + times(10000, "A: b\n")), "");
}

TEST(BeyondLimits, TooManyPartsAreRefused) {
  EXPECT_NE(why(multipart("b") + times(300000, "--b\n\n")), "");
  EXPECT_NE(why(multipart("b") + times(300000, "--b\r\n\r\nx\r\n")), "");
  EXPECT_NE(why(multipart("b") + times(300000, "--b  \n")), "");
}

TEST(BeyondLimits, TooManyHeadersAreRefused) {
  EXPECT_NE(why(times(300000, "A: b\n")), "");
  EXPECT_NE(why(multipart("b") + times(400, "--b\nA: b\nC: d\nE: f\n\nx\n")), "");
}

TEST(BeyondLimits, ALargeHeaderIsRefused) {
  EXPECT_NE(why("Subject: " + std::string(200000, 'x') + "\n\n"), "");
  EXPECT_NE(why("Subject: x\n" + times(200000, " x\n") + "\n"), "");
  EXPECT_NE(why(multipart("b") + "--b\nX: " + std::string(200000, 'x') + "\n\n"), "");
  EXPECT_EQ(why("Subject: x\n\n" + std::string(200000, 'x')), "");
}

TEST(BeyondLimits, DeepNestingIsRefused) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) {
    const std::string name = "b" + std::to_string(i);
    deep += multipart(name) + "--" + name + "\r\n";
  }
  EXPECT_NE(why(deep), "");
  EXPECT_NE(why(times(1000, "Content-Type: message/rfc822\n\n")), "");
  EXPECT_NE(why(times(1000, "Content-Type: message/global\r\n\r\n")), "");
  EXPECT_NE(why("Content-Type: multipart/digest; boundary=d\n\n--d\n\n" +
                times(1000, "Content-Type: message/news\n\n")),
            "");
}

TEST(BeyondLimits, SiblingsAreNotNested) {
  std::string flat = multipart("b");
  for (int i = 0; i < 200; ++i) {
    const std::string name = "c" + std::to_string(i);
    flat += "--b\n" + multipart(name) + "--" + name + "\n\nx\n";
    if (i % 2 == 0) flat += "--" + name + "--\n";
  }
  EXPECT_EQ(why(flat + "--b--\n"), "");
}

TEST(BeyondLimits, BoundariesInOddClothesAreCounted) {
  for (const char* parameter :
       {"boundary=b", "boundary =\"b\"", "BOUNDARY=\"b\"", "charset=x; boundary=b; x=y", "boundary*=utf-8''b",
        "boundary*0=b", "boundary*0*=b", "boundary=\"\\b\"", "(boundary=c) boundary=b",
        "boundary=c; boundary=b", "boundary=\"b", "boundary=\" b\"", "boundary=\"=?utf-8?q?b?=\"",
        "boundary*0=\"\";boundary*1=b", "boundary=%62", "boundary\n =\n b"}) {
    EXPECT_NE(
        why("Content-Type: multipart/mixed; " + std::string(parameter) + "\n\n" + times(3000, "--b\n\nx\n")),
        "")
        << parameter;
  }
  EXPECT_NE(why("Content-Type:multipart/mixed;boundary=b\n\n" + times(3000, "--b\n\nx\n")), "");
  EXPECT_NE(why("Content-Type:\n\tmultipart/mixed;\n\tboundary=b\n\n" + times(3000, "--b\n\nx\n")), "");
  EXPECT_NE(why("content-type : multipart/mixed;boundary=b\n\n" + times(3000, "--b\n\nx\n")), "");
}

TEST(BeyondLimits, OfSeveralTypesEachMayCount) {
  const std::string parts = "\n\n" + times(3000, "--b\n\nx\n");
  EXPECT_NE(
      why("Content-Type: multipart/mixed; boundary=a\nContent-Type: multipart/mixed; boundary=b" + parts),
      "");
  EXPECT_NE(why("Content-Type: multipart/mixed; boundary=b\nContent-Type: text/plain" + parts), "");
  EXPECT_NE(why("Content-Type: text/plain; boundary=b\nContent-Type: multipart/mixed" + parts), "");
  EXPECT_NE(why("Content-Type: (" + std::string(300, 'x') + " \\) ()) multipart/mixed; boundary=b" + parts),
            "");
  EXPECT_NE(why(times(100, "Content-Type: text/plain\nContent-Type: message/rfc822\n\n")), "");
  EXPECT_NE(why(times(100, "Content-Type: (x) message (y) / (z) rfc822\n\n")), "");
}

TEST(BeyondLimits, AnEncodedMailWithinIsNotTakenApart) {
  const std::string body = times(5000, std::string(76, 'A') + "\n");
  EXPECT_EQ(why("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + body), "");
  EXPECT_NE(why("Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: "
                "base64\n\n" +
                body),
            "");
  EXPECT_NE(why("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64 (8bit)\n\n" + body), "");
}

TEST(BeyondLimits, FilesThatAreCalledMessageAreFiles) {
  const std::string body = "\n\n" + times(5000, std::string(76, 'A') + "\n");
  EXPECT_EQ(why("Content-Type: application/pdf; name=\"message.pdf\"" + body), "");
  EXPECT_EQ(why("Content-Type: application/pdf; name=\"multipart.pdf\"" + body), "");
  EXPECT_EQ(why("Content-Type: message/partial; id=1" + body), "");
  EXPECT_EQ(why("Content-Type: message/delivery-status" + body), "");
}

TEST(BeyondLimits, NestedGroupsOfAddressesAreRefused) {
  EXPECT_NE(why("To: " + times(30000, "a:") + "\n\n"), "");
  EXPECT_NE(why("to : x\n" + times(30000, " a:\n") + "\n"), "");
  EXPECT_NE(why("Content-Type: message/rfc822\n\nResent-From:" + times(30000, "a:") + "\n\n"), "");
  EXPECT_EQ(why("Subject: " + times(300, "a:") + "\n\n"), "");
}

TEST(BeyondLimits, WordsAreOneLineOfAscii) {
  for (const auto& words : {why(times(300000, "A: b\n")), why(multipart("b") + times(3000, "--b\n\n"))}) {
    EXPECT_LT(words.size(), 100U);
    for (const char c : words) EXPECT_TRUE(c >= ' ' && c < 0x7F);
  }
}

TEST(ParseMail, RefusesWhatIsBeyondLimits) {
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_mail(times(300000, "A: b\n"), "")));
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_mail("", "")));
  EXPECT_TRUE(std::holds_alternative<std::string>(parse_mail("no header\n\nat all\n", "")));
}

TEST(ParseMail, ALargeTextIsAFileAndItsBeginning) {
  const std::string text = times(400000, "words ");
  const Mail mail = read("From: a@example.org\nContent-Type: text/plain\n\n" + text);
  EXPECT_LE(mail.said.plain.size(), std::size_t{1} << 20);
  EXPECT_GT(mail.said.plain.size(), 1000000U);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].size, text.size());
}

TEST(ParseMail, ManyLargeTextsAreFilesAllTheSame) {
  std::string bytes = "From: a@example.org\n" + multipart("b");
  for (int i = 0; i < 20; ++i)
    bytes += "--b\nContent-Type: text/html\n\n<p>" + std::string(200000, 'x') + "</p>\n";
  const Mail mail = read(bytes + "--b--\n");
  EXPECT_LE(mail.said.plain.size(), (std::size_t{1} << 20) + 100);
  EXPECT_EQ(mail.files.size(), 15U);
}

TEST(ParseMail, AnAttachmentIsDecodedWhenItIsWanted) {
  const std::string bytes =
      "From: a@example.org\n" + multipart("b") +
      "--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n" +
      times(100000, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2\n") + "--b--\n";
  const Mail mail = read(bytes);
  ASSERT_EQ(mail.files.size(), 1U);
  EXPECT_EQ(mail.files[0].size, 4800000U);
  std::size_t written = 0, pieces = 0;
  EXPECT_TRUE(write_part(bytes, 1, [&](std::string_view piece) {
    EXPECT_EQ(piece.substr(0, 1).find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"),
              std::string_view::npos);
    written += piece.size();
    return ++pieces < 10;
  }));
  EXPECT_EQ(pieces, 10U);
  EXPECT_LT(written, 4800000U);
  EXPECT_FALSE(write_part(bytes, 2, [](std::string_view) { return true; }));
}

TEST(ParseMail, HeadersThatWantToBeExpensiveAreCheap) {
  const std::string kb = std::string(90000, 'x');
  for (const std::string& field :
       {"Subject: " + times(8000, "=?utf-8?q?") + "x", "Subject: " + times(5000, "=?utf-8?q?a?= "),
        "Subject: =?utf-8?b?" + kb + "?=", "From: " + times(40000, "("),
        "From: " + times(20000, "\"") + "a@b", "To: " + times(8000, "a@b.example,"),
        "To: " + times(40000, "<"), "References: " + times(20000, "<a> "), "References: " + times(40000, "<"),
        "Content-Type: text/plain; " + times(9000, "a*0=b;"),
        "Content-Disposition: attachment; " + times(6000, "filename*1=b;"),
        "List-Unsubscribe: " + times(40000, "<"), "Authentication-Results: m; " + times(20000, "a=b;"),
        "Authentication-Results: m" + times(40000, "("), "Date: " + times(15000, "1 Jan "),
        "Message-ID: " + times(40000, "<"), "List-Id: " + times(30000, "<.>")}) {
    read("From: a@example.org\n" + field + "\n\nx\n");
  }
}

TEST(ParseMail, ReferencesAreBounded) {
  std::string ids;
  for (int i = 0; i < 1000; ++i) ids += " <" + std::to_string(i) + "@x>\n";
  const Mail mail = read("From: a@example.org\nReferences:" + ids + "\nx\n");
  ASSERT_EQ(mail.references.size(), 50U);
  EXPECT_EQ(mail.references.front(), "0@x");
  EXPECT_EQ(mail.references.back(), "999@x");
}

TEST(ParseMail, AddressesAreBounded) {
  std::string all;
  for (int i = 0; i < 2000; ++i) all += (i == 0 ? " a" : ",\n a") + std::to_string(i) + "@example.org";
  const Mail mail = read("From: a@example.org\nTo:" + all + "\nCc:" + all + "\n\nx\n");
  EXPECT_EQ(mail.to.size() + mail.cc.size(), 500U);
}

}  // namespace
}  // namespace dragoman::email
