// XEP-0071, out only: it is never read, since its readers have always been the hole in it.
#include <algorithm>
#include <utility>

#include "component/content.hpp"

namespace dragoman::render {

namespace {

// More than this are left out, so that no message costs more than it is worth; and deeper ones, since whoever
// parses it limits the depth of a stanza.
constexpr std::size_t max_spans = 500, max_depth = 12;

bool is_colour(std::string_view text) {
  return text.size() == 7 && text[0] == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

// Only what leads somewhere and runs nothing.
bool is_safe_link(std::string_view url) {
  for (const std::string_view scheme :
       {"https://", "http://", "xmpp:", "mailto:", "irc://", "ircs://", "ftp://"}) {
    if (url.size() <= scheme.size()) continue;
    const bool same = std::equal(scheme.begin(), scheme.end(), url.begin(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
    });
    if (same) return true;
  }
  return false;
}

bool can_be_said(const Span& span) {
  switch (span.style) {
    case Style::bold:
    case Style::italic:
    case Style::underline:
    case Style::strike:
    case Style::code:
    case Style::block_code:
    case Style::quote: return true;
    case Style::spoiler:
    case Style::mention: return false;
    case Style::colour:
    case Style::background: return is_colour(span.detail);
    case Style::link: return is_safe_link(span.detail);
  }
  return false;
}

void open_tag(XmlWriter& out, const Span& span) {
  switch (span.style) {
    case Style::bold: out.open("strong"); break;
    case Style::italic: out.open("em"); break;
    case Style::underline: out.open("span").attr("style", "text-decoration: underline;"); break;
    case Style::strike: out.open("span").attr("style", "text-decoration: line-through;"); break;
    case Style::code: out.open("code"); break;
    case Style::block_code: out.open("pre"); break;
    case Style::quote: out.open("blockquote"); break;
    case Style::colour: out.open("span").attr("style", "color: " + span.detail + ";"); break;
    case Style::background: out.open("span").attr("style", "background-color: " + span.detail + ";"); break;
    case Style::link: out.open("a").attr("href", span.detail); break;
    case Style::spoiler:
    case Style::mention: break;  // never get here
  }
}

bool is_block(const Span& span) { return span.style == Style::block_code || span.style == Style::quote; }

}  // namespace

void xhtml(XmlWriter& out, const Text& text) {
  std::vector<const Span*> spans;
  std::vector<std::size_t> edges{0, text.plain.size()};
  for (const Span& span : text.spans) {
    if (span.begin >= span.end || span.end > text.plain.size() || !can_be_said(span)) continue;
    if (spans.size() == max_spans) break;
    spans.push_back(&span);
    edges.push_back(span.begin);
    edges.push_back(span.end);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  // Blocks outside what stands in a line, then in the order of their beginning.
  std::stable_sort(spans.begin(), spans.end(), [](const Span* a, const Span* b) {
    return std::pair(!is_block(*a), a->begin) < std::pair(!is_block(*b), b->begin);
  });

  out.open("html", ns::xhtml_im).open("body", ns::xhtml);
  std::vector<const Span*> open;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
    const std::size_t begin = edges[i], end = edges[i + 1];
    std::vector<const Span*> wanted;
    for (const Span* span : spans)
      if (span->begin <= begin && end <= span->end && wanted.size() < max_depth) wanted.push_back(span);
    // What overlaps is closed and opened again, so that tags nest.
    std::size_t same = 0;
    while (same < open.size() && same < wanted.size() && open[same] == wanted[same]) ++same;
    for (; open.size() > same; open.pop_back()) out.close();
    for (; open.size() < wanted.size(); open.push_back(wanted[open.size()]))
      open_tag(out, *wanted[open.size()]);

    const bool preformatted =
        std::any_of(open.begin(), open.end(), [](const Span* s) { return s->style == Style::block_code; });
    std::string_view piece(text.plain.data() + begin, end - begin);
    if (preformatted) {
      out.text(piece);
      continue;
    }
    for (std::size_t line = piece.find('\n'); line != std::string_view::npos; line = piece.find('\n')) {
      out.text(piece.substr(0, line)).open("br").close();
      piece.remove_prefix(line + 1);
    }
    out.text(piece);
  }
  for (; !open.empty(); open.pop_back()) out.close();
  out.close().close();
}

}  // namespace dragoman::render
