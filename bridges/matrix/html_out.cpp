#include <algorithm>
#include <utility>

#include "bridges/matrix/html.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t deepest = 50;  // readers stop at a hundred
constexpr std::string_view kLineBreak = "<br>";

bool is_block(const Span& span) { return span.style == Style::quote || span.style == Style::block_code; }

bool is_colour(std::string_view detail) {
  return detail.size() == 7 && detail.front() == '#' &&
         detail.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

bool is_word(std::string_view detail) {
  return !detail.empty() && detail.size() <= 32 && std::all_of(detail.begin(), detail.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '#' || c == '-' || c == '_' || c == '.';
  });
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
}

// RFC 3986: all but what is unreserved, '@' and ':', which the appendices leave as they are.
void append_percent_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '@' || c == ':';
    if (plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 0xF];
  }
}

struct Tag {
  Span span;
  std::string open;
  std::string_view close;
};

// Nothing to open: HTML would not show it.
Tag tag_of(const Span& span, const UserOf& user_of) {
  Tag tag{span, {}, {}};
  const auto is = [&](std::string_view open, std::string_view close) {
    tag.open = open;
    tag.close = close;
  };
  switch (span.style) {
    case Style::bold: is("<strong>", "</strong>"); break;
    case Style::italic: is("<em>", "</em>"); break;
    case Style::underline: is("<u>", "</u>"); break;
    case Style::strike: is("<del>", "</del>"); break;
    case Style::code: is("<code>", "</code>"); break;
    case Style::quote: is("<blockquote>", "</blockquote>"); break;
    case Style::spoiler: is("<span data-mx-spoiler>", "</span>"); break;
    case Style::block_code:
      is("<pre><code>", "</code></pre>");
      if (is_word(span.detail)) tag.open = "<pre><code class=\"language-" + span.detail + "\">";
      break;
    case Style::colour:
      if (is_colour(span.detail)) is("<span data-mx-color=\"" + span.detail + "\">", "</span>");
      break;
    case Style::background:
      if (is_colour(span.detail)) is("<span data-mx-bg-color=\"" + span.detail + "\">", "</span>");
      break;
    case Style::link:
      if (!is_safe_link(span.detail)) break;
      tag.open = "<a href=\"";
      append_escaped(tag.open, span.detail);
      tag.open += "\">";
      tag.close = "</a>";
      break;
    case Style::mention: {
      const std::string user = user_of && !span.detail.empty() ? user_of(span.detail) : std::string();
      if (user.empty()) break;
      tag.open = "<a href=\"https://matrix.to/#/";
      append_percent_encoded(tag.open, user);
      tag.open += "\">";
      tag.close = "</a>";
      break;
    }
  }
  return tag;
}

class Writer {
 public:
  Writer(std::string_view plain, std::vector<Tag> tags) : plain_(plain), tags_(std::move(tags)) {}

  std::string run() {
    out_.reserve(plain_.size() + 64 * tags_.size() + 16);
    std::vector<std::size_t> edges = {0, plain_.size()};
    for (const Tag& tag : tags_) {
      edges.push_back(tag.span.begin);
      edges.push_back(tag.span.end);
    }
    std::sort(edges.begin(), edges.end());
    edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
    std::vector<const Tag*> active;
    auto next = tags_.begin();
    for (std::size_t i = 0; i + 1 < edges.size(); ++i) {
      std::erase_if(active, [&](const Tag* tag) { return tag->span.end <= edges[i]; });
      for (; next != tags_.end() && next->span.begin <= edges[i]; ++next) {
        if (active.size() < deepest) active.push_back(&*next);
      }
      // Blocks stand around what is inline, however they came.
      std::vector<const Tag*> wanted = active;
      std::stable_partition(wanted.begin(), wanted.end(), [](const Tag* tag) { return is_block(tag->span); });
      change_to(wanted);
      write(plain_.substr(edges[i], edges[i + 1] - edges[i]));
    }
    change_to({});
    return std::move(out_);
  }

 private:
  void change_to(const std::vector<const Tag*>& wanted) {
    const auto same = std::mismatch(open_.begin(), open_.end(), wanted.begin(), wanted.end());
    const auto kept = static_cast<std::size_t>(same.first - open_.begin());
    // A block begins its own line.
    const bool block_begins =
        std::any_of(same.second, wanted.end(), [](const Tag* tag) { return is_block(tag->span); });
    bool ended = false, ended_with_newline = block_begins && drop_line_break();
    while (open_.size() > kept) {
      const Tag* tag = open_.back();
      if (is_block(tag->span)) {
        ended = true;
        ended_with_newline = drop_line_break() || ended_with_newline;
      }
      out_ += tag->close;
      open_.pop_back();
    }
    // The newline that ends a block's last line is no empty line, be it in the block or behind it.
    if (ended && !ended_with_newline) skip_newline_ = true;
    for (auto tag = same.second; tag != wanted.end(); ++tag) {
      open_.push_back(*tag);
      out_ += (*tag)->open;
    }
  }

  bool drop_line_break() {
    if (out_.ends_with(kLineBreak)) {
      out_.resize(out_.size() - kLineBreak.size());
      return true;
    }
    if (out_.ends_with('\n')) {
      out_.pop_back();
      return true;
    }
    return false;
  }

  bool open_is(Style style) const {
    return std::any_of(open_.begin(), open_.end(), [&](const Tag* tag) { return tag->span.style == style; });
  }

  void write(std::string_view text) {
    if (std::exchange(skip_newline_, false) && text.front() == '\n') text.remove_prefix(1);
    const bool verbatim = open_is(Style::block_code);
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\n' && !verbatim) {
        out_ += kLineBreak;
      } else if (c == ' ' && !verbatim &&
                 (out_.empty() || out_.back() == ' ' || out_.ends_with(kLineBreak))) {
        out_ += "&nbsp;";  // HTML would drop it
      } else {
        append_escaped(out_, text.substr(i, 1));
      }
    }
  }

  std::string_view plain_;
  std::vector<Tag> tags_;
  std::vector<const Tag*> open_;
  std::string out_;
  bool skip_newline_ = false;
};

}  // namespace

std::string to_html(const Text& text, const UserOf& user_of) {
  std::vector<Tag> tags;
  bool shown = false;
  for (const Span& span : text.spans) {
    if (span.begin >= span.end || span.end > text.plain.size()) continue;
    Tag tag = tag_of(span, user_of);
    if (tag.open.empty()) continue;
    // Clients make a link of a URL by themselves.
    const auto told = std::string_view(text.plain).substr(span.begin, span.end - span.begin);
    shown = shown || span.style != Style::link || told != span.detail;
    tags.push_back(std::move(tag));
  }
  if (!shown) return {};
  std::stable_sort(tags.begin(), tags.end(), [](const Tag& a, const Tag& b) {
    return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end > b.span.end;
  });
  return Writer(text.plain, std::move(tags)).run();
}

}  // namespace dragoman::matrix
