// Secrets at rest: libsodium's secretbox (XSalsa20-Poly1305) with a key from a file of its own.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace dragoman {

class SecretBox {
 public:
  // Reads the key, or makes one (mode 0600) if there is no such file and `may_make`. Throws StoreError, with
  // words for an admin, where the file is missing, can be read by others, or holds no key.
  SecretBox(const std::string& key_file, bool may_make);
  SecretBox(const SecretBox&) = delete;
  SecretBox& operator=(const SecretBox&) = delete;
  ~SecretBox();  // wipes the key

  std::string seal(std::string_view plain) const;  // nonce and box
  std::optional<std::string> open(
      std::string_view sealed) const;  // nothing where it was sealed with another key

 private:
  std::array<unsigned char, 32> key_{};
};

}  // namespace dragoman
