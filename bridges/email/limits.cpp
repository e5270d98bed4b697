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
    if (begins(text, "content-type") || begins(text, "content-transfer-encoding")) field_ = begin;
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
    types_ = encodings_ = 0;
    multipart_ = message_ = encoded_ = in_addresses_ = false;
  }

  // The field that ended before `end`, where it is one that says what follows.
  void end_field(std::size_t end) {
    if (field_ == std::string_view::npos) return;
    const std::string_view field = bytes_.substr(field_, end - field_);
    field_ = std::string_view::npos;
    std::string_view value = field.substr(std::min(field.find(':') + 1, field.size()));
    if (begins(field, "content-transfer")) {
      while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
      while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
      encoded_ = encodings_++ == 0 && (begins(value, "base64") || begins(value, "quoted-printable")) &&
                 value.find_first_of(" ;(") == std::string_view::npos;
      return;
    }
    skip_comments(value);
    // Of several, which one counts is GMime's affair: each may.
    ++types_;
    const bool multi = begins(value, "multipart");
    if (types_ == 1 || multi) type_ = value;
    multipart_ = multipart_ || multi;
    message_ = message_ || is_message(value);
  }

  static void skip_comments(std::string_view& text) {
    std::size_t depth = 0;
    while (!text.empty()) {
      const char c = text.front();
      if (depth > 0 && c == '\\') text.remove_prefix(1);
      if (c == '(') ++depth;
      if (c == ')' && depth > 0) {
        --depth;
      } else if (depth == 0 && !is_space(c)) {
        return;
      }
      text.remove_prefix(std::min<std::size_t>(1, text.size()));
    }
  }

  // What GMime takes apart as a mail within the mail.
  static bool is_message(std::string_view type) {
    if (!begins(type, "message")) return false;
    type.remove_prefix(std::string_view("message").size());
    skip_comments(type);
    if (type.empty() || type.front() != '/') return false;
    type.remove_prefix(1);
    skip_comments(type);
    return begins(type, "rfc822") || begins(type, "rfc2822") || begins(type, "global") ||
           begins(type, "news");
  }

  void end_header() {
    in_header_ = false;
    const bool in_digest = !levels_.empty() && levels_.back().digest && types_ == 0;
    const bool message = (message_ || in_digest) && !(encoded_ && encodings_ == 1);
    if (multipart_ && types_ > 1) {
      push({.any = true, .digest = true});
    } else if (multipart_) {
      push(multipart(type_));
    } else if (message) {
      push({});
    }
    if (message && error_.empty()) begin_header();
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
  bool multipart_ = false, message_ = false, encoded_ = false;  // what the header so far says of what follows
  std::size_t types_ = 0, encodings_ = 0;
  std::size_t header_bytes_ = 0, headers_ = 0, parts_ = 0, groups_ = 0;
  std::size_t field_ = std::string_view::npos;  // where a Content-Type began that has not ended yet
  std::string_view type_;
};

}  // namespace

std::string beyond_limits(std::string_view bytes, const MimeLimits& limits) {
  return Outline(bytes, limits).run();
}

}  // namespace dragoman::email
