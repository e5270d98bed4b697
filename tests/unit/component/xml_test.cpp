#include "component/xml.hpp"

#include <gtest/gtest.h>

#include "support.hpp"

namespace dragoman {
namespace {

using test::element;
using test::elements;
using test::stream_header;

struct Seen {
  int opened = 0, closed = 0;
  std::vector<Element> stanzas, refused;
  std::string why;
  Element header;
  XmlStreamParser::Handlers handlers() {
    return {[this](const Element& e) { ++opened, header = e; },
            [this](Element&& e) { stanzas.push_back(std::move(e)); }, [this] { ++closed; },
            [this](Element&& e, const std::string& w) { refused.push_back(std::move(e)), why = w; }};
  }
};

std::string error_of(const std::string& xml, XmlStreamParser::Limits limits = {}) {
  Seen seen;
  XmlStreamParser parser(limits, seen.handlers());
  EXPECT_FALSE(parser.feed(xml)) << xml;
  EXPECT_FALSE(parser.error_text().empty());
  EXPECT_FALSE(parser.feed("<message/>")) << "a broken stream stays broken";
  return parser.error();
}
std::string stream_error_of(const std::string& xml, XmlStreamParser::Limits limits = {}) {
  return error_of(std::string(stream_header) + xml, limits);
}

// ---------------------------------------------------------------------------------------------------- writer

TEST(XmlWriter, WritesElementsAttributesAndText) {
  std::string out;
  XmlWriter w(out);
  w.open("message", "jabber:client").attr("to", "a@b").attr_if("id", "").attr_if("type", "chat");
  w.element("body", "hi").open("x", "y").close().open("z").raw("<r/>").close();
  w.close();
  EXPECT_EQ(out,
            "<message xmlns='jabber:client' to='a@b' type='chat'><body>hi</body><x "
            "xmlns='y'/><z><r/></z></message>");
}

TEST(XmlWriter, AppendsToWhatIsThere) {
  std::string out = "before";
  XmlWriter(out).open("a").text("").raw("").close();
  EXPECT_EQ(out, "before<a/>");
}

TEST(XmlWriter, ClosesLongNamesWhereTheStringMustGrow) {
  for (std::size_t room = 0; room < 64; ++room) {
    std::string out;
    out.reserve(room);
    XmlWriter(out).open("a-rather-long-element-name").text("t").close();
    ASSERT_EQ(out, "<a-rather-long-element-name>t</a-rather-long-element-name>");
  }
}

TEST(XmlEscape, EscapesTheFiveAndKeepsTheRest) {
  EXPECT_EQ(xml_escaped("<a & 'b' \"c\">"), "&lt;a &amp; &apos;b&apos; &quot;c&quot;&gt;");
  EXPECT_EQ(xml_escaped("grüße 👍 日本"), "grüße 👍 日本");
  EXPECT_EQ(xml_escaped("tab\tline\n"), "tab\tline\n");
}

TEST(XmlEscape, LeavesOutWhatXmlForbids) {
  std::string all;
  for (char c = 1; c < 0x20; ++c) all += c;
  all += '\0';
  EXPECT_EQ(xml_escaped(all), "\t\n&#13;");
  EXPECT_EQ(xml_escaped("a\xEF\xBF\xBE"
                        "b\xEF\xBF\xBF"
                        "c"),
            "abc");
  EXPECT_EQ(xml_escaped("\xEF\xBF\xBD"), "\xEF\xBF\xBD");
}

TEST(XmlEscape, TurnsWhatIsNoUtf8IntoReplacementCharacters) {
  EXPECT_EQ(xml_escaped("a\xFF"
                        "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(xml_escaped("\xC3"), "\xEF\xBF\xBD");
  EXPECT_EQ(xml_escaped("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(xml_escaped("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
}

TEST(XmlEscape, KeepsLineEndsAndTabsOfAttributes) {
  std::string out;
  XmlWriter(out).open("a").attr("b", "x\ty\nz'").close();
  EXPECT_EQ(out, "<a b='x&#9;y&#10;z&apos;'/>");
  EXPECT_EQ(element(out).attr_or("b"), "x\ty\nz'");
}

// ---------------------------------------------------------------------------------------------------- parser

TEST(XmlStreamParser, HandsOutHeaderStanzasAndEnd) {
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  ASSERT_TRUE(parser.feed(stream_header));
  EXPECT_EQ(seen.opened, 1);
  EXPECT_EQ(seen.header.name, "stream");
  EXPECT_EQ(seen.header.ns, "http://etherx.jabber.org/streams");
  EXPECT_EQ(seen.header.attr_or("id"), "s1");
  ASSERT_TRUE(parser.feed("<message to='a'><body>one</body></message><presence/>"));
  ASSERT_EQ(seen.stanzas.size(), 2u);
  EXPECT_EQ(seen.stanzas[0].child("body")->text, "one");
  EXPECT_EQ(seen.closed, 0);
  ASSERT_TRUE(parser.feed("</stream:stream>"));
  EXPECT_EQ(seen.closed, 1);
}

TEST(XmlStreamParser, TakesBytesOneByOne) {
  const std::string xml =
      std::string(stream_header) +
      "<message to='ä'><body>a&amp;b &lt;日本&gt; <![CDATA[<raw>]]></body></message> <iq/></stream:stream>";
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  for (const char c : xml) ASSERT_TRUE(parser.feed({&c, 1}));
  ASSERT_EQ(seen.stanzas.size(), 2u);
  EXPECT_EQ(seen.stanzas[0].attr_or("to"), "ä");
  EXPECT_EQ(seen.stanzas[0].child("body")->text, "a&b <日本> <raw>");
  EXPECT_EQ(seen.closed, 1);
}

TEST(XmlStreamParser, ResolvesNamespaces) {
  const Element e =
      element("<message xml:lang='de' xmlns:o='urn:o' o:to='sly'><o:a/><b xmlns='urn:b'><c/></b></message>");
  EXPECT_EQ(e.ns, "jabber:component:accept");
  EXPECT_EQ(e.attr_or("xml:lang"), "de");
  EXPECT_EQ(e.attr("to"), nullptr) << "an attribute of another namespace is not ours";
  EXPECT_EQ(e.attr_or("{urn:o}to"), "sly");
  EXPECT_NE(e.child("a", "urn:o"), nullptr);
  EXPECT_EQ(e.child("a"), nullptr);
  ASSERT_NE(e.child_ns("urn:b"), nullptr);
  EXPECT_NE(e.child_ns("urn:b")->child("c"), nullptr);
  EXPECT_EQ(e.attr_or("none", "fallback"), "fallback");
}

TEST(XmlStreamParser, ReadsTheBodyBetweenMixedContent) {
  const Element e = element("<message>a<x/>b<y>c</y>d</message>");
  EXPECT_EQ(e.text, "abd");
  EXPECT_EQ(e.children.size(), 2u);
}

TEST(XmlStreamParser, RefusesWhatStreamsForbid) {
  EXPECT_EQ(stream_error_of("<!-- hi -->"), "restricted-xml");
  EXPECT_EQ(stream_error_of("<message><!-- hi --></message>"), "restricted-xml");
  EXPECT_EQ(stream_error_of("<?php echo ?>"), "restricted-xml");
  EXPECT_EQ(stream_error_of("<message>&undeclared;</message>"), "restricted-xml");
  EXPECT_EQ(error_of("<!DOCTYPE x><stream/>"), "restricted-xml");
  EXPECT_EQ(
      error_of("<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]><stream>&lol2;</stream>"),
      "restricted-xml");
  EXPECT_EQ(error_of("<!DOCTYPE x SYSTEM 'file:///etc/passwd'><stream/>"), "restricted-xml");
}

TEST(XmlStreamParser, RefusesMalformedXml) {
  EXPECT_EQ(stream_error_of("<a></b>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a b=c/>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a b='1' b='2'/>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<undeclared:a/>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a>\x01</a>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a>&#0;</a>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a>\xFF\xFE</a>"), "not-well-formed");
  EXPECT_EQ(stream_error_of("<a>\xED\xA0\x80</a>"), "not-well-formed");
  EXPECT_EQ(error_of("HTTP/1.1 400 Bad Request\r\n"), "not-well-formed");
  EXPECT_EQ(stream_error_of("text"), "bad-format");
}

TEST(XmlStreamParser, RefusesOtherEncodings) {
  EXPECT_EQ(error_of("<?xml version='1.0' encoding='ISO-8859-1'?><stream/>"), "unsupported-encoding");
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  EXPECT_TRUE(parser.feed("<?xml version='1.0' encoding='utf-8'?><stream>"));
}

TEST(XmlStreamParser, HandsOutWhatCameBeforeAnError) {
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  EXPECT_FALSE(parser.feed(std::string(stream_header) + "<message/><iq/></oops>"));
  EXPECT_EQ(seen.opened, 1);
  EXPECT_EQ(seen.stanzas.size(), 2u);
}

TEST(XmlStreamParser, LimitsTheSizeOfAStanzaAndNotOfTheStream) {
  Seen seen;
  XmlStreamParser parser({100, 64}, seen.handlers());
  // The header is more than that in one go; it counts as a stanza does.
  ASSERT_TRUE(parser.feed("<stream>"));
  const std::string stanza = "<m>" + std::string(100 - 7, 'x') + "</m>";
  ASSERT_EQ(stanza.size(), 100u);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(parser.feed(stanza)) << i;
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(parser.feed(" \n")) << "whitespace keeps a connection alive";
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(parser.feed(" " + stanza + "\n" + stanza)) << i;
  EXPECT_EQ(seen.stanzas.size(), 150u);
  EXPECT_TRUE(seen.refused.empty());
  EXPECT_TRUE(parser.feed("<m>" + std::string(101 - 7, 'x') + "</m>"));
  EXPECT_EQ(seen.refused.size(), 1u);
  EXPECT_EQ(seen.why, "a stanza of more than 100 bytes");
  EXPECT_EQ(seen.stanzas.size(), 150u);
}

TEST(XmlStreamParser, HandsOutAStanzaThatCameInTwoPiecesAtOnce) {
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  ASSERT_TRUE(parser.feed(std::string(stream_header)));
  const std::string stanza =
      "<message to='a@b' from='c@d'><body>" + std::string(3000, 'x') + "</body></message>";
  for (std::size_t cut = 1; cut < stanza.size(); cut += 37) {
    ASSERT_TRUE(parser.feed(stanza.substr(0, cut)));
    ASSERT_TRUE(parser.feed(stanza.substr(cut)));
    ASSERT_EQ(seen.stanzas.size(), 1u) << "cut at " << cut;
    seen.stanzas.clear();
  }
  // Within a tag, too.
  ASSERT_TRUE(parser.feed("<message to='" + std::string(2000, 'x')));
  ASSERT_TRUE(parser.feed("'/>"));
  EXPECT_EQ(seen.stanzas.size(), 1u);
}

TEST(XmlStreamParser, SkipsAStanzaThatBreaksALimitAndGoesOn) {
  Seen seen;
  XmlStreamParser parser({1000, 8}, seen.handlers());
  ASSERT_TRUE(parser.feed("<stream>"));
  std::string deep, end;
  for (int i = 0; i < 100; ++i) deep += "<a>", end += "</a>";
  ASSERT_TRUE(
      parser.feed("<m id='1' from='f' to='t' type='get' x='y'><b>t</b>" + deep + end + "</m><n>ok</n>"));
  ASSERT_EQ(seen.refused.size(), 1u);
  const Element& root = seen.refused[0];
  EXPECT_EQ(root.name, "m");
  EXPECT_EQ(root.attributes.size(), 4u) << "what an answer takes, and no more";
  EXPECT_EQ(root.attr_or("id"), "1");
  EXPECT_TRUE(root.children.empty());
  EXPECT_TRUE(root.text.empty());
  ASSERT_EQ(seen.stanzas.size(), 1u);
  EXPECT_EQ(seen.stanzas[0].text, "ok");
  // Too large, in one tag, in many, in text, and in small pieces.
  const std::string big(3000, 'x');
  ASSERT_TRUE(parser.feed("<m id='2' y='" + big + "'/>"));
  ASSERT_TRUE(parser.feed("<m id='3'><a y='" + big + "'/></m>"));
  ASSERT_TRUE(parser.feed("<m id='4'>"));
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(parser.feed("<a>xxxx</a>"));
  ASSERT_TRUE(parser.feed("</m><n>still</n>"));
  ASSERT_EQ(seen.refused.size(), 4u);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(seen.refused[i].attr_or("id"), std::to_string(i + 1));
    EXPECT_TRUE(seen.refused[i].children.empty());
  }
  ASSERT_EQ(seen.stanzas.size(), 2u);
  EXPECT_EQ(seen.stanzas[1].text, "still");
}

TEST(XmlStreamParser, DoesNotWaitForAStanzaSixteenTimesTooLarge) {
  Seen seen;
  XmlStreamParser parser({1000, 64}, seen.handlers());
  ASSERT_TRUE(parser.feed("<stream><m>"));
  std::size_t fed = 3;
  while (parser.feed("xxxxxxxxxx")) {
    fed += 10;
    ASSERT_LE(fed, 16000u);
  }
  EXPECT_EQ(parser.error(), "policy-violation");
  EXPECT_GT(fed, 15980u);
}

TEST(XmlStreamParser, LimitsATagThatNeverEnds) {
  Seen seen;
  XmlStreamParser parser({1000, 64}, seen.handlers());
  ASSERT_TRUE(parser.feed("<stream><m a='"));
  std::size_t fed = 0;
  while (parser.feed("xxxxxxxxxx")) ASSERT_LE(fed += 10, 16000u);
  EXPECT_EQ(parser.error(), "policy-violation");
}

TEST(XmlStreamParser, LimitsTheHeader) {
  Seen seen;
  XmlStreamParser parser({1000, 64}, seen.handlers());
  EXPECT_FALSE(parser.feed("<stream a='" + std::string(1000, 'x')));
  EXPECT_EQ(parser.error(), "policy-violation");
}

TEST(XmlStreamParser, LimitsTheDepth) {
  std::string deep, end;
  for (int i = 0; i < 63; ++i) deep += "<a>", end += "</a>";
  EXPECT_EQ(elements(deep + end).size(), 1u);
  EXPECT_EQ(elements(deep + "<a/>" + end).size(), 0u);
}

TEST(XmlStreamParser, BeginsAnewAfterReset) {
  Seen seen;
  XmlStreamParser parser({}, seen.handlers());
  EXPECT_FALSE(parser.feed("</nonsense>"));
  parser.reset();
  EXPECT_TRUE(parser.error().empty());
  EXPECT_TRUE(parser.feed(std::string(stream_header) + "<message"));
  parser.reset();
  EXPECT_TRUE(parser.feed(std::string(stream_header) + "<iq/>"));
  ASSERT_EQ(seen.stanzas.size(), 1u);
  EXPECT_EQ(seen.stanzas[0].name, "iq");
}

TEST(XmlStreamParser, MayBeResetFromWithinAHandler) {
  std::vector<std::string> seen;
  XmlStreamParser* self = nullptr;
  XmlStreamParser parser({}, {nullptr,
                              [&](Element&& e) {
                                seen.push_back(e.name);
                                if (e.name == "again") self->reset();
                              },
                              nullptr});
  self = &parser;
  EXPECT_TRUE(parser.feed(std::string(stream_header) + "<one/><again/><lost/>"));
  EXPECT_TRUE(parser.feed(std::string(stream_header) + "<two/>"));
  EXPECT_EQ(seen, (std::vector<std::string>{"one", "again", "two"}));
}

TEST(XmlStreamParser, KeepsManyChildrenInOrder) {
  std::string xml = "<iq>";
  for (int i = 0; i < 1000; ++i) xml += "<i n='" + std::to_string(i) + "'><j><k/></j>t</i>";
  const Element e = element(xml + "</iq>");
  ASSERT_EQ(e.children.size(), 1000u);
  for (std::size_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(e.children[i].attr_or("n"), std::to_string(i));
    ASSERT_EQ(e.children[i].text, "t");
    ASSERT_EQ(e.children[i].children.at(0).children.size(), 1u);
  }
}

TEST(Serialise, WritesWhatWasRead) {
  for (const std::string& xml : {std::string("<message to='a' xml:lang='en'><body>a &lt; b</body><x "
                                             "xmlns='urn:x'><y/><z xmlns='urn:z'>1</z></x></message>"),
                                 std::string("<message xmlns:p='urn:p' p:a='1' a='2'><p:q/></message>"),
                                 std::string("<message><x xmlns='urn:x'><y xmlns=''/></x></message>")}) {
    const Element first = element(xml);
    std::string again;
    serialise(again, first, "jabber:component:accept");
    const Element second = element(again);
    std::string third;
    serialise(third, second, "jabber:component:accept");
    EXPECT_EQ(again, third);
    EXPECT_EQ(first.attributes.size(), second.attributes.size());
    EXPECT_EQ(first.children.size(), second.children.size());
    EXPECT_EQ(first.children[0].ns, second.children[0].ns);
  }
  std::string out;
  serialise(out, element("<iq id='1'><query xmlns='urn:q'>t</query></iq>"));
  EXPECT_EQ(out, "<iq xmlns='jabber:component:accept' id='1'><query xmlns='urn:q'>t</query></iq>");
}

}  // namespace
}  // namespace dragoman
