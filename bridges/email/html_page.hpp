// A page's text as it grows: spaces collapsed, lines broken where they are, "> " before those of quotes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bridges/text.hpp"

namespace dragoman::email {

class PageText {
 public:
  static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);

  void characters(std::string_view text);
  void breaks(std::size_t count);  // before the next words at least so many
  void line_break();
  void empty_line() { ++lines_; }
  void line(std::string_view words);  // alone
  void rule();                        // behind a line of its own and before more: at the end it is a frame
  void sign();                        // a signature begins; it is marked where the page does not do so itself
  void preformatted(bool begins);
  void open_quote();
  void close_quote();

  // An item, or a cell behind another of its row, begins: its first words come behind the mark.
  void item(std::string mark);
  void end_item() { mark_.clear(); }
  void cell(bool behind_another);
  bool fresh() const { return fresh_; }  // in an item or a cell without words yet

  // Elements within each other: where the first words of each stand, or nowhere.
  void open() { begins_.push_back(nowhere); }
  void close() { begins_.pop_back(); }
  std::size_t begin(std::size_t depth) const { return begins_[depth]; }
  // From there to here, once its words are written.
  void span(std::size_t begin, Style style, const std::string& detail);

  Text finish();

 private:
  void new_lines();
  void prefix();
  bool at_line_begin() const { return text_.plain.empty() || lines_ > 0; }
  void write(std::string_view words);
  void verbatim(std::string_view text);
  void begin_elements();

  Text text_;
  std::vector<std::size_t> begins_;
  std::size_t preformatted_ = 0, quotes_ = 0;  // how many are open
  std::size_t written_quotes_ = 0;
  std::size_t lines_ = 0;  // newlines before the next words
  bool space_ = false;     // a space before the next words
  bool fresh_ = false;
  bool rule_ = false, sign_ = false, after_quote_ = false;
  std::string mark_;  // before the next words
};

}  // namespace dragoman::email
