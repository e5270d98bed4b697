// The elements of HTML, by what a text makes of them.
#pragma once

#include <cstdint>
#include <string_view>

namespace dragoman::email {

enum class Element : std::uint8_t {
  text,  // known or not, it is what stands in it
  dropped,
  bold,
  italic,
  underline,
  strike,
  code,
  anchor,
  image,
  line_break,
  rule,
  heading,
  paragraph,
  block,
  quote,
  preformatted,
  unordered,
  ordered,
  item,
  table,
  row,
  cell,
};

Element element_of(std::string_view name);
bool has_end(std::string_view name);  // false: nothing stands in it

}  // namespace dragoman::email
