#include "component/identities.hpp"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

Member member(const std::string& nick, const std::string& address = {}, const std::string& account = {}) {
  return {.nick = nick, .address = address, .account = account};
}

TEST(Identities, WhoTakesAFreedNickIsSomebodyElse) {
  Identities ids;
  const std::string first = ids.of(member("romeo", "r@verona"));
  ids.left(member("romeo", "r@verona"));
  ids.entered(member("romeo", "t@mantua"));
  EXPECT_NE(ids.of(member("romeo", "t@mantua")), first);
  ids.left(member("romeo", "t@mantua"));
  ids.entered(member("romeo", "r@verona"));
  EXPECT_EQ(ids.of(member("romeo", "r@verona")), first) << "whoever comes back is the same";
}

TEST(Identities, OneWhoseAddressIsUnknownGivesItsIdToNobody) {
  Identities ids;
  const std::string first = ids.of(member("romeo"));
  ids.left(member("romeo"));
  ids.entered(member("romeo"));
  const std::string second = ids.of(member("romeo"));
  EXPECT_NE(second, first);
  ids.left(member("romeo"));
  ids.entered(member("romeo"));
  EXPECT_NE(ids.of(member("romeo")), first);
  EXPECT_NE(ids.of(member("romeo")), second);
}

TEST(Identities, ARenamedMemberKeepsItsIdAndTheNextOfThatNickHasAnother) {
  Identities ids;
  const std::string first = ids.of(member("romeo", "r@verona"));
  ids.renamed(member("romeo", "r@verona"), "montague");
  EXPECT_EQ(ids.of(member("montague", "r@verona")), first);
  ids.entered(member("romeo", "r@verona"));  // a clone: the first is still here
  EXPECT_NE(ids.of(member("romeo", "r@verona")), first);
  ids.renamed(member("montague", "r@verona"), "other");
  EXPECT_EQ(ids.of(member("other", "r@verona")), first);
}

TEST(Identities, ThereAndBackTakesNoMemory) {
  Identities ids;
  const std::string first = ids.of(member("romeo", "r@verona"));
  ids.renamed(member("romeo", "r@verona"), "montague");
  ids.renamed(member("montague", "r@verona"), "romeo");
  EXPECT_EQ(ids.of(member("romeo", "r@verona")), first);
  EXPECT_EQ(ids.exceptions(), 0u);
}

TEST(Identities, LoggingInDoesNotChangeTheIdOfAStay) {
  Identities ids;
  const std::string first = ids.of(member("romeo", "r@verona"));
  ids.updated(member("romeo", "r@verona"), member("romeo", "r@verona", "montague"));
  EXPECT_EQ(ids.of(member("romeo", "r@verona", "montague")), first);
  ids.updated(member("romeo", "r@verona", "montague"), member("romeo", "r@verona"));
  EXPECT_EQ(ids.of(member("romeo", "r@verona")), first);
  EXPECT_EQ(ids.exceptions(), 1u);
  ids.left(member("romeo", "r@verona"));
  EXPECT_EQ(ids.exceptions(), 0u);
}

TEST(Identities, AnAccountIsTheSameUnderEveryNick) {
  Identities ids;
  ids.entered(member("romeo", "r@verona", "montague"));
  const std::string first = ids.of(member("romeo", "r@verona", "montague"));
  ids.left(member("romeo", "r@verona", "montague"));
  ids.entered(member("other", "x@mantua", "montague"));
  EXPECT_EQ(ids.of(member("other", "x@mantua", "montague")), first);
}

TEST(Identities, ABigChannelTakesNoMemory) {
  Identities ids;
  for (int i = 0; i < 5000; ++i) ids.entered(member("nick" + std::to_string(i)));
  EXPECT_EQ(ids.exceptions(), 0u);
}

}  // namespace
}  // namespace dragoman
