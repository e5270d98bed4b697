#include "bridges/email/probe.hpp"

#include "tests/unit/email_session/store.hpp"

namespace dragoman::email {
namespace {

const std::string key(32, 'k');

class ProbesTest : public testing::Test {
 protected:
  Probes with(const std::string& network, const std::string& secret) {
    return {*disk, NetworkId{network}, "mail.example.org", secret};
  }
  static std::string local(const std::string& address) { return address.substr(0, address.find('@')); }
  test::TemporaryStore disk;
  Probes probes = with("mail.example.org", key);
};

TEST_F(ProbesTest, AnAddressLeadsBackToItsName) {
  const std::string address = probes.address("abc123");
  EXPECT_TRUE(address.starts_with("doctor+abc123."));
  EXPECT_TRUE(address.ends_with("@mail.example.org"));
  EXPECT_EQ("abc123", probes.name(local(address)));
  std::string loud = local(address);
  for (char& c : loud) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ("abc123", probes.name(loud)) << "some mail systems change the case";
}

TEST_F(ProbesTest, NobodyElseMakesOne) {
  const std::string made = local(probes.address("abc123"));
  for (const std::string& forged :
       {std::string(), std::string("doctor"), std::string("doctor+"), std::string("doctor+abc123"),
        std::string("doctor+abc123."), made.substr(0, made.size() - 1), made + "0", "x" + made,
        local(with("mail.example.org", std::string(32, 'x')).address("abc123")),
        "doctor+abc124" + made.substr(made.find('.')), "doctor+" + made.substr(made.find('.'))}) {
    EXPECT_FALSE(probes.name(forged)) << forged;
  }
}

TEST_F(ProbesTest, WhatCameOfItIsKeptUntilItIsForgotten) {
  EXPECT_FALSE(probes.result("one"));
  ASSERT_TRUE(probes.came("one", ""));
  ASSERT_TRUE(probes.came("two", "nobody there"));
  EXPECT_EQ("", probes.result("one"));
  EXPECT_EQ("nobody there", probes.result("two"));
  EXPECT_FALSE(with("other.example.org", key).result("one")) << "of another gateway";
  probes.forget("one");
  EXPECT_FALSE(probes.result("one"));
  EXPECT_EQ("nobody there", probes.result("two"));
}

}  // namespace
}  // namespace dragoman::email
