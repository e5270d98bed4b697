// XEP-0393, both ways.
#include <algorithm>
#include <array>
#include <utility>

#include "component/codepoint.hpp"
#include "component/content.hpp"

namespace dragoman {

namespace {

// Deeper quotations are text: nobody reads them, and each level costs a span a line.
constexpr std::size_t max_quote_depth = 8;
// A text with more spans than this is written with none of them, so that no message costs more than it is
// worth.
constexpr std::size_t max_spans = 500;
// A line with more spans than this is written with none of them: each is tried against the reader's rules.
constexpr std::size_t max_line_spans = 16;
constexpr std::string_view fence = "```";
constexpr std::string_view directives = "*_~`";

std::optional<Style> style_of(char c) {
  switch (c) {
    case '*': return Style::bold;
    case '_': return Style::italic;
    case '~': return Style::strike;
    case '`': return Style::code;
    default: return std::nullopt;
  }
}

char marker_of(Style style) {
  switch (style) {
    case Style::bold: return '*';
    case Style::italic: return '_';
    case Style::strike: return '~';
    case Style::code: return '`';
    case Style::underline:
    case Style::block_code:
    case Style::quote:
    case Style::spoiler:
    case Style::colour:
    case Style::background:
    case Style::link:
    case Style::mention: return '\0';
  }
  return '\0';
}

void sort_spans(std::vector<Span>& spans) {
  std::stable_sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
}

// Spans as a parser closes them, inner before outer, into the order of Text.
void order_closed(std::vector<Span>& spans) {
  std::reverse(spans.begin(), spans.end());
  sort_spans(spans);
}

// --------------------------------------------------------------------------------------- the spans of a line

// Reads one line's spans. Linear: for each kind of directive the places where one may close are listed once,
// and looked through from left to right once.
class LineParser {
 public:
  explicit LineParser(std::string_view line) : line_(line) {
    for (std::size_t i = 1; i < line.size(); ++i) {
      const std::size_t kind = directives.find(line[i]);
      if (kind != std::string_view::npos && !is_space(previous_codepoint(line, i)))
        closers_[kind].push_back(i);
    }
  }

  void append_to(Text& out) {
    struct Open {
      Style style;
      std::size_t out_begin, close, content;
    };
    std::vector<Open> open;
    const auto bound = [&] { return open.empty() ? line_.size() : open.back().close; };
    std::size_t i = 0;
    while (i < line_.size()) {
      if (!open.empty() && i == open.back().close) {
        out.spans.push_back({open.back().out_begin, out.plain.size(), open.back().style, {}});
        open.pop_back();
        ++i;
        continue;
      }
      const std::size_t kind = directives.find(line_[i]);
      const std::size_t block = open.empty() ? 0 : open.back().content;
      if (kind == std::string_view::npos || !may_open(i, block)) {
        out.plain += line_[i++];
        continue;
      }
      const std::size_t close = next_closer(kind, i);
      if (close == i + 1) {  // nothing between them: neither is a directive
        out.plain.append(line_, i, 2);
        i += 2;
        continue;
      }
      if (close >= bound()) {
        out.plain += line_[i++];
        continue;
      }
      const Style style = *style_of(line_[i]);
      if (style == Style::code) {  // nothing within it is a directive
        out.spans.push_back({out.plain.size(), out.plain.size() + close - i - 1, style, {}});
        out.plain.append(line_, i + 1, close - i - 1);
        i = close + 1;
        continue;
      }
      open.push_back({style, out.plain.size(), close, i + 1});
      ++i;
    }
  }

 private:
  // At the beginning of the block or right behind another opening directive (`block`), or after whitespace;
  // and not before whitespace.
  bool may_open(std::size_t at, std::size_t block) const {
    if (at + 1 >= line_.size()) return false;
    if (at != block && !is_space(previous_codepoint(line_, at))) return false;
    std::size_t next = at + 1;
    return !is_space(next_codepoint(line_, next));
  }
  // The first that may close behind `at`, which never goes back; beyond the line where there is none.
  std::size_t next_closer(std::size_t kind, std::size_t at) {
    const std::vector<std::size_t>& list = closers_[kind];
    std::size_t& seen = seen_[kind];
    while (seen < list.size() && list[seen] <= at) ++seen;
    return seen < list.size() ? list[seen] : line_.size();
  }

  std::string_view line_;
  std::array<std::vector<std::size_t>, 4> closers_;
  std::array<std::size_t, 4> seen_{};
};

// -------------------------------------------------------------------------------------- the blocks of a text

class BlockParser {
 public:
  Text parse(std::string_view body) {
    if (!parse::has_markers(body)) return Text(std::string(body));
    out_.plain.reserve(body.size());
    for (std::size_t begin = 0; begin <= body.size();) {
      std::size_t end = body.find('\n', begin);
      if (end == std::string_view::npos) end = body.size();
      line(body.substr(begin, end - begin));
      begin = end + 1;
    }
    end_code();
    end_quotes(0);
    order_closed(out_.spans);
    return std::move(out_);
  }

 private:
  void line(std::string_view text) {
    std::size_t depth = 0;
    const std::size_t most = code_ ? code_->depth : max_quote_depth;
    while (depth < most && !text.empty() && text.front() == '>') {
      text.remove_prefix(1);
      // The first whitespace character of a quoted line is not part of the quoted block.
      std::size_t next = 0;
      if (!text.empty() && is_space(next_codepoint(text, next))) text.remove_prefix(next);
      ++depth;
    }
    if (code_ && depth == code_->depth) {
      if (text == fence) {
        end_code();
      } else {
        code_line(text);
      }
      return;
    }
    end_code();  // with the block around it
    end_quotes(depth);
    if (text.starts_with(fence)) {
      code_ = Code{depth, std::string(text.substr(fence.size())), std::nullopt};
      return;
    }
    next_line();
    begin_quotes(depth);
    LineParser(text).append_to(out_);
  }

  void code_line(std::string_view text) {
    next_line();
    begin_quotes(code_->depth);
    if (!code_->begin) code_->begin = out_.plain.size();
    out_.plain += text;
  }

  void end_code() {
    if (!code_) return;
    Code code = std::move(*code_);
    code_.reset();
    if (!code.begin) {  // a block of no lines, "```like this```": what stands on its first line would be lost
      next_line();
      begin_quotes(code.depth);
      out_.plain.append(fence).append(code.language);
    } else if (*code.begin < out_.plain.size()) {
      const std::size_t first = code.language.find_first_not_of(" \t");
      const std::size_t last = code.language.find_last_not_of(" \t");
      out_.spans.push_back(
          {*code.begin, out_.plain.size(), Style::block_code,
           first == std::string::npos ? std::string() : code.language.substr(first, last - first + 1)});
    }
  }

  void next_line() {
    if (!first_) out_.plain += '\n';
    first_ = false;
  }
  void begin_quotes(std::size_t depth) {
    while (quotes_.size() < depth) quotes_.push_back(out_.plain.size());
  }
  void end_quotes(std::size_t depth) {
    for (; quotes_.size() > depth; quotes_.pop_back())
      if (quotes_.back() < out_.plain.size())
        out_.spans.push_back({quotes_.back(), out_.plain.size(), Style::quote, {}});
  }

  struct Code {
    std::size_t depth;
    std::string language;
    std::optional<std::size_t> begin;  // of its first line in the output
  };
  Text out_;
  std::vector<std::size_t> quotes_;  // where those that are open began
  std::optional<Code> code_;
  bool first_ = true;
};

// ---------------------------------------------------------------------------------------------- writing them

// Whether a span holds whole lines, so that a block can be made of it.
bool whole_lines(const Text& text, const Span& span) {
  return (span.begin == 0 || text.plain[span.begin - 1] == '\n') &&
         (span.end == text.plain.size() || text.plain[span.end] == '\n' || text.plain[span.end - 1] == '\n');
}

std::string with_markers(std::string_view line, const std::vector<Span>& spans) {
  std::string out;
  std::vector<const Span*> open;
  std::size_t next = 0;
  for (std::size_t at = 0; at <= line.size(); ++at) {
    while (!open.empty() && open.back()->end == at) {
      out += marker_of(open.back()->style);
      open.pop_back();
    }
    while (next < spans.size() && spans[next].begin == at) {
      out += marker_of(spans[next].style);
      open.push_back(&spans[next++]);
    }
    if (at < line.size()) out += line[at];
  }
  return out;
}

// Whether those who read it by the rules read just this.
bool reads_as(const std::string& marked, std::string_view line, const std::vector<Span>& spans) {
  Text read;
  LineParser(marked).append_to(read);
  order_closed(read.spans);
  return read.plain == line && read.spans == spans;
}

bool nests(const std::vector<Span>& spans, const Span& added) {
  return std::none_of(spans.begin(), spans.end(), [&](const Span& s) {
    const bool apart = added.end <= s.begin || s.end <= added.begin;
    const bool within =
        (s.begin <= added.begin && added.end <= s.end) || (added.begin <= s.begin && s.end <= added.end);
    return !apart && !within;
  });
}

// The inline spans that touch a line, cut to it, without whitespace at their edges: a directive can't stand
// there.
std::vector<Span> spans_of_line(const std::vector<Span>& inlines, std::string_view plain, std::size_t begin,
                                std::size_t end) {
  std::vector<Span> found;
  for (const Span& span : inlines) {
    std::size_t from = std::max(span.begin, begin);
    std::size_t to = std::min(span.end, end);
    while (from < to) {
      std::size_t next = from;
      if (!is_space(next_codepoint(plain, next))) break;
      from = next;
    }
    while (from < to && is_space(previous_codepoint(plain, to))) {
      --to;
      while (to > from && (static_cast<unsigned char>(plain[to]) & 0xC0u) == 0x80) --to;
    }
    if (from < to) found.push_back({from - begin, to - begin, span.style, {}});
  }
  sort_spans(found);
  return found;
}

std::string marked_line(std::string_view line, const std::vector<Span>& wanted) {
  std::string best(line);
  if (wanted.empty() || wanted.size() > max_line_spans) return best;
  std::vector<Span> chosen;
  // Where the line as it is already reads as marked up, nothing can be said exactly.
  if (!reads_as(best, line, chosen)) return best;
  for (const Span& span : wanted) {
    if (!nests(chosen, span)) continue;
    std::vector<Span> tried = chosen;
    tried.push_back(span);
    std::string marked = with_markers(line, tried);
    if (!reads_as(marked, line, tried)) continue;
    chosen = std::move(tried);
    best = std::move(marked);
  }
  return best;
}

}  // namespace

namespace parse {

bool has_markers(std::string_view body) {
  constexpr std::string_view markers = "*_~`>";
  return std::any_of(markers.begin(), markers.end(),
                     [body](char marker) { return body.find(marker) != std::string_view::npos; });
}

Text styled(std::string_view body) { return BlockParser().parse(body); }

}  // namespace parse

namespace render {

std::string styled(const Text& text) {
  if (text.spans.empty() || text.spans.size() > max_spans) return text.plain;
  std::vector<Span> inlines;
  std::vector<const Span*> quotes, codes;
  for (const Span& span : text.spans) {
    if (span.begin >= span.end || span.end > text.plain.size()) continue;
    if (span.style == Style::quote || span.style == Style::block_code) {
      if (whole_lines(text, span)) (span.style == Style::quote ? quotes : codes).push_back(&span);
    } else if (marker_of(span.style) != '\0') {
      inlines.push_back(span);
    }
  }

  std::string out;
  out.reserve(text.plain.size() + 16 * text.spans.size());
  const Span* code = nullptr;  // the block that is open
  std::string quoted;          // what stands before each of its lines
  const auto end_code = [&] {
    if (!code) return;
    out.append("\n").append(quoted).append(fence);
    code = nullptr;
  };
  bool first = true;
  for (std::size_t begin = 0; begin <= text.plain.size();) {
    std::size_t end = text.plain.find('\n', begin);
    if (end == std::string::npos) end = text.plain.size();
    const std::string_view line(text.plain.data() + begin, end - begin);
    const auto covers = [&](const Span* s) { return s->begin <= begin && begin < s->end && end <= s->end; };
    const auto depth = static_cast<std::size_t>(std::count_if(quotes.begin(), quotes.end(), covers));
    std::string prefix;
    for (std::size_t i = 0; i < std::min(depth, max_quote_depth); ++i) prefix += "> ";
    const auto block = std::find_if(codes.begin(), codes.end(), covers);
    const Span* wanted = block == codes.end() ? nullptr : *block;
    if (code && (wanted != code || prefix != quoted)) end_code();
    if (!first) out += '\n';
    first = false;
    if (wanted && !code) {
      // A line that would end the block from within: it is told without one.
      const std::string_view inside(text.plain.data() + wanted->begin, wanted->end - wanted->begin);
      const bool broken = inside == fence || inside.starts_with("```\n") || inside.ends_with("\n```") ||
                          inside.find("\n```\n") != std::string_view::npos;
      if (broken) {
        codes.erase(std::find(codes.begin(), codes.end(), wanted));
      } else {
        code = wanted;
        quoted = prefix;
        out.append(prefix).append(fence);
        if (wanted->detail.find('\n') == std::string::npos) out.append(wanted->detail);
        out += '\n';
      }
    }
    out += prefix;
    if (code) {
      out += line;
    } else {
      out += marked_line(line, spans_of_line(inlines, text.plain, begin, end));
    }
    begin = end + 1;
  }
  end_code();
  return out;
}

}  // namespace render

}  // namespace dragoman
