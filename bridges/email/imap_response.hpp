// Responses of a server of IMAP4rev1 (RFC 3501 7 and 9), read from their lines; and strings for commands.
// Pure. What comes is hostile: depth and number of values are bounded, nothing is trusted but its form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/email/imap_reader.hpp"
#include "bridges/event.hpp"

namespace dragoman::email {

struct ImapValue {
  enum class Kind : std::uint8_t { nil, atom, string, list } kind = Kind::nil;
  std::string text;  // of an atom as it came, of a string its bytes
  std::vector<ImapValue> items;
  bool is(std::string_view atom) const;  // in any case
  std::optional<std::uint32_t> number() const;
};

struct ImapResponse {
  enum class Kind : std::uint8_t { untagged, tagged, go_on } kind = Kind::untagged;
  std::string tag;                // of a tagged one
  std::string name;               // "OK", "FETCH", in upper case; empty: go_on
  std::uint32_t number = 0;       // that stood before the name: of a message, or how many there are
  std::string code;               // of OK, NO, BAD, BYE, PREAUTH: what stood first in brackets, in upper case
  std::string code_argument;      // what followed it there
  std::string text;               // of those and of go_on: for a person, clean, one line
  std::vector<ImapValue> values;  // of others

  bool ok() const { return name == "OK"; }
  bool is_status() const;  // one of those five
};

// Nothing: it is no response of IMAP.
std::optional<ImapResponse> parse_imap(ImapLine line);

// What FETCH tells of a message; what it does not tell is not there.
struct ImapMessage {
  std::uint32_t uid = 0;
  std::optional<std::uint64_t> size;  // RFC822.SIZE
  std::optional<bool> seen;           // FLAGS
  std::optional<Time> arrived;        // INTERNALDATE
  std::optional<std::string> bytes;   // BODY[…], whatever was asked for of it
};
// Of a FETCH; takes the bytes out of it. Nothing: it is malformed, or has no UID.
std::optional<ImapMessage> message_in(ImapResponse& fetch);
// "17-Jul-1996 02:44:25 -0700", RFC 3501 9.
std::optional<Time> imap_time(std::string_view text);
// The words of a CAPABILITY, as a response or as a code; in upper case.
std::vector<std::string> capabilities_in(const ImapResponse& response);
// Of a LIST: the mailbox's name as the server writes it, and whether it has this attribute ("\\Sent").
struct ImapMailbox {
  std::string name;
  std::vector<std::string> attributes;  // in lower case
  bool has(std::string_view attribute) const;
};
std::optional<ImapMailbox> mailbox_in(const ImapResponse& list);

// A quoted string for a command; nothing where it can't be one: it has CR, LF, NUL, or more than ASCII.
std::optional<std::string> imap_quoted(std::string_view text);

}  // namespace dragoman::email
