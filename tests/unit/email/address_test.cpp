#include "bridges/email/address.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "mapping/address.hpp"
#include "mapping/jid.hpp"

namespace dragoman::email {
namespace {

using namespace std::string_literals;

std::string valid(std::string_view given) { return valid_address(given).value_or("none"); }
std::string of_node(std::string_view node) { return address_of_node(node).value_or("none"); }

TEST(EmailAddress, KeepsTheLocalPartAndLowersTheDomain) {
  EXPECT_EQ(valid("Bob.Smith+Tag@Example.ORG"), "Bob.Smith+Tag@example.org");
  EXPECT_EQ(valid("!#$%&'*+-/=?^_`{|}~@example.org"), "!#$%&'*+-/=?^_`{|}~@example.org");
  EXPECT_EQ(valid("bob@a_b.example.org"), "bob@a_b.example.org");
  EXPECT_EQ(valid("bob@3.example.co"), "bob@3.example.co");
}

TEST(EmailAddress, RefusesWhatIsNone) {
  for (const auto* given : {"",
                            "@",
                            "bob",
                            "bob@",
                            "@example.org",
                            "bob@example",
                            "bob@.example.org",
                            "bob@example..org",
                            "bob@example.org.",
                            "bob@-a.org",
                            "bob@a-.org",
                            ".bob@example.org",
                            "bob.@example.org",
                            "b..b@example.org",
                            "b b@example.org",
                            "bob@exam ple.org",
                            "a@b@example.org",
                            "<bob@example.org>",
                            "bob@[192.0.2.1]",
                            "bob@192.0.2.1",
                            "@relay.example:bob@example.org",
                            "b,c@example.org",
                            "b;c@example.org",
                            "b(c)@example.org",
                            "b\\c@example.org",
                            "bob@exa/mple.org",
                            "bob@exa%mple.org"}) {
    EXPECT_EQ(valid(given), "none") << given;
  }
}

TEST(EmailAddress, RefusesEachControlCharacterAnywhere) {
  for (int c = 0; c <= 0x20; ++c) {
    const std::string one(1, static_cast<char>(c));
    EXPECT_EQ(valid("b" + one + "b@example.org"), "none") << c;
    EXPECT_EQ(valid("\"b" + one + "b\"@example.org"), "none") << c;
    EXPECT_EQ(valid("bob@exa" + one + "mple.org"), "none") << c;
    EXPECT_EQ(valid("bob@example.org" + one), "none") << c;
    EXPECT_EQ(valid(one + "bob@example.org"), "none") << c;
  }
  EXPECT_EQ(valid("b\x7f@example.org"), "none");
  EXPECT_EQ(valid("bob@example.org\r\nRCPT TO:<x@y.z>"), "none");
}

TEST(EmailAddress, KnowsQuotedStringsThatOnlyPutDotsElsewhere) {
  EXPECT_EQ(valid("\"bob.smith\"@example.org"), "bob.smith@example.org");
  EXPECT_EQ(valid("\"bob..smith.\"@example.org"), "\"bob..smith.\"@example.org");
  EXPECT_EQ(valid("\"bob smith\"@example.org"), "none");
  EXPECT_EQ(valid("\"a@b\"@example.org"), "none");
  EXPECT_EQ(valid("\"a\"b\"@example.org"), "none");
  EXPECT_EQ(valid("\"\"@example.org"), "none");
  EXPECT_EQ(valid("\"@example.org"), "none");
}

TEST(EmailAddress, IsAsLongAsRfc5321Allows) {
  const std::string local(64, 'a');
  EXPECT_EQ(valid(local + "@example.org"), local + "@example.org");
  EXPECT_EQ(valid(local + "a@example.org"), "none");
  const std::string label(63, 'b');
  EXPECT_NE(valid("a@" + label + ".org"), "none");
  EXPECT_EQ(valid("a@" + label + "b.org"), "none");
  std::string long_domain;
  while (long_domain.size() < 248) long_domain += "bbbbbb.";
  long_domain += "org";  // 252 + 3
  EXPECT_EQ(valid("a@" + long_domain), "none");
  EXPECT_NE(valid("a@" + long_domain.substr(7)), "none");
  EXPECT_EQ(valid("a@" + std::string(100000, 'b') + ".org"), "none");
}

TEST(EmailAddress, WritesDomainsAsALabels) {
  EXPECT_EQ(valid("bob@bücher.example"), "bob@xn--bcher-kva.example");
  EXPECT_EQ(valid("bob@BÜCHER.example"), "bob@xn--bcher-kva.example");
  EXPECT_EQ(valid("bob@faß.example"), "bob@xn--fa-hia.example");  // IDNA 2008, not 2003
  EXPECT_EQ(valid("bob@xn--bcher-kva.example"), "bob@xn--bcher-kva.example");
  EXPECT_EQ(valid("bob@XN--BCHER-KVA.example"), "bob@xn--bcher-kva.example");
  EXPECT_EQ(valid("bob@☃.example"), "none");
  EXPECT_EQ(valid("bob@b\xC3.example"), "none");
  EXPECT_EQ(valid("bob@exam\u3002org"), "bob@exam.org");  // an ideographic full stop is one (UTS 46)
}

TEST(EmailAddress, TakesLocalPartsBeyondAsciiThatShow) {
  EXPECT_EQ(valid("jürgen@example.org"), "jürgen@example.org");
  EXPECT_EQ(valid("用户@example.org"), "用户@example.org");
  EXPECT_EQ(valid("j\xFCrgen@example.org"), "none");           // no UTF-8
  EXPECT_EQ(valid("b\u202Eob@example.org"), "none");           // turns the direction
  EXPECT_EQ(valid("b\u200Bob@example.org"), "none");           // has no width
  EXPECT_EQ(valid("b\u00A0ob@example.org"), "none");           // a space
  EXPECT_EQ(valid("b\u0085ob@example.org"), "none");           // a line's end
  EXPECT_EQ(valid("\uFF42\uFF4F\uFF42@example.org"), "none");  // "bob" in full width
  EXPECT_EQ(valid("a\uFF20b@example.org"), "none");            // "@" in full width
  EXPECT_FALSE(is_ascii_only("jürgen@example.org"));
  EXPECT_TRUE(is_ascii_only("jurgen@example.org"));
}

TEST(EmailAddress, FoldsForLookUp) {
  EXPECT_EQ(folded("Bob.Smith@example.org"), "bob.smith@example.org");
  EXPECT_EQ(folded("JÜRGEN@example.org"), "jürgen@example.org");
  EXPECT_EQ(folded("D'Artagnan@example.org"), "d'artagnan@example.org");
}

TEST(EmailAddress, HasTwoParts) {
  EXPECT_EQ(local_part("\"a.\"@example.org"), "\"a.\"");
  EXPECT_EQ(domain_part("bob@example.org"), "example.org");
}

TEST(EmailAddress, IsReadFromTheNodeOfAJid) {
  EXPECT_EQ(of_node("bob@example.org"), "bob@example.org");
  EXPECT_EQ(of_node("bob%example.org"), "bob@example.org");
  EXPECT_EQ(of_node("bob@bücher.example"), "bob@xn--bcher-kva.example");
  EXPECT_EQ(of_node("bob"), "none");
  EXPECT_EQ(of_node("%example.org"), "none");
  EXPECT_EQ(of_node(""), "none");
}

TEST(EmailAddress, NeverRelaysByThePercentHack) {
  EXPECT_EQ(of_node("bob%victim.example%example.org"), "none");
  EXPECT_EQ(of_node("bob%victim.example@example.org"), "none");
}

// Every valid address is the node of one JID, which leads back to it, but for case.
TEST(EmailAddress, ComesBackFromTheJidItMakes) {
  std::mt19937 random(1);
  const std::string alphabet = "abcXYZ019.!#$&'*+-/=?^_`{|}~\\5c27@";
  std::size_t tried = 0;
  for (int i = 0; i < 20000; ++i) {
    std::string local;
    for (auto n = 1 + random() % 12; n > 0; --n) local += alphabet[random() % alphabet.size()];
    const auto address = valid_address(local + "@Example.org");
    if (!address) continue;
    ++tried;
    const auto jid = Jid::parse(escape_node(*address) + "@gw.example");
    ASSERT_TRUE(jid) << *address;
    const auto back = address_of_node(unescape_node(jid->local));
    ASSERT_TRUE(back) << *address;
    EXPECT_EQ(*back, folded(*address));
    EXPECT_EQ(valid(*address), *address);
    EXPECT_EQ(folded(folded(*address)), folded(*address));
  }
  EXPECT_GT(tried, 1000U);
}

// Whatever comes, what is called valid can be written into an envelope.
TEST(EmailAddress, IsFitForAnEnvelopeWhateverCame) {
  std::mt19937 random(2);
  for (int i = 0; i < 50000; ++i) {
    std::string bytes;
    for (auto n = random() % 24; n > 0; --n) bytes += static_cast<char>(random() % 256);
    bytes.insert(random() % (bytes.size() + 1), "@a.org");
    const auto address = valid_address(bytes);
    if (!address) continue;
    for (const char c : *address) {
      EXPECT_GT(static_cast<unsigned char>(c), 0x20) << bytes;
      EXPECT_EQ(std::string("<>()[]\\,;:\x7f").find(c), std::string::npos) << bytes;
    }
    EXPECT_EQ(address->find('@'), address->rfind('@'));
  }
}

}  // namespace
}  // namespace dragoman::email
