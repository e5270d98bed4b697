#include "component/mentions.hpp"

#include <gtest/gtest.h>

#include "component/content.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

const Jid room{"#room%x.org", "gw.example", ""};

std::string rendered(const Content& content, std::string_view in = "#room%x.org@gw.example") {
  std::string out;
  XmlWriter w(out);
  render::content(w, content, true, in);
  return out;
}
Message read(const std::string& children) {
  const auto stanza =
      test::stanza("<message from='j@capulet.lit/b' to='#room%x.org@gw.example' id='m1' type='groupchat'>" +
                   children + "</message>");
  const std::optional<Content> content = parse::content(stanza);
  EXPECT_TRUE(content && std::holds_alternative<Message>(*content)) << children;
  return content ? std::get<Message>(*content) : Message{};
}
std::string reference(const std::string& uri, int begin, int end) {
  return "<reference xmlns='urn:xmpp:reference:0' type='mention' uri='" + uri + "' begin='" +
         std::to_string(begin) + "' end='" + std::to_string(end) + "'/>";
}

TEST(Mentions, AnOccupantIsAUri) {
  const std::string uri = mentions::uri_of("#room%x.org@gw.example", "Änn / 50% #1");
  EXPECT_EQ(uri, "xmpp:%23room%25x.org@gw.example/%C3%84nn%20%2F%2050%25%20%231");
  EXPECT_EQ(mentions::nick_in(uri, room), "Änn / 50% #1");
  EXPECT_EQ(mentions::nick_in("xmpp:%23room%25x.org@gw.example", room), "");
}

TEST(Mentions, WhatIsNoOccupantOfTheRoomIsNoNick) {
  for (const char* uri :
       {"", "xmpp:", "https://x/", "xmpp:other@gw.example/a", "xmpp:%23room%25x.org@else.example/a",
        "xmpp://a@b/%23room%25x.org@gw.example/a", "xmpp:%", "xmpp:%00@x/y"})
    EXPECT_FALSE(mentions::nick_in(uri, room)) << uri;
}

TEST(Mentions, AreReadFromReferences) {
  const Message m =
      read("<body>hé *Ann*, look</body>" + reference("xmpp:%23room%25x.org@gw.example/ann", 4, 7));
  EXPECT_EQ(m.text, Text("hé Ann, look", {{4, 7, Style::bold, ""}, {4, 7, Style::mention, "ann"}}))
      << m.text.spans.size();
}

TEST(Mentions, TheSecondOfTheSameNameIsTheSecond) {
  const Message m =
      read("<body>Ann or *Ann*</body>" + reference("xmpp:%23room%25x.org@gw.example/Ann", 8, 11));
  ASSERT_FALSE(m.text.spans.empty());
  EXPECT_EQ(m.text.spans.front().begin, 7U);
}

TEST(Mentions, CountTheWholeBodyAndNotWhatIsCutFromIt) {
  const Message m = read(
      "<body>&gt; Ann: x\nAnn yes</body><reply xmlns='urn:xmpp:reply:0' id='o'/>"
      "<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='9'/></fallback>" +
      reference("xmpp:%23room%25x.org@gw.example/Ann", 9, 12) +
      reference("xmpp:%23room%25x.org@gw.example/Ann", 2, 5));
  EXPECT_EQ(m.text, Text("Ann yes", {{0, 3, Style::mention, "Ann"}}));
}

TEST(Mentions, OfSomebodyByAnAddressOfTheirOwnGoByWhatIsWritten) {
  EXPECT_EQ(read("<body>ask @ben</body>" + reference("xmpp:ben@capulet.lit", 4, 8)).text,
            Text("ask @ben", {{4, 8, Style::mention, "ben"}}));
  EXPECT_EQ(read("<body>all: hi</body>" + reference("xmpp:%23room%25x.org@gw.example", 0, 3)).text,
            Text("all: hi", {{0, 3, Style::mention, ""}}));
}

TEST(Mentions, HostileReferencesAreLeftOut) {
  std::string many = "<body>abc</body>";
  for (int i = 0; i < 2000; ++i) many += reference("xmpp:x@y", 0, 3);
  EXPECT_LE(read(many).text.spans.size(), 64U);
  for (const auto& [begin, end] : std::vector<std::pair<int, int>>{{3, 3}, {5, 2}, {-1, 2}, {90, 99}})
    EXPECT_TRUE(read("<body>abc</body>" + reference("xmpp:x@y", begin, end)).text.spans.empty());
}

TEST(Mentions, AreWrittenAsReferences) {
  Message m;
  m.text = Text("é Ann Ann", {{3, 6, Style::bold, ""}, {7, 10, Style::mention, "Änn"}});
  const std::string xml = rendered(m);
  EXPECT_NE(xml.find("<body>é *Ann* Ann</body>"), xml.npos) << xml;
  EXPECT_NE(xml.find("<reference xmlns='urn:xmpp:reference:0' type='mention' begin='8' end='11' "
                     "uri='xmpp:%23room%25x.org@gw.example/%C3%84nn'/>"),
            xml.npos)
      << xml;
  EXPECT_EQ(rendered(m, "").find("<reference"), xml.npos) << "nobody is named where no room is known";
}

TEST(Mentions, ThereAndBack) {
  Message m;
  m.text = Text("Ann, *x* and Bob", {{0, 3, Style::mention, "Ann"}, {13, 16, Style::mention, "Bob"}});
  m.quote = Quote{MessageId{"q"}, "Bob", "Ann, Bob"};
  EXPECT_EQ(read(rendered(m)).text, m.text) << rendered(m);
}

TEST(Mentions, AMentionAloneIsNoFormatting) {
  Message m;
  m.text = Text("Ann: hi", {{0, 3, Style::mention, "Ann"}});
  EXPECT_EQ(rendered(m).find("xhtml"), std::string::npos);
}

TEST(Mentions, PeopleAreFoundByTheirNicks) {
  MemberTable members;
  for (const char* nick : {"Ann", "Ann Lee", "bob", "o:o"}) members.put({.nick = nick});
  const auto found = [&](const char* plain) {
    Text text(plain);
    mentions::find(text, members);
    std::string out;
    for (const Span& s : text.spans)
      out += text.plain.substr(s.begin, s.end - s.begin) + "=" + s.detail + ";";
    return out;
  };
  EXPECT_EQ(found("Ann: hi"), "Ann=Ann;");
  EXPECT_EQ(found("Ann Lee, hi"), "Ann Lee=Ann Lee;");
  EXPECT_EQ(found("o:o: hi"), "o:o=o:o;");
  EXPECT_EQ(found("hi @Ann Lee and @bob!"), "@Ann Lee=Ann Lee;@bob=bob;");
  EXPECT_EQ(found("@bob: @bobby bob@bob x@bob (@bob)"), "@bob=bob;@bob=bob;");
  EXPECT_EQ(found("Ann said so"), "");
  EXPECT_EQ(found("Anna: hi"), "");
  EXPECT_EQ(found("x\nAnn: hi"), "");
  EXPECT_EQ(found(""), "");
  Text known("Ann: @bob", {{0, 3, Style::mention, "x"}});
  mentions::find(known, members);
  EXPECT_EQ(known.spans.size(), 1U) << "who names people by references knows best";
}

}  // namespace
}  // namespace dragoman
