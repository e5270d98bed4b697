#include "bridges/members.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/atom.hpp"

namespace dragoman {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

Member named(std::string nick, Standing standing = Standing::participant) {
  Member member;
  member.address = nick + "@host.example";
  member.nick = std::move(nick);
  member.standing = standing;
  return member;
}

std::vector<Member> crowd(std::size_t size, const std::string& prefix = "nick") {
  std::vector<Member> members;
  for (std::size_t i = 0; i < size; ++i) members.push_back(named(prefix + std::to_string(i)));
  return members;
}

std::vector<std::string> nicks(const MemberTable& table) {
  std::vector<std::string> all;
  table.for_each([&](const Member& member) { all.push_back(member.nick); });
  std::sort(all.begin(), all.end());
  return all;
}

TEST(Atom, OneTextIsStoredOnce) {
  const std::size_t before = Atom::living();
  {
    const Atom a("some text"), b(std::string("some ") + "text"), c("other");
    EXPECT_EQ(a, b);
    EXPECT_FALSE(a == c);
    EXPECT_EQ(a.view(), "some text");
    EXPECT_EQ(a.view().data(), b.view().data());
    EXPECT_EQ(Atom::living(), before + 2);
  }
  EXPECT_EQ(Atom::living(), before);
}

TEST(Atom, TheEmptyTextTakesNoStorage) {
  const std::size_t before = Atom::living();
  const Atom empty("");
  EXPECT_TRUE(empty.empty());
  EXPECT_EQ(empty, Atom());
  EXPECT_EQ(empty.view(), "");
  EXPECT_EQ(Atom::living(), before);
}

TEST(Atom, CopiesMovesAndAssignmentsKeepTheCount) {
  const std::size_t before = Atom::living();
  {
    Atom a("one");
    Atom b = a, c;
    c = b;
    const Atom& same = c;
    c = same;
    b = Atom("two");
    Atom d(std::move(a));
    a = d;
    d = std::move(b);
    EXPECT_EQ(d.view(), "two");
    EXPECT_EQ(c.view(), "one");
    EXPECT_EQ(a.view(), "one");
  }
  EXPECT_EQ(Atom::living(), before);
}

TEST(Atom, FindingStoresNothing) {
  const std::size_t before = Atom::living();
  EXPECT_FALSE(Atom::find("nobody has this"));
  EXPECT_TRUE(Atom::find(""));
  const Atom a("nobody has this");
  ASSERT_TRUE(Atom::find("nobody has this"));
  EXPECT_EQ(*Atom::find("nobody has this"), a);
  EXPECT_EQ(Atom::living(), before + 1);
}

TEST(Atom, ThousandsComeAndGo) {
  const std::size_t before = Atom::living();
  {
    std::vector<Atom> atoms;
    for (int i = 0; i < 20000; ++i) atoms.emplace_back("text number " + std::to_string(i));
    EXPECT_EQ(Atom::living(), before + 20000);
    atoms.resize(10);
    EXPECT_EQ(Atom::living(), before + 10);
    EXPECT_EQ(atoms[7].view(), "text number 7");
    EXPECT_TRUE(Atom::find("text number 7"));
  }
  EXPECT_EQ(Atom::living(), before);
}

TEST(Members, AnEmptyTableHasNobody) {
  MemberTable table(lower);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_FALSE(table.find("alice"));
  EXPECT_FALSE(table.find(""));
  EXPECT_FALSE(table.erase("alice"));
  EXPECT_FALSE(table.rename("alice", "bob"));
  EXPECT_THAT(nicks(table), IsEmpty());
}

TEST(Members, WhoWasPutIsFoundAsSaidWhateverTheCase) {
  MemberTable table(lower);
  Member alice{"Alice", "al@host", "acc", "at lunch", Standing::admin, Availability::away, 5};
  table.put(alice);
  ASSERT_TRUE(table.find("aLICE"));
  EXPECT_EQ(*table.find("aLICE"), alice);
  alice.nick = "ALICE";
  table.put(alice);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find("alice")->nick, "ALICE");
}

TEST(Members, WithoutAFoldNicksAreComparedByteByByte) {
  MemberTable table;
  table.put(named("alice"));
  table.put(named("Alice"));
  EXPECT_EQ(table.size(), 2u);
  EXPECT_FALSE(table.contains("ALICE"));
}

TEST(Members, ReplaceTellsWhoCameChangedAndLeft) {
  MemberTable table(lower);
  auto first = table.replace({named("alice"), named("bob"), named("carol")});
  EXPECT_EQ(first.joined.size(), 3u);
  auto second = table.replace({named("Dave"), named("bob", Standing::admin), named("alice")});
  EXPECT_THAT(second.joined, ElementsAre(named("Dave")));
  EXPECT_THAT(second.changed, ElementsAre(named("bob", Standing::admin)));
  EXPECT_THAT(second.left, ElementsAre("carol"));
  EXPECT_THAT(nicks(table), ElementsAre("Dave", "alice", "bob"));
}

TEST(Members, ReplaceByTheSameTellsNothing) {
  MemberTable table(lower);
  auto members = crowd(100);
  table.replace(members);
  std::reverse(members.begin(), members.end());
  const auto difference = table.replace(members);
  EXPECT_THAT(difference.joined, IsEmpty());
  EXPECT_THAT(difference.changed, IsEmpty());
  EXPECT_THAT(difference.left, IsEmpty());
}

TEST(Members, ReplaceSeesChangesMadeSinceTheLastOne) {
  MemberTable table(lower);
  table.replace({named("alice"), named("bob")});
  table.put(named("carol"));
  table.erase("bob");
  const auto difference = table.replace({named("alice"), named("bob")});
  EXPECT_THAT(difference.joined, ElementsAre(named("bob")));
  EXPECT_THAT(difference.left, ElementsAre("carol"));
}

TEST(Members, OfTwoWithOneNickTheLastCounts) {
  MemberTable table(lower), other(lower);
  const std::vector<Member> twice = {named("alice"), named("bob"), named("ALICE", Standing::owner)};
  EXPECT_EQ(table.replace(twice).joined.size(), 2u);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.find("alice")->standing, Standing::owner);
  EXPECT_EQ(table.find("alice")->nick, "ALICE");
  // A known base of as many is no match for a list with a nick in it twice.
  other.replace({named("x"), named("y")});
  EXPECT_EQ(other.replace({named("x"), named("x")}).left, std::vector<std::string>{"y"});
  EXPECT_EQ(other.size(), 1u);
}

TEST(Members, RenameKeepsAllButTheNick) {
  MemberTable table(lower);
  Member alice{"alice", "al@host", "acc", "", Standing::admin, Availability::away, 5};
  table.replace({alice, named("bob")});
  EXPECT_TRUE(table.rename("ALICE", "Alicia"));
  alice.nick = "Alicia";
  EXPECT_FALSE(table.contains("alice"));
  EXPECT_EQ(*table.find("alicia"), alice);
  EXPECT_TRUE(table.rename("alicia", "ALICIA"));
  EXPECT_EQ(table.find("alicia")->nick, "ALICIA");
  EXPECT_EQ(table.size(), 2u);
  EXPECT_TRUE(table.rename("alicia", "bob"));
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find("bob")->account, "acc");
}

TEST(Members, ClearForgetsAll) {
  const std::size_t atoms = Atom::living(), bases = MemberTable::bases();
  MemberTable table(lower);
  table.replace(crowd(10));
  table.put(named("late"));
  table.clear();
  EXPECT_EQ(table.size(), 0u);
  EXPECT_EQ(Atom::living(), atoms);
  EXPECT_EQ(MemberTable::bases(), bases);
}

TEST(Members, AMovedTableIsTheSame) {
  MemberTable table(lower);
  table.replace(crowd(3));
  MemberTable moved(std::move(table));
  EXPECT_EQ(moved.size(), 3u);
  table = MemberTable(lower);
  table.put(named("x"));
  moved = std::move(table);
  EXPECT_THAT(nicks(moved), ElementsAre("x"));
}

TEST(Members, TablesThatAgreeShareOneBaseInAnyOrder) {
  const std::size_t before = MemberTable::bases();
  auto members = crowd(5000);
  std::vector<MemberTable> tables;
  std::mt19937 random(1);
  MemberTable first(lower);
  first.replace(members);
  const std::size_t atoms = Atom::living();
  for (int i = 0; i < 20; ++i) {
    std::shuffle(members.begin(), members.end(), random);
    tables.emplace_back(lower).replace(members);
  }
  EXPECT_EQ(MemberTable::bases(), before + 1);
  EXPECT_EQ(Atom::living(), atoms);
  tables.clear();
  EXPECT_EQ(MemberTable::bases(), before + 1);
  first.clear();
  EXPECT_EQ(MemberTable::bases(), before);
}

TEST(Members, TablesThatDifferInAFewThingsShareTheRest) {
  const std::size_t before = MemberTable::bases();
  auto members = crowd(1000);
  MemberTable a(lower), b(lower), c;
  a.replace(members);
  members[50].status = "away";
  members.erase(members.begin() + 70);
  members.push_back(named("romeo"));
  b.replace(members);
  EXPECT_EQ(MemberTable::bases(), before + 1);
  EXPECT_EQ(a.find("nick50")->status, "");
  EXPECT_EQ(b.find("nick50")->status, "away");
  EXPECT_TRUE(a.contains("nick70"));
  EXPECT_FALSE(b.contains("nick70"));
  EXPECT_FALSE(a.contains("romeo"));
  EXPECT_TRUE(b.contains("romeo"));
  EXPECT_EQ(a.size(), 1000u);
  EXPECT_EQ(b.size(), 1000u);
  c.replace(members);  // another fold is another table
  EXPECT_EQ(MemberTable::bases(), before + 2);
}

TEST(Members, TablesThatDifferInMuchDoNotShare) {
  const std::size_t before = MemberTable::bases();
  auto members = crowd(1000);
  MemberTable a(lower), b(lower);
  a.replace(members);
  for (std::size_t i = 0; i < 300; ++i) members[i].status = "away";
  b.replace(members);
  EXPECT_EQ(MemberTable::bases(), before + 2);
  EXPECT_EQ(a.find("nick5")->status, "");
  EXPECT_EQ(b.find("nick5")->status, "away");
}

TEST(Members, TablesThatChangeAlikeShareAgain) {
  const std::size_t before = MemberTable::bases();
  const auto members = crowd(1000);
  std::vector<MemberTable> tables;
  for (int i = 0; i < 5; ++i) tables.emplace_back(lower).replace(members);
  for (auto& table : tables) {
    for (int i = 0; i < 126; ++i) table.put(named("late" + std::to_string(i)));
    for (int i = 0; i < 200; ++i) table.erase("nick" + std::to_string(i));
  }
  for (auto& table : tables) EXPECT_EQ(table.size(), 926u);
  // Whatever they have in changes, they went through the same bases.
  EXPECT_EQ(MemberTable::bases(), before + 1);
}

TEST(Members, AChangeOfOneTableIsNotSeenInAnother) {
  MemberTable a(lower), b(lower);
  a.replace(crowd(10));
  b.replace(crowd(10));
  a.erase("nick3");
  a.put(named("nick4", Standing::owner));
  a.rename("nick5", "five");
  EXPECT_TRUE(b.contains("nick3"));
  EXPECT_EQ(b.find("nick4")->standing, Standing::participant);
  EXPECT_FALSE(b.contains("five"));
}

// Against the simplest table there can be, with all of the operations, in an order of chance.
TEST(Members, BehaveAsANaiveTableDoes) {
  using Naive = std::map<std::string, Member>;
  for (unsigned seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    const unsigned space = seed % 2 ? 40 : 700;
    const auto any_nick = [&] { return (below(2) ? "Nick" : "nICK") + std::to_string(below(space)); };
    const auto any_member = [&] {
      Member member = named(any_nick(), static_cast<Standing>(below(7)));
      member.status = below(3) ? "" : "away " + std::to_string(below(3));
      member.marks = static_cast<std::uint16_t>(below(3));
      return member;
    };
    const std::size_t atoms = Atom::living();
    {
      MemberTable tables[2] = {MemberTable(lower), MemberTable(lower)};
      Naive naive[2];
      for (int step = 0; step < 6000; ++step) {
        const unsigned which = below(2);
        MemberTable& table = tables[which];
        Naive& model = naive[which];
        const unsigned what = below(100);
        if (what < 55) {
          const Member member = any_member();
          table.put(member);
          model[lower(member.nick)] = member;
        } else if (what < 80) {
          const std::string nick = any_nick();
          ASSERT_EQ(table.erase(nick), model.erase(lower(nick)) == 1);
        } else if (what < 95) {
          const std::string from = any_nick(), to = any_nick();
          const auto it = model.find(lower(from));
          ASSERT_EQ(table.rename(from, to), it != model.end());
          if (it != model.end()) {
            Member member = it->second;
            model.erase(it);
            member.nick = to;
            model[lower(to)] = member;
          }
        } else if (what < 97) {
          std::vector<Member> all;
          Naive next;
          // Half of the time, a list of those who are there already, with few changes.
          if (below(2)) {
            for (const auto& [key, member] : naive[below(2)]) all.push_back(member);
            std::shuffle(all.begin(), all.end(), random);
          }
          for (unsigned i = below(50); i > 0; --i) all.push_back(any_member());
          for (const Member& member : all) next[lower(member.nick)] = member;
          const auto difference = table.replace(all);
          std::vector<std::string> joined, changed, left;
          for (const auto& [key, member] : next) {
            const auto old = model.find(key);
            if (old == model.end())
              joined.push_back(key);
            else if (old->second != member)
              changed.push_back(key);
          }
          for (const auto& [key, member] : model) {
            if (!next.contains(key)) left.push_back(member.nick);
          }
          const auto keys = [](const std::vector<Member>& members) {
            std::vector<std::string> out;
            for (const Member& member : members) out.push_back(lower(member.nick));
            std::sort(out.begin(), out.end());
            return out;
          };
          std::sort(joined.begin(), joined.end());
          std::sort(changed.begin(), changed.end());
          ASSERT_EQ(keys(difference.joined), joined);
          ASSERT_EQ(keys(difference.changed), changed);
          ASSERT_THAT(difference.left, ::testing::UnorderedElementsAreArray(left));
          model = next;
        } else if (what < 98 && below(20) == 0) {
          table.clear();
          model.clear();
        }
        ASSERT_EQ(table.size(), model.size());
        const std::string nick = any_nick();
        const auto expected = model.find(lower(nick));
        const auto found = table.find(nick);
        ASSERT_EQ(found.has_value(), expected != model.end());
        if (found) {
          ASSERT_EQ(*found, expected->second);
        }
        if (step % 500 == 0) {
          Naive seen;
          table.for_each(
              [&](const Member& member) { ASSERT_TRUE(seen.emplace(lower(member.nick), member).second); });
          ASSERT_EQ(seen, model);
        }
      }
    }
    ASSERT_EQ(Atom::living(), atoms);
  }
}

TEST(MemberTable, APictureIsKeptAndAnotherIsAChange) {
  MemberTable table(lower);
  Member ann = named("ann");
  ann.avatar = "0123abcd";
  table.replace({ann, named("ben")});
  EXPECT_EQ(table.find("ann")->avatar, "0123abcd");
  ann.avatar = "ef";
  const MemberTable::Difference difference = table.replace({ann, named("ben")});
  ASSERT_EQ(difference.changed.size(), 1U);
  EXPECT_EQ(difference.changed.front().avatar, "ef");
  EXPECT_EQ(table.find("ann"), ann);
}

}  // namespace
}  // namespace dragoman
