#include "component/rsm.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace dragoman {
namespace {

std::optional<rsm::Request> read(const std::string& children) {
  return rsm::parse(test::element("<set xmlns='http://jabber.org/protocol/rsm'>" + children + "</set>"));
}

TEST(Rsm, ReadsRequests) {
  const auto r = read("<max>10</max><after>id1</after>");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->max, 10u);
  EXPECT_EQ(r->after, "id1");
  EXPECT_FALSE(r->before);
  EXPECT_EQ(read("<before/>")->before, "") << "the last page";
  EXPECT_FALSE(read("<after/>")->after) << "behind nothing";
  EXPECT_EQ(read("<max>0</max>")->max, 0u);
  EXPECT_EQ(read("<index>371</index>")->index, 371u);
  EXPECT_FALSE(read("")->max);
}

TEST(Rsm, RefusesNonsense) {
  for (const char* xml :
       {"<max>ten</max>", "<max/>", "<max>-1</max>", "<max>1 </max>", "<max>99999999999999999999999</max>",
        "<index>x</index>", "<before>1</before><after>2</after>"})
    EXPECT_FALSE(read(xml)) << xml;
}

TEST(Rsm, WritesPages) {
  std::string out;
  XmlWriter w(out);
  rsm::write(w, {"a", "b", 5, 800});
  EXPECT_EQ(out,
            "<set xmlns='http://jabber.org/protocol/rsm'><first "
            "index='5'>a</first><last>b</last><count>800</count></set>");
  out.clear();
  XmlWriter empty(out);
  rsm::write(empty, {"", "", std::nullopt, 0});
  EXPECT_EQ(out, "<set xmlns='http://jabber.org/protocol/rsm'><count>0</count></set>");
}

}  // namespace
}  // namespace dragoman
