// The mail by which the doctor sees whether the way round works: it goes to the mail server, and comes back
// by LMTP to the dragoman that runs, which notes that it came. Nobody but us can make its address.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mapping/ids.hpp"

namespace dragoman {
class Store;
}

namespace dragoman::email {

class Probes {
 public:
  Probes(Store& store, NetworkId network, std::string domain, std::string secret_key);  // 32 bytes

  static bool looks_like_one(std::string_view local_part);
  // doctor+<name>.<mac>@domain; `name` is of small letters and digits.
  std::string address(const std::string& name) const;
  // Of the local part, in any case; nothing: it was not made here.
  std::optional<std::string> name(std::string_view local_part) const;

  // It came; `trouble` is what a bounce of it says. Kept for a day at most.
  bool came(const std::string& name, const std::string& trouble);
  // What came of it; nothing yet: nothing. Empty: all is well.
  std::optional<std::string> result(const std::string& name) const;
  void forget(const std::string& name);

 private:
  std::string mac(std::string_view name) const;

  Store& store_;
  const NetworkId network_;
  const std::string domain_, key_;
};

}  // namespace dragoman::email
