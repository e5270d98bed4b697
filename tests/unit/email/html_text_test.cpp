#include "bridges/email/html_text.hpp"

#include <gtest/gtest.h>

#include "bridges/email/charset.hpp"
#include "bridges/email/quotes.hpp"

namespace dragoman::email {
namespace {

std::string plain(std::string_view html) { return html_text(html).plain; }

std::string times(std::size_t n, std::string_view what) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += what;
  return all;
}

TEST(HtmlText, EmphasisAndLinksAreSpans) {
  EXPECT_EQ(
      html_text(
          "a <b>b</b> <i>c</i> <u>d</u> <s>e</s> <code>f</code> <a href=\"https://x.example/?utm=1\">g</a>"),
      Text("a b c d e f g", {{2, 3, Style::bold},
                             {4, 5, Style::italic},
                             {6, 7, Style::underline},
                             {8, 9, Style::strike},
                             {10, 11, Style::code},
                             {12, 13, Style::link, "https://x.example/?utm=1"}}));
}

TEST(HtmlText, LinksOfOtherSchemesAreWords) {
  for (const char* url : {"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/relative",
                          "https://a b", "", "cid:1"}) {
    EXPECT_EQ(html_text(std::string("<a href=\"") + url + "\">x</a>"), Text("x")) << url;
  }
}

TEST(HtmlText, AnAddressIsNoLinkToItself) {
  EXPECT_EQ(html_text("<a href=\"mailto:bob@example.org\">bob@example.org</a>"), Text("bob@example.org"));
}

TEST(HtmlText, WhatAStyleSheetHidesIsDropped) {
  const auto page = [](const std::string& sheet, const std::string& body) {
    return plain("<html><head><style type=\"text/css\">" + sheet + "</style></head><body>" + body +
                 "</body></html>");
  };
  const std::string words = "a <div class=\"first preview\">hidden <b>too</b></div>b";
  for (const std::string sheet :
       {".preview{display:none}", "div.preview { display : none !important; }", ".PREVIEW {font-size:0}",
        "p, .other, .preview\n{ color:red; visibility: hidden }", "<!-- .preview {display:none} -->",
        "/* .a { */ .preview {display:none} /* } */", "@import url(x.css); .preview{display:none}",
        "@media print { .first {color:red} } .preview{display:none}", ".preview{display:none"}) {
    EXPECT_EQ(page(sheet, words), "a b") << sheet;
  }
  EXPECT_EQ(page("#preview{display:none}", "a <span id=preview>hidden</span>b"), "a b");
  EXPECT_EQ(plain("a <style>.x{display:none}</style><i class=x>hidden</i> b"), "a b");
}

TEST(HtmlText, WhatAStyleSheetDoesNotSurelyHideIsShown) {
  const auto page = [](const std::string& sheet) {
    return plain("<style>" + sheet + "</style>a <b class=\"preview\">shown</b> b");
  };
  for (const std::string sheet :
       {"", "{", "}", "}{", ".preview", ".preview{", ".preview{}", ".preview{color:red}",
        ".previews{display:none}", "i.preview{display:none}", ".other .preview{display:none}",
        ".preview:hover{display:none}", ".preview[x]{display:none}",
        "@media (max-width:600px){.preview{display:none}}", ".preview{display:none}.preview{display:inline}",
        "/* .preview{display:none}", ".{display:none}", "*{display:none}", ".a.preview{display:none}"}) {
    EXPECT_EQ(page(sheet), "a shown b") << sheet;
  }
  EXPECT_EQ(plain("<style>.x{display:none}</style>a <b class=x style=\"display:inline\">shown</b> b"),
            "a shown b");
  EXPECT_EQ(plain("<script>.x{display:none}</script>a <b class=x>shown</b> b"), "a shown b");
}

TEST(HtmlText, HugeStyleSheetsAreReadInLinearTime) {
  EXPECT_EQ(plain("<style>" + times(300'000, ".x{display:none}") + "</style>a <b class=x>hidden</b>b"),
            "a b");
  EXPECT_EQ(plain("<style>" + times(300'000, "/*{") + "</style>a <b class=x>shown</b>"), "a shown");
  EXPECT_EQ(plain("<style>" + times(300'000, "@{") + "</style>a <b class=x>shown</b>"), "a shown");
  std::string sheet;
  for (int i = 0; i < 20'000; ++i) sheet += ".c" + std::to_string(i) + "{display:none}";
  EXPECT_EQ(plain("<style>" + sheet + "</style>" +
                  times(20'000, "<b class=\"" + times(30, "c1 ") + "\">x</b>") + "a"),
            "a");
}

TEST(HtmlText, HiddenTextIsDropped) {
  for (const char* style :
       {"display:none", "DISPLAY : none !important", "visibility:hidden", "font-size:0", "font-size: 0px",
        "font-size:0.0em", "opacity:0", "mso-hide:all", "color:red;display:none",
        "max-height:0;overflow:hidden", "overflow:hidden;width:0px"}) {
    EXPECT_EQ(plain(std::string("a <div style=\"") + style + "\">hidden<b>too</b></div>b"), "a b") << style;
  }
  for (const char* style : {"font-size:0.9em", "opacity:0.5", "opacity:1", "font-size:10px",
                            "max-height:0.5em;overflow:hidden", "display:block"}) {
    EXPECT_EQ(plain(std::string("<span style=\"") + style + "\">seen</span>"), "seen") << style;
  }
  EXPECT_EQ(plain("a <p hidden>x</p>b"), "a b");
}

TEST(HtmlText, WhatIsForProgramsIsDropped) {
  EXPECT_EQ(plain("<html><head><title>t</title><style>s{}</style></head><body><script>alert('<b>')</"
                  "script><style>x</style>a<!-- c -->b</body></html>"),
            "ab");
  EXPECT_EQ(plain("a<!--[if mso]><p>office</p><![endif]--><![if !mso]>b<![endif]>c"), "abc");
  EXPECT_EQ(plain("<select><option>a</option></select>b<o:p>&nbsp;</o:p>c"), "b c");
}

TEST(HtmlText, PicturesAreWhatTheyShow) {
  EXPECT_EQ(plain("<img src=https://x.example/a.png alt=Logo>"), "Logo");
  EXPECT_EQ(
      plain("a<img src=https://t.example/1.gif width=1 height=1 alt=spy>b<img style='width:1px' alt=spy>c"),
      "abc");
  EXPECT_EQ(plain("a <img src=cid:1 alt=rose.png> b"), "a b");
  EXPECT_EQ(plain("<img data-emoji='👍' alt='👍' src=cid:2>"), "👍");
}

TEST(HtmlText, LinesAreAsThePageShowsThem) {
  EXPECT_EQ(plain("<p>a</p><p>b</p>"), "a\n\nb");
  EXPECT_EQ(plain("<div>a</div><div>b</div>"), "a\nb");
  EXPECT_EQ(plain("<div>a</div><div><br></div><div>b</div>"), "a\n\nb");
  EXPECT_EQ(plain("a<br>b<br><br>c"), "a\nb\n\nc");
  EXPECT_EQ(plain("<p class=MsoNormal>a</p><p class=MsoNormal>b</p><p class=MsoNormal>&nbsp;</p><p "
                  "class=MsoNormal>c</p>"),
            "a\nb\n\nc");
  EXPECT_EQ(plain("  a \n\t b&nbsp;&nbsp;c  "), "a b c");
  EXPECT_EQ(plain("Donau&shy;dampf&#8203;schiff"), "Donaudampfschiff");
  EXPECT_EQ(plain("<h1>a</h1>b"), "a\n\nb");
  EXPECT_EQ(plain("a<hr>b"), "a\n---\nb");
}

TEST(HtmlText, ListsHaveMarks) {
  EXPECT_EQ(plain("<ul><li>a</li><li><p>b</p></li></ul><ol><li>c<ul><li>d</li></ul></li><li>e</li></ol>f"),
            "- a\n- b\n\n1. c\n  - d\n2. e\n\nf");
  EXPECT_EQ(plain("<ul><li></li></ul>a"), "a");
}

TEST(HtmlText, TablesAreRowsOfWords) {
  EXPECT_EQ(plain("<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td><p>d</p></td></tr></table>e"),
            "a | b\nc | d\ne");
  EXPECT_EQ(plain("<table><tr><td></td><td>a</td><td></td></tr></table>"), "a");
  EXPECT_EQ(plain("<table><tr><td><table><tr><td>a</td></tr></table></td><td>b</td></tr></table>"), "a\nb");
}

TEST(HtmlText, PreformattedTextKeepsItsSpaces) {
  EXPECT_EQ(plain("a<pre>b  c\n  d</pre>e"), "a\nb  c\n  d\ne");
}

TEST(HtmlText, QuotesHaveMarksBeforeTheirLines) {
  EXPECT_EQ(plain("a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e"), "a\n> b\n> c\n>> d\ne");
  EXPECT_EQ(plain("<blockquote><p>a</p><p>b</p></blockquote>"), "> a\n>\n> b");
  EXPECT_EQ(plain("&gt; a"), " > a");
}

TEST(HtmlText, WhatProgramsMarkIsFolded) {
  const auto said = [](std::string_view html) { return fold_quotes(html_text(html)).said.plain; };
  EXPECT_EQ(
      said("yes<div class=\"moz-cite-prefix\">Qui a écrit ça:</div><blockquote type=cite>q</blockquote>"),
      "yes");
  EXPECT_EQ(said("yes<div class=\"gmail_quote\"><div class=\"gmail_attr\">On 5 Jan 2026 a@b "
                 "wrote:<br></div><blockquote>q</blockquote></div>"),
            "yes");
  EXPECT_EQ(said("yes<div id=\"x_divRplyFwdMsg\"><b>Aa:</b> a<br><b>Bb:</b> b<br><b>Cc:</b> c</div>q"),
            "yes");
  EXPECT_EQ(said("yes<div id=yahoo_quoted_1>x<br>y</div>"), "yes");
  EXPECT_EQ(said("yes<div id=Signature>Bob</div>"), "yes");
  EXPECT_EQ(said("yes<div class=moz-signature>-- <br>Bob</div>"), "yes");
}

TEST(HtmlText, IsCleanWhateverComes) {
  for (const char* html : {"a&#0;b&#1;c&#x7f;d&#xfffe;e", "\x01\x02<b>\x7f", "&#xd800;x", "<b", "<", "&",
                           "&#", "</", "<a href=", "<!", "<!--", "<?x"}) {
    const Text text = html_text(html);
    EXPECT_EQ(clean_text(text.plain), text.plain) << html;
  }
}

TEST(HtmlText, DeepNestingIsReadWithoutItsElements) {
  const std::string deep = times(10000, "<div><blockquote>") + "words" + times(10000, "</blockquote></div>");
  EXPECT_NE(plain(deep).find("words"), std::string::npos);
  const std::string read = plain("first " + deep + times(100000, "<p>x</p>") + "last");
  EXPECT_EQ(read.substr(0, 6), "first\n");
  EXPECT_EQ(read.find("first"), read.rfind("first"));
  EXPECT_EQ(read.find("words"), read.rfind("words"));
  EXPECT_EQ(read.substr(read.size() - 4), "last");
  EXPECT_NE(plain(times(200, "<blockquote>") + "words").find("words"), std::string::npos);
  EXPECT_NE(plain(times(100000, "<table><tr><td>") + "words").find("words"), std::string::npos);
}

TEST(HtmlText, IsLinear) {
  EXPECT_EQ(html_text(times(100000, "<b>x</b> ")).spans.size(), 2000U);
  plain(times(900, "<i>") + times(200000, "</b>"));
  plain(times(200000, "<br>") + "x");
  plain(times(100000, "<p><a href='https://x.example/'>"));
  plain("<div style='" + times(200000, "font-size:") + "'>x</div>");
  plain(times(20000, "<li>"));
}

}  // namespace
}  // namespace dragoman::email
