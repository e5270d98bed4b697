// JSON as Matrix has it.
#pragma once

#include "bridges/json.hpp"

namespace dragoman::matrix {

// An event's content; empty where it has none.
inline const json::object& content_of(const json::object& event) {
  static const json::value none;
  const json::value* content = event.if_contains("content");
  return object_of(content == nullptr ? none : *content);
}

}  // namespace dragoman::matrix
