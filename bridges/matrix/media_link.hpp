// Signed links to files of the media repository. What a link says is in the link itself, and a MAC over it:
//   /media/<MAC>/<what it says>/<file name>
// Pure, but for the clock that is given.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman::matrix {

// To whoever comes with another link than one of ours.
inline constexpr std::string_view not_our_link = "This link was not made here, or it was changed";

// "mxc://server/id" (client-server API, "Matrix Content (mxc://) URIs"), in its parts; nothing where it is
// none, or is one that might be taken for another path.
struct MxcParts {
  std::string_view server, id;
};
std::optional<MxcParts> mxc_parts(std::string_view mxc);

struct LinkedFile {
  std::string mxc, event_id, name;
  bool thumbnail = false;
  std::chrono::sys_seconds expiry{};
  bool operator==(const LinkedFile&) const = default;
};

constexpr std::string_view media_prefix = "/media/";
constexpr std::size_t media_key_size = 32;

// At least a year from now, and the same all year long: the end of next year.
std::chrono::sys_seconds link_expiry(std::chrono::sys_seconds now);
// The path of a link; empty where the file can't be linked to. The name must be a safe one.
std::string link_path(std::string_view key, const LinkedFile& file);
// What a path says, if it was made with this key; the expiry is not looked at.
std::optional<LinkedFile> linked_file(std::string_view key, std::string_view path);

}  // namespace dragoman::matrix
