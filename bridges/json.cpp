#include "bridges/json.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mapping/utf8.hpp"

namespace dragoman {
namespace {

constexpr std::size_t kMaxDepth = 64;

std::optional<json::value> parse(std::string_view text) {
  json::parse_options options;
  options.max_depth = kMaxDepth;
  json::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit that `text` begins with as "\uXXXX"; -1 where it begins with none.
int code_unit(std::string_view text) {
  if (text.size() < 6 || text[0] != '\\' || text[1] != 'u') return -1;
  int unit = 0;
  for (const char c : text.substr(2, 4)) {
    const int digit = hex_digit(c);
    if (digit < 0) return -1;
    unit = unit << 4 | digit;
  }
  return unit;
}

// One pass over text that the parser refused. It knows strings and nesting, nothing else: what is no JSON
// stays none.
class Mender {
 public:
  explicit Mender(std::string_view text) : text_(text) { out_.reserve(text.size()); }

  std::string run() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        string();
        continue;
      }
      ++at_;
      if (c == '[' || c == '{') {
        if (depth_++ == kMaxDepth) out_ += "null";
      }
      if (depth_ <= kMaxDepth) out_ += c;
      if ((c == ']' || c == '}') && depth_ > 0) --depth_;
    }
    return std::move(out_);
  }

 private:
  void put(std::string_view part) {
    if (depth_ <= kMaxDepth) out_ += part;
  }

  void string() {
    put("\"");
    ++at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\') {
        escape();
        continue;
      }
      put({&text_[at_++], 1});
      if (c == '"') return;
    }
  }

  void escape() {
    const int unit = code_unit(text_.substr(at_));
    if (unit < 0xD800 || unit > 0xDFFF) {
      const std::size_t length = unit < 0 ? 2 : 6;
      put(text_.substr(at_, length));
      at_ += std::min(length, text_.size() - at_);
      return;
    }
    const int next = code_unit(text_.substr(std::min(at_ + 6, text_.size())));
    if (unit < 0xDC00 && next >= 0xDC00 && next <= 0xDFFF) {
      put(text_.substr(at_, 12));
      at_ += 12;
    } else {
      put("\\ufffd");
      at_ += 6;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0, depth_ = 0;
  std::string out_;
};

template <class T, class Get>
T* member(const json::object& in, std::string_view key, Get get) {
  const json::value* value = in.if_contains(key);
  return value ? get(*value) : nullptr;
}

}  // namespace

std::optional<json::value> parse_json(std::string_view text) {
  if (auto value = parse(text)) return value;
  if (is_utf8(text)) return parse(Mender(text).run());
  const std::string repaired = xml_clean(text);
  return parse(Mender(repaired).run());
}

const json::object* object_at(const json::object& in, std::string_view key) {
  return member<const json::object>(in, key, [](const json::value& v) { return v.if_object(); });
}

const json::array* array_at(const json::object& in, std::string_view key) {
  return member<const json::array>(in, key, [](const json::value& v) { return v.if_array(); });
}

std::string_view text_at(const json::object& in, std::string_view key) {
  const auto* text = member<const json::string>(in, key, [](const json::value& v) { return v.if_string(); });
  return text ? std::string_view(text->data(), text->size()) : std::string_view();
}

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_uint64()) {
    if (*number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
    return static_cast<std::int64_t>(*number);
  }
  const auto* number = value.if_double();
  // 2^63 is a double, 2^63 - 1 is not.
  if (!number || !(*number >= -0x1p63 && *number < 0x1p63) || std::trunc(*number) != *number) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<std::int64_t> number_at(const json::object& in, std::string_view key) {
  const auto* value = member<const json::value>(in, key, [](const json::value& v) { return &v; });
  return value ? whole_number(*value) : std::nullopt;
}

bool true_at(const json::object& in, std::string_view key) {
  const auto* value = member<const bool>(in, key, [](const json::value& v) { return v.if_bool(); });
  return value && *value;
}

const json::object& object_of(const json::value& value) {
  static const json::object none;
  const json::object* object = value.if_object();
  return object == nullptr ? none : *object;
}

}  // namespace dragoman
