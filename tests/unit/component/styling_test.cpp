#include <algorithm>
#include <chrono>
#include <random>

#include <gtest/gtest.h>

#include "component/content.hpp"

namespace dragoman {
namespace {

using parse::styled;

// Spans written as a string: "bold(text)" in their order.
std::string said(const Text& text) {
  std::string out;
  for (const Span& s : text.spans) {
    if (!out.empty()) out += " ";
    switch (s.style) {
      case Style::bold: out += "bold"; break;
      case Style::italic: out += "italic"; break;
      case Style::strike: out += "strike"; break;
      case Style::code: out += "code"; break;
      case Style::block_code: out += "block"; break;
      case Style::quote: out += "quote"; break;
      default: out += "?"; break;
    }
    out += "(" + text.plain.substr(s.begin, s.end - s.begin) + (s.detail.empty() ? "" : "|" + s.detail) + ")";
  }
  return out;
}
void expect(const std::string& body, const std::string& plain, const std::string& spans) {
  const Text text = styled(body);
  EXPECT_EQ(text.plain, plain) << body;
  EXPECT_EQ(said(text), spans) << body;
}
void expect_literal(const std::string& body) { expect(body, body, ""); }

TEST(Styled, ReadsTheExamplesOfTheXep) {
  expect("*strong span*", "strong span", "bold(strong span)");
  expect("plain _emphasis_ plain", "plain emphasis plain", "italic(emphasis)");
  expect("`pre` plain *strong*", "pre plain strong", "code(pre) bold(strong)");
  expect("*strong*plain*", "strongplain*", "bold(strong)");
  expect("* plain *strong*", "* plain strong", "bold(strong)");
  expect("Everyone ~dis~likes cake.", "Everyone dislikes cake.", "strike(dis)");
  expect("This is `*monospace*`", "This is *monospace*", "code(*monospace*)");
  expect("This is *`monospace and bold`*", "This is monospace and bold",
         "bold(monospace and bold) code(monospace and bold)");
  for (const char* body :
       {"not strong*", "*not strong", "*not \n strong*", "*not *strong", "**", "***", "****"})
    expect_literal(body);
}

TEST(Styled, ReadsBlocks) {
  expect("```ignored\n(println \"Hello, world!\")\n```\nmono?", "(println \"Hello, world!\")\nmono?",
         "block((println \"Hello, world!\")|ignored)");
  expect("> ```\n> (println \"Hello, world!\")\nplaintext!", "(println \"Hello, world!\")\nplaintext!",
         "quote((println \"Hello, world!\")) block((println \"Hello, world!\"))");
  expect("> That that is, is.\nSaid the old hermit of Prague.",
         "That that is, is.\nSaid the old hermit of Prague.", "quote(That that is, is.)");
  expect(">> That that is, is.\n> Said the old hermit of Prague.\nWho?",
         "That that is, is.\nSaid the old hermit of Prague.\nWho?",
         "quote(That that is, is.\nSaid the old hermit of Prague.) quote(That that is, is.)");
}

TEST(Styled, ReadsCodeExactly) {
  expect("```\n*a*\n> b\n ```\n```x\n```\nc", "*a*\n> b\n ```\n```x\nc", "block(*a*\n> b\n ```\n```x)");
  expect("```\nto the end", "to the end", "block(to the end)");
  expect("a\n```\n\n\nb\n```", "a\n\n\nb", "block(\n\nb)");
  expect("> a\n> ```c\n> b\n>  c\n> ```\n> d", "a\nb\n c\nd", "quote(a\nb\n c\nd) block(b\n c|c)");
}

TEST(Styled, LosesNothingOfACodeBlockWithoutLines) {
  expect_literal("```like this```");
  expect_literal("```");
  expect("> ```x```\ny", "```x```\ny", "quote(```x```)");
}

TEST(Styled, TrimsOneWhitespaceOfAQuotedLine) {
  expect(">  two", " two", "quote( two)");
  expect(">none", "none", "quote(none)");
  expect(
      ">\u00A0"
      "a",
      "a", "quote(a)");
  expect("> a\n>\n> b", "a\n\nb", "quote(a\n\nb)");
  expect_literal(" > not at the beginning");
}

TEST(Styled, KeepsToUnicodeWhitespace) {
  expect_literal(
      "*\u00A0"
      "a*");
  expect_literal("*a\u2003*");
  expect("\u3000*a*",
         "\u3000"
         "a",
         "bold(a)");
  expect_literal("ä*a*");
}

TEST(Styled, NestsSpans) {
  expect("*_~`a`~_*", "a", "bold(a) italic(a) strike(a) code(a)");
  expect("*a _b_ c*", "a b c", "bold(a b c) italic(b)");
  expect("*a _b* c_", "a _b c_", "bold(a _b)");
  expect("_*a*", "_*a*", "");
  expect("`*a`*", "*a*", "code(*a)");
}

TEST(Styled, LeavesUrlsAndCodeAlone) {
  expect_literal("https://example.org/_a_/*b*");
  expect_literal("snake_case_name and 2*3*4");
  expect_literal("a && b || ~c");
}

TEST(Styled, IsSafeAndBoundedOnHostileInput) {
  const Text deep = styled(std::string(100'000, '>') + "a");
  EXPECT_LE(deep.spans.size(), 8u);
  EXPECT_GT(deep.plain.size(), 90'000u) << "what is no quotation stays";
  for (const std::string& part :
       {std::string("*a "), std::string("_*~`"), std::string("> ```\n"), std::string("*a* "),
        std::string("`"), std::string("\n"), std::string(">\n")}) {
    std::string body;
    while (body.size() < 300'000) body += part;
    const auto begun = std::chrono::steady_clock::now();
    const Text text = styled(body);
    // Linear takes milliseconds; what is quadratic takes minutes.
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5)) << part;
    EXPECT_LE(text.plain.size(), body.size());
  }
}

// -------------------------------------------------------------------------------------------- and back again

TEST(RenderStyled, WritesMarkersThatReadTheSame) {
  for (const char* body : {"*a*", "x _b_ y", "`c` ~d~", "*a _b_ c*", "*`x`*", "> q\nr",
                           "> > deep\n> less\nnone", "```cpp\nint *a;\n```", "a\n```\n\nb\n```\nc",
                           "> a\n> ```\n> b\n> ```\n> c", "*a*\n*b*", "no markup at all", ""}) {
    const Text text = styled(body);
    const std::string again = render::styled(text);
    const Text second = styled(again);
    EXPECT_EQ(second.plain, text.plain) << body << " / " << again;
    EXPECT_EQ(second.spans, text.spans) << body << " / " << again;
  }
}

TEST(RenderStyled, LeavesOutWhatCannotBeSaid) {
  EXPECT_EQ(render::styled({"under", {{0, 5, Style::underline, {}}}}), "under");
  EXPECT_EQ(render::styled({"red", {{0, 3, Style::colour, "#ff0000"}}}), "red");
  EXPECT_EQ(render::styled({"a*b", {{0, 3, Style::bold, {}}}}), "a*b");
  EXPECT_EQ(render::styled({"abc", {{1, 2, Style::bold, {}}}}), "abc") << "no directive opens within a word";
  EXPECT_EQ(render::styled({"*x* y", {{4, 5, Style::bold, {}}}}), "*x* y") << "it reads as marked up already";
  EXPECT_EQ(render::styled({"a ```\nb", {{0, 3, Style::block_code, {}}}}), "a ```\nb") << "not whole lines";
  EXPECT_EQ(render::styled({"```\nx", {{0, 5, Style::block_code, {}}}}), "```\nx") << "would end itself";
}

TEST(RenderStyled, MovesMarkersOffWhitespaceAndLineEnds) {
  EXPECT_EQ(render::styled({"a b c", {{1, 4, Style::bold, {}}}}), "a *b* c");
  EXPECT_EQ(render::styled({"one\ntwo", {{0, 7, Style::bold, {}}}}), "*one*\n*two*");
  EXPECT_EQ(render::styled({"   ", {{0, 3, Style::bold, {}}}}), "   ");
}

TEST(RenderStyled, KeepsTheFirstOfTwoThatOverlap) {
  EXPECT_EQ(render::styled({"ab cd ef", {{0, 5, Style::bold, {}}, {3, 8, Style::italic, {}}}}), "*ab cd* ef");
}

TEST(RenderStyled, NeverChangesWhatIsRead) {
  std::mt19937 random(7);
  const std::string letters = "ab *_~`>\n ä";
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < 20'000; ++round) {
    std::string plain;
    for (std::size_t n = pick(20); n > 0; --n) {
      const std::size_t c = pick(letters.size() - 1);
      plain += c == letters.size() - 2 ? std::string("ä") : std::string(1, letters[c]);
    }
    std::vector<Span> spans;
    for (std::size_t n = pick(4); n > 0 && plain.size() > 1; --n) {
      std::size_t a = pick(plain.size()), b = a + 1 + pick(plain.size() - a);
      const auto boundary = [&](std::size_t at) { return at == plain.size() || (plain[at] & 0xC0) != 0x80; };
      if (!boundary(a) || !boundary(b)) continue;
      spans.push_back({a, b, static_cast<Style>(pick(11)), {}});
    }
    std::stable_sort(spans.begin(), spans.end(), [](const Span& x, const Span& y) {
      return x.begin != y.begin ? x.begin < y.begin : x.end > y.end;
    });
    const Text text(plain, spans);
    // What a reader sees is what they would see without the spans, but for the markup that was meant.
    const std::string written = render::styled(text);
    std::string bare, kept;
    for (char c : plain)
      if (c != '*' && c != '_' && c != '~' && c != '`' && c != '>' && c != ' ' && c != '\n') bare += c;
    for (char c : written)
      if (c != '*' && c != '_' && c != '~' && c != '`' && c != '>' && c != ' ' && c != '\n') kept += c;
    ASSERT_EQ(kept, bare) << plain;
    for (const Span& s : styled(written).spans) ASSERT_LE(s.end, styled(written).plain.size());
  }
}

}  // namespace
}  // namespace dragoman
