#include "bridges/email/aliases.hpp"

#include <random>
#include <set>

#include "bridges/email/address.hpp"
#include "tests/unit/email_session/store.hpp"

namespace dragoman::email {
namespace {

class AliasesTest : public testing::Test {
 protected:
  std::string of(const std::string& person) { return aliases.of(PersonId(person)); }
  std::string whose(std::string_view local) {
    auto found = aliases.person(local);
    return found ? found->value() : "nobody";
  }
  test::TemporaryStore disk;
  NetworkId net{"mail.example.org"};
  Aliases aliases{*disk, net, "{local}={host}@Mail.example.org"};
};

TEST_F(AliasesTest, AreMadeByTheRule) {
  EXPECT_EQ(of("alice@xmpp.example"), "alice=xmpp.example@mail.example.org");
  EXPECT_EQ(whose("alice=xmpp.example"), "alice@xmpp.example");
  EXPECT_EQ(whose("Alice=XMPP.Example"), "alice@xmpp.example");
  EXPECT_EQ(whose("alice=xmpp.example+news=1+2"), "alice@xmpp.example");
  EXPECT_EQ(aliases.domain(), "mail.example.org");
}

TEST_F(AliasesTest, AreSplitAtTheLastSeparator) {
  EXPECT_EQ(of("a=b@xmpp.example"), "a=b=xmpp.example@mail.example.org");
  EXPECT_EQ(whose("a=b=xmpp.example"), "a=b@xmpp.example");
}

TEST_F(AliasesTest, UnescapeTheNodeOfAJid) {
  EXPECT_EQ(of("d\\27artagnan@xmpp.example"), "d'artagnan=xmpp.example@mail.example.org");
  EXPECT_EQ(whose("d'artagnan=xmpp.example"), "d\\27artagnan@xmpp.example");
}

TEST_F(AliasesTest, AreMadeUpWhereTheRuleCannot) {
  for (const std::string person :
       {"élise@xmpp.example", "a+b@xmpp.example", "a%b@xmpp.example", "a\\40b@xmpp.example",
        "a\\20b@xmpp.example", "a..b@xmpp.example", ".a@xmpp.example", "-a@xmpp.example", "a!b@xmpp.example",
        "srs0=x@xmpp.example", "srs1-x@xmpp.example", "prvs=x@xmpp.example", "btv1==x@xmpp.example",
        "srs0@xmpp.example", "xmpp.example", "a@bücher.example", "a@[::1]", "msprvs1=x@xmpp.example"}) {
    const auto address = of(person);
    EXPECT_TRUE(valid_address(address)) << person;
    EXPECT_EQ(address.substr(0, 2), "x-") << person;
    EXPECT_EQ(whose(local_part(address)), person);
    EXPECT_EQ(whose(std::string(local_part(address)) + "+detail"), person);
    EXPECT_EQ(of(person), address) << "the same each time";
  }
  const auto lengthy = std::string(60, 'a') + "@xmpp.example";
  EXPECT_EQ(of(lengthy).substr(0, 2), "x-");
}

TEST_F(AliasesTest, SurviveARestart) {
  const auto before = of("élise@xmpp.example");
  disk.reopen();
  Aliases again(*disk, net, "{local}={host}@mail.example.org");
  EXPECT_EQ(again.of(PersonId("élise@xmpp.example")), before);
  EXPECT_EQ(again.person(local_part(before)), PersonId("élise@xmpp.example"));
}

TEST_F(AliasesTest, LeaveTheAddressesOfADomainAndOfBouncesAlone) {
  Aliases bare(*disk, net, "{local}.{host}@mail.example.org");
  for (const std::string local :
       {"b", "b+1.00000000000000000000", "postmaster", "abuse", "SRS0=aaaa=bb=example.org=bob",
        "prvs=1234abcdef=alice", "nobody", "", "=", "=xmpp.example", "alice="}) {
    EXPECT_EQ(whose(local), "nobody") << local;
  }
}

TEST_F(AliasesTest, AreMadeUpWhereTheRuleIsNone) {
  for (const std::string rule :
       {"@mail.example.org", "{local}@mail.example.org", "{host}{local}@mail.example.org",
        "{local}{host}@mail.example.org", "mail.example.org"}) {
    Aliases odd(*disk, NetworkId(rule), rule);
    const auto address = odd.of(PersonId("alice@xmpp.example"));
    EXPECT_EQ(address.substr(0, 2), "x-") << rule;
    EXPECT_EQ(odd.person(local_part(address)), PersonId("alice@xmpp.example"));
  }
}

// Any rule, any people: each has an address, no two the same one, and it leads back.
TEST_F(AliasesTest, AreInjectiveAndLeadBack) {
  std::mt19937 random(3);
  const std::string letters = "ab=.-'\\27+x";
  for (const std::string rule : {"{local}={host}@mail.example.org", "{local}.{host}@mail.example.org",
                                 "x-{local}-{host}-y@mail.example.org"}) {
    Aliases some(*disk, NetworkId(rule), rule);
    std::map<std::string, std::string> seen;
    for (int i = 0; i < 3000; ++i) {
      const auto word = [&](std::size_t most) {
        std::string text;
        for (auto n = 1 + random() % most; n > 0; --n) text += letters[random() % letters.size()];
        return text;
      };
      const auto person = word(5) + "@" + (i % 2 != 0 ? "a" : "x-b.a");
      const auto address = some.of(PersonId(person));
      ASSERT_TRUE(valid_address(address)) << person;
      EXPECT_EQ(some.person(local_part(address)), PersonId(person)) << address;
      const auto [at, fresh] = seen.emplace(address, person);
      EXPECT_TRUE(fresh || at->second == person) << address;
    }
  }
}

const std::string key(32, 'k');

TEST(BounceAddressesTest, SayWhichMailItWas) {
  const BounceAddresses bounces("mail.example.org", key);
  for (const std::int64_t mail :
       {std::int64_t{1}, std::int64_t{42}, std::numeric_limits<std::int64_t>::max()}) {
    const auto address = bounces.of(mail);
    ASSERT_TRUE(valid_address(address)) << address;
    EXPECT_EQ(bounces.mail(local_part(address)), mail);
    auto upper = std::string(local_part(address));
    for (auto& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(bounces.mail(upper), mail);
    EXPECT_TRUE(BounceAddresses::looks_like_one(upper));
  }
}

TEST(BounceAddressesTest, CannotBeMadeByOthers) {
  const BounceAddresses bounces("mail.example.org", key);
  const std::string local(local_part(bounces.of(42)));
  EXPECT_FALSE(BounceAddresses("mail.example.org", std::string(32, 'l')).mail(local));
  for (std::size_t i = 0; i < local.size(); ++i) {
    auto changed = local;
    changed[i] = changed[i] == '7' ? '8' : '7';
    EXPECT_FALSE(bounces.mail(changed)) << changed;
    EXPECT_FALSE(bounces.mail(local.substr(0, i))) << i;
  }
  EXPECT_FALSE(bounces.mail(local + "0"));
  EXPECT_FALSE(bounces.mail("b+042" + local.substr(4)));
  EXPECT_FALSE(bounces.mail("b+" + std::string(50, '9') + "." + std::string(20, '0')));
}

}  // namespace
}  // namespace dragoman::email
