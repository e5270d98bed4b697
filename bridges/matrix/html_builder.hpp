// Text and its styles, out of elements as they open and close.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/matrix/html.hpp"
#include "bridges/matrix/html_elements.hpp"

namespace dragoman::matrix::html {

// Text is written once it is known what stands between it and what was before: spaces collapse, breaks of
// blocks that meet are one, and none is left at either end.
class Builder {
 public:
  explicit Builder(const NickOf& nick_of) : nick_of_(nick_of) {}

  bool too_deep() const { return too_deep_; }

  // False: no more.
  bool open(std::string_view name, Attributes attributes);
  void close(std::string_view name);
  void characters(std::string_view text);
  Text finish();

 private:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
  struct Frame {
    std::string name;
    Element element;
    std::vector<Span> spans;      // each from the first text in it; empty styles have none
    std::size_t order = 0;        // of its first span
    std::size_t begin = nowhere;  // where its first text stands
    long number = 1;              // of the next item
    bool cells = false;           // of a row: there was one
  };
  struct Ordered {
    Span span;
    std::size_t order;
  };

  void breaks(std::size_t lines);
  void whole_lines();
  std::size_t list_depth() const { return lists_; }
  // What was put off, before text is written.
  void catch_up();
  void write(std::string_view words);
  // What no element has written, and none is responsible for.
  void write_mark(std::string_view mark);
  void verbatim(std::string_view text);
  static void style(Frame& frame, Style style, std::string detail = {});
  void colours(Frame& frame, Attributes attributes, bool font);
  void enter(Frame& frame, Attributes attributes);
  // "x<sup>2</sup>" is not x2.
  void write_superscript();
  void enter_break();
  void enter_code(Frame& frame, Attributes attributes);
  void enter_span(Frame& frame, Attributes attributes);
  void enter_anchor(Frame& frame, Attributes attributes);
  void enter_image(Attributes attributes);
  void enter_item();
  std::size_t place_of_next() const { return text_.plain.size() + (text_.plain.empty() ? 0 : lines_); }
  void enter_cell();
  void close_last();

  const NickOf& nick_of_;
  Text text_;
  std::vector<Ordered> spans_;
  std::vector<Frame> frames_;
  std::size_t orders_ = 0;
  std::size_t dropped_ = 0, preformatted_ = 0, lists_ = 0, cells_ = 0;  // how many are open
  std::size_t lines_ = 0, pre_lines_ = 0;                               // newlines before the next text
  bool space_ = false;                                                  // a space before the next text
  bool marked_ = false;                                                 // behind the mark of an item
  bool fresh_pre_ = false;                                              // a newline right here is not shown
  bool too_deep_ = false;
};

}  // namespace dragoman::matrix::html
