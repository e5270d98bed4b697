// The lines of a mail's text, with the marks of quotes before them, and what is to become of each.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace dragoman::email {

struct Row {
  enum class Role : std::uint8_t { said, folded };
  std::size_t begin = 0, end = 0;  // of all of it
  std::size_t words = 0;           // behind the marks of quotes
  std::size_t depth = 0;
  bool blank = false;  // but for the marks
  Role role = Role::said;
};

struct Rows {
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  struct Range {
    std::size_t begin = 0, end = 0;
  };

  // `text` outlives it.
  explicit Rows(std::string_view text);

  std::size_t size() const { return all.size(); }
  const Row& operator[](std::size_t i) const { return all[i]; }
  // Behind the marks, without the spaces around; and all of it.
  std::string_view words(std::size_t i) const { return words(all[i]); }
  std::string_view line(std::size_t i) const { return plain.substr(all[i].begin, all[i].end - all[i].begin); }
  bool own(std::size_t i) const { return all[i].depth == 0 && !all[i].blank; }
  bool is_said(std::size_t i) const { return own(i) && all[i].role == Row::Role::said; }
  bool has_said(Range range) const;       // quotes count too
  std::size_t next(std::size_t i) const;  // that is not blank
  std::size_t count(Range range) const;   // of those that are not blank
  void fold(Range range);

  std::string_view plain;
  std::vector<Row> all;

 private:
  std::string_view words(const Row& row) const;
};

}  // namespace dragoman::email
