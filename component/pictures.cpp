#include "component/pictures.hpp"

#include <memory>

#include <openssl/evp.h>

#include "component/digest.hpp"
#include "component/stanza.hpp"

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
  const std::unique_ptr<EVP_ENCODE_CTX, void (*)(EVP_ENCODE_CTX*)> context(EVP_ENCODE_CTX_new(),
                                                                           EVP_ENCODE_CTX_free);
  if (!context) return std::nullopt;
  EVP_DecodeInit(context.get());
  std::string bytes(base64.size(), '\0');
  auto* to = reinterpret_cast<unsigned char*>(bytes.data());
  int size = 0, rest = 0;
  if (EVP_DecodeUpdate(context.get(), to, &size, reinterpret_cast<const unsigned char*>(base64.data()),
                       static_cast<int>(base64.size())) < 0 ||
      EVP_DecodeFinal(context.get(), to + size, &rest) < 0)
    return std::nullopt;
  bytes.resize(static_cast<std::size_t>(size) + static_cast<std::size_t>(rest));
  const std::string_view type = type_of(bytes);
  if (type.empty() || bytes.size() > most_bytes) return std::nullopt;
  return Picture{std::string(type), std::move(bytes)};
}

std::string hash_of(const Picture& picture) { return sha1_hex(picture.bytes); }

void write_metadata(XmlWriter& out, const Picture& picture, std::string_view hash) {
  out.open("item").attr("id", hash).open("metadata", ns::avatar_metadata).open("info");
  out.attr("bytes", std::to_string(picture.bytes.size())).attr("id", hash).attr("type", picture.media_type);
  out.close().close().close();
}

}  // namespace dragoman::pictures
