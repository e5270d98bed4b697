#include "bridges/email/html_page.hpp"

#include <algorithm>
#include <utility>

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxSpans = 2000;
constexpr std::size_t kMaxQuotes = 20;  // ">" before a line

// Spaces that pages collapse: also hard ones, which mails have in place of others.
std::size_t blank(std::string_view text) {
  const char c = text.front();
  if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return 1;
  return c == '\xC2' && text.size() > 1 && text[1] == '\xA0' ? 2 : 0;
}

// What is not seen: soft hyphens, and what fills the line of a mail in a list of mails.
std::size_t invisible(std::string_view text) {
  const std::string_view two = text.substr(0, 2), three = text.substr(0, 3);
  if (two == "\xC2\xAD" || two == "\xCD\x8F") return 2;
  return three == "\xE2\x80\x8B" || three == "\xEF\xBB\xBF" ? 3 : 0;
}

}  // namespace

void PageText::characters(std::string_view text) {
  if (preformatted_ > 0) return verbatim(text);
  while (!text.empty()) {
    const std::size_t space = blank(text);
    if (space > 0) {
      space_ = true;
      text.remove_prefix(space);
      continue;
    }
    if (const std::size_t unseen = invisible(text); unseen > 0) {
      text.remove_prefix(unseen);
      continue;
    }
    std::size_t end = 1;
    while (end < text.size() && blank(text.substr(end)) == 0 && invisible(text.substr(end)) == 0) ++end;
    write(text.substr(0, end));
    text.remove_prefix(end);
  }
}

void PageText::line_break() {
  if (preformatted_ > 0) return verbatim("\n");
  ++lines_;
  space_ = false;
}

void PageText::rule() {
  breaks(1);
  rule_ = !text_.plain.empty();
}

void PageText::sign() {
  const std::string_view plain = text_.plain;
  const auto last = plain.substr(plain.rfind('\n') + 1);
  sign_ = last != "--" && last != "-- ";
  breaks(1);
}

void PageText::line(std::string_view words) {
  breaks(1);
  rule_ = false;
  write(words);
  breaks(1);
}

void PageText::preformatted(bool begins) {
  if (!begins) --preformatted_;
  breaks(1);
  if (begins) ++preformatted_;
}

void PageText::open_quote() {
  breaks(1);
  ++quotes_;
}

void PageText::close_quote() {
  breaks(1);
  --quotes_;
  after_quote_ = true;
}

void PageText::item(std::string mark) {
  breaks(1);
  mark_ = std::move(mark);
  fresh_ = true;
}

void PageText::cell(bool behind_another) {
  if (behind_another && lines_ == 0 && !text_.plain.empty()) mark_ = " | ";
  space_ = false;
  fresh_ = true;
}

void PageText::span(std::size_t begin, Style style, const std::string& detail) {
  if (begin == nowhere || begin >= text_.plain.size() || text_.spans.size() >= kMaxSpans) return;
  const std::string_view words = std::string_view(text_.plain).substr(begin);
  // "bob@example.org" leads where it says.
  if (style == Style::link &&
      (detail == "mailto:" + std::string(words) || detail == "tel:" + std::string(words))) {
    return;
  }
  // A style that spans lines would span the marks of quotes between them.
  if (quotes_ > 0 && words.find('\n') != std::string_view::npos) return;
  text_.spans.push_back({begin, text_.plain.size(), style, detail});
}

Text PageText::finish() {
  std::stable_sort(text_.spans.begin(), text_.spans.end(), [](const Span& a, const Span& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  return std::move(text_);
}

void PageText::breaks(std::size_t count) {
  lines_ = std::max(lines_, count);
  space_ = fresh_ = false;
  if (mark_ == " | ") mark_.clear();
}

void PageText::new_lines() {
  if (text_.plain.empty()) {
    prefix();
  } else if (lines_ > 0) {
    const std::size_t count = std::min<std::size_t>(lines_, 3);
    for (std::size_t i = 0; i < count; ++i) {
      text_.plain += '\n';
      // Between two lines of a quote an empty one is of it.
      if (i + 1 < count && quotes_ > 0 && !after_quote_ && written_quotes_ >= quotes_)
        text_.plain.append(std::min(quotes_, kMaxQuotes), '>');
    }
    prefix();
  }
  lines_ = 0;
  after_quote_ = false;
  written_quotes_ = quotes_;
}

void PageText::prefix() {
  if (quotes_ == 0) return;
  text_.plain.append(std::min(quotes_, kMaxQuotes), '>');
  text_.plain += ' ';
}

void PageText::write(std::string_view words) {
  if (rule_ && lines_ > 0) {
    rule_ = false;
    new_lines();
    text_.plain += "---";
    lines_ = 1;
  }
  if (sign_) {
    sign_ = false;
    if (words != "--") {
      new_lines();
      text_.plain += "-- ";
      lines_ = 1;
    }
  }
  const bool begins = at_line_begin();
  if (begins) new_lines();
  if (!mark_.empty()) {
    if (mark_ != " | " || !begins) text_.plain += mark_;
    mark_.clear();
  } else if (begins ? quotes_ == 0 && words.front() == '>' : space_) {
    text_.plain += ' ';  // at the beginning: what the writer begins so is no quote
  }
  space_ = fresh_ = false;
  begin_elements();
  text_.plain += words;
}

void PageText::verbatim(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) {
      if (at_line_begin()) new_lines();
      begin_elements();
      text_.plain += text.substr(0, end);
      fresh_ = false;
    }
    if (end < text.size() && (!text_.plain.empty() || lines_ > 0)) ++lines_;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// Those that have no beginning yet are the last ones.
void PageText::begin_elements() {
  for (auto begin = begins_.rbegin(); begin != begins_.rend() && *begin == nowhere; ++begin)
    *begin = text_.plain.size();
}

}  // namespace dragoman::email
