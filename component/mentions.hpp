// Who is named in a message: XEP-0372's references of the type "mention", and what people write instead.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/members.hpp"
#include "bridges/text.hpp"
#include "component/stanza.hpp"

namespace dragoman::mentions {

// "xmpp:room@host/nick" (RFC 5122) for an occupant of a room, or for the room itself where `nick` is empty.
std::string uri_of(std::string_view room, std::string_view nick);
// Whom a URI names in the room `room` (a bare JID; empty: not said in a room): the nick, an empty one for all
// of it. Nothing where it names somebody by another address, or is no URI of XMPP.
std::optional<std::string> nick_in(std::string_view uri, const Jid& room);

// Where in `to` stands what is at [begin, begin + size) of `from`, when `to` says the same with marks between
// or without them: the occurrence that has as many like it before. Bytes; nothing where it is not there.
std::optional<std::size_t> same_place(std::string_view from, std::size_t begin, std::size_t size,
                                      std::string_view to);

// Adds a span in its place.
void add(Text& text, Span span);

// Marks those that are named without a reference: "nick: …" and "nick, …" at the beginning, "@nick" anywhere.
// Does nothing where the text has mentions already.
void find(Text& text, const MemberTable& members);

}  // namespace dragoman::mentions
