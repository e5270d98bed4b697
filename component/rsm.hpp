// XEP-0059: which part of a list is asked for, and which it was.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "component/xml.hpp"

namespace dragoman::rsm {

struct Request {
  std::optional<std::size_t> max;  // 0: only the count is wanted
  std::optional<std::string> after;
  std::optional<std::string> before;  // empty: the last page
  std::optional<std::size_t> index;
};

// Nothing where it is malformed: a number that is none, both directions at once.
std::optional<Request> parse(const Element& set);

struct Page {
  std::string first, last;  // ids; empty where the page is
  std::optional<std::size_t> first_index;
  std::optional<std::size_t> count;
};
void write(XmlWriter& out, const Page& page);

}  // namespace dragoman::rsm
