#include <gtest/gtest.h>

#include "component/content.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

std::string rendered(const Content& content, bool is_group = false) {
  std::string out;
  XmlWriter w(out);
  render::content(w, content, is_group);
  return out;
}
Message message(Text text, MessageKind kind = MessageKind::normal) {
  Message m;
  m.text = std::move(text);
  m.kind = kind;
  return m;
}
std::optional<Content> there_and_back(const Content& content) {
  return parse::content(test::message(rendered(content, true), "groupchat"));
}

TEST(Render, WritesBodies) {
  EXPECT_EQ(rendered(message("a < b")), "<body>a &lt; b</body>");
  EXPECT_EQ(rendered(message("waves", MessageKind::action)), "<body>/me waves</body>");
  EXPECT_EQ(rendered(message("hi", MessageKind::notice), true), "<body>[notice] hi</body>");
  EXPECT_EQ(rendered(message("hi", MessageKind::notice), false), "<body>hi</body>");
}

TEST(Render, WritesFormattingTwice) {
  EXPECT_EQ(rendered(message({"a b", {{2, 3, Style::bold, {}}}})),
            "<body>a *b*</body><html xmlns='http://jabber.org/protocol/xhtml-im'><body "
            "xmlns='http://www.w3.org/1999/xhtml'>a <strong>b</strong></body></html>");
}

TEST(Render, WritesRoundTrips) {
  Message all = message({"text *", {{0, 4, Style::bold, {}}}});
  all.text = Text("text");
  all.thread = "t";
  all.quote = Quote{MessageId("q"), "Änn", "what she said\nin two lines"};
  Message files = message("look");
  files.attachments = {{"https://x/1.png", "1.png", "image/png", 12, "one"},
                       {"https://x/2", "", "", std::nullopt, ""}};
  Message file = message("");
  file.attachments = {{"https://x/1.png", "1.png", "image/png", 12, ""}};
  Message edited = message("better");
  for (const Content& content :
       std::vector<Content>{message("plain"), message({"a b", {{0, 1, Style::italic, {}}}}),
                            message("runs", MessageKind::action), files, file, Edit{MessageId("e"), edited},
                            Retraction{MessageId("r"), "", false}, Retraction{MessageId("r"), "spam", true},
                            Reactions{MessageId("m"), {"👍", "🎉"}}, Reactions{MessageId("m"), {}},
                            Typing{TypingState::composing}, ReadMark{MessageId("1"), true},
                            ReadMark{MessageId("1"), false}, Subject{Text("s & t")}, Subject{Text()}}) {
    const std::optional<Content> back = there_and_back(content);
    ASSERT_TRUE(back) << rendered(content);
    EXPECT_TRUE(*back == content) << rendered(content);
  }
  const std::optional<Content> back = there_and_back(all);
  ASSERT_TRUE(back);
  const Message& read = std::get<Message>(*back);
  EXPECT_EQ(read.text, all.text);
  EXPECT_EQ(read.quote->message, MessageId("q"));
  EXPECT_EQ(read.quote->text, "Änn: what she said\nin two lines");
}

TEST(Render, SaysAReplyToThoseWhoKnowNone) {
  Message m = message("yes");
  m.quote = Quote{MessageId("q"), "Änn", "go?"};
  EXPECT_EQ(rendered(m),
            "<body>&gt; Änn: go?\nyes</body><reply xmlns='urn:xmpp:reply:0' id='q'/><fallback "
            "xmlns='urn:xmpp:fallback:0' "
            "for='urn:xmpp:reply:0'><body start='0' end='11'/></fallback>");
}

TEST(Render, TellsOneFileSoThatEveryClientShowsIt) {
  Message m;
  m.attachments = {{"https://x/1", "", "", std::nullopt, ""}};
  const std::string xml = rendered(m);
  EXPECT_EQ(xml.rfind("<body>https://x/1</body>", 0), 0u);
  EXPECT_NE(xml.find("<x xmlns='jabber:x:oob'><url>https://x/1</url></x>"), std::string::npos);
}

TEST(Render, WritesEveryTypingState) {
  for (TypingState s : {TypingState::active, TypingState::composing, TypingState::paused,
                        TypingState::inactive, TypingState::gone})
    EXPECT_TRUE(there_and_back(Typing{s}) == std::optional<Content>(Typing{s}));
}

TEST(Render, EscapesWhatComesFromOutside) {
  const std::string evil = "'/><x>&\"";
  Message m = message(evil);
  m.thread = evil;
  m.quote = Quote{MessageId(evil), evil, evil};
  m.attachments = {{evil, evil, evil, 1, evil}};
  for (const Content& content : std::vector<Content>{
           m, Edit{MessageId(evil), m}, Retraction{MessageId(evil), evil, true},
           Reactions{MessageId(evil), {evil}}, ReadMark{MessageId(evil), true}, Subject{Text(evil)}})
    for (const Element& child : test::element("<message>" + rendered(content) + "</message>").children)
      EXPECT_NE(child.name, "x" + std::string(child.ns == ns::oob ? "!" : "")) << rendered(content);
}

TEST(Render, SaysOfAFileWhatIsKnown) {
  Message m;
  m.attachments = {{.url = "https://x/a.mp4",
                    .name = "a.mp4",
                    .media_type = "video/mp4",
                    .size = 9,
                    .width = 640,
                    .height = 480,
                    .length = 63000,
                    .thumbnail = "https://x/t.png"}};
  EXPECT_TRUE(there_and_back(m) == std::optional<Content>(m)) << rendered(m);
  m.attachments.front().sticker = true;
  EXPECT_TRUE(there_and_back(m) == std::optional<Content>(m)) << rendered(m);
}

TEST(Render, SaysThatATextIsNotStyledWhereItLooksSo) {
  const std::string unstyled = "<unstyled xmlns='urn:xmpp:styling:0'/>";
  for (const char* plain : {"a *b* c", "> no quote", "```\nx\n```", "_a_"}) {
    EXPECT_NE(rendered(message(plain)).find(unstyled), std::string::npos) << plain;
    EXPECT_TRUE(there_and_back(message(plain)) == std::optional<Content>(message(plain))) << plain;
  }
  for (const char* plain : {"a * b", "2*3", "plain", "snake_case_name", "~"})
    EXPECT_EQ(rendered(message(plain)).find(unstyled), std::string::npos) << plain;
  EXPECT_EQ(rendered(message({"a b", {{2, 3, Style::bold, {}}}})).find(unstyled), std::string::npos);
}

TEST(Render, NamesWhomAReplyAnswersInARoom) {
  Message m = message("yes");
  m.quote = Quote{MessageId("q"), "Änn", "go?"};
  std::string out;
  XmlWriter w(out);
  render::content(w, m, true, "room@gw");
  EXPECT_NE(out.find("<reply xmlns='urn:xmpp:reply:0' id='q' to='room@gw/Änn'/>"), out.npos) << out;
}

TEST(Render, HidesASpoilerWhole) {
  const Message m = message({"they die", {{0, 8, Style::spoiler, "the end"}}});
  EXPECT_NE(rendered(m).find("<spoiler xmlns='urn:xmpp:spoiler:0'>the end</spoiler>"), std::string::npos);
  EXPECT_TRUE(there_and_back(m) == std::optional<Content>(m)) << rendered(m);
}

}  // namespace
}  // namespace dragoman
