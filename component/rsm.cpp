#include "component/rsm.hpp"

#include <charconv>

#include "component/stanza.hpp"

namespace dragoman::rsm {

namespace {

bool read_number(const Element& set, std::string_view name, std::optional<std::size_t>& into) {
  const Element* child = set.child(name);
  if (!child) return true;
  std::size_t value = 0;
  const char* const end = child->text.data() + child->text.size();
  const auto [stop, failed] = std::from_chars(child->text.data(), end, value);
  if (failed != std::errc() || stop != end) return false;
  into = value;
  return true;
}

}  // namespace

std::optional<Request> parse(const Element& set) {
  Request request;
  if (!read_number(set, "max", request.max) || !read_number(set, "index", request.index)) return std::nullopt;
  // An empty one is behind nothing: the beginning.
  if (const Element* after = set.child("after"); after && !after->text.empty()) request.after = after->text;
  if (const Element* before = set.child("before")) request.before = before->text;
  if (request.after && request.before) return std::nullopt;
  return request;
}

void write(XmlWriter& out, const Page& page) {
  out.open("set", ns::rsm);
  if (!page.first.empty()) {
    out.open("first");
    if (page.first_index) out.attr("index", std::to_string(*page.first_index));
    out.text(page.first).close();
    out.element("last", page.last);
  }
  if (page.count) out.element("count", std::to_string(*page.count));
  out.close();
}

}  // namespace dragoman::rsm
