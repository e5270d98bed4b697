#include "component/stanza.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace dragoman {
namespace {

TEST(Stanza, ReadsKindAddressesIdAndType) {
  const Stanza s = test::stanza(
      "<presence from='A@B.c/D' to='#x%y@irc.localhost' id='7' type='unavailable'><x xmlns='u'/></presence>");
  EXPECT_EQ(s.kind, StanzaKind::presence);
  EXPECT_EQ(s.from.str(), "a@b.c/D");
  EXPECT_EQ(s.to.local, "#x%y");
  EXPECT_EQ(s.id, "7");
  EXPECT_EQ(s.type, "unavailable");
  EXPECT_NE(s.child("x", "u"), nullptr);
  EXPECT_EQ(test::stanza("<iq from='a@b' to='c'/>").kind, StanzaKind::iq);
  EXPECT_EQ(test::stanza("<message from='a@b' to='c'/>").type, "");
}

TEST(Stanza, SaysWhyItIsNone) {
  for (const auto& [xml, words] : std::vector<std::pair<std::string, std::string>>{
           {"<message to='c'/>", "no 'from' address"},
           {"<message from='a@b'/>", "no 'to' address"},
           {"<message from='@' to='c'/>", "a 'from' address that is no JID"},
           {"<message from='a@b' to='a@b@@'/>", "a 'to' address that is no JID"},
           {"<route from='a@b' to='c'/>", "neither message, presence nor iq"},
           {"<message xmlns='jabber:other' from='a@b' to='c'/>", "not of the component's namespace"}}) {
    std::string why;
    Element e = test::element(xml);
    EXPECT_FALSE(Stanza::from_element(std::move(e), why)) << xml;
    EXPECT_EQ(why, words);
    EXPECT_FALSE(e.name.empty()) << "what is refused is left as it was";
  }
}

}  // namespace
}  // namespace dragoman
