// What is said to log in.
#include "bridges/net/sasl.hpp"

#include <gtest/gtest.h>

#include "bridges/net/base64.hpp"

namespace dragoman::net {
namespace {

TEST(Sasl, PlainHasNoOtherIdentity) {
  EXPECT_EQ(sasl::plain("tim", "tan\"staaf"), base64(std::string("\0tim\0tan\"staaf", 14)));
}

// RFC 7628 4.1.
TEST(Sasl, OauthbearerNamesTheServer) {
  EXPECT_EQ(sasl::oauthbearer("user@example.com", "server.example.com", 143, "token=="),
            base64("n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
                   "auth=Bearer token==\x01\x01"));
}

TEST(Sasl, OauthbearerEscapesWhatDividesItsParts) {
  EXPECT_EQ(sasl::oauthbearer("a=b,c", "h", 1, "t"), base64("n,a=a=3Db=2Cc,\x01host=h\x01port=1\x01"
                                                            "auth=Bearer t\x01\x01"));
}

TEST(Sasl, Xoauth2IsShort) {
  EXPECT_EQ(sasl::xoauth2("me", "t"), base64("user=me\x01"
                                             "auth=Bearer t\x01\x01"));
}

}  // namespace
}  // namespace dragoman::net
