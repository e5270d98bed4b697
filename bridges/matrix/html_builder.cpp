#include "bridges/matrix/html_builder.hpp"

#include <algorithm>
#include <utility>

#include "mapping/utf8.hpp"

namespace dragoman::matrix::html {
namespace {

constexpr std::size_t most_nested = 102;  // html and body are two

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

}  // namespace

bool Builder::open(std::string_view name, Attributes attributes) {
  if (frames_.size() == most_nested) {
    too_deep_ = true;
    return false;
  }
  Frame frame{std::string(name), element_of(name), {}, orders_};
  orders_ += 4;  // more than an element has
  if (dropped_ > 0 || frame.element == Element::dropped) {
    ++dropped_;
    frame.element = Element::dropped;
  } else {
    enter(frame, attributes);
  }
  frames_.push_back(std::move(frame));
  return true;
}

void Builder::close(std::string_view name) {
  const auto found =
      std::find_if(frames_.rbegin(), frames_.rend(), [&](const Frame& frame) { return frame.name == name; });
  if (found == frames_.rend()) return;
  for (auto n = found - frames_.rbegin(); n >= 0; --n) close_last();
}

void Builder::characters(std::string_view text) {
  if (dropped_ > 0) return;
  if (preformatted_ > 0) return verbatim(text);
  while (!text.empty()) {
    const auto word = std::find_if_not(text.begin(), text.end(), is_space);
    if (word != text.begin()) space_ = true;
    text.remove_prefix(static_cast<std::size_t>(word - text.begin()));
    const auto end = std::find_if(text.begin(), text.end(), is_space);
    const auto length = static_cast<std::size_t>(end - text.begin());
    if (length > 0) write(text.substr(0, length));
    text.remove_prefix(length);
  }
}

Text Builder::finish() {
  while (!frames_.empty()) close_last();
  std::stable_sort(spans_.begin(), spans_.end(), [](const Ordered& a, const Ordered& b) {
    if (a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
    return a.span.end != b.span.end ? a.span.end > b.span.end : a.order < b.order;
  });
  for (Ordered& one : spans_) {
    if (text_.spans.empty() || text_.spans.back() != one.span || one.span.style == Style::quote) {
      text_.spans.push_back(std::move(one.span));
    }
  }
  return std::move(text_);
}

void Builder::breaks(std::size_t lines) {
  // A cell is one line of text.
  if (cells_ > 0) {
    space_ = true;
    return;
  }
  // Behind the mark of an item there is none.
  if (!marked_) lines_ = std::max(lines_, list_depth() > 0 ? std::min<std::size_t>(lines, 1) : lines);
  space_ = false;
}

void Builder::whole_lines() {
  lines_ = std::max<std::size_t>(lines_, 1);
  marked_ = space_ = false;
}

void Builder::catch_up() {
  if (!text_.plain.empty()) {
    if (lines_ > 0) {
      text_.plain.append(lines_, '\n');
    } else if (space_ && text_.plain.back() != ' ' && text_.plain.back() != '\n') {
      text_.plain += ' ';
    }
  }
  lines_ = 0;
  space_ = marked_ = false;
}

void Builder::write(std::string_view words) {
  catch_up();
  for (auto frame = frames_.rbegin(); frame != frames_.rend() && frame->begin == nowhere; ++frame) {
    frame->begin = text_.plain.size();
  }
  text_.plain += words;
}

void Builder::write_mark(std::string_view mark) {
  catch_up();
  text_.plain += mark;
}

void Builder::verbatim(std::string_view text) {
  if (fresh_pre_ && !text.empty() && text.front() == '\n') text.remove_prefix(1);
  if (!text.empty()) fresh_pre_ = false;
  // Newlines at the end are written once something follows.
  while (!text.empty()) {
    const auto newline = std::min(text.find('\n'), text.size());
    if (newline > 0) {
      const std::size_t lines = std::exchange(pre_lines_, 0);
      write(std::string(lines, '\n').append(text.substr(0, newline)));
    }
    if (newline < text.size()) ++pre_lines_;
    text.remove_prefix(std::min(newline + 1, text.size()));
  }
}

void Builder::style(Frame& frame, Style style, std::string detail) {
  frame.spans.push_back({0, 0, style, std::move(detail)});
}

void Builder::colours(Frame& frame, Attributes attributes, bool font) {
  auto colour = colour_of(attributes, "data-mx-color");
  if (!colour && font) colour = colour_of(attributes, "color");
  if (colour) style(frame, Style::colour, std::move(*colour));
  if (auto background = colour_of(attributes, "data-mx-bg-color")) {
    style(frame, Style::background, std::move(*background));
  }
}

void Builder::enter(Frame& frame, Attributes attributes) {
  switch (frame.element) {
    case Element::text:
    case Element::dropped: return;
    case Element::bold: return style(frame, Style::bold);
    case Element::italic: return style(frame, Style::italic);
    case Element::underline: return style(frame, Style::underline);
    case Element::strike: return style(frame, Style::strike);
    case Element::code: return enter_code(frame, attributes);
    case Element::superscript: return write_superscript();
    case Element::span: return enter_span(frame, attributes);
    case Element::font: return colours(frame, attributes, true);
    case Element::anchor: return enter_anchor(frame, attributes);
    case Element::image: return enter_image(attributes);
    case Element::line_break: return enter_break();
    case Element::rule:
      breaks(1);
      write("---");
      return breaks(1);
    case Element::heading: breaks(2); return style(frame, Style::bold);
    case Element::paragraph: return breaks(2);
    case Element::block: return breaks(1);
    case Element::quote: whole_lines(); return style(frame, Style::quote);
    case Element::preformatted:
      if (preformatted_++ == 0) {
        whole_lines();
        fresh_pre_ = true;
        style(frame, Style::block_code);
      }
      return;
    case Element::unordered:
    case Element::ordered:
      if (!marked_ || lists_ > 0) lines_ = std::max<std::size_t>(lines_, 1);
      marked_ = space_ = false;
      frame.number = start_of(attributes);
      ++lists_;
      return;
    case Element::item: return enter_item();
    case Element::row: return breaks(1);
    case Element::head_cell: style(frame, Style::bold); [[fallthrough]];
    case Element::cell: return enter_cell();
    case Element::summary: breaks(1); return style(frame, Style::bold);
  }
}

void Builder::write_superscript() {
  if (!text_.plain.empty() && lines_ == 0 && !space_) write("^");
}

void Builder::enter_break() {
  if (preformatted_ > 0) {
    ++pre_lines_;
  } else {
    ++lines_;
    space_ = marked_ = false;
  }
}

void Builder::enter_code(Frame& frame, Attributes attributes) {
  if (preformatted_ == 0) return style(frame, Style::code);
  if (frames_.empty() || frames_.back().element != Element::preformatted) return;
  for (Span& span : frames_.back().spans) span.detail = language_of(attributes);
}

void Builder::enter_span(Frame& frame, Attributes attributes) {
  colours(frame, attributes, false);
  const auto reason = attribute(attributes, "data-mx-spoiler");
  if (!reason) return;
  // What it is about is told; what it says is hidden.
  if (const std::string told = display_clean(*reason); !told.empty()) {
    characters("(" + told + ") ");
  }
  style(frame, Style::spoiler);
}

void Builder::enter_anchor(Frame& frame, Attributes attributes) {
  const auto href = attribute(attributes, "href");
  if (!href) return;
  if (const auto user = linked_user(*href)) {
    if (std::string nick = nick_of_ ? nick_of_(*user) : std::string(); !nick.empty()) {
      return style(frame, Style::mention, std::move(nick));
    }
  }
  if (is_safe_link(*href)) style(frame, Style::link, std::string(*href));
}

void Builder::enter_image(Attributes attributes) {
  for (const std::string_view name : {"alt", "title"}) {
    const auto text = attribute(attributes, name);
    if (!text || display_clean(*text).empty()) continue;
    return characters(clean_text(*text));
  }
}

void Builder::enter_item() {
  lines_ = std::max<std::size_t>(lines_, 1);
  space_ = false;
  std::string mark =
      lists_ > 1 ? std::string(2 * (std::min<std::size_t>(lists_, 5) - 1), ' ') : std::string();
  const auto list = std::find_if(frames_.rbegin(), frames_.rend(), [](const Frame& frame) {
    return frame.element == Element::ordered || frame.element == Element::unordered;
  });
  if (list != frames_.rend() && list->element == Element::ordered) {
    mark += std::to_string(list->number++) + ". ";
  } else {
    mark += "- ";
  }
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    // A quote or a style around the list begins with its first mark.
    if (frame->begin == nowhere) frame->begin = place_of_next();
  }
  write_mark(mark);
  marked_ = true;
}

void Builder::enter_cell() {
  const auto row = std::find_if(frames_.rbegin(), frames_.rend(),
                                [](const Frame& frame) { return frame.element == Element::row; });
  if (row == frames_.rend()) {
    breaks(1);
  } else if (std::exchange(row->cells, true)) {
    lines_ = 0;
    space_ = false;
    write_mark(" | ");
  }
  ++cells_;
}

void Builder::close_last() {
  Frame frame = std::move(frames_.back());
  frames_.pop_back();
  if (frame.element == Element::dropped) {
    --dropped_;
    return;
  }
  if (frame.begin != nowhere && frame.begin < text_.plain.size()) {
    for (Span& span : frame.spans) {
      spans_.push_back(
          {{frame.begin, text_.plain.size(), span.style, std::move(span.detail)}, frame.order++});
    }
  }
  switch (frame.element) {
    case Element::heading:
    case Element::paragraph: return breaks(2);
    case Element::block:
    case Element::item:
    case Element::row:
    case Element::summary: marked_ = false; return breaks(1);
    case Element::cell:
    case Element::head_cell: --cells_; return;
    case Element::quote: return whole_lines();
    case Element::preformatted:
      if (--preformatted_ == 0) {
        pre_lines_ = 0;
        whole_lines();
      }
      return;
    case Element::unordered:
    case Element::ordered: --lists_; return whole_lines();
    default: return;
  }
}

}  // namespace dragoman::matrix::html
