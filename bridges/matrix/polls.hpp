// Polls (MSC3381, stable as m.poll.*) and extensible texts (MSC1767) as people read them.
#pragma once

#include <string>
#include <string_view>

#include "bridges/matrix/json.hpp"

namespace dragoman::matrix {

// The text of `in`: m.text as a list of representations, or of the drafts' plain kinds; empty: there is none.
// Not cleaned.
std::string extensible_text(const json::object& in);

bool is_poll_start(std::string_view type);
bool is_poll_end(std::string_view type);
bool is_poll_response(std::string_view type);

// The question and its answers, numbered, a line each; empty where it is no poll.
std::string poll_text(const json::object& content);

}  // namespace dragoman::matrix
