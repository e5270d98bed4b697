// Events of a timeline to neutral content and back. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/matrix/html.hpp"
#include "bridges/matrix/json.hpp"

namespace dragoman::matrix {

// A file that lies in a media repository.
struct MediaRef {
  std::string mxc;  // "mxc://server/id", checked
  std::string name, media_type;
  std::string event_id;    // whose it is: a redaction ends its links
  bool thumbnail = false;  // a small picture of it is wanted
};

struct Reader {
  NickOf nick_of;
  std::function<std::string(const MediaRef&)> link;  // a URL for XMPP; empty: there is none
  // A file that is larger, as its sender says, is told in words and has no link.
  std::function<std::uint64_t()> most_bytes = {};
};

struct Annotation {
  MessageId target;
  std::string key;
};
struct Redaction {
  MessageId target;
  std::string reason;
};
struct Encrypted {};
struct Nothing {};  // not for people: an unknown type without a text, a state event

// m.room.message of every msgtype (an unknown one is its body), m.sticker, m.location and polls (MSC3381,
// also by their stable names) as readable text, m.reaction, m.room.redaction (`redacts` in the event or, from
// room version 11, in its content), m.room.encrypted. An edit carries the new content without "* ". The reply
// fallback ("> ", mx-reply) is gone. A quote has its message id only. Text is XML-clean, sizes are bounded.
// Who is named in m.mentions is marked where the text has their nick.
using Decoded = std::variant<Nothing, Message, Edit, Annotation, Redaction, Encrypted>;
Decoded decode(const json::object& event, const Reader& reader);

// Whether an event brings a file that is too large for `reader`.
bool brings_too_much(const json::object& event, const Reader& reader);
// "52.4 MB", for people.
std::string size_words(std::uint64_t bytes);

// A file of a message, once it lies in the repository.
struct Uploaded {
  std::string mxc;
  std::string media_type;
  std::uint64_t size = 0;
  std::optional<std::uint32_t> width = {}, height = {};  // of a picture, where its bytes tell
  std::string remark = {};  // without an mxc: why not, for people; stands behind the link
};
struct Encoded {
  std::string type;
  json::object content;
};
// One event, or one for each file where there are several; the text is the first file's caption. m.mentions
// is always there: who is mentioned by span, and who is spoken to by "nick: " or "nick, " at the beginning.
// `uploaded` and the `thumbnails` of those stand in the order of the attachments; one without an mxc stays a
// link in the text, or is none.
std::vector<Encoded> encode(const Message& message, const UserOf& user_of,
                            const std::vector<Uploaded>& uploaded,
                            const std::vector<Uploaded>& thumbnails = {});
// m.replace, with its fallback. Files stay links: the text of an edit is all there is of it.
Encoded encode(const Edit& edit, const UserOf& user_of);
Encoded encode(const Annotation& annotation);

// What a text takes in an event, as body and as HTML, in bytes of JSON; for Features::wire_size.
std::size_t wire_size(const Text& text);
// An event is at most 65,536 bytes (client-server API "Size limits"), its envelope and mentions included.
inline constexpr std::size_t max_wire_size = 40'000;

}  // namespace dragoman::matrix
