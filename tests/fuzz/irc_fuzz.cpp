// Bytes from an IRC server through all that reads them, and back out: nothing may crash, grow without bound
// or put a line end on the wire.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bridges/irc/address.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/ctcp.hpp"
#include "bridges/irc/formatting.hpp"
#include "bridges/irc/modes.hpp"
#include "bridges/irc/refusals.hpp"
#include "mapping/utf8.hpp"

namespace {

using namespace dragoman;

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void message(std::string_view bytes) {
  const Text text = irc::text_from_wire(bytes, "");
  require(is_utf8(text.plain));
  for (const Span& span : text.spans) require(span.begin < span.end && span.end <= text.plain.size());
  const std::string wire = irc::to_mirc(text);
  require(is_one_line(wire) && irc::wire_size(text) == wire.size());
  require(irc::from_mirc(wire).plain == text.plain);
  if (const auto said = irc::to_message(bytes, false, "")) {
    for (const auto& line : irc::to_wire(said->text, said->kind, "", 64))
      require(is_one_line(line) && line.size() <= 64);
  }
  require(irc::to_wire_line(text, "", 40).size() <= 40);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  message(bytes);
  require(irc::unescape_tag(irc::escape_tag(bytes)).size() <= bytes.size());
  require(is_one_line(irc::LineBuilder("PRIVMSG").tag("label", bytes).param("#c").text(bytes).str()));
  const irc::AddressBook book;
  if (const auto what = book.resolve(bytes)) require(book.resolve(book.node_of(*what)) == what);
  const auto line = irc::parse_line(bytes);
  if (!line) return 0;
  irc::Isupport server;
  server.update(*line);
  require(server.prefix_modes.size() == server.prefix_marks.size() && server.prefix_modes.size() <= 16);
  const auto changes = irc::parse_modes(*line, 0, server);
  for (const auto& mode : irc::format_modes("#c", changes, server)) require(is_one_line(mode));
  for (const auto param : line->params) irc::parse_names_entry(param, server);
  irc::refusal(*line);
  message(line->last());
  return 0;
}
