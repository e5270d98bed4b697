#include "bridges/email/quotes.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "bridges/email/quote_words.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
constexpr std::size_t kShownDepth = 5;
constexpr std::size_t kLongTopQuote = 10;  // lines above an answer: more are folded
constexpr std::size_t kLongQuote = 20;     // lines between answers: of more, the last are shown
constexpr std::size_t kShownOfLong = 10;
constexpr std::size_t kShortSignature = 12;  // lines after a "--" whose space somebody has taken off
constexpr std::size_t kFooterLines = 25;     // of a list, from its rule to the end

enum class Role : std::uint8_t { said, folded };

struct Row {
  std::size_t begin = 0, end = 0;  // of all of it
  std::size_t words = 0;           // behind the marks of quotes
  std::size_t depth = 0;
  bool blank = false;  // but for the marks
  Role role = Role::said;
};

struct Range {
  std::size_t begin = 0, end = 0;
};

class Folder {
 public:
  Folder(const Text& text, bool forwarded) : text_(text), plain_(text.plain), forwarded_(forwarded) {
    split();
  }

  Folded run() {
    std::size_t end = lines_.size();
    armour();
    const std::size_t cut = find_cut(end);
    fold({cut, lines_.size()});
    end = std::min(end, cut);
    end = footers(end);
    quotes(end);
    if (!has_said({0, lines_.size()})) unfold();
    return build();
  }

 private:
  void split() {
    for (std::size_t at = 0; at < plain_.size() || at == 0;) {
      Row line;
      line.begin = at;
      line.end = std::min(plain_.find('\n', at), plain_.size());
      std::size_t i = at;
      line.words = at;
      // "> > >", ">>>", and "> " before what is said.
      while (i < line.end && plain_[i] == '>') {
        ++line.depth;
        line.words = ++i;
        if (i + 1 < line.end && plain_[i] == ' ' && plain_[i + 1] == '>') ++i;
      }
      if (line.depth > 0 && line.words < line.end && plain_[line.words] == ' ') ++line.words;
      line.blank = words(line).empty();
      lines_.push_back(line);
      at = line.end + 1;
    }
  }

  std::string_view words(const Row& line) const {
    std::string_view text = plain_.substr(line.words, line.end - line.words);
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    // What a page has between its paragraphs.
    return text == "\xC2\xA0" ? std::string_view() : text;
  }
  std::string_view words(std::size_t i) const { return words(lines_[i]); }
  static bool is_space(char c) { return c == ' ' || c == '\t'; }
  bool own(std::size_t i) const { return lines_[i].depth == 0 && !lines_[i].blank; }
  bool is_said(std::size_t i) const { return own(i) && lines_[i].role == Role::said; }
  bool has_said(Range range) const {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (!lines_[i].blank && lines_[i].role == Role::said) return true;
    }
    return false;
  }
  void fold(Range range) {
    for (std::size_t i = range.begin; i < range.end; ++i) lines_[i].role = Role::folded;
  }

  // What OpenPGP puts around a text that is signed as it stands (RFC 4880 7).
  void armour() {
    bool within = false, header = false;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const std::string_view line = words(i);
      if (lines_[i].depth > 0) continue;
      if (line == "-----BEGIN PGP SIGNED MESSAGE-----") header = true;
      if (line == "-----BEGIN PGP SIGNATURE-----" && has_end(i)) within = true;
      if (header || within) lines_[i].role = Role::folded;
      if (lines_[i].blank) header = false;
      if (line == "-----END PGP SIGNATURE-----") within = false;
    }
  }
  bool has_end(std::size_t from) const {
    for (std::size_t i = from; i < std::min(lines_.size(), from + 200); ++i) {
      if (words(i) == "-----END PGP SIGNATURE-----") return true;
    }
    return false;
  }

  // Where an older mail begins that has no marks before its lines. `end` is where a mail that is passed on
  // begins: it is said, whatever stands in it.
  std::size_t find_cut(std::size_t& end) {
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      if (!own(i) || lines_[i].role == Role::folded) continue;
      if (is_forward_mark(words(i))) {
        end = i;
        return lines_.size();
      }
      if (is_original_mark(words(i))) return forwarded_ ? (end = i, lines_.size()) : i;
      if (is_rule(words(i), '_', 10) || is_original_like(words(i))) {
        const std::size_t next = next_line(i);
        if (next != kNone && (header_block(next) || any_header_block(next)))
          return forwarded_ ? (end = i, lines_.size()) : i;
      }
      if (header_block(i)) return forwarded_ ? (end = i, lines_.size()) : i;
      if (const std::size_t after = unmarked_quote(i); after != kNone) return i;
    }
    return lines_.size();
  }

  static bool is_original_like(std::string_view line) {
    return line.size() > 8 && line.size() < 120 && line.substr(0, 3) == "---" &&
           line.substr(line.size() - 3) == "---";
  }

  std::size_t next_line(std::size_t i) const {
    for (++i; i < lines_.size(); ++i) {
      if (!lines_[i].blank) return i;
    }
    return kNone;
  }

  // "From: … / Sent: … / To: … / Subject: …", or the date first. Who travels writes "From:" and "To:" too,
  // but no subject and no address.
  bool header_block(std::size_t i) const {
    const HeaderWord first = lines_[i].depth > 0 ? HeaderWord::none : header_word(words(i));
    if (first != HeaderWord::from && first != HeaderWord::sent) return false;
    unsigned found = 0;
    bool addressed = false;
    std::size_t looked = 0;
    for (std::size_t k = i; k < lines_.size() && looked < 8; ++k) {
      if (lines_[k].blank) continue;
      ++looked;
      if (lines_[k].depth > 0) break;
      const HeaderWord word = header_word(words(k));
      found |= 1U << static_cast<unsigned>(word);
      addressed = addressed || (word == HeaderWord::from && words(k).find('@') != std::string_view::npos);
    }
    const auto has_word = [&](HeaderWord word) { return (found >> static_cast<unsigned>(word) & 1U) != 0; };
    return has_word(HeaderWord::from) && (addressed || has_word(HeaderWord::subject)) &&
           has_word(HeaderWord::sent) + has_word(HeaderWord::to) + has_word(HeaderWord::subject) >= 2;
  }

  // The same in a language that nobody here knows; only behind a rule.
  bool any_header_block(std::size_t i) const {
    std::size_t fields = 0;
    for (std::size_t k = i; k < std::min(lines_.size(), i + 6) && !lines_[k].blank; ++k) {
      const auto colon = words(k).find(':');
      if (colon != std::string_view::npos && colon > 0 && colon <= 30) ++fields;
    }
    return fields >= 3;
  }

  // An attribution whose quote has no marks: some programs on phones and Yahoo's pages.
  std::size_t unmarked_quote(std::size_t i) const {
    if (!may_begin_attribution(words(i))) return kNone;
    std::string joined;
    for (std::size_t k = i; k < std::min(lines_.size(), i + 4); ++k) {
      if (!own(k)) return kNone;
      joined += (joined.empty() ? "" : " ") + std::string(words(k));
      if (!is_attribution(joined)) continue;
      // "On Monday Bob wrote:" within a text is none: it has no address and no time.
      if (!is_like_attribution(joined) || joined.find('@') == std::string::npos) return kNone;
      const std::size_t next = next_line(k);
      return next != kNone && lines_[next].depth == 0 ? next : kNone;
    }
    return kNone;
  }

  // What lists add to the end. Where it begins: at the last rule that has something of a list below it.
  std::size_t footers(std::size_t end) {
    const std::size_t from = end > kFooterLines ? end - kFooterLines : 0;
    bool told = false;
    for (std::size_t i = end; i-- > from && lines_[i].depth == 0;) {
      if (lines_[i].blank) continue;
      const std::string_view line = words(i);
      const bool rule = is_rule(line, '_', 10) || is_rule(line, '-', 2) || is_rule(line, '=', 10) ||
                        is_rule(line, '*', 10) || line.substr(0, 6) == "-=-=-=";
      const bool begins = line.substr(0, 35) == "You received this message because y";
      if ((rule && told) || begins) {
        // A rule above what needs none.
        const bool ruled = begins && i > 0 && is_rule(words(i - 1), '-', 2);
        fold({ruled ? i - 1 : i, end});
        return ruled ? i - 1 : i;
      }
      told = told || is_list_note(line);
    }
    return end;
  }

  void quotes(std::size_t end) {
    std::vector<Range> blocks;
    for (std::size_t i = 0; i < end; ++i) {
      if (lines_[i].depth == 0) continue;
      Range block{i, i + 1};
      for (std::size_t k = i + 1; k < end && (lines_[k].depth > 0 || lines_[k].blank); ++k) {
        if (lines_[k].depth > 0) block.end = k + 1;
      }
      blocks.push_back(block);
      i = block.end - 1;
    }
    for (const Range& block : blocks) attributions(block);
    std::size_t from = 0;
    for (const Range& block : blocks) {
      signature({from, block.begin});
      from = block.end;
    }
    signature({from, end});

    const auto said_within = [&](Range range) {
      for (std::size_t i = range.begin; i < range.end; ++i) {
        if (is_said(i)) return true;
      }
      return false;
    };
    std::size_t after = end;
    bool answered = false;  // there is something said below
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      answered = answered || said_within({block->end, after});
      after = block->begin;
      if (!answered) {
        fold(*block);
        continue;
      }
      const std::size_t size = block->end - block->begin;
      const bool on_top = block + 1 == blocks.rend() && !said_within({0, block->begin});
      const bool alone = blocks.size() == 1 || block == blocks.rbegin();
      if (on_top && alone && size > kLongTopQuote) {
        fold(*block);
      } else if (size > kLongQuote) {
        fold({block->begin, block->end - kShownOfLong});
      }
    }
  }

  // The line, or the lines, that say who wrote the quote below; also its own first lines, where a page said
  // so by its markup.
  void attributions(Range block) {
    std::size_t last = block.begin;
    std::size_t blanks = 0;
    while (last > 0 && lines_[last - 1].blank && lines_[last - 1].depth == 0 && blanks < 3) --last, ++blanks;
    if (last > 0 && own(last - 1)) {
      const std::size_t count = attribution_lines(last - 1, 0, true);
      fold({last - count, last});
    }
    for (std::size_t i = block.begin; i < std::min(block.end, block.begin + 4); ++i) {
      if (lines_[i].blank) break;
      const std::size_t count = attribution_lines(i, block.begin, false);
      if (count != i + 1 - block.begin) continue;
      fold({block.begin, i + 1});
      break;
    }
  }

  // How many lines up from `last` are an attribution; 0: none.
  std::size_t attribution_lines(std::size_t last, std::size_t first, bool loose) const {
    std::size_t found = 0;
    std::string joined;
    for (std::size_t count = 1; count <= 4 && last + 1 >= count + first; ++count) {
      const std::size_t i = last + 1 - count;
      if (lines_[i].blank || lines_[i].depth != lines_[last].depth) break;
      if (count > 1 && (words(i).back() == '!' || words(i).back() == '?')) break;
      if (!joined.empty()) joined.insert(0, " ");
      joined.insert(0, words(i));
      if (count > 1 && !may_begin_attribution(words(i))) continue;
      if (is_attribution(joined) || (loose && is_like_attribution(joined))) found = count;
      // It began with a date: what stands above is said.
      if (found == count && has_start(words(i))) break;
    }
    return found;
  }

  static bool has_start(std::string_view line) {
    return may_begin_attribution(line) && line.front() != '<' && !(line.back() == ':' && line.find('<') == 0);
  }

  // Of what is said within a range without quotes, what a program put below it.
  void signature(Range range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (!own(i) || lines_[i].role == Role::folded) continue;
      const std::string_view line = plain_.substr(lines_[i].begin, lines_[i].end - lines_[i].begin);
      const bool exact = line == "-- " || line == "- -- ";
      if (!exact && line != "--" && line != "—\xC2\xA0" && words(i) != "--") continue;
      if (!exact && count_lines({i, range.end}) > kShortSignature) continue;
      fold({i, range.end});
      break;
    }
    std::size_t looked = 0;
    for (std::size_t i = range.end; i-- > range.begin && looked < 3;) {
      if (!is_said(i)) continue;
      ++looked;
      if (!is_device_note(words(i))) continue;
      fold({i, range.end});
      looked = 0;
    }
  }

  std::size_t count_lines(Range range) const {
    std::size_t count = 0;
    for (std::size_t i = range.begin; i < range.end; ++i) count += lines_[i].blank ? 0 : 1;
    return count;
  }

  void unfold() {
    for (Row& line : lines_) line.role = Role::said;
  }

  Folded build() {
    Folded out;
    out.said.plain.reserve(plain_.size());
    std::size_t blanks = 0;
    bool begun = false;
    for (const Row& line : lines_) {
      if (line.role == Role::folded) {
        out.rest += plain_.substr(line.begin, line.end - line.begin);
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
      while (end > line.words && is_space(plain_[end - 1])) --end;
      moved_.push_back({line.words, end, out.said.plain.size()});
      out.said.plain += plain_.substr(line.words, end - line.words);
      said_end_ = out.said.plain.size();
    }
    close(out.said, 0);
    trim(out.said.plain);
    move_spans(out.said);
    while (!out.rest.empty() && out.rest.back() == '\n') out.rest.pop_back();
    out.rest.erase(0, out.rest.find_first_not_of('\n'));
    return out;
  }

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
    if (found == moved_.end()) return kNone;
    return found->to + (std::max(at, found->begin) - found->begin);
  }
  std::size_t moved_end(std::size_t at) const {
    const auto found =
        std::lower_bound(moved_.begin(), moved_.end(), at,
                         [](const Moved& one, std::size_t place) { return one.begin < place; });
    if (found == moved_.begin()) return kNone;
    const Moved& one = *(found - 1);
    return one.to + (std::min(at, one.end) - one.begin);
  }

  void move_spans(Text& said) const {
    for (const Span& span : text_.spans) {
      const std::size_t begin = moved_begin(span.begin), end = moved_end(span.end);
      if (begin == kNone || end == kNone || begin >= end) continue;
      said.spans.push_back({begin, end, span.style, span.detail});
    }
    for (Span& span : said.spans) span.end = std::min(span.end, said.plain.size());
    std::erase_if(said.spans, [](const Span& span) { return span.begin >= span.end; });
    std::stable_sort(said.spans.begin(), said.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
  }

  struct Moved {
    std::size_t begin = 0, end = 0, to = 0;
  };

  const Text& text_;
  std::string_view plain_;
  bool forwarded_;
  std::vector<Row> lines_;
  std::vector<std::size_t> open_;  // where the quotes begin that have not ended
  std::size_t said_end_ = 0;
  std::vector<Moved> moved_;
};

}  // namespace

Folded fold_quotes(const Text& text, bool forwarded) { return Folder(text, forwarded).run(); }

}  // namespace dragoman::email
