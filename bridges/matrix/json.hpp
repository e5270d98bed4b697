// Reading JSON that somebody else wrote: nothing is where it should be, and nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace dragoman::matrix {

namespace json = boost::json;

// Nothing where it is no JSON, or deeper than Matrix allows (RFC 8259, bounded at 64 levels). Doubles that
// are whole count as integers where read.
std::optional<json::value> parse_json(std::string_view text);

// Each is null, or empty, where the key is missing or its value is of another type.
const json::object* object_at(const json::object& in, std::string_view key);
const json::array* array_at(const json::object& in, std::string_view key);
std::string_view text_at(const json::object& in, std::string_view key);
std::optional<std::int64_t> number_at(const json::object& in, std::string_view key);
bool true_at(const json::object& in, std::string_view key);

}  // namespace dragoman::matrix
