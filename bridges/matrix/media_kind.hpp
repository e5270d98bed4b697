// What kind of file something is: by its bytes, and what may be shown of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman::matrix {

// "image/png", jpeg, gif, webp, by the first bytes; else empty.
std::string_view sniffed_picture(std::string_view begin);

struct Dimensions {
  std::uint32_t width = 0, height = 0;
  bool operator==(const Dimensions&) const = default;
};
// Of these four; nothing where the bytes at hand do not tell.
std::optional<Dimensions> dimensions(std::string_view begin);

// "type/subtype" in lower case, without parameters; empty where it is none.
std::string plain_type(std::string_view content_type);
// A file's type: what its server says, unless its bytes say otherwise. Nothing that is not a picture keeps
// the name of one of the four above.
std::string checked_type(std::string_view begin, std::string_view from_server, std::string_view from_author);

struct Shown {
  std::string type;     // to be sent as Content-Type
  bool in_page = true;  // false: to be saved, never shown
};
// What a browser is told of a file from somewhere: pictures, sound, films, plain text and PDF are shown, all
// else, SVG and HTML most of all, is bytes (client-server API, "Serving inline content").
Shown shown_as(std::string_view content_type);

// A name without a path, control characters and surprises, of at most 120 bytes; "file" where nothing is
// left.
std::string safe_file_name(std::string_view name);
// RFC 6266: with a name in ASCII, and the real one where that differs.
std::string content_disposition(bool in_page, std::string_view name);

}  // namespace dragoman::matrix
