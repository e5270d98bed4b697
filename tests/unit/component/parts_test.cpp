#include <gtest/gtest.h>

#include "component/content.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

Message with_files(std::string text, std::vector<std::string> urls) {
  Message m;
  m.text = Text(std::move(text));
  for (std::string& url : urls) m.attachments.push_back({.url = std::move(url)});
  return m;
}

TEST(Parts, WhatIsOneStanzaStaysOne) {
  for (const Content& content :
       std::vector<Content>{with_files("hi", {}), with_files("", {"https://x/1"}),
                            Reactions{MessageId{"m"}, {"x"}}, Edit{MessageId{"m"}, with_files("hi", {})},
                            Edit{MessageId{"m"}, with_files("", {"https://x/1"})}, Typing{}}) {
    const std::vector<Content> parts = for_xmpp(content);
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_TRUE(parts.front() == content);
  }
}

TEST(Parts, FilesComeEachAloneAndThenTheText) {
  Message m = with_files("look", {"https://x/1", "https://x/2"});
  m.quote = Quote{MessageId{"q"}, "Ann", "?"};
  m.thread = "t";
  const std::vector<Content> parts = for_xmpp(m);
  ASSERT_EQ(parts.size(), 3U);
  const auto& first = std::get<Message>(parts[0]);
  EXPECT_EQ(first.attachments.front().url, "https://x/1");
  EXPECT_TRUE(first.text.empty());
  EXPECT_EQ(first.quote, m.quote) << "what it answers is said once, at the beginning";
  EXPECT_EQ(std::get<Message>(parts[1]).attachments.front().url, "https://x/2");
  const auto& last = std::get<Message>(parts[2]);
  EXPECT_EQ(last.text, m.text);
  EXPECT_TRUE(last.attachments.empty());
  EXPECT_FALSE(last.quote);
  for (const Content& part : parts) EXPECT_EQ(std::get<Message>(part).thread, "t");
}

TEST(Parts, ACorrectionGoesToThePartsOfTheFirst) {
  const std::vector<Content> parts = for_xmpp(Edit{MessageId{"$m"}, with_files("look", {"https://x/1"})});
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(std::get<Edit>(parts[0]).target, MessageId{"$m"});
  EXPECT_EQ(std::get<Edit>(parts[1]).target, MessageId{"$m#1"});
}

TEST(Parts, APartLeadsToTheWhole) {
  EXPECT_EQ(part_id(MessageId{"$m"}, 0), MessageId{"$m"});
  EXPECT_EQ(whole_id(part_id(MessageId{"$m"}, 12)), MessageId{"$m"});
  for (const char* id : {"", "m", "#1", "m#", "m#0", "m#01", "m#x", "m#100", "m#-1", "m#1x"})
    EXPECT_EQ(whole_id(MessageId{id}), MessageId{id}) << id;
}

TEST(Parts, EachReadsAsItself) {
  for (const Content& part : for_xmpp(with_files("*look*", {"https://x/1", "https://x/2"}))) {
    std::string out;
    XmlWriter w(out);
    render::content(w, part, true);
    const std::optional<Content> back = parse::content(test::message(out, "groupchat"));
    ASSERT_TRUE(back) << out;
    EXPECT_TRUE(*back == part) << out;
  }
}

}  // namespace
}  // namespace dragoman
