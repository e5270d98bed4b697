// Texts as a failed test shows them. Included by every test that compares some: one way of printing a
// program.
#pragma once

#include <ostream>

#include "bridges/text.hpp"

namespace dragoman {
inline void PrintTo(const Span& s, std::ostream* out) {
  *out << static_cast<int>(s.style) << ' ' << s.begin << '-' << s.end << ' ' << s.detail;
}
inline void PrintTo(const Text& t, std::ostream* out) {
  *out << '[' << t.plain << ']';
  for (const Span& s : t.spans) {
    *out << " {";
    PrintTo(s, out);
    *out << '}';
  }
}
}  // namespace dragoman
