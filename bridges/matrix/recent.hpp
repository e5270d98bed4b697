// What is remembered of the last messages of a room: who wrote them and how they begin, for replies, edits
// and redactions; and which events came already.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/atom.hpp"

namespace dragoman::matrix {

class Recent {
 public:
  static constexpr std::size_t kept = 200;       // messages
  static constexpr std::size_t known = 256;      // ids
  static constexpr std::size_t beginning = 160;  // bytes of a message's text

  struct Message {
    std::string id;
    Atom author;
    std::string text;
    std::uint64_t order = 0;  // greater: later
  };

  // Whether this event came before; it has, from now on.
  bool seen(std::string_view event_id);
  void put(std::string_view event_id, std::string_view author, std::string_view text);
  const Message* find(std::string_view event_id) const;
  void set_text(std::string_view event_id, std::string_view text);

 private:
  std::deque<Message> messages_;
  std::uint64_t last_ = 0;
  std::unique_ptr<std::array<std::uint64_t, known>> ids_;  // hashes; made with the first event
  std::size_t next_id_ = 0;
};

}  // namespace dragoman::matrix
