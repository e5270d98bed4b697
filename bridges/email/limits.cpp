// A mail's outline, read as GMime will read it, without keeping anything of it: lines of header, and the
// lines that part it.
#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "bridges/email/mime_in.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t kMaxGroups = 200;  // GMime reads a group within a group by recursion

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool same(char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; }

// `word` in lower case.
bool begins(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(), [](char b, char a) { return same(a, b); });
}

std::size_t find_word(std::string_view text, std::string_view word) {
  for (std::size_t at = 0; at + word.size() <= text.size(); ++at) {
    if (begins(text.substr(at), word)) return at;
  }
  return std::string_view::npos;
}

bool is_address_field(std::string_view line) {
  constexpr auto names = std::to_array<std::string_view>({"from", "sender", "reply-to", "to", "cc", "bcc",
                                                          "resent-from", "resent-sender", "resent-reply-to",
                                                          "resent-to", "resent-cc", "resent-bcc"});
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) {
    if (!begins(line, name)) return false;
    std::string_view rest = line.substr(name.size());
    while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
    return !rest.empty() && rest.front() == ':';
  });
}

class Outline {
 public:
  Outline(std::string_view bytes, const MimeLimits& limits) : bytes_(bytes), limits_(limits) {
    levels_.reserve(std::min<std::size_t>(limits.depth, 1000) + 2);
  }

  std::string run() {
    std::size_t at = 0;
    while (at < bytes_.size() && error_.empty()) {
      const void* newline = std::memchr(bytes_.data() + at, '\n', bytes_.size() - at);
      const std::size_t end =
          newline == nullptr ? bytes_.size()
                             : static_cast<std::size_t>(static_cast<const char*>(newline) - bytes_.data());
      line(at, end, newline == nullptr ? end : end + 1);
      at = newline == nullptr ? end : end + 1;
    }
    if (error_.empty() && in_header_) end_field(bytes_.size());
    return error_;
  }

 private:
  // `boundary` empty: a mail within the mail. `any`: what its boundary is can't be told for sure, each line
  // that may be one is taken for it.
  struct Level {
    std::string_view boundary;
    bool any = false;
    bool digest = false;
  };

  void line(std::size_t begin, std::size_t end, std::size_t next) {
    std::string_view text = bytes_.substr(begin, end - begin);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (text.substr(0, 2) == "--" && boundary(text, begin)) return;
    if (!in_header_) return;
    header_bytes_ += next - begin;
    if (header_bytes_ > limits_.header_bytes) return refuse("the header is too large");
    if (text.empty()) {
      end_field(begin);
      return end_header();
    }
    if (text.front() == ' ' || text.front() == '\t') {
      if (in_addresses_) count_groups(text);
      return;
    }
    end_field(begin);
    if (++headers_ > limits_.headers) return refuse("there are too many header fields");
    if (begins(text, "content-type")) field_ = begin;
    in_addresses_ = is_address_field(text);
    groups_ = 0;
    if (in_addresses_) count_groups(text);
  }

  void count_groups(std::string_view text) {
    groups_ += static_cast<std::size_t>(std::count(text.begin(), text.end(), ':'));
    if (groups_ > kMaxGroups) refuse("there are too many groups of addresses in a field");
  }

  bool boundary(std::string_view text, std::size_t begin) {
    std::string_view name = text.substr(2);
    while (!name.empty() && is_space(name.back())) name.remove_suffix(1);
    for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
      if (level->boundary.empty() && !level->any) continue;
      const bool last = name.size() == level->boundary.size() + 2 && name.substr(name.size() - 2) == "--" &&
                        name.substr(0, name.size() - 2) == level->boundary;
      if (!level->any && !last && name != level->boundary) continue;
      const auto depth = static_cast<std::size_t>(levels_.rend() - level);
      if (in_header_) end_field(begin);
      // A level of unknown boundary never ends: what is within may be anywhere.
      if (!levels_[depth - 1].any) levels_.resize(last ? depth - 1 : depth);
      if (last && !levels_.empty() && levels_.back().any) return part(), true;
      in_header_ = false;
      if (!last) part();
      return true;
    }
    return false;
  }

  void part() {
    if (++parts_ > limits_.parts) return refuse("there are too many parts");
    begin_header();
  }

  void begin_header() {
    in_header_ = true;
    header_bytes_ = 0;
    field_ = std::string_view::npos;
    type_ = {};
    in_addresses_ = false;
  }

  // The field that ended before `end`, where it is the first Content-Type of its header.
  void end_field(std::size_t end) {
    if (field_ != std::string_view::npos && type_.empty()) type_ = bytes_.substr(field_, end - field_);
    field_ = std::string_view::npos;
  }

  void end_header() {
    in_header_ = false;
    std::string_view type = type_;
    const auto colon = type.find(':');
    type.remove_prefix(colon == std::string_view::npos ? type.size() : colon + 1);
    while (!type.empty() && is_space(type.front())) type.remove_prefix(1);
    if (find_word(type.substr(0, 200), "multipart") != std::string_view::npos) return push(multipart(type));
    const bool in_digest = !levels_.empty() && levels_.back().digest && type.empty();
    if (begins(type, "message/") || in_digest || find_word(type.substr(0, 200), "message") < 200) {
      push({});
      if (error_.empty()) begin_header();
    }
  }

  Level multipart(std::string_view type) {
    Level level;
    level.digest = find_word(type.substr(0, 200), "digest") != std::string_view::npos;
    level.any = true;
    const auto at = find_word(type, "boundary");
    if (at == std::string_view::npos) {
      level.any = false;  // GMime takes it for text
      return level;
    }
    std::string_view value = type.substr(at + std::string_view("boundary").size());
    // Once, plain or quoted, without comments and escapes: as every mail program writes it.
    if (find_word(value, "boundary") != std::string_view::npos || type.find('(') < at) return level;
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    if (value.empty() || value.front() != '=') return level;
    value.remove_prefix(1);
    while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
    std::size_t end = 0;
    if (!value.empty() && value.front() == '"') {
      value.remove_prefix(1);
      end = value.find('"');
      if (end == std::string_view::npos) return level;
    } else {
      end = std::min(value.find_first_of("; \t\r\n"), value.size());
    }
    value = value.substr(0, end);
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
      return c > ' ' - 1 && c < '\x7F' && c != '\\' && c != '(' && c != '"' && c != '%';
    });
    if (!plain || value.back() == ' ' || value.front() == ' ' || value.substr(0, 2) == "=?") return level;
    level.any = false;
    level.boundary = value;
    return level;
  }

  void push(Level level) {
    levels_.push_back(level);
    if (levels_.size() > limits_.depth) refuse("its parts are nested too deep");
  }

  void refuse(const char* why) { error_ = why; }

  std::string_view bytes_;
  const MimeLimits& limits_;
  std::vector<Level> levels_;
  std::string error_;
  bool in_header_ = true, in_addresses_ = false;
  std::size_t header_bytes_ = 0, headers_ = 0, parts_ = 0, groups_ = 0;
  std::size_t field_ = std::string_view::npos;  // where a Content-Type began that has not ended yet
  std::string_view type_;
};

}  // namespace

std::string beyond_limits(std::string_view bytes, const MimeLimits& limits) {
  return Outline(bytes, limits).run();
}

}  // namespace dragoman::email
