#include "bridges/irc/line.hpp"

#include <algorithm>
#include <utility>

namespace dragoman::irc {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool breaks_line(char c) { return c == '\r' || c == '\n' || c == '\0'; }

void skip_spaces(std::string_view& rest) {
  const auto at = rest.find_first_not_of(' ');
  rest.remove_prefix(at == std::string_view::npos ? rest.size() : at);
}

// The next word, which is taken off `rest` with the spaces after it.
std::string_view take_word(std::string_view& rest) {
  const auto space = rest.find(' ');
  const auto word = rest.substr(0, space);
  rest.remove_prefix(word.size());
  skip_spaces(rest);
  return word;
}

void parse_tags(std::string_view text, Line& line) {
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const auto one = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = one.find('=');
    const auto key = one.substr(0, equals);
    if (key.empty()) continue;
    line.tags.push_back(
        {key, equals == std::string_view::npos ? std::string_view{} : one.substr(equals + 1)});
  }
}

Source parse_source(std::string_view text) {
  Source source;
  // A host has no '@', and a user may have a '!': the first '!' ends the nick, the last '@' begins the host.
  const auto bang = text.find('!');
  const auto at = text.rfind('@');
  if (at != std::string_view::npos && (bang == std::string_view::npos || bang < at)) {
    source.host = text.substr(at + 1);
    text = text.substr(0, at);
  }
  source.nick = text.substr(0, bang);
  if (bang != std::string_view::npos) source.user = text.substr(bang + 1);
  return source;
}

// A command is letters, or three digits; 0 stands for letters, nothing for neither.
std::optional<int> numeric_of(std::string_view command) {
  if (command.size() == 3 && std::all_of(command.begin(), command.end(), is_digit)) {
    return (command[0] - '0') * 100 + (command[1] - '0') * 10 + (command[2] - '0');
  }
  if (command.empty() || !std::all_of(command.begin(), command.end(), is_letter)) return std::nullopt;
  return 0;
}

void append_one_line(std::string& to, std::string_view text) {
  const auto begin = static_cast<std::ptrdiff_t>(to.size());
  to += text;
  std::replace_if(to.begin() + begin, to.end(), breaks_line, ' ');
}

bool is_tag_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/' || c == '+';
  });
}

}  // namespace

std::string Tag::value() const { return unescape_tag(raw); }

std::string Source::address() const {
  std::string text(user);
  if (!host.empty()) {
    if (!text.empty()) text += '@';
    text += host;
  }
  return text;
}

bool Line::is(std::string_view upper_case) const {
  return command.size() == upper_case.size() && std::equal(command.begin(), command.end(), upper_case.begin(),
                                                           [](char a, char b) { return upper(a) == b; });
}

const Tag* Line::find_tag(std::string_view key) const {
  const auto found = std::find_if(tags.rbegin(), tags.rend(), [&](const Tag& tag) { return tag.key == key; });
  return found == tags.rend() ? nullptr : &*found;
}

std::string Line::tag(std::string_view key) const {
  const Tag* found = find_tag(key);
  return found ? found->value() : std::string();
}

std::optional<Line> parse_line(std::string_view bytes) {
  if (!bytes.empty() && bytes.back() == '\n') bytes.remove_suffix(1);
  if (!bytes.empty() && bytes.back() == '\r') bytes.remove_suffix(1);
  if (std::any_of(bytes.begin(), bytes.end(), breaks_line)) return std::nullopt;

  std::optional<Line> line(std::in_place);
  skip_spaces(bytes);
  if (!bytes.empty() && bytes.front() == '@') parse_tags(take_word(bytes).substr(1), *line);
  if (!bytes.empty() && bytes.front() == ':') line->source = parse_source(take_word(bytes).substr(1));
  line->command = take_word(bytes);
  const auto code = numeric_of(line->command);
  if (!code) return std::nullopt;
  line->numeric = *code;
  while (!bytes.empty()) {
    if (bytes.front() == ':') {
      line->params.push_back(bytes.substr(1));
      break;
    }
    line->params.push_back(take_word(bytes));
  }
  return line;
}

std::string escape_tag(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    switch (c) {
      case ';': out += "\\:"; break;
      case ' ': out += "\\s"; break;
      case '\\': out += "\\\\"; break;
      case '\r': out += "\\r"; break;
      case '\n': out += "\\n"; break;
      case '\0': break;  // has no escape, and no place on the wire
      default: out += c;
    }
  }
  return out;
}

std::string unescape_tag(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      out += raw[i];
      continue;
    }
    if (++i == raw.size()) break;
    switch (raw[i]) {
      case ':': out += ';'; break;
      case 's': out += ' '; break;
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      default: out += raw[i];
    }
  }
  return out;
}

LineBuilder::LineBuilder(std::string_view command) : rest_(command) {
  ok_ = !command.empty() &&
        std::all_of(command.begin(), command.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

LineBuilder& LineBuilder::tag(std::string_view key, std::string_view value) {
  if (!is_tag_key(key)) {
    ok_ = false;
    return *this;
  }
  tags_ += tags_.empty() ? '@' : ';';
  tags_ += key;
  if (!value.empty()) {
    tags_ += '=';
    tags_ += escape_tag(value);
  }
  if (tags_.size() - 1 > kMaxClientTags) ok_ = false;
  return *this;
}

LineBuilder& LineBuilder::param(std::string_view value) {
  const bool trailing =
      value.empty() || value.front() == ':' ||
      std::any_of(value.begin(), value.end(), [](char c) { return c == ' ' || breaks_line(c); });
  if (trailing) return text(value);
  if (ended_) ok_ = false;
  rest_ += ' ';
  rest_ += value;
  return *this;
}

LineBuilder& LineBuilder::text(std::string_view value) {
  if (ended_) ok_ = false;
  ended_ = true;
  rest_.reserve(rest_.size() + value.size() + 2);
  rest_ += " :";
  append_one_line(rest_, value);
  return *this;
}

std::string LineBuilder::str() && {
  if (ok_ && tags_.empty()) return std::move(rest_);
  return std::as_const(*this).str();
}

std::string LineBuilder::str() const& {
  if (!ok_) return {};
  if (tags_.empty()) return rest_;
  std::string out;
  out.reserve(tags_.size() + 1 + rest_.size());
  out += tags_;
  out += ' ';
  out += rest_;
  return out;
}

std::string format_line(std::string_view command, std::initializer_list<std::string_view> params) {
  LineBuilder line(command);
  for (const auto param : params) line.param(param);
  return std::move(line).str();
}

std::string raw_line(std::string_view typed) {
  std::string out;
  append_one_line(out, typed);
  const auto first = out.find_first_not_of(' ');
  if (first == std::string::npos) return {};
  return out.substr(first, out.find_last_not_of(' ') - first + 1);
}

}  // namespace dragoman::irc
