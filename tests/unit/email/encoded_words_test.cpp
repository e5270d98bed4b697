#include "bridges/email/encoded_words.hpp"

#include <gtest/gtest.h>

#include "bridges/email/headers.hpp"

namespace dragoman::email {
namespace {

TEST(EncodedWords, OfBase64AreJoined) {
  EXPECT_EQ(joined_words("=?UTF-8?B?QQ==?= =?utf-8?b?Qg==?="), "=?UTF-8?B?QUI=?=");
  EXPECT_EQ(joined_words("x =?UTF-8?B?QQ==?=\r\n\t=?utf-8?b?Qg==?= y"), "x =?UTF-8?B?QUI=?= y");
}

TEST(EncodedWords, AreLeftAloneWhereTheyAreNotOfOneKind) {
  for (const auto* line :
       {"", "=", "=?", "=?UTF-8?B?QQ==?=", "plain",
        "=?UTF-8?B?QQ==?= and =?UTF-8?B?Qg==?=", "=?UTF-8?B?QQ==?= =?iso-8859-1?B?Qg==?=",
        "=?UTF-8?B?QQ==?= =?UTF-8?Q?B?=", "=?UTF-8?Q?A?= =?UTF-8?Q?B?=", "=?UTF-8?B?QQ==?==?UTF-8?B?Qg==?=",
        "=?UTF-8?B?QQ=", "==?UTF-8?B?QQ==?", "=?=?=?UTF-8?B?", "=?UTF-8?B?Q Q==?="}) {
    EXPECT_EQ(joined_words(line), line);
  }
}

TEST(EncodedWords, AreReadWholeThoughEachIsPadded) {
  EXPECT_EQ(
      header_words("=?UTF-8?B?R3LDvMOfZSA=?=\r\n =?UTF-8?B?YW4gZGllIFdlbHQ=?= =?UTF-8?B?IQ==?= Re", 100),
      "Grüße an die Welt! Re");
  const auto found = mailboxes_in("=?UTF-8?B?R3LDvA==?= =?UTF-8?B?w59l?= <bob@example.org>", 5);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].name, "Grüße");
}

TEST(EncodedWords, AreReadWhereACharacterIsCutApart) {
  EXPECT_EQ(header_words("=?UTF-8?B?w4A=?= =?UTF-8?B?4oI=?= =?UTF-8?B?rA==?=", 100), "À€");
}

}  // namespace
}  // namespace dragoman::email
