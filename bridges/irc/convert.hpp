// What is said on the wire <-> neutral messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman::irc {

// Bytes of the wire into valid, XML-clean UTF-8 without formatting codes: names, reasons, server lines.
std::string plain_from_wire(std::string_view bytes, const std::string& encoding_in);
// The same with its formatting: topics.
Text text_from_wire(std::string_view bytes, const std::string& encoding_in);

// The text of a PRIVMSG or NOTICE. ACTION is MessageKind::action. Nothing for any other CTCP, which is no
// message.
std::optional<Message> to_message(std::string_view bytes, bool notice, const std::string& encoding_in);

// What goes after "PRIVMSG target :", a line each, none longer than `limit` in the encoding (empty: UTF-8):
// no CR, LF, NUL or stray 0x01. An action is wrapped as such, its wrapping counted.
std::vector<std::string> to_wire(const Text& text, MessageKind kind, const std::string& encoding_out,
                                 std::size_t limit);
// One line, cut at `limit` on a character boundary (0: no limit), newlines made spaces: topics, reasons.
std::string to_wire_line(const Text& text, const std::string& encoding_out, std::size_t limit);

}  // namespace dragoman::irc
