#include "bridges/text.hpp"

#include <algorithm>

namespace dragoman {

Text slice(const Text& text, std::size_t begin, std::size_t end) {
  end = std::min(end, text.plain.size());
  begin = std::min(begin, end);
  Text out(text.plain.substr(begin, end - begin));
  for (const Span& span : text.spans) {
    const std::size_t from = std::max(span.begin, begin), to = std::min(span.end, end);
    if (from < to) out.spans.push_back({from - begin, to - begin, span.style, span.detail});
  }
  // Spans that began before the cut now begin together: the outer first again.
  std::stable_sort(out.spans.begin(), out.spans.end(), [](const Span& a, const Span& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  return out;
}

Text concat(Text first, const Text& second) {
  const std::size_t by = first.plain.size();
  first.plain += second.plain;
  first.spans.reserve(first.spans.size() + second.spans.size());
  for (const Span& span : second.spans) {
    first.spans.push_back({span.begin + by, span.end + by, span.style, span.detail});
  }
  return first;
}

}  // namespace dragoman
