// The SHA-1 of pictures in a media repository (XEP-0153 and XEP-0084 name pictures by it). Known ones are
// kept in the store; others are fetched in the background, a few at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/matrix/media.hpp"
#include "mapping/ids.hpp"

namespace dragoman::matrix {

std::string sha1_hex(std::string_view bytes);

class Avatars {
 public:
  static constexpr std::size_t at_once = 3, most_waiting = 500;

  // `found` is told what want() found out, from the loop.
  Avatars(Store& store, NetworkId network, Media& media,
          std::function<void(const std::string& mxc, const std::string& sha1)> found);
  Avatars(const Avatars&) = delete;
  Avatars& operator=(const Avatars&) = delete;
  ~Avatars();

  // Empty: not known (yet).
  std::string known(std::string_view mxc) const;
  // Finds it out where it is not known and was not asked before.
  void want(std::string_view mxc);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
