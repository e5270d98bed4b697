#include "bridges/email/quote_rows.hpp"

#include <algorithm>

namespace dragoman::email {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

}  // namespace

Rows::Rows(std::string_view text) : plain(text) {
  for (std::size_t at = 0; at < plain.size() || at == 0;) {
    Row line;
    line.begin = at;
    line.end = std::min(plain.find('\n', at), plain.size());
    std::size_t i = at;
    line.words = at;
    // "> > >", ">>>", and "> " before what is said.
    while (i < line.end && plain[i] == '>') {
      ++line.depth;
      line.words = ++i;
      if (i + 1 < line.end && plain[i] == ' ' && plain[i + 1] == '>') ++i;
    }
    if (line.depth > 0 && line.words < line.end && plain[line.words] == ' ') ++line.words;
    line.blank = words(line).empty();
    all.push_back(line);
    at = line.end + 1;
  }
}

std::string_view Rows::words(const Row& row) const {
  std::string_view text = plain.substr(row.words, row.end - row.words);
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  // What a page has between its paragraphs.
  return text == "\xC2\xA0" ? std::string_view() : text;
}

bool Rows::has_said(Range range) const {
  for (std::size_t i = range.begin; i < range.end; ++i) {
    if (!all[i].blank && all[i].role == Row::Role::said) return true;
  }
  return false;
}

std::size_t Rows::next(std::size_t i) const {
  for (++i; i < all.size(); ++i) {
    if (!all[i].blank) return i;
  }
  return none;
}

std::size_t Rows::count(Range range) const {
  std::size_t count = 0;
  for (std::size_t i = range.begin; i < range.end; ++i) count += all[i].blank ? 0 : 1;
  return count;
}

void Rows::fold(Range range) {
  for (std::size_t i = range.begin; i < range.end; ++i) all[i].role = Row::Role::folded;
}

}  // namespace dragoman::email
