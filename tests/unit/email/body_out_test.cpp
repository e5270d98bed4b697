// The two texts of a mail that leaves: flowed (RFC 3676), and HTML.
#include "bridges/email/body_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman::email {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string flowed(const Text& text, std::string_view signature = {}) { return flowed_text(text, signature); }

TEST(FlowedText, BreaksLongLinesSoftly) {
  std::string paragraph;
  for (int i = 0; i < 40; ++i) paragraph += "word" + std::to_string(i) + " ";
  paragraph.pop_back();
  const auto text = flowed(Text(paragraph + "\nshort"));
  std::string joined;
  std::size_t begin = 0;
  for (auto end = text.find('\n'); end != std::string::npos; begin = end + 1, end = text.find('\n', begin)) {
    const auto line = text.substr(begin, end - begin);
    EXPECT_LE(line.size(), 73U);
    joined += line + (line.ends_with(' ') ? "" : "\n");
  }
  EXPECT_EQ(joined, paragraph + "\nshort\n");
}

TEST(FlowedText, MarksQuotesAndStuffsWhatOnlyLooksSo) {
  EXPECT_EQ(flowed(Text("said\nmine", {{0, 4, Style::quote, ""}})), "> said\nmine\n");
  EXPECT_EQ(flowed(Text("in\nout\nme", {{0, 6, Style::quote, ""}, {0, 2, Style::quote, ""}})),
            ">> in\n> out\nme\n");
  EXPECT_EQ(flowed(Text("a\n\nb", {{0, 4, Style::quote, ""}})), "> a\n>\n> b\n");
  EXPECT_EQ(flowed(">x"), " >x\n");
  EXPECT_EQ(flowed("  x"), "   x\n");
  EXPECT_EQ(flowed("From me"), " From me\n");
  EXPECT_EQ(flowed("x   "), "x\n");
  EXPECT_EQ(flowed("-- "), "--\n");
}

TEST(FlowedText, NeverBreaksIntoASignature) {
  const auto text = flowed(Text("-- " + std::string(100, 'x')));
  EXPECT_EQ(text, "-- " + std::string(100, 'x') + "\n");
}

TEST(FlowedText, LeavesCodeAsItIs) {
  const std::string code = "    " + std::string(50, 'x') + " " + std::string(50, 'y');
  EXPECT_EQ(flowed(Text(code, {{0, code.size(), Style::block_code, ""}})), " " + code + "\n");
}

TEST(FlowedText, EndsWithTheSignature) {
  EXPECT_EQ(flowed("Hi", "Alice\n Home"), "Hi\n-- \nAlice\n  Home\n");
}

TEST(FlowedText, IsLinear) {
  std::string plain;
  std::vector<Span> spans;
  for (std::size_t i = 0; i < 100'000; ++i) {
    plain += "a\n";
    spans.push_back({2 * i, 2 * i + 1, static_cast<Style>(i % 12), "https://example.org"});
  }
  for (std::size_t i = 0; i < 50'000; ++i) spans.push_back({i, plain.size(), Style::quote, ""});
  const Text text(plain, spans);
  EXPECT_FALSE(flowed(text).empty());
  EXPECT_FALSE(html_text_of(text, {}).empty());
}

TEST(HtmlTextOf, ShowsWhatWasMeantAndNoMore) {
  const auto html =
      html_text_of(Text("a <b> bold both\nquoted\ncode  <x>\nend", {{6, 15, Style::bold, ""},
                                                                    {11, 15, Style::italic, ""},
                                                                    {16, 22, Style::quote, ""},
                                                                    {23, 32, Style::block_code, ""}}),
                   "Me & you");
  EXPECT_EQ(html,
            "<html><body>\n"
            "a &lt;b&gt; <b>bold </b><b><i>both</i></b><br>\n"
            "<blockquote type=\"cite\">\nquoted<br>\n</blockquote>\n"
            "<pre>code &nbsp;&lt;x&gt;\n</pre>\n"
            "end<br>\n"
            "-- <br>\nMe &amp; you<br>\n"
            "</body></html>\n");
}

TEST(HtmlTextOf, KeepsSpacesThatReadersWouldFold) {
  EXPECT_THAT(html_text_of(Text("a  b", {{0, 1, Style::bold, ""}}), {}), HasSubstr("<b>a</b> &nbsp;b<br>"));
  EXPECT_THAT(html_text_of(Text("  b c", {{2, 3, Style::bold, ""}}), {}),
              HasSubstr("&nbsp;&nbsp;<b>b</b> c<br>"));
}

TEST(HtmlTextOf, LinksOnlyWhereItIsSafe) {
  for (const auto* url : {"javascript:alert(1)", "data:text/html,x", "https://a.org/\"onclick=\"x",
                          "https://a b", "file:///etc/passwd", ""}) {
    EXPECT_THAT(html_text_of(Text("word", {{0, 4, Style::link, url}}), {}), Not(HasSubstr("<a"))) << url;
  }
}

}  // namespace
}  // namespace dragoman::email
