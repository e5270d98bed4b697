#include <gtest/gtest.h>

#include "component/content.hpp"
#include "support.hpp"

namespace dragoman {
namespace {

std::string inside(const Text& text) {
  std::string out;
  XmlWriter w(out);
  render::xhtml(w, text);
  const std::string begin =
      "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>";
  const std::string end = "</body></html>";
  EXPECT_EQ(out.rfind(begin, 0), 0u) << out;
  test::element("<message>" + out + "</message>");
  return out.substr(begin.size(), out.size() - begin.size() - end.size());
}

TEST(Xhtml, SaysEachStyle) {
  const auto of = [](Style style, const std::string& detail = {}) {
    return inside({"x", {{0, 1, style, detail}}});
  };
  EXPECT_EQ(of(Style::bold), "<strong>x</strong>");
  EXPECT_EQ(of(Style::italic), "<em>x</em>");
  EXPECT_EQ(of(Style::underline), "<span style='text-decoration: underline;'>x</span>");
  EXPECT_EQ(of(Style::strike), "<span style='text-decoration: line-through;'>x</span>");
  EXPECT_EQ(of(Style::code), "<code>x</code>");
  EXPECT_EQ(of(Style::block_code), "<pre>x</pre>");
  EXPECT_EQ(of(Style::quote), "<blockquote>x</blockquote>");
  EXPECT_EQ(of(Style::spoiler), "x");
  EXPECT_EQ(of(Style::colour, "#ff0000"), "<span style='color: #ff0000;'>x</span>");
  EXPECT_EQ(of(Style::background, "#00FF00"), "<span style='background-color: #00FF00;'>x</span>");
  EXPECT_EQ(of(Style::link, "https://a/?b&c"), "<a href='https://a/?b&amp;c'>x</a>");
}

TEST(Xhtml, KeepsOutWhatCouldDoHarm) {
  for (const char* url :
       {"javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "", "http", " https://a"})
    EXPECT_EQ(inside({"x", {{0, 1, Style::link, url}}}), "x") << url;
  for (const char* colour : {"red", "#ff", "#ff0000; background: url(x)", "#gg0000", ""})
    EXPECT_EQ(inside({"x", {{0, 1, Style::colour, colour}}}), "x") << colour;
}

TEST(Xhtml, NestsWhatOverlaps) {
  EXPECT_EQ(inside({"abc", {{0, 2, Style::bold, {}}, {1, 3, Style::italic, {}}}}),
            "<strong>a<em>b</em></strong><em>c</em>");
}

TEST(Xhtml, BreaksLinesOutsideOfCode) {
  EXPECT_EQ(inside({"a\nb", {{0, 3, Style::bold, {}}}}), "<strong>a<br/>b</strong>");
  EXPECT_EQ(inside({"a\nb", {{0, 3, Style::block_code, {}}}}), "<pre>a\nb</pre>");
}

TEST(Xhtml, IsBounded) {
  Text text(std::string(10'000, 'x'));
  for (std::size_t i = 0; i < 10'000; ++i) text.spans.push_back({i, 10'000, Style::bold, {}});
  EXPECT_LT(inside(text).size(), 1'000'000u);
  EXPECT_EQ(inside({"ab", {{1, 9, Style::bold, {}}, {2, 1, Style::bold, {}}}}), "ab")
      << "spans that are none";
}

}  // namespace
}  // namespace dragoman
