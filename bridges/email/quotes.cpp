#include "bridges/email/quotes.hpp"

#include <algorithm>
#include <vector>

#include "bridges/email/folded_text.hpp"
#include "bridges/email/older_mail.hpp"
#include "bridges/email/quote_rows.hpp"
#include "bridges/email/quote_words.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kLongTopQuote = 10;  // lines above an answer: more are folded
constexpr std::size_t kLongQuote = 20;     // lines between answers: of more, the last are shown
constexpr std::size_t kShownOfLong = 10;
constexpr std::size_t kShortSignature = 12;  // lines after a "--" whose space somebody has taken off
constexpr std::size_t kFooterLines = 25;     // of a list, from its rule to the end

class Folder {
 public:
  explicit Folder(Rows& rows) : rows_(rows) {}

  void run(bool forwarded) {
    std::size_t end = rows_.size();
    armour();
    const std::size_t cut = older_mail(rows_, forwarded, end);
    rows_.fold({cut, rows_.size()});
    end = std::min(end, cut);
    end = footers(end);
    quotes(end);
    if (!rows_.has_said({0, rows_.size()})) unfold();
  }

 private:
  // What OpenPGP puts around a text that is signed as it stands (RFC 4880 7).
  void armour() {
    bool within = false, header = false;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::string_view line = rows_.words(i);
      if (rows_[i].depth > 0) continue;
      if (line == "-----BEGIN PGP SIGNED MESSAGE-----") header = true;
      if (line == "-----BEGIN PGP SIGNATURE-----" && has_end(i)) within = true;
      if (header || within) rows_.fold({i, i + 1});
      if (rows_[i].blank) header = false;
      if (line == "-----END PGP SIGNATURE-----") within = false;
    }
  }
  bool has_end(std::size_t from) const {
    for (std::size_t i = from; i < std::min(rows_.size(), from + 200); ++i) {
      if (rows_.words(i) == "-----END PGP SIGNATURE-----") return true;
    }
    return false;
  }

  // What lists add to the end. Where it begins: at the last rule that has something of a list below it.
  std::size_t footers(std::size_t end) {
    const std::size_t from = end > kFooterLines ? end - kFooterLines : 0;
    bool told = false;
    for (std::size_t i = end; i-- > from && rows_[i].depth == 0;) {
      if (rows_[i].blank) continue;
      const std::string_view line = rows_.words(i);
      const bool rule = is_rule(line, '_', 10) || is_rule(line, '-', 2) || is_rule(line, '=', 10) ||
                        is_rule(line, '*', 10) || line.substr(0, 6) == "-=-=-=";
      const bool begins = line.substr(0, 35) == "You received this message because y";
      if ((rule && told) || begins) {
        // A rule above what needs none.
        const bool ruled = begins && i > 0 && is_rule(rows_.words(i - 1), '-', 2);
        rows_.fold({ruled ? i - 1 : i, end});
        return ruled ? i - 1 : i;
      }
      told = told || is_list_note(line);
    }
    return end;
  }

  void quotes(std::size_t end) {
    std::vector<Rows::Range> blocks;
    for (std::size_t i = 0; i < end; ++i) {
      if (rows_[i].depth == 0) continue;
      Rows::Range block{i, i + 1};
      for (std::size_t k = i + 1; k < end && (rows_[k].depth > 0 || rows_[k].blank); ++k) {
        if (rows_[k].depth > 0) block.end = k + 1;
      }
      blocks.push_back(block);
      i = block.end - 1;
    }
    for (const Rows::Range& block : blocks) attributions(block);
    std::size_t from = 0;
    for (const Rows::Range& block : blocks) {
      signature({from, block.begin});
      from = block.end;
    }
    signature({from, end});

    const auto said_within = [&](Rows::Range range) {
      for (std::size_t i = range.begin; i < range.end; ++i) {
        if (rows_.is_said(i)) return true;
      }
      return false;
    };
    std::size_t after = end;
    bool answered = false;  // there is something said below
    for (auto block = blocks.rbegin(); block != blocks.rend(); ++block) {
      answered = answered || said_within({block->end, after});
      after = block->begin;
      if (!answered) {
        rows_.fold(*block);
        continue;
      }
      const std::size_t size = block->end - block->begin;
      const bool on_top = block + 1 == blocks.rend() && !said_within({0, block->begin});
      const bool alone = blocks.size() == 1 || block == blocks.rbegin();
      if (on_top && alone && size > kLongTopQuote) {
        rows_.fold(*block);
      } else if (size > kLongQuote) {
        rows_.fold({block->begin, block->end - kShownOfLong});
      }
    }
  }

  // The line, or the lines, that say who wrote the quote below; also its own first lines, where a page said
  // so by its markup.
  void attributions(Rows::Range block) {
    std::size_t last = block.begin;
    std::size_t blanks = 0;
    while (last > 0 && rows_[last - 1].blank && rows_[last - 1].depth == 0 && blanks < 3) --last, ++blanks;
    if (last > 0 && rows_.own(last - 1)) {
      const std::size_t count = attribution_lines(last - 1, 0, true);
      rows_.fold({last - count, last});
    }
    for (std::size_t i = block.begin; i < std::min(block.end, block.begin + 4); ++i) {
      if (rows_[i].blank) break;
      const std::size_t count = attribution_lines(i, block.begin, false);
      if (count != i + 1 - block.begin) continue;
      rows_.fold({block.begin, i + 1});
      break;
    }
  }

  // How many lines up from `last` are an attribution; 0: none.
  std::size_t attribution_lines(std::size_t last, std::size_t first, bool loose) const {
    std::size_t found = 0;
    std::string joined;
    for (std::size_t count = 1; count <= 4 && last + 1 >= count + first; ++count) {
      const std::size_t i = last + 1 - count;
      if (rows_[i].blank || rows_[i].depth != rows_[last].depth) break;
      if (count > 1 && (rows_.words(i).back() == '!' || rows_.words(i).back() == '?')) break;
      if (!joined.empty()) joined.insert(0, " ");
      joined.insert(0, rows_.words(i));
      if (count > 1 && !may_begin_attribution(rows_.words(i))) continue;
      if (is_attribution(joined) || (loose && is_like_attribution(joined))) found = count;
      // It began with a date: what stands above is said.
      if (found == count && has_start(rows_.words(i))) break;
    }
    return found;
  }

  static bool has_start(std::string_view line) {
    return may_begin_attribution(line) && line.front() != '<' && !(line.back() == ':' && line.find('<') == 0);
  }

  // Of what is said within a range without quotes, what a program put below it.
  void signature(Rows::Range range) {
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (!rows_.own(i) || rows_[i].role == Row::Role::folded) continue;
      const std::string_view line = rows_.line(i);
      const bool exact = line == "-- " || line == "- -- ";
      if (!exact && line != "--" && line != "—\xC2\xA0" && rows_.words(i) != "--") continue;
      if (!exact && rows_.count({i, range.end}) > kShortSignature) continue;
      rows_.fold({i, range.end});
      break;
    }
    std::size_t looked = 0;
    for (std::size_t i = range.end; i-- > range.begin && looked < 3;) {
      if (!rows_.is_said(i)) continue;
      ++looked;
      if (!is_device_note(rows_.words(i))) continue;
      rows_.fold({i, range.end});
      looked = 0;
    }
  }

  void unfold() {
    for (Row& row : rows_.all) row.role = Row::Role::said;
  }

  Rows& rows_;
};

}  // namespace

Folded fold_quotes(const Text& text, bool forwarded) {
  Rows rows(text.plain);
  Folder(rows).run(forwarded);
  return folded_text(text, rows);
}

}  // namespace dragoman::email
