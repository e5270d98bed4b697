#include "bridges/pictures.hpp"

#include <string>
#include <utility>

#include <sodium.h>

namespace dragoman::pictures {

std::string_view type_of(std::string_view bytes) {
  using namespace std::string_view_literals;
  if (bytes.starts_with("\x89PNG\r\n\x1A\n"sv)) return "image/png";
  if (bytes.starts_with("\xFF\xD8\xFF"sv)) return "image/jpeg";
  if (bytes.starts_with("GIF87a"sv) || bytes.starts_with("GIF89a"sv)) return "image/gif";
  if (bytes.starts_with("RIFF"sv) && bytes.size() > 12 && bytes.substr(8, 4) == "WEBP"sv) return "image/webp";
  return {};
}

std::optional<Picture> decode(std::string_view base64) {
  if (base64.empty() || base64.size() > 2 * most_bytes) return std::nullopt;
  std::string bytes(base64.size(), '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), base64.data(),
                        base64.size(), " \t\r\n", &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != base64.data() + base64.size())
    return std::nullopt;
  bytes.resize(size);
  const std::string_view type = type_of(bytes);
  if (type.empty() || bytes.size() > most_bytes) return std::nullopt;
  return Picture{std::string(type), std::move(bytes)};
}

}  // namespace dragoman::pictures
