#include "bridges/email/mailbox_mark.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace dragoman::email {

std::string packed(const MailboxMark& mark) {
  return std::to_string(mark.validity) + ' ' + std::to_string(mark.last) + ' ' +
         std::to_string(mark.since.time_since_epoch().count()) + ' ' +
         std::to_string(mark.looked.time_since_epoch().count());
}

MailboxMark unpacked_mark(std::string_view text) {
  std::array<std::int64_t, 4> numbers{};
  for (auto& number : numbers) {
    const auto end = std::min(text.find(' '), text.size());
    std::from_chars(text.data(), text.data() + end, number);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {static_cast<std::uint32_t>(numbers[0]), static_cast<std::uint32_t>(numbers[1]),
          Time(std::chrono::milliseconds(numbers[2])), Time(std::chrono::milliseconds(numbers[3]))};
}

}  // namespace dragoman::email
