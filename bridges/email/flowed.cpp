#include "bridges/email/quotes.hpp"

namespace dragoman::email {
namespace {

struct Line {
  std::size_t depth = 0;
  std::string_view words;  // behind the marks of quotes and the stuffed space
  bool flows = false;
};

Line line_of(std::string_view text, bool del_sp) {
  Line line;
  while (line.depth < text.size() && text[line.depth] == '>') ++line.depth;
  line.words = text.substr(line.depth);
  // RFC 3676 4.3: the line before a signature ends with a space, and does not flow.
  std::string_view bare = line.words;
  if (!bare.empty() && bare.front() == ' ') bare.remove_prefix(1);
  if (bare == "-- ") {
    line.words = bare;
    return line;
  }
  line.words = bare;
  line.flows = !bare.empty() && bare.back() == ' ';
  if (line.flows && del_sp) line.words.remove_suffix(1);
  return line;
}

}  // namespace

std::string unflowed(std::string_view text, bool del_sp) {
  std::string out;
  out.reserve(text.size());
  bool open = false;  // the line before flows into the next
  std::size_t depth = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const Line line = line_of(text.substr(0, end), del_sp);
    const bool last = end == text.size();
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool continues = open && line.depth == depth && line.words != "-- ";
    if (open && !continues) out += '\n';
    if (!continues) {
      out.append(line.depth, '>');
      // What the writer began with ">" is no quote: it keeps its space.
      const bool looks_quoted = !line.words.empty() && line.words.front() == '>';
      if ((line.depth > 0 && !line.words.empty()) || looks_quoted) out += ' ';
    }
    out += line.words;
    open = line.flows;
    depth = line.depth;
    if (!open && !last) out += '\n';
  }
  return out;
}

}  // namespace dragoman::email
