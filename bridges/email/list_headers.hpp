// What a mailing list says of itself: RFC 2919 (List-Id), RFC 2369 (List-Post, List-Unsubscribe), RFC 8058
// (one click).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/email/mail.hpp"

namespace dragoman::email {

class ListFields {
 public:
  // A field of the header, its name in lower case, its value on one line.
  void take(std::string_view name, const std::string& value);
  std::optional<List> list() const;  // nothing: without a List-Id there is no list

 private:
  List list_;
};

}  // namespace dragoman::email
