// Bytes from a server of IMAP: however they are cut, the responses are the same; what is read of them is
// bounded and clean.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bridges/email/imap_reader.hpp"
#include "bridges/email/imap_response.hpp"
#include "mapping/utf8.hpp"

namespace {

using namespace dragoman::email;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr ImapLimits limits{.line_bytes = 300, .literal_bytes = 200, .literals = 5};

std::string shown(const ImapValue& value, int depth = 0) {
  require(depth <= 30);
  std::string out = std::to_string(static_cast<int>(value.kind)) + value.text + '(';
  for (const ImapValue& item : value.items) out += shown(item, depth + 1);
  return out + ')';
}

// Everything that is read.
std::string play(std::string_view bytes, std::size_t step) {
  ImapReader reader(limits);
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    const auto wrong = reader.take(bytes.substr(at, step), [&](ImapLine line) {
      std::size_t all = 0;
      for (const auto& literal : line.literals) all += literal.size();
      require(line.line.size() <= limits.line_bytes + limits.literals && all <= limits.literal_bytes);
      require(line.literals.size() <= limits.literals);
      auto response = parse_imap(std::move(line));
      if (!response) {
        out += "?\n";
        return true;
      }
      require(response->text.size() <= 500 && dragoman::is_utf8(response->text));
      require(response->text.find_first_of("\r\n") == std::string::npos);
      out += response->tag + '|' + response->name + '|' + std::to_string(response->number) + '|' +
             response->code + '|' + response->code_argument + '|' + response->text;
      for (const ImapValue& value : response->values) out += shown(value);
      for (const auto& word : capabilities_in(*response)) out += word;
      if (const auto mailbox = mailbox_in(*response)) out += mailbox->name;
      if (const auto message = message_in(*response)) {
        require(message->uid > 0);
        out += message->bytes.value_or("");
      }
      out += '\n';
      return true;
    });
    if (!wrong.empty()) return out + wrong;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4000));
  const std::string at_once = play(bytes, bytes.size() + 1);
  require(play(bytes, 1) == at_once);
  require(play(bytes, 7) == at_once);
  if (const auto quoted = imap_quoted(bytes)) require(quoted->find_first_of("\r\n") == std::string::npos);
  imap_time(bytes);
  return 0;
}
