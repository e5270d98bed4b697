#include "component/digest.hpp"

#include <array>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace dragoman {

namespace {

struct Digest {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;

  std::string hex() const {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(2 * size);
    for (unsigned int i = 0; i < size; ++i) {
      out += digits[bytes[i] >> 4];
      out += digits[bytes[i] & 0x0F];
    }
    return out;
  }
  std::string base64() const {
    std::string out(4 * ((size + 2) / 3), '\0');
    std::array<unsigned char, 4 * ((EVP_MAX_MD_SIZE + 2) / 3) + 1> text{};  // EVP adds a NUL
    EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(size));
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(text[i]);
    return out;
  }
};

Digest digest(const EVP_MD* kind, std::string_view bytes) {
  Digest result;
  if (EVP_Digest(bytes.data(), bytes.size(), result.bytes.data(), &result.size, kind, nullptr) != 1)
    throw std::runtime_error("OpenSSL has no such digest");
  return result;
}

}  // namespace

std::string sha1_hex(std::string_view bytes) { return digest(EVP_sha1(), bytes).hex(); }
std::string sha1_base64(std::string_view bytes) { return digest(EVP_sha1(), bytes).base64(); }
std::string sha256_hex(std::string_view bytes) { return digest(EVP_sha256(), bytes).hex(); }

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
  Digest result;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), result.bytes.data(),
            &result.size))
    throw std::runtime_error("OpenSSL has no such digest");
  return result.hex();
}

}  // namespace dragoman
