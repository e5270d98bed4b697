// Reading JSON that somebody else wrote: nothing is where it should be, and nothing throws.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json.hpp>

namespace dragoman {

namespace json = boost::json;

// Nothing where it is no JSON (RFC 8259). What would make all of it unreadable though only a part is bad is
// mended, so that one event can't hold up the rest of a transaction: what is nested deeper than 64 levels is
// null, half a surrogate pair and bytes that are no UTF-8 are U+FFFD.
std::optional<json::value> parse_json(std::string_view text);

// Each is null, or empty, where the key is missing or its value is of another type. Doubles that are whole
// count as integers.
const json::object* object_at(const json::object& in, std::string_view key);
const json::array* array_at(const json::object& in, std::string_view key);
std::string_view text_at(const json::object& in, std::string_view key);
std::optional<std::int64_t> number_at(const json::object& in, std::string_view key);
bool true_at(const json::object& in, std::string_view key);

// Empty where it is no object.
const json::object& object_of(const json::value& value);
// A whole number, as number_at reads it.
std::optional<std::int64_t> whole_number(const json::value& value);

}  // namespace dragoman
