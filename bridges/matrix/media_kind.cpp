#include "bridges/matrix/media_kind.hpp"

#include <algorithm>
#include <array>

#include "bridges/net/http_client.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {

using namespace std::string_view_literals;

namespace {

constexpr std::size_t max_name = 120, max_extension = 16;

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}
std::uint32_t big16(std::string_view b, std::size_t at) { return byte_at(b, at) << 8 | byte_at(b, at + 1); }
std::uint32_t big32(std::string_view b, std::size_t at) { return big16(b, at) << 16 | big16(b, at + 2); }
std::uint32_t little16(std::string_view b, std::size_t at) {
  return byte_at(b, at) | byte_at(b, at + 1) << 8;
}
std::uint32_t little24(std::string_view b, std::size_t at) {
  return little16(b, at) | byte_at(b, at + 2) << 16;
}

// From segment to segment until the one that begins a frame (ITU T.81, B.1.1).
std::optional<Dimensions> jpeg_dimensions(std::string_view bytes) {
  std::size_t at = 2;
  while (at + 9 <= bytes.size()) {
    if (byte_at(bytes, at) != 0xff) return std::nullopt;
    auto marker = byte_at(bytes, at + 1);
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return Dimensions{big16(bytes, at + 7), big16(bytes, at + 5)};
    auto length = big16(bytes, at + 2);
    if (length < 2 || marker == 0xd9 || marker == 0xda) return std::nullopt;
    at += 2 + length;
  }
  return std::nullopt;
}

std::optional<Dimensions> webp_dimensions(std::string_view bytes) {
  if (bytes.size() < 30) return std::nullopt;
  auto chunk = bytes.substr(12, 4);
  if (chunk == "VP8X") return Dimensions{little24(bytes, 24) + 1, little24(bytes, 27) + 1};
  if (chunk == "VP8 " && bytes.substr(23, 3) == "\x9d\x01\x2a"sv) {
    return Dimensions{little16(bytes, 26) & 0x3fff, little16(bytes, 28) & 0x3fff};
  }
  if (chunk == "VP8L" && byte_at(bytes, 20) == 0x2f) {
    auto bits = little16(bytes, 21) | little16(bytes, 23) << 16;
    return Dimensions{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  return std::nullopt;
}

constexpr std::array pictures{"image/png"sv, "image/jpeg"sv, "image/gif"sv, "image/webp"sv};

constexpr std::array shown_types{
    "image/png"sv,    "image/jpeg"sv,  "image/gif"sv,  "image/webp"sv,      "image/apng"sv,
    "image/avif"sv,   "video/mp4"sv,   "video/webm"sv, "video/ogg"sv,       "video/quicktime"sv,
    "audio/mp4"sv,    "audio/webm"sv,  "audio/aac"sv,  "audio/mpeg"sv,      "audio/ogg"sv,
    "audio/opus"sv,   "audio/wave"sv,  "audio/wav"sv,  "audio/x-wav"sv,     "audio/flac"sv,
    "audio/x-flac"sv, "audio/x-m4a"sv, "text/plain"sv, "application/pdf"sv,
};

template <class List>
bool holds(const List& list, std::string_view type) {
  return std::find(list.begin(), list.end(), type) != list.end();
}

bool is_type_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "!#$&-^_.+"sv.find(c) != std::string_view::npos;
}

}  // namespace

std::string_view sniffed_picture(std::string_view begin) {
  if (begin.substr(0, 8) == "\x89PNG\r\n\x1a\n"sv) return "image/png";
  if (begin.substr(0, 3) == "\xff\xd8\xff"sv) return "image/jpeg";
  if (begin.substr(0, 6) == "GIF87a" || begin.substr(0, 6) == "GIF89a") return "image/gif";
  if (begin.size() >= 12 && begin.substr(0, 4) == "RIFF" && begin.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

std::optional<Dimensions> dimensions(std::string_view begin) {
  auto type = sniffed_picture(begin);
  std::optional<Dimensions> found;
  if (type == "image/png" && begin.size() >= 24) found = {big32(begin, 16), big32(begin, 20)};
  if (type == "image/gif" && begin.size() >= 10) found = {little16(begin, 6), little16(begin, 8)};
  if (type == "image/jpeg") found = jpeg_dimensions(begin);
  if (type == "image/webp") found = webp_dimensions(begin);
  if (found && (found->width == 0 || found->height == 0)) return std::nullopt;
  return found;
}

std::string plain_type(std::string_view content_type) {
  auto type = ascii_lower(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.pop_back();
  auto slash = type.find('/');
  bool whole = slash != std::string::npos && slash > 0 && slash + 1 < type.size() && type.size() <= 127;
  for (std::size_t i = 0; whole && i < type.size(); ++i) whole = i == slash || is_type_char(type[i]);
  return whole ? type : std::string();
}

std::string checked_type(std::string_view begin, std::string_view from_server, std::string_view from_author) {
  if (auto sniffed = sniffed_picture(begin); !sniffed.empty()) return std::string(sniffed);
  constexpr std::string_view bytes = "application/octet-stream";
  auto type = plain_type(from_server);
  if (type.empty() || type == bytes) type = plain_type(from_author);
  if (type.empty() || holds(pictures, type)) return std::string(bytes);
  return type;
}

Shown shown_as(std::string_view content_type) {
  auto type = plain_type(content_type);
  if (!holds(shown_types, type)) return {"application/octet-stream", false};
  if (type == "text/plain") type += "; charset=utf-8";
  return {std::move(type), true};
}

std::string safe_file_name(std::string_view name) {
  auto text = is_utf8(name) ? std::string(name) : to_utf8(name);
  auto separator = text.find_last_of("/\\");
  if (separator != std::string::npos) text.erase(0, separator + 1);
  text = display_clean(xml_clean(text));
  std::erase_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  text.erase(0, text.find_first_not_of(". "));  // nothing hidden, no "." and ".."
  if (text.size() > max_name) {
    auto dot = text.rfind('.');
    bool kept = dot != std::string::npos && text.size() - dot <= max_extension;
    auto extension = kept ? text.substr(dot) : std::string();
    text.resize(prefix_within(text, max_name - extension.size()));
    text += extension;
  }
  return text.empty() ? "file" : text;
}

std::string content_disposition(bool in_page, std::string_view name) {
  std::string ascii;
  for (char c : name) {
    bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%';
    ascii += plain ? c : '_';
  }
  std::string out = in_page ? "inline" : "attachment";
  out.append("; filename=\"").append(ascii).append("\"");
  if (ascii != name) out.append("; filename*=UTF-8''").append(net::url_encoded(name));
  return out;
}

}  // namespace dragoman::matrix
