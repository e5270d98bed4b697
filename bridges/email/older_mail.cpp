#include "bridges/email/older_mail.hpp"

#include <algorithm>
#include <string>

#include "bridges/email/quote_words.hpp"

namespace dragoman::email {
namespace {

class OlderMail {
 public:
  OlderMail(const Rows& rows, bool forwarded) : rows_(rows), forwarded_(forwarded) {}

  std::size_t find(std::size_t& end) const {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!rows_.own(i) || rows_[i].role == Row::Role::folded) continue;
      if (is_forward_mark(rows_.words(i))) {
        end = i;
        return rows_.size();
      }
      if (is_original_mark(rows_.words(i))) return forwarded_ ? (end = i, rows_.size()) : i;
      if (is_rule(rows_.words(i), '_', 10) || is_original_like(rows_.words(i))) {
        const std::size_t next = rows_.next(i);
        if (next != Rows::none && (header_block(next) || any_header_block(next)))
          return forwarded_ ? (end = i, rows_.size()) : i;
      }
      if (header_block(i)) return forwarded_ ? (end = i, rows_.size()) : i;
      if (const std::size_t after = unmarked_quote(i); after != Rows::none) return i;
    }
    return rows_.size();
  }

 private:
  static bool is_original_like(std::string_view line) {
    return line.size() > 8 && line.size() < 120 && line.substr(0, 3) == "---" &&
           line.substr(line.size() - 3) == "---";
  }

  // "From: … / Sent: … / To: … / Subject: …", or the date first. Who travels writes "From:" and "To:" too,
  // but no subject and no address.
  bool header_block(std::size_t i) const {
    const HeaderWord first = rows_[i].depth > 0 ? HeaderWord::none : header_word(rows_.words(i));
    if (first != HeaderWord::from && first != HeaderWord::sent) return false;
    unsigned found = 0;
    bool addressed = false;
    std::size_t looked = 0;
    for (std::size_t k = i; k < rows_.size() && looked < 8; ++k) {
      if (rows_[k].blank) continue;
      ++looked;
      if (rows_[k].depth > 0) break;
      const HeaderWord word = header_word(rows_.words(k));
      found |= 1U << static_cast<unsigned>(word);
      addressed =
          addressed || (word == HeaderWord::from && rows_.words(k).find('@') != std::string_view::npos);
    }
    const auto has_word = [&](HeaderWord word) { return (found >> static_cast<unsigned>(word) & 1U) != 0; };
    return has_word(HeaderWord::from) && (addressed || has_word(HeaderWord::subject)) &&
           has_word(HeaderWord::sent) + has_word(HeaderWord::to) + has_word(HeaderWord::subject) >= 2;
  }

  // The same in a language that nobody here knows; only behind a rule.
  bool any_header_block(std::size_t i) const {
    std::size_t fields = 0;
    for (std::size_t k = i; k < std::min(rows_.size(), i + 6) && !rows_[k].blank; ++k) {
      const auto colon = rows_.words(k).find(':');
      if (colon != std::string_view::npos && colon > 0 && colon <= 30) ++fields;
    }
    return fields >= 3;
  }

  // An attribution whose quote has no marks: some programs on phones and Yahoo's pages.
  std::size_t unmarked_quote(std::size_t i) const {
    if (!may_begin_attribution(rows_.words(i))) return Rows::none;
    std::string joined;
    for (std::size_t k = i; k < std::min(rows_.size(), i + 4); ++k) {
      if (!rows_.own(k)) return Rows::none;
      joined += (joined.empty() ? "" : " ") + std::string(rows_.words(k));
      if (!is_attribution(joined)) continue;
      // "On Monday Bob wrote:" within a text is none: it has no address and no time.
      if (!is_like_attribution(joined) || joined.find('@') == std::string::npos) return Rows::none;
      const std::size_t next = rows_.next(k);
      return next != Rows::none && rows_[next].depth == 0 ? next : Rows::none;
    }
    return Rows::none;
  }

  const Rows& rows_;
  bool forwarded_;
};

}  // namespace

std::size_t older_mail(const Rows& rows, bool forwarded, std::size_t& end) {
  return OlderMail(rows, forwarded).find(end);
}

}  // namespace dragoman::email
