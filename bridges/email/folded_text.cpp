#include "bridges/email/folded_text.hpp"

#include <algorithm>

namespace dragoman::email {
namespace {

constexpr std::size_t kShownDepth = 5;

class FoldedText {
 public:
  FoldedText(const Text& text, const Rows& rows) : text_(text), rows_(rows) {}

  Folded build() {
    Folded out;
    out.said.plain.reserve(rows_.plain.size());
    std::size_t blanks = 0;
    bool begun = false;
    for (const Row& line : rows_.all) {
      if (line.role == Row::Role::folded) {
        out.rest += rows_.plain.substr(line.begin, line.end - line.begin);
        out.rest += '\n';
        blanks = std::max<std::size_t>(blanks, 1);
        close(out.said, 0);
        continue;
      }
      if (line.blank && line.depth == 0) {
        ++blanks;
        close(out.said, 0);
        continue;
      }
      if (begun) out.said.plain.append(1 + std::min<std::size_t>(blanks, 1), '\n');
      begun = true;
      blanks = 0;
      close(out.said, line.depth);
      while (open_.size() < std::min(line.depth, kShownDepth)) open_.push_back(out.said.plain.size());
      std::size_t end = line.end;
      while (end > line.words && is_gap(rows_.plain[end - 1])) --end;
      moved_.push_back({line.words, end, out.said.plain.size()});
      out.said.plain += rows_.plain.substr(line.words, end - line.words);
      said_end_ = out.said.plain.size();
    }
    close(out.said, 0);
    trim(out.said.plain);
    move_spans(out.said);
    while (!out.rest.empty() && out.rest.back() == '\n') out.rest.pop_back();
    out.rest.erase(0, out.rest.find_first_not_of('\n'));
    return out;
  }

 private:
  // Quotes end that are deeper than this.
  void close(Text& said, std::size_t depth) {
    while (open_.size() > depth) {
      if (open_.back() < said_end_) said.spans.push_back({open_.back(), said_end_, Style::quote, {}});
      open_.pop_back();
    }
  }

  static void trim(std::string& plain) {
    const auto end = plain.find_last_not_of(" \t\n");
    plain.resize(end == std::string::npos ? 0 : end + 1);
  }

  // Where the byte before which `at` stood in the mail stands now: at it, or behind what is left of it.
  std::size_t moved_begin(std::size_t at) const {
    const auto found = std::upper_bound(moved_.begin(), moved_.end(), at,
                                        [](std::size_t place, const Moved& one) { return place < one.end; });
    if (found == moved_.end()) return Rows::none;
    return found->to + (std::max(at, found->begin) - found->begin);
  }
  std::size_t moved_end(std::size_t at) const {
    const auto found =
        std::lower_bound(moved_.begin(), moved_.end(), at,
                         [](const Moved& one, std::size_t place) { return one.begin < place; });
    if (found == moved_.begin()) return Rows::none;
    const Moved& one = *(found - 1);
    return one.to + (std::min(at, one.end) - one.begin);
  }

  void move_spans(Text& said) const {
    for (const Span& span : text_.spans) {
      const std::size_t begin = moved_begin(span.begin), end = moved_end(span.end);
      if (begin == Rows::none || end == Rows::none || begin >= end) continue;
      said.spans.push_back({begin, end, span.style, span.detail});
    }
    for (Span& span : said.spans) span.end = std::min(span.end, said.plain.size());
    std::erase_if(said.spans, [](const Span& span) { return span.begin >= span.end; });
    std::stable_sort(said.spans.begin(), said.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
  }

  static bool is_gap(char c) { return c == ' ' || c == '\t'; }

  struct Moved {
    std::size_t begin = 0, end = 0, to = 0;
  };

  const Text& text_;
  const Rows& rows_;
  std::vector<std::size_t> open_;  // where the quotes begin that have not ended
  std::size_t said_end_ = 0;
  std::vector<Moved> moved_;
};

}  // namespace

Folded folded_text(const Text& text, const Rows& rows) { return FoldedText(text, rows).build(); }

}  // namespace dragoman::email
