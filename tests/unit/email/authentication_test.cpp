#include "bridges/email/authentication.hpp"

#include <gtest/gtest.h>

#include "bridges/email/mime_in.hpp"

namespace dragoman::email {
namespace {

bool verified(const std::string& headers, const std::string& ours = "mx.example.org") {
  const auto mail = parse_mail(headers + "\n\nx\n", ours);
  return std::get<Mail>(mail).verified;
}

constexpr auto kFrom = "From: bob@example.org";

TEST(Authentication, OurOwnServersWordCounts) {
  EXPECT_TRUE(verified(
      std::string("Authentication-Results: mx.example.org; dmarc=pass header.from=example.org\n") + kFrom));
  EXPECT_TRUE(verified(std::string("Authentication-Results: MX.Example.org 1 ; spf=fail; DMARC = pass "
                                   "(p=none dis=none)\n  header.from=Example.ORG\n") +
                       kFrom));
  EXPECT_TRUE(verified(
      std::string("Authentication-Results: (a; comment) mx.example.org (x (y) \\) z); dmarc/1=pass\n") +
      kFrom));
}

TEST(Authentication, OthersWordsDoNot) {
  for (const char* field :
       {"mx.example.net; dmarc=pass", "mx.example.org.evil.example; dmarc=pass", "; dmarc=pass",
        "mx.example.org; none", "mx.example.org", "mx.example.org; dmarc=fail", "mx.example.org; dmarc=none",
        "mx.example.org; dmarc=bestguesspass", "mx.example.org; dkim=pass; spf=pass",
        "mx.example.org; spf=fail reason=\"; dmarc=pass\"", "mx.example.org; spf=fail (; dmarc=pass)",
        "mx.example.org; spf=fail dmarc=pass", "mx.example.org; dmarc=pass header.from=example.net",
        "mx.example.org; dmarc=fail; dmarc=pass", "mx.example.org; x-dmarc=pass",
        "(mx.example.org; dmarc=pass"}) {
    EXPECT_FALSE(verified(std::string("Authentication-Results: ") + field + "\n" + kFrom)) << field;
  }
  EXPECT_FALSE(verified(kFrom));
  EXPECT_FALSE(verified(std::string("Authentication-Results: ; dmarc=pass\n") + kFrom, ""));
}

TEST(Authentication, OnlyTheTopmostOfOursCounts) {
  const std::string pass = "Authentication-Results: mx.example.org; dmarc=pass\n",
                    fail = "Authentication-Results: mx.example.org; dmarc=fail\n",
                    other = "Authentication-Results: relay.example.net; dmarc=fail\n";
  EXPECT_TRUE(verified(pass + fail + kFrom));
  EXPECT_FALSE(verified(fail + pass + kFrom));
  EXPECT_TRUE(verified(other + pass + kFrom));
}

TEST(Authentication, OneAuthorAlone) {
  const std::string pass = "Authentication-Results: mx.example.org; dmarc=pass\n";
  EXPECT_FALSE(verified(pass + "From: bob@example.org\nFrom: eve@example.org"));
  EXPECT_FALSE(verified(pass + "From: bob@example.org, eve@example.org"));
  EXPECT_FALSE(verified(pass + "Subject: none"));
}

}  // namespace
}  // namespace dragoman::email
