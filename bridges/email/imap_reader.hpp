// What comes from a server of IMAP, cut into responses (RFC 3501 4.3): lines, with the literals that stand in
// them. Everything is bounded before memory is taken for it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman::email {

// One response: the line without its CRLF. Where a literal stood, `line` has its "{size}" and a line feed,
// and the literal itself is in `literals`, in order.
struct ImapLine {
  std::string line;
  std::vector<std::string> literals;
};

struct ImapLimits {
  std::size_t line_bytes = std::size_t{256} * 1024;  // of a response without its literals
  std::size_t literal_bytes = 30'000'000;            // of all literals of a response together
  std::size_t literals = 100;                        // of a response
};

class ImapReader {
 public:
  explicit ImapReader(ImapLimits limits) : limits_(limits) {}

  // Takes what came, and tells each response that is whole; the callback answers whether it wants more: what
  // stands behind is dropped where it does not. Empty: all is well; else what is wrong with what came, for a
  // person, and nothing more may be taken.
  std::string take(std::string_view bytes, const std::function<bool(ImapLine)>& tell);
  // Something stood behind the response after which no more was wanted.
  bool dropped() const { return dropped_; }

 private:
  // The size of the literal that the line announces, in bytes; false: it announces none.
  static bool announces(std::string_view line, std::size_t& size, bool& too_large);

  ImapLimits limits_;
  ImapLine line_;
  bool in_literal_ = false, dropped_ = false;
  std::size_t wanted_ = 0;    // bytes of the literal that are still to come
  std::size_t literals_ = 0;  // bytes of all of this response
};

}  // namespace dragoman::email
