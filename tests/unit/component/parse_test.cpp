#include <gtest/gtest.h>

#include "component/content.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

using test::message;

std::optional<Content> read(const std::string& children, const std::string& type = "chat") {
  return parse::content(message(children, type));
}
template <class Kind>
Kind as(const std::optional<Content>& content) {
  EXPECT_TRUE(content && std::holds_alternative<Kind>(*content));
  return content && std::holds_alternative<Kind>(*content) ? std::get<Kind>(*content) : Kind();
}
std::string text_of(const std::string& children) { return as<Message>(read(children)).text.plain; }

std::string fallback(const std::string& what, const std::string& regions) {
  return "<fallback xmlns='urn:xmpp:fallback:0' for='" + what + "'>" + regions + "</fallback>";
}
const std::string reply = "<reply xmlns='urn:xmpp:reply:0' id='orig' to='room@irc.localhost/Anna'/>";

TEST(Parse, ReadsABody) {
  const Message m = as<Message>(read("<body>hello *there*</body><thread>t1</thread>"));
  EXPECT_EQ(m.text, Text("hello there", {{6, 11, Style::bold, {}}}));
  EXPECT_EQ(m.kind, MessageKind::normal);
  EXPECT_EQ(m.thread, "t1");
  EXPECT_FALSE(m.quote);
}

TEST(Parse, ReadsNothingWhereNothingIsSaid) {
  for (const char* xml :
       {"", "<body/>", "<body>  \n </body>", "<no-store xmlns='urn:xmpp:hints'/>", "<x xmlns='urn:any'/>",
        "<request xmlns='urn:xmpp:receipts'/>", "<nonsense xmlns='http://jabber.org/protocol/chatstates'/>"})
    EXPECT_FALSE(read(xml)) << xml;
  EXPECT_FALSE(read("<body>bounced</body>", "error"));
}

TEST(Parse, LeavesUnstyledTextAlone) {
  const Message m = as<Message>(read("<body>&gt; _ &lt; *a*</body><unstyled xmlns='urn:xmpp:styling:0'/>"));
  EXPECT_EQ(m.text, Text("> _ < *a*"));
}

TEST(Parse, ReadsActions) {
  const Message m = as<Message>(read("<body>/me waves *hard*</body>"));
  EXPECT_EQ(m.kind, MessageKind::action);
  EXPECT_EQ(m.text.plain, "waves hard");
  for (const char* body : {"/mean it", " /me no", "/ME x", "/me"})
    EXPECT_EQ(as<Message>(read("<body>" + std::string(body) + "</body>")).kind, MessageKind::normal) << body;
}

TEST(Parse, MakesLineEndsOne) { EXPECT_EQ(text_of("<body>a&#13;\nb&#13;c</body>"), "a\nb\nc"); }

TEST(Parse, ReadsAReplyAndCutsItsFallback) {
  const Message m =
      as<Message>(read("<body>&gt; Anna wrote:\n&gt; We should bake a cake\nGreat idea!</body>" + reply +
                           fallback("urn:xmpp:reply:0", "<body start='0' end='38'/>"),
                       "groupchat"));
  EXPECT_EQ(m.text, Text("Great idea!"));
  EXPECT_EQ(m.quote, (Quote{MessageId("orig"), "Anna", "We should bake a cake"}));
}

TEST(Parse, TakesTheAuthorOfARoomFromTheReplyAndOfAChatFromTheText) {
  EXPECT_EQ(as<Message>(read("<body>x</body>" + reply, "groupchat")).quote->author, "Anna");
  EXPECT_EQ(as<Message>(read("<body>x</body>" + reply, "chat")).quote->author, "") << "a resource is no name";
  EXPECT_EQ(as<Message>(read("<body>&gt; Ben wrote:\n&gt; y\nx</body>" + reply +
                             fallback("urn:xmpp:reply:0", "<body start='0' end='17'/>")))
                .quote->author,
            "Ben");
}

TEST(Parse, CountsFallbackInCodePoints) {
  // "> 👍 ä\n" is six code points and eleven bytes.
  const Message m = as<Message>(read("<body>&gt; 👍 ä\nöl 日本</body>" + reply +
                                     fallback("urn:xmpp:reply:0", "<body start='0' end='6'/>")));
  EXPECT_EQ(m.text.plain, "öl 日本");
  EXPECT_EQ(m.quote->text, "👍 ä");
}

TEST(Parse, IsSafeFromHostileFallbackRanges) {
  const std::string body = "<body>äbcdef</body>";
  const auto cut = [&](const std::string& regions) {
    return text_of(body + reply + fallback("urn:xmpp:reply:0", regions));
  };
  EXPECT_EQ(cut("<body start='1' end='2'/><body start='3' end='4'/>"), "äcef");
  EXPECT_EQ(cut("<body start='3' end='5'/><body start='1' end='4'/>"), "äf") << "overlapping, in no order";
  EXPECT_EQ(cut("<body start='5' end='99999999999'/>"), "äbcde");
  for (const char* bad :
       {"<body start='4' end='2'/>", "<body start='2' end='2'/>", "<body start='-1' end='2'/>",
        "<body start='x' end='2'/>", "<body start='99' end='100'/>", "<body start='' end=''/>",
        "<body start='18446744073709551616' end='18446744073709551617'/>", "<subject start='0' end='3'/>",
        "<body xmlns='urn:other' start='0' end='3'/>"})
    EXPECT_EQ(cut(bad), "äbcdef") << bad;
  EXPECT_EQ(cut("<body start='0' end='18446744073709551615'/>"), "äbcdef") << "better said twice than lost";
  EXPECT_EQ(cut(""), "äbcdef");
  EXPECT_EQ(cut("<body/>"), "äbcdef");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "<body start='1' end='2'/>";
  EXPECT_EQ(cut(many), "äcdef");
}

TEST(Parse, KeepsFallbackForWhatIsNotThere) {
  EXPECT_EQ(text_of("<body>abc</body>" + fallback("urn:xmpp:reply:0", "<body start='0' end='2'/>")), "abc");
  EXPECT_EQ(text_of("<body>abc</body>" + fallback("urn:unknown", "<body/>")), "abc");
  EXPECT_EQ(text_of("<body>abc</body>" + fallback("urn:xmpp:sfs:0", "<body/>")), "abc");
  EXPECT_FALSE(as<Message>(read("<body>a</body><reply xmlns='urn:xmpp:reply:0'/>")).quote)
      << "a reply to nothing";
}

TEST(Parse, ReadsFiles) {
  const std::string sharing =
      "<file-sharing xmlns='urn:xmpp:sfs:0'><file "
      "xmlns='urn:xmpp:file:metadata:0'><media-type>image/jpeg</media-type>"
      "<name>../dir\\summit.jpg</name><size>3032449</size><desc>Photo</desc></file><sources>"
      "<url-data xmlns='http://jabber.org/protocol/url-data' "
      "target='https://x.lit/s.jpg'/></sources></file-sharing>";
  const Attachment file{"https://x.lit/s.jpg", "summit.jpg", "image/jpeg", 3032449, "Photo"};
  const std::string oob = "<x xmlns='jabber:x:oob'><url>https://x.lit/s.jpg</url></x>";
  for (const std::string& xml :
       {sharing, sharing + "<body>https://x.lit/s.jpg</body>" + oob,
        sharing + "<body>see it there</body>" + oob + fallback("urn:xmpp:sfs:0", "<body/>")}) {
    const Message m = as<Message>(read(xml));
    EXPECT_EQ(m.text.plain, "") << xml;
    EXPECT_EQ(m.attachments, std::vector{file}) << xml;
  }
  const Message with_text = as<Message>(read("<body>look:</body>" + sharing));
  EXPECT_EQ(with_text.text.plain, "look:");
  EXPECT_EQ(with_text.attachments.size(), 1u);
}

TEST(Parse, ReadsOutOfBandLinks) {
  const Message m =
      as<Message>(read("<body> https://a/b </body><x xmlns='jabber:x:oob'><url>https://a/b</url></x>"));
  EXPECT_EQ(m.text.plain, "");
  EXPECT_EQ(m.attachments.at(0).url, "https://a/b");
  EXPECT_FALSE(read("<x xmlns='jabber:x:oob'><url> </url></x>"));
  std::string many;
  for (int i = 0; i < 100; ++i) many += "<x xmlns='jabber:x:oob'><url>u" + std::to_string(i) + "</url></x>";
  EXPECT_LE(as<Message>(read(many)).attachments.size(), 16u);
  EXPECT_EQ(as<Message>(read("<x xmlns='jabber:x:oob'><url>a\nb</url></x>")).attachments.at(0).url.find('\n'),
            std::string::npos);
}

TEST(Parse, ReadsCorrections) {
  const Edit e = as<Edit>(read("<body>fixed</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>"));
  EXPECT_EQ(e.target, MessageId("m0"));
  EXPECT_EQ(e.message.text.plain, "fixed");
  EXPECT_EQ(as<Message>(read("<body>x</body><replace xmlns='urn:xmpp:message-correct:0'/>")).text.plain, "x");
  EXPECT_EQ(as<Edit>(read("<body>* fixed</body><replace xmlns='urn:xmpp:message-correct:0' id='m0'/>" +
                          fallback("urn:xmpp:message-correct:0", "<body start='0' end='2'/>")))
                .message.text.plain,
            "fixed");
}

TEST(Parse, ReadsRetractionsAndIgnoresTheirFallback) {
  const std::string body = "<body>/me retracted a previous message</body>";
  EXPECT_EQ(as<Retraction>(read("<retract xmlns='urn:xmpp:message-retract:1' id='w'/>" + body)),
            (Retraction{MessageId("w"), "", false}));
  EXPECT_EQ(as<Retraction>(read(
                "<retract xmlns='urn:xmpp:message-retract:1' id='w'><moderated "
                "xmlns='urn:xmpp:message-moderate:1' by='r@x/mod'/><reason>spam\nspam</reason></retract>")),
            (Retraction{MessageId("w"), "spam spam", true}));
  EXPECT_FALSE(read("<retract xmlns='urn:xmpp:message-retract:1'/>" + body));
}

TEST(Parse, ReadsReactions) {
  const Reactions r = as<Reactions>(
      read("<reactions xmlns='urn:xmpp:reactions:0' id='m'><reaction>👋</reaction><reaction>🐢</reaction>"
           "<reaction> 👋 </reaction><reaction/><other>x</other></reactions><body>👋</body>"));
  EXPECT_EQ(r.target, MessageId("m"));
  EXPECT_EQ(r.emoji, (std::vector<std::string>{"👋", "🐢"}));
  EXPECT_TRUE(as<Reactions>(read("<reactions xmlns='urn:xmpp:reactions:0' id='m'/>")).emoji.empty());
  EXPECT_FALSE(read("<reactions xmlns='urn:xmpp:reactions:0'><reaction>a</reaction></reactions>"));
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "<reaction>" + std::to_string(i) + "</reaction>";
  EXPECT_LE(as<Reactions>(read("<reactions xmlns='urn:xmpp:reactions:0' id='m'>" + many + "</reactions>"))
                .emoji.size(),
            64u);
}

TEST(Parse, ReadsTypingAloneOnly) {
  const auto state = [](const std::string& name) {
    return as<Typing>(read("<" + name + " xmlns='http://jabber.org/protocol/chatstates'/>")).state;
  };
  EXPECT_EQ(state("active"), TypingState::active);
  EXPECT_EQ(state("composing"), TypingState::composing);
  EXPECT_EQ(state("paused"), TypingState::paused);
  EXPECT_EQ(state("inactive"), TypingState::inactive);
  EXPECT_EQ(state("gone"), TypingState::gone);
  EXPECT_EQ(text_of("<body>a</body><active xmlns='http://jabber.org/protocol/chatstates'/>"), "a");
}

TEST(Parse, ReadsMarks) {
  EXPECT_EQ(as<ReadMark>(read("<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>")),
            (ReadMark{MessageId("1"), true}));
  EXPECT_EQ(as<ReadMark>(read("<received xmlns='urn:xmpp:receipts' id='1'/>")),
            (ReadMark{MessageId("1"), false}));
  EXPECT_EQ(as<ReadMark>(read("<received xmlns='urn:xmpp:chat-markers:0' id='1'/>")),
            (ReadMark{MessageId("1"), false}));
  EXPECT_FALSE(read("<displayed xmlns='urn:xmpp:chat-markers:0'/>"));
}

TEST(Parse, ReadsSubjects) {
  EXPECT_EQ(as<Subject>(read("<subject>new *topic*</subject>", "groupchat")).text, Text("new *topic*"));
  EXPECT_EQ(as<Subject>(read("<subject/>", "groupchat")).text, Text());
  EXPECT_EQ(text_of("<subject>s</subject><body>b</body>"), "b");
  for (const char* type : {"chat", "normal", "groupchat"}) {
    const Message letter = as<Message>(read("<subject>a&#10;letter</subject><body>*b*</body>", type));
    EXPECT_EQ(letter.text, Text("b", {{0, 1, Style::bold, {}}})) << type;
    EXPECT_EQ(letter.subject, "a letter") << type;
  }
}

TEST(Parse, ReadsAllThatIsSaidOfAFile) {
  const Message m = as<Message>(
      read("<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><name>a.mp4</name>"
           "<width>640</width><height>480</height><length>63000</length>"
           "<thumbnail xmlns='urn:xmpp:thumbs:1' uri='cid:sha1+x@bob.xmpp.org'/>"
           "<thumbnail xmlns='urn:xmpp:thumbs:1' uri='https://x/t.png'/></file><sources>"
           "<url-data xmlns='http://jabber.org/protocol/url-data' target='https://x/a.mp4'/></sources>"
           "</file-sharing><sticker xmlns='urn:xmpp:stickers:0'/>"));
  ASSERT_EQ(m.attachments.size(), 1u);
  const Attachment& file = m.attachments.front();
  EXPECT_EQ(file.width, 640U);
  EXPECT_EQ(file.height, 480U);
  EXPECT_EQ(file.length, 63000U);
  EXPECT_EQ(file.thumbnail, "https://x/t.png") << "one that can be fetched";
  EXPECT_TRUE(file.sticker);
}

TEST(Parse, LeavesOutMeasuresThatAreNone) {
  for (const char* bad : {"-1", "0", "x", "99999999999999999999", "1000001", ""}) {
    const Message m = as<Message>(read(
        "<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:xmpp:file:metadata:0'><width>" +
        std::string(bad) + "</width><size>" + (*bad == '0' ? "x" : bad) +
        "x</size></file><sources><url-data xmlns='http://jabber.org/protocol/url-data' target='https://x/a'/>"
        "</sources></file-sharing>"));
    ASSERT_EQ(m.attachments.size(), 1u);
    EXPECT_FALSE(m.attachments.front().width) << bad;
    EXPECT_FALSE(m.attachments.front().size) << bad;
  }
}

TEST(Parse, ReadsMediaSharing) {
  const Message m = as<Message>(read(
      "<body>Look at the view</body><reference xmlns='urn:xmpp:reference:0' begin='0' end='4' type='data'>"
      "<media-sharing xmlns='urn:xmpp:sims:1'><file xmlns='urn:xmpp:jingle:apps:file-transfer:5'>"
      "<media-type>image/jpeg</media-type><name>summit.jpg</name><size>30</size></file><sources>"
      "<reference xmlns='urn:xmpp:reference:0' type='data' uri='xmpp:a@b/c?jingle;id=9'/>"
      "<reference xmlns='urn:xmpp:reference:0' type='data' uri='https://x/s.jpg'/>"
      "</sources></media-sharing></reference>"));
  EXPECT_EQ(m.text.plain, "Look at the view");
  ASSERT_EQ(m.attachments.size(), 1u);
  EXPECT_EQ(m.attachments.front(), (Attachment{"https://x/s.jpg", "summit.jpg", "image/jpeg", 30, ""}));
}

TEST(Parse, ReadsASpoiler) {
  EXPECT_EQ(
      as<Message>(read("<body>they die</body><spoiler xmlns='urn:xmpp:spoiler:0'>the end</spoiler>")).text,
      Text("they die", {{0, 8, Style::spoiler, "the end"}}));
}

}  // namespace
}  // namespace dragoman
