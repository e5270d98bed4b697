#include "bridges/matrix/html.hpp"

#include <gtest/gtest.h>

#include "mapping/utf8.hpp"
#include "tests/unit/matrix/print.hpp"

namespace dragoman::matrix {
namespace {

std::string nick_of(std::string_view id) {
  if (id == "@alice:x") return "Alice";
  if (id == "@b/c:x") return "B & C";
  return {};
}
std::string user_of(std::string_view nick) {
  if (nick == "Alice") return "@alice:x";
  if (nick == "B & C") return "@b/c:x";
  return {};
}

Text in(std::string_view html) { return from_html(html, nick_of); }
std::string out(const Text& text) { return to_html(text, user_of); }

std::string times(std::size_t n, std::string_view what) {
  std::string all;
  for (std::size_t i = 0; i < n; ++i) all += what;
  return all;
}

void check_contract(const Text& text) {
  EXPECT_TRUE(is_utf8(text.plain));
  EXPECT_EQ(clean_text(text.plain, text.plain.size()), text.plain);
  const auto boundary = [&](std::size_t at) {
    return at == text.plain.size() || (static_cast<unsigned char>(text.plain[at]) & 0xC0U) != 0x80;
  };
  const Span* last = nullptr;
  for (const Span& span : text.spans) {
    EXPECT_LT(span.begin, span.end);
    EXPECT_LE(span.end, text.plain.size());
    EXPECT_TRUE(boundary(span.begin) && boundary(span.end));
    if (last) {
      EXPECT_TRUE(last->begin < span.begin || (last->begin == span.begin && last->end >= span.end));
    }
    last = &span;
  }
}

TEST(FromHtml, InlineStylesBecomeSpans) {
  EXPECT_EQ(in("a <b>b</b> <i>c</i> <u>d</u> <s>e</s> <code>f</code>"),
            Text("a b c d e f", {{2, 3, Style::bold},
                                 {4, 5, Style::italic},
                                 {6, 7, Style::underline},
                                 {8, 9, Style::strike},
                                 {10, 11, Style::code}}));
  EXPECT_EQ(in("<strong>a</strong><em>b</em><ins>c</ins><del>d</del><strike>e</strike><tt>f</tt>"),
            Text("abcdef", {{0, 1, Style::bold},
                            {1, 2, Style::italic},
                            {2, 3, Style::underline},
                            {3, 4, Style::strike},
                            {4, 5, Style::strike},
                            {5, 6, Style::code}}));
}

TEST(FromHtml, SpansNestOuterFirst) {
  EXPECT_EQ(in("<b><i>a</i></b>"), Text("a", {{0, 1, Style::bold}, {0, 1, Style::italic}}));
  EXPECT_EQ(in("<b>a<i>b</i></b>"), Text("ab", {{0, 2, Style::bold}, {1, 2, Style::italic}}));
  EXPECT_EQ(in("<b><i>a</i>b</b>"), Text("ab", {{0, 2, Style::bold}, {0, 1, Style::italic}}));
  EXPECT_EQ(in("<b><strong>a</strong></b>"), Text("a", {{0, 1, Style::bold}}));
}

TEST(FromHtml, OffsetsAreBytes) {
  EXPECT_EQ(in("\xC3\xA9\xF0\x9F\x8E\x89<b>\xC3\xA9</b>x"),
            Text("\xC3\xA9\xF0\x9F\x8E\x89\xC3\xA9x", {{6, 8, Style::bold}}));
}

TEST(FromHtml, SpacesCollapseAndStayOutsideOfSpans) {
  EXPECT_EQ(in("  a \n\t <b> b </b> c  "), Text("a b c", {{2, 3, Style::bold}}));
  EXPECT_EQ(in("a<b> </b>b"), Text("a b"));
  EXPECT_EQ(in("<b></b>a<i></i>"), Text("a"));
  EXPECT_EQ(in("a&nbsp;&nbsp;b"), Text("a\xC2\xA0\xC2\xA0"
                                       "b"));
}

TEST(FromHtml, BlocksAreLines) {
  EXPECT_EQ(in("a<br>b<br/><br>c"), Text("a\nb\n\nc"));
  EXPECT_EQ(in("<p>a</p>\n<p>b</p>"), Text("a\n\nb"));
  EXPECT_EQ(in("<div>a</div><div>b</div>c"), Text("a\nb\nc"));
  EXPECT_EQ(in("a<p>b</p>c"), Text("a\n\nb\n\nc"));
  EXPECT_EQ(in("<br>a<br>"), Text("a"));
  EXPECT_EQ(in("<h1>T</h1>x"), Text("T\n\nx", {{0, 1, Style::bold}}));
  EXPECT_EQ(in("a<hr>b"), Text("a\n---\nb"));
  EXPECT_EQ(in("<details><summary>S</summary>more</details>x"), Text("S\nmore\nx", {{0, 1, Style::bold}}));
}

TEST(FromHtml, ListsHaveMarks) {
  EXPECT_EQ(in("<ul><li>a</li><li>b</li></ul>"), Text("- a\n- b"));
  EXPECT_EQ(in("x<ul>\n<li>a</li>\n<li><p>b</p></li></ul>y"), Text("x\n- a\n- b\ny"));
  EXPECT_EQ(in("<ol><li>a<li>b</ol>"), Text("1. a\n2. b"));
  EXPECT_EQ(in("<ol start=\"41\"><li>a</li><li>b</li></ol>"), Text("41. a\n42. b"));
  EXPECT_EQ(in("<ol start=\"-1\"><li>a</li></ol>"), Text("-1. a"));
  EXPECT_EQ(in("<ol start=\"99999999999999999999\"><li>a</li></ol>"), Text("1. a"));
  EXPECT_EQ(in("<ol start=\"x\"><li>a</li></ol>"), Text("1. a"));
  EXPECT_EQ(in("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>"), Text("- a\n  1. b\n- c"));
  EXPECT_EQ(in("<ul><li><b>a</b> c</li></ul>"), Text("- a c", {{2, 3, Style::bold}}));
  EXPECT_EQ(in("<li>alone</li>"), Text("- alone"));
}

TEST(FromHtml, TablesAreRows) {
  EXPECT_EQ(
      in("<table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td>1</td><td><p>2</p></td></tr>"
         "</tbody></table>x"),
      Text("A | B\n1 | 2\nx", {{0, 1, Style::bold}, {4, 5, Style::bold}}));
  EXPECT_EQ(in("<table><caption>C</caption><tr><td><p>a</p></td><td><div>b</div></td></tr></table>"),
            Text("C\na | b"));
}

TEST(FromHtml, QuotesAreWholeLines) {
  EXPECT_EQ(in("<blockquote>a</blockquote>b"), Text("a\nb", {{0, 1, Style::quote}}));
  EXPECT_EQ(in("x<blockquote><p>a</p><p>b</p></blockquote>y"),
            Text("x\n\na\n\nb\n\ny", {{3, 7, Style::quote}}));
  EXPECT_EQ(in("<blockquote>a<blockquote>b</blockquote></blockquote>"),
            Text("a\nb", {{0, 3, Style::quote}, {2, 3, Style::quote}}));
  EXPECT_EQ(in("<blockquote><blockquote>b</blockquote></blockquote>"),
            Text("b", {{0, 1, Style::quote}, {0, 1, Style::quote}}));
  EXPECT_EQ(in("<blockquote><ul><li>a</li></ul></blockquote>"), Text("- a", {{0, 3, Style::quote}}));
}

TEST(FromHtml, CodeBlocksAreVerbatim) {
  EXPECT_EQ(in("<pre><code class=\"language-c++\">int a;\n\n  b;\n</code></pre>x"),
            Text("int a;\n\n  b;\nx", {{0, 12, Style::block_code, "c++"}}));
  EXPECT_EQ(in("x<pre>\na  b</pre>"), Text("x\na  b", {{2, 6, Style::block_code}}));
  EXPECT_EQ(in("<pre><code class=\"x language-py y\">a</code></pre>"),
            Text("a", {{0, 1, Style::block_code, "py"}}));
  for (const std::string_view bad : {"language-", "language-a\"b", "python", "language-a&lt;b"}) {
    EXPECT_EQ(in("<pre><code class='" + std::string(bad) + "'>a</code></pre>"),
              Text("a", {{0, 1, Style::block_code}}))
        << bad;
  }
  EXPECT_EQ(in("<pre>\n\n</pre>a"), Text("a"));
}

TEST(FromHtml, SpoilersAndColours) {
  EXPECT_EQ(in("<span data-mx-spoiler>a</span>"), Text("a", {{0, 1, Style::spoiler}}));
  EXPECT_EQ(in("x <span data-mx-spoiler=\"why\">a</span>"), Text("x (why) a", {{8, 9, Style::spoiler}}));
  EXPECT_EQ(in("<span data-mx-color=\"#FF00aa\" data-mx-bg-color=\"#000000\">a</span>"),
            Text("a", {{0, 1, Style::colour, "#ff00aa"}, {0, 1, Style::background, "#000000"}}));
  EXPECT_EQ(in("<font color=\"#ff0000\">a</font>"), Text("a", {{0, 1, Style::colour, "#ff0000"}}));
  for (const std::string_view bad : {"red", "#fff", "#ff00zz", "#ff00000", "", "url(x)"}) {
    EXPECT_EQ(in("<span data-mx-color=\"" + std::string(bad) + "\">a</span>"), Text("a")) << bad;
  }
}

TEST(FromHtml, LinksAreOfSafeSchemesOnly) {
  for (const std::string url :
       {"https://x/y?a=b", "http://x", "ftp://x", "mailto:a@x", "magnet:?xt=1", "HTTPS://X"}) {
    EXPECT_EQ(in("<a href=\"" + url + "\">a</a>"), Text("a", {{0, 1, Style::link, url}}));
  }
  EXPECT_EQ(in("<a href=\"https://x/?a&amp;b\">a</a>"), Text("a", {{0, 1, Style::link, "https://x/?a&b"}}));
  for (const std::string bad :
       {"javascript:alert(1)", "data:text/html,x", "//x", "/x", "x", "", "https:", " https://x",
        "https://x y", "https://x&#10;y", "vbscript:x", "file:///etc/passwd"}) {
    EXPECT_EQ(in("<a href=\"" + bad + "\">a</a>"), Text("a")) << bad;
  }
  EXPECT_EQ(in("<a href=\"https://" + std::string(3000, 'a') + "\">a</a>"), Text("a"));
  EXPECT_EQ(in("<a>a</a>"), Text("a"));
}

TEST(FromHtml, LinksToPeopleHereAreMentions) {
  EXPECT_EQ(in("<a href=\"https://matrix.to/#/@alice:x\">Al</a>: hi"),
            Text("Al: hi", {{0, 2, Style::mention, "Alice"}}));
  EXPECT_EQ(in("<a href=\"https://matrix.to/#/%40b%2Fc%3Ax\">x</a>"),
            Text("x", {{0, 1, Style::mention, "B & C"}}));
  EXPECT_EQ(in("<a href=\"matrix:u/alice:x\">x</a>"), Text("x", {{0, 1, Style::mention, "Alice"}}));
  EXPECT_EQ(in("<a href=\"https://matrix.to/#/@nobody:x\">x</a>"),
            Text("x", {{0, 1, Style::link, "https://matrix.to/#/@nobody:x"}}));
  EXPECT_EQ(in("<a href=\"https://matrix.to/#/#room:x\">x</a>"),
            Text("x", {{0, 1, Style::link, "https://matrix.to/#/#room:x"}}));
  EXPECT_EQ(from_html("<a href=\"https://matrix.to/#/@alice:x\">x</a>", nullptr).spans.size(), 1u);
}

TEST(FromHtml, PicturesAreTheirText) {
  EXPECT_EQ(in("a <img src=\"mxc://x/y\" alt=\":smile:\" title=\"t\"> b"), Text("a :smile: b"));
  EXPECT_EQ(in("<img title=\"t\">"), Text("t"));
  EXPECT_EQ(in("a<img src=\"https://tracker\">"), Text("a"));
}

TEST(FromHtml, SuperscriptIsMarked) { EXPECT_EQ(in("x<sup>2</sup>"), Text("x^2")); }

TEST(FromHtml, WhatIsNotForReadersIsDropped) {
  EXPECT_EQ(in("<mx-reply><blockquote><a "
               "href=\"https://matrix.to/#/@alice:x\">A</a><br>old</blockquote></mx-reply>new"),
            Text("new"));
  EXPECT_EQ(in("a<script>alert('<b>')</script>b<style>c{}</style><title>d</title>"), Text("ab"));
  EXPECT_EQ(in("a<!-- <b>x</b> -->b<?php x ?>c"), Text("abc"));
  EXPECT_EQ(in("<b onclick=\"x\" style=\"font-size:99em\">a</b>"), Text("a", {{0, 1, Style::bold}}));
  EXPECT_EQ(in("<marquee>a</marquee><svg><b>b</b></svg><unknown>c</unknown>"),
            Text("abc", {{1, 2, Style::bold}}));
}

TEST(FromHtml, BrokenMarkupIsText) {
  EXPECT_EQ(in("a < b && c > d").plain, "a < b && c > d");
  EXPECT_EQ(in("&lt;b&gt; &amp;amp; &quot; &#39; &#x1F389;").plain, "<b> &amp; \" ' \xF0\x9F\x8E\x89");
  EXPECT_EQ(in("&bogus; &; &# &#x; &#xZZ;").plain.substr(0, 7), "&bogus;");
  EXPECT_EQ(in("<b>never closed").plain, "never closed");
  EXPECT_EQ(in("</b></i>x</p>").plain, "x");
  EXPECT_EQ(in("<b><i>a</b>b</i>").plain, "ab");
  EXPECT_EQ(in("").plain, "");
  EXPECT_EQ(in("<").plain.size(), 1u);
}

TEST(FromHtml, IsCleanWhateverCame) {
  for (const std::string_view bad :
       {"a&#0;b", "a&#1;b&#x1b;", "&#xD800;&#xDFFF;", "&#x110000;", "&#xFFFE;&#xFFFF;", "&#x85;&#x7f;",
        "a\xFF\xFE", "<b>\xC3</b>", "<a href=\"https://x/\xFF\">x</a>",
        "<span data-mx-spoiler=\"&#1;\xFF\">x</span>", "<pre>&#7;\r\n&#13;x</pre>",
        "<img alt=\"&#2;\n\xFF\">", "\r\na\rb", "&#99999999999999;"}) {
    check_contract(in(bad));
  }
  check_contract(in(std::string("a\0<b>b\0</b>", 11)));
  EXPECT_EQ(in(std::string("a\0<b>b\0</b>", 11)), Text("ab", {{1, 2, Style::bold}}));
  EXPECT_EQ(in("<meta charset=\"utf-16\">a\xC3\xA9").plain, "a\xC3\xA9");
}

TEST(FromHtml, IsBoundedInDepthAndSize) {
  EXPECT_EQ(in(times(98, "<b>") + "x").plain, "x");
  EXPECT_EQ(in(times(99, "<div>") + "x" + times(99, "</div>")).plain, "x");
  EXPECT_TRUE(in(times(10'000, "<b>") + "x").empty());
  EXPECT_TRUE(in(times(10'000, "<blockquote>") + "x").empty());
  EXPECT_TRUE(in(std::string(1'000'000, 'a')).empty());
  EXPECT_TRUE(in(times(250'000, "<i>x")).empty());
  for (const std::string_view piece :
       {"<b>x</b>", "</b>", "<li>x", "&amp;", "<", "&", "<!--", "<p>x", "<table><tr><td>", "<br>",
        "<ul></ul>", "<a href=", "<pre>x</pre>", "\n", "<ol><li>x</ol>"}) {
    const Text text = in(times(60'000 / piece.size(), piece));
    check_contract(text);
    EXPECT_LT(text.plain.size(), 400'000u);
  }
}

TEST(ToHtml, WithoutFormattingIsNothing) {
  EXPECT_EQ(out(Text("a < b\nc")), "");
  EXPECT_EQ(out(Text()), "");
  EXPECT_EQ(out(Text("https://x", {{0, 9, Style::link, "https://x"}})), "");
  EXPECT_EQ(out(Text("x", {{0, 1, Style::mention, "nobody"}})), "");
  EXPECT_EQ(out(Text("x", {{0, 1, Style::mention, ""}})), "");
  EXPECT_EQ(out(Text("x", {{0, 1, Style::colour, "red"}})), "");
  EXPECT_EQ(out(Text("x", {{0, 1, Style::link, "javascript:x"}})), "");
  EXPECT_EQ(out(Text("x", {{0, 5, Style::bold}, {1, 1, Style::bold}})), "");
}

TEST(ToHtml, WritesEachStyle) {
  const auto one = [](Style style, std::string detail = {}) {
    return out(Text("a", {{0, 1, style, std::move(detail)}}));
  };
  EXPECT_EQ(one(Style::bold), "<strong>a</strong>");
  EXPECT_EQ(one(Style::italic), "<em>a</em>");
  EXPECT_EQ(one(Style::underline), "<u>a</u>");
  EXPECT_EQ(one(Style::strike), "<del>a</del>");
  EXPECT_EQ(one(Style::code), "<code>a</code>");
  EXPECT_EQ(one(Style::block_code), "<pre><code>a</code></pre>");
  EXPECT_EQ(one(Style::block_code, "c++"), "<pre><code class=\"language-c++\">a</code></pre>");
  EXPECT_EQ(one(Style::block_code, "\"><script>"), "<pre><code>a</code></pre>");
  EXPECT_EQ(one(Style::quote), "<blockquote>a</blockquote>");
  EXPECT_EQ(one(Style::spoiler), "<span data-mx-spoiler>a</span>");
  EXPECT_EQ(one(Style::colour, "#ff0000"), "<span data-mx-color=\"#ff0000\">a</span>");
  EXPECT_EQ(one(Style::background, "#ff0000"), "<span data-mx-bg-color=\"#ff0000\">a</span>");
  EXPECT_EQ(one(Style::link, "https://x/?a&b"), "<a href=\"https://x/?a&amp;b\">a</a>");
  EXPECT_EQ(one(Style::mention, "Alice"), "<a href=\"https://matrix.to/#/@alice:x\">a</a>");
  EXPECT_EQ(one(Style::mention, "B & C"), "<a href=\"https://matrix.to/#/@b%2Fc:x\">a</a>");
}

TEST(ToHtml, EscapesEverything) {
  EXPECT_EQ(out(Text("<b>&\"'", {{0, 6, Style::italic}})), "<em>&lt;b&gt;&amp;&quot;&#39;</em>");
}

TEST(ToHtml, OverlappingSpansAreClosedAndOpenedAgain) {
  EXPECT_EQ(out(Text("abc", {{0, 2, Style::bold}, {1, 3, Style::italic}})),
            "<strong>a<em>b</em></strong><em>c</em>");
  EXPECT_EQ(out(Text("abcd", {{0, 2, Style::bold}, {1, 3, Style::italic}, {1, 4, Style::strike}})),
            "<strong>a<del><em>b</em></del></strong><del><em>c</em>d</del>");
}

TEST(ToHtml, NewlinesAndSpacesAreKept) {
  EXPECT_EQ(out(Text("a\nb  c", {{0, 1, Style::bold}})), "<strong>a</strong><br>b &nbsp;c");
  EXPECT_EQ(out(Text(" a\n b", {{1, 2, Style::bold}})), "&nbsp;<strong>a</strong><br>&nbsp;b");
}

TEST(ToHtml, BlocksStandAroundInlineAndEatTheirNewlines) {
  EXPECT_EQ(out(Text("x\na\nb\ny", {{2, 5, Style::quote}})), "x<blockquote>a<br>b</blockquote>y");
  EXPECT_EQ(out(Text("a\nb\ny", {{0, 4, Style::quote}})), "<blockquote>a<br>b</blockquote>y");
  EXPECT_EQ(out(Text("a\n\ny", {{0, 1, Style::quote}})), "<blockquote>a</blockquote><br>y");
  EXPECT_EQ(out(Text("a\nb\nc", {{0, 3, Style::quote}, {2, 3, Style::quote}})),
            "<blockquote>a<blockquote>b</blockquote></blockquote>c");
  EXPECT_EQ(out(Text("x\na  <\n\nb\ny", {{2, 9, Style::block_code}})),
            "x<pre><code>a  &lt;\n\nb</code></pre>y");
  EXPECT_EQ(out(Text("a\nb", {{0, 3, Style::bold}, {2, 3, Style::quote}})),
            "<strong>a</strong><blockquote><strong>b</strong></blockquote>");
}

TEST(ToHtml, IsReadBackAsItWas) {
  for (const Text& text :
       {Text("a b c", {{0, 1, Style::bold}, {2, 3, Style::italic}}), Text("x\nq\ny", {{2, 3, Style::quote}}),
        Text("x\nint a;\n  b\ny", {{2, 12, Style::block_code, "c"}}),
        Text("Alice: hi", {{0, 5, Style::mention, "Alice"}}),
        Text("see this", {{4, 8, Style::link, "https://x/?a&b"}}), Text("<&>\"'", {{0, 5, Style::bold}}),
        Text("q\nr\n\nt", {{0, 3, Style::quote}, {2, 3, Style::quote}})}) {
    EXPECT_EQ(in(out(text)), text) << out(text);
  }
}

TEST(ToHtml, OfManySpansIsNotNestedTooDeep) {
  Text text(std::string(500, 'a'));
  for (std::size_t i = 0; i < 400; ++i)
    text.spans.push_back({i, 500, i % 2 ? Style::bold : Style::italic, {}});
  const Text read = in(out(text));
  EXPECT_EQ(read.plain, text.plain);
}

}  // namespace
}  // namespace dragoman::matrix
