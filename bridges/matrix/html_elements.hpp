// The elements of org.matrix.custom.html and what is read of their attributes (client-server API,
// "m.room.message msgtypes"). Pure; attributes are as libxml2's SAX parser hands them over: hostile.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <libxml/xmlstring.h>

namespace dragoman::matrix::html {

enum class Element : std::uint8_t {
  text,  // known or not, it is what stands in it
  dropped,
  bold,
  italic,
  underline,
  strike,
  code,
  superscript,
  span,
  font,
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
  row,
  cell,
  head_cell,
  summary,
};

Element element_of(std::string_view name);

using Attributes = const xmlChar**;  // name, value, name, value, …, null; may be null

// Nothing where it is missing; empty where it has no value.
std::optional<std::string_view> attribute(Attributes attributes, std::string_view name);
// "#rrggbb", in lower case.
std::optional<std::string> colour_of(Attributes attributes, std::string_view name);
// Of a block of code; empty: none is named.
std::string language_of(Attributes attributes);
// The number of a list's first item.
long start_of(Attributes attributes);
// The user that a link is to; nothing where it is to something else.
std::optional<std::string> linked_user(std::string_view url);

}  // namespace dragoman::matrix::html
