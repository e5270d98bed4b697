// Matrix identifiers (appendices "Identifier Grammar") and the node of an address that stands for each.
// The mapping is injective although JIDs fold case and ids do not:
//   @alice:example.org   alice%example.org
//   #room:example.org    #room%example.org
//   !Abc:example.org     !^abc%example.org         (^ before a letter: it is upper case; ^^: a ^)
//   !Abc                 !^abc                     (room version 12: no server in the id)
//   a homeserver         example.org               (a place: its directory)
// What nodeprep would change or forbid beyond that is ^{hex of the code point}; so is a '%' in an id without
// server, a '#' or '!' at the beginning of a user's localpart, and a space at either end of one, which an
// address can't have. XEP-0106 is the gateway's affair.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::matrix {

// UserId holds "@alice:example.org", RoomId the alias or the room id by which the room is addressed here,
// PlaceId a server's name or nothing.
bool is_user_id(std::string_view id);
bool is_room_id(std::string_view id);
bool is_alias(std::string_view id);
bool is_event_id(std::string_view id);
bool is_server_name(std::string_view name);
std::string_view server_of(std::string_view id);     // empty where there is none
std::string_view localpart_of(std::string_view id);  // without sigil and server

// Pure. `node` is prepared and without escapes; nothing where it isn't what node_of writes of an id, so that
// nobody has two addresses.
std::optional<Conversation> resolve(std::string_view node);
// Empty for the gateway, for what is no id, and for the few ids that are too long for a JID (1023 bytes
// escaped: they are of control characters).
std::string node_of(const Conversation& what);
// Also takes what people paste: "@alice:example.org", "#room:example.org", "https://matrix.to/#/…",
// "matrix:u/alice:example.org" (MSC2312 URIs).
std::optional<std::string> node_from_prompt(std::string_view typed);

// A ghost's localpart: the prefix and the bare JID, all but a-z 0-9 . _ - / as =xx (appendices, "Mapping
// from other character sets"). Nothing where it is too long (255 bytes with sigil and server).
std::optional<std::string> ghost_localpart(std::string_view prefix, const PersonId& person,
                                           std::string_view server_name);
// Its inverse; nothing for a localpart that is no ghost's.
std::optional<PersonId> ghost_person(std::string_view prefix, std::string_view localpart);

}  // namespace dragoman::matrix
