// RFC 8058 4: one click only where a valid signature covers what says so.
#include "bridges/email/signed_list.hpp"

#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

const std::string list =
    "List-Id: <news.example.org>\nList-Unsubscribe: <https://example.org/u?a=1>\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n";
const std::string pass = "Authentication-Results: mx.example.org; dkim=pass header.d=example.org\n";

std::string signature(const std::string& names, const std::string& domain = "example.org",
                      const std::string& rest = "; s=sel; b=AbCdEfGh+/1234") {
  return "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=" + domain + "; h=" + names + rest + "\n";
}
const std::string both = signature("From:To:List-Unsubscribe:List-Unsubscribe-Post:Date");

bool one_click(const std::string& headers, const std::string& ours = "mx.example.org") {
  const auto mail = parse_mail(headers + "From: bob@example.org\n\nx\n", ours);
  return std::get<Mail>(mail).list->one_click;
}

TEST(SignedList, AValidSignatureOverBothFieldsIsEnough) {
  EXPECT_TRUE(one_click(pass + both + list));
  EXPECT_TRUE(one_click(pass + signature("from : LIST-unsubscribe-post :\n\t list-Unsubscribe") + list));
  EXPECT_TRUE(
      one_click("Authentication-Results: MX.example.org; spf=fail; dkim=fail header.d=relay.example;\n"
                " dkim=pass (2048-bit key) header.i=@Example.org header.s=SEL header.b=AbCdEfGh\n" +
                both + list));
  EXPECT_TRUE(one_click("Authentication-Results: mx.example.org; dkim=pass header.d=list.example\n" +
                        signature("From") +
                        signature("List-Unsubscribe:List-Unsubscribe-Post", "list.example") + list))
      << "whoever signed it: the list may be another's";
}

TEST(SignedList, NothingLessIs) {
  EXPECT_FALSE(one_click(list));
  EXPECT_FALSE(one_click(both + list)) << "nobody has looked";
  EXPECT_FALSE(one_click(pass + list)) << "no signature";
  EXPECT_FALSE(one_click(pass + both + list, "")) << "we trust nobody";
  EXPECT_FALSE(one_click(pass + both + list, "mx.example.net")) << "it is not our server that says so";
  for (const char* word :
       {"dkim=fail header.d=example.org", "dkim=pass header.d=example.net", "dkim=pass", "none",
        "dkim=pass header.d=", "spf=pass header.d=example.org", "x-dkim=pass header.d=example.org",
        "dkim=pass header.d=example.org header.s=other", "dkim=pass header.d=example.org header.b=abcdefgh",
        "dmarc=pass header.from=example.org"}) {
    EXPECT_FALSE(
        one_click("Authentication-Results: mx.example.org; " + std::string(word) + "\n" + both + list))
        << word;
  }
  for (const char* names :
       {"From:List-Unsubscribe", "From:List-Unsubscribe-Post", "From",
        "X-List-Unsubscribe:List-Unsubscribe-Post", "List-Unsubscribe-Post:List-Unsubscribe-Posts",
        "List-Unsubscribe=List-Unsubscribe-Post", ""}) {
    EXPECT_FALSE(one_click(pass + signature(names) + list)) << names;
  }
}

TEST(SignedList, TheTopmostWordOfOurServerCounts) {
  const std::string fail = "Authentication-Results: mx.example.org; dkim=fail header.d=example.org\n";
  EXPECT_FALSE(one_click(fail + pass + both + list));
  EXPECT_TRUE(one_click(pass + fail + both + list));
}

// Where it is not said which of two signatures is valid, the one that covers nothing may be it.
TEST(SignedList, ASignatureThatWasAddedDoesNotBorrowAnothersValidity) {
  const std::string forged =
      signature("List-Unsubscribe:List-Unsubscribe-Post", "example.org", "; s=sel; b=Zz");
  const std::string real = signature("From:Date");
  EXPECT_FALSE(one_click(pass + forged + real + list));
  EXPECT_FALSE(one_click(pass + real + forged + list));
  EXPECT_FALSE(
      one_click("Authentication-Results: mx.example.org; dkim=pass header.d=example.org header.b=AbCdEfGh\n" +
                forged + real + list));
  EXPECT_TRUE(
      one_click("Authentication-Results: mx.example.org; dkim=pass header.d=example.org header.b=AbCdEfGh\n" +
                signature("From:Date", "example.org", "; s=sel; b=Zz") + both + list));
}

// A signature is over the lowest field of a name: another above it is anybody's.
TEST(SignedList, AFieldThatWasAddedIsNotSigned) {
  EXPECT_FALSE(one_click("List-Unsubscribe: <https://evil.example/>\n" + pass + both + list));
  EXPECT_FALSE(one_click(pass + both + list + "List-Unsubscribe-Post: List-Unsubscribe=One-Click\n"));
}

TEST(SignedList, ManySignaturesAreBounded) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += both;
  EXPECT_FALSE(one_click(pass + many + list));
}

}  // namespace
}  // namespace dragoman::email
