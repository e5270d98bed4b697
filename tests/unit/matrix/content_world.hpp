// Whom and what the tests of a message's content know.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "bridges/matrix/content.hpp"
#include "tests/unit/matrix/print.hpp"

namespace dragoman::matrix::test {

inline json::object object(std::string_view text) {
  auto value = parse_json(text);
  if (!value || !value->is_object()) {
    ADD_FAILURE() << text;
    return {};
  }
  return value->get_object();
}

inline std::string nick_of(std::string_view id) {
  if (id == "@alice:x") return "Alice";
  if (id == "@bob:x") return "Bob";
  return {};
}
inline std::string user_of(std::string_view nick) {
  if (nick == "Alice") return "@alice:x";
  if (nick == "Bob") return "@bob:x";
  if (nick == "Ann: 2") return "@ann:x";
  return {};
}
inline std::string link(const MediaRef& ref) {
  return "https://gw/" + ref.mxc.substr(6) + (ref.thumbnail ? "/small" : "") + "?" + ref.event_id;
}
inline const Reader kReader{nick_of, link};

}  // namespace dragoman::matrix::test
