#include "bridges/irc/convert.hpp"

#include <algorithm>

#include "bridges/irc/ctcp.hpp"
#include "bridges/irc/formatting.hpp"
#include "bridges/irc/split.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::string_view kActionBegin =
    "\x01"
    "ACTION ";
constexpr std::size_t kActionBytes = kActionBegin.size() + 1;

std::string encoded(const Text& text, const std::string& encoding) {
  std::string bytes = to_mirc(text);
  return encoding.empty() ? bytes : from_utf8(bytes, encoding);
}

// What most messages are: one line that leaves as it is.
bool is_one_plain_line(const Text& text, std::size_t limit) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  return text.spans.empty() && text.plain.size() <= limit &&
         std::none_of(text.plain.begin(), text.plain.end(), control) &&
         text.plain.find_first_not_of(" \t") != std::string::npos;
}

// The pieces are measured in UTF-8. Where another encoding takes more, they are cut again by as much.
void append_encoded(const Text& text, const std::string& encoding, std::size_t limit, std::size_t measure,
                    std::vector<std::string>& out) {
  for (const Text& piece : split_text(text, measure)) {
    std::string bytes = encoded(piece, encoding);
    if (bytes.size() > limit && measure > 1) {
      append_encoded(piece, encoding, limit, measure / 2, out);
    } else {
      out.push_back(std::move(bytes));
    }
  }
}

}  // namespace

Text text_from_wire(std::string_view bytes, const std::string& encoding_in) {
  return is_utf8(bytes) ? from_mirc(bytes) : from_mirc(to_utf8(bytes, encoding_in));
}

std::string plain_from_wire(std::string_view bytes, const std::string& encoding_in) {
  return std::move(text_from_wire(bytes, encoding_in).plain);
}

std::optional<Message> to_message(std::string_view bytes, bool notice, const std::string& encoding_in) {
  Message message;
  message.kind = notice ? MessageKind::notice : MessageKind::normal;
  if (!bytes.empty() && bytes.front() == '\x01') {
    if (const auto ctcp = parse_ctcp(bytes)) {
      if (ctcp->command != "ACTION") return std::nullopt;
      message.kind = MessageKind::action;
      bytes = ctcp->params;
    }
  }
  message.text = text_from_wire(bytes, encoding_in);
  return message;
}

std::vector<std::string> to_wire(const Text& text, MessageKind kind, const std::string& encoding_out,
                                 std::size_t limit) {
  std::vector<std::string> lines;
  if (kind != MessageKind::action) {
    if (encoding_out.empty() && is_one_plain_line(text, limit)) {
      lines.push_back(text.plain);
      return lines;
    }
    append_encoded(text, encoding_out, limit, limit, lines);
    return lines;
  }
  const std::size_t room = limit > kActionBytes ? limit - kActionBytes : 1;
  append_encoded(text, encoding_out, room, room, lines);
  if (lines.empty()) lines.emplace_back();
  for (std::string& line : lines) {
    line.insert(0, kActionBegin);
    line += '\x01';
  }
  return lines;
}

std::string to_wire_line(const Text& text, const std::string& encoding_out, std::size_t limit) {
  if (limit == 0) return encoded(links_told(text), encoding_out);
  for (std::size_t measure = limit;; measure /= 2) {
    std::string bytes = encoded(cut_text(text, measure), encoding_out);
    if (bytes.size() <= limit || measure == 0) return bytes;
  }
}

}  // namespace dragoman::irc
