#include "bridges/email/imap_response.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t most_depth = 20;
constexpr std::size_t most_values = 20'000;  // of a response
constexpr std::size_t longest_text = 500;    // bytes, of words for people

std::string upper_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string words_for_people(std::string_view text) {
  std::string out = display_clean(to_utf8(text.substr(0, longest_text * 2)));
  out.resize(prefix_within(out, longest_text));
  return out;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

class ImapParser {
 public:
  explicit ImapParser(ImapLine& from) : literals_(from.literals), rest_(from.line) {}

  std::string_view rest() const { return rest_; }
  bool at_end() const { return rest_.empty(); }
  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (skip(' ')) {
    }
  }
  // Up to a space, or the end.
  std::string_view word() {
    const auto end = std::min(rest_.find(' '), rest_.size());
    const auto found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return found;
  }
  // What is left, as values. False: it is malformed.
  bool values(std::vector<ImapValue>& into) {
    for (skip_spaces(); !at_end(); skip_spaces())
      if (!value(into.emplace_back(), 0)) return false;
    return true;
  }

 private:
  bool value(ImapValue& out, std::size_t depth) {
    if (++count_ > most_values || depth > most_depth || rest_.empty()) return false;
    switch (rest_.front()) {
      case '(': return list(out, depth);
      case '"': return quoted(out);
      case '{': return literal(out);
      case ')': return false;
      default: return atom(out);
    }
  }
  bool list(ImapValue& out, std::size_t depth) {
    out.kind = ImapValue::Kind::list;
    skip('(');
    for (;;) {
      skip_spaces();
      if (skip(')')) return true;
      if (!value(out.items.emplace_back(), depth + 1)) return false;
    }
  }
  bool quoted(ImapValue& out) {
    out.kind = ImapValue::Kind::string;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return true;
      }
      if (rest_[i] == '\\' && ++i == rest_.size()) return false;
      if (rest_[i] == '\n') return false;
      out.text += rest_[i];
    }
    return false;
  }
  bool literal(ImapValue& out) {
    const auto end = rest_.find('\n');
    if (end == std::string_view::npos || next_ == literals_.size()) return false;
    const auto size = number_in<std::size_t>(rest_.substr(1, std::max<std::size_t>(end, 2) - 2));
    if (!size || *size != literals_[next_].size()) return false;
    rest_.remove_prefix(end + 1);
    out.kind = ImapValue::Kind::string;
    out.text = std::move(literals_[next_++]);
    return true;
  }
  // With what stands in its brackets: BODY[HEADER.FIELDS (DATE FROM)]<0> is one.
  bool atom(ImapValue& out) {
    out.kind = ImapValue::Kind::atom;
    bool in_brackets = false;
    std::size_t i = 0;
    for (; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '\n') return false;
      if (c == '[') in_brackets = true;
      if (c == ']') in_brackets = false;
      if (!in_brackets && (c == ' ' || c == '(' || c == ')' || c == '"' || c == '{')) break;
    }
    if (i == 0) return false;
    out.text = rest_.substr(0, i);
    rest_.remove_prefix(i);
    if (out.is("NIL")) out = {};
    return true;
  }

  std::vector<std::string>& literals_;
  std::string_view rest_;
  std::size_t next_ = 0, count_ = 0;
};

// "[CODE argument] words".
void read_status(ImapParser& parser, ImapResponse& out) {
  parser.skip_spaces();
  auto rest = parser.rest();
  if (rest.starts_with('[')) {
    if (const auto end = rest.find(']'); end != std::string_view::npos) {
      const auto inside = rest.substr(1, end - 1);
      const auto space = std::min(inside.find(' '), inside.size());
      out.code = upper_case(inside.substr(0, space));
      out.code_argument = std::string(inside.substr(std::min(space + 1, inside.size())));
      rest.remove_prefix(end + 1);
    }
  }
  out.text = words_for_people(rest);
}

}  // namespace

bool ImapValue::is(std::string_view atom) const {
  return kind == Kind::atom && upper_case(text) == upper_case(atom);
}

std::optional<std::uint32_t> ImapValue::number() const {
  return kind == Kind::atom ? number_in<std::uint32_t>(text) : std::nullopt;
}

bool ImapResponse::is_status() const {
  return name == "OK" || name == "NO" || name == "BAD" || name == "BYE" || name == "PREAUTH";
}

std::optional<ImapResponse> parse_imap(ImapLine line) {
  ImapResponse out;
  ImapParser parser(line);
  const auto first = parser.word();
  if (first.empty()) return {};
  if (first == "+") {
    out.kind = ImapResponse::Kind::go_on;
    read_status(parser, out);
    return out;
  }
  parser.skip_spaces();
  if (first != "*") {
    out.kind = ImapResponse::Kind::tagged;
    out.tag = std::string(first);
    out.name = upper_case(parser.word());
    if (out.name != "OK" && out.name != "NO" && out.name != "BAD") return {};
    read_status(parser, out);
    return out;
  }
  auto word = parser.word();
  if (const auto number = number_in<std::uint32_t>(word)) {
    out.number = *number;
    parser.skip_spaces();
    word = parser.word();
  }
  out.name = upper_case(word);
  if (out.name.empty() ||
      !std::all_of(out.name.begin(), out.name.end(), [](char c) { return c > ' ' && c < 0x7f; }))
    return {};
  if (out.is_status()) {
    read_status(parser, out);
  } else if (!parser.values(out.values)) {
    return {};
  }
  return out;
}

std::optional<ImapMessage> message_in(ImapResponse& fetch) {
  if (fetch.values.size() != 1 || fetch.values[0].kind != ImapValue::Kind::list) return {};
  auto& items = fetch.values[0].items;
  ImapMessage out;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    ImapValue& value = items[i + 1];
    if (items[i].is("UID")) {
      out.uid = value.number().value_or(0);
    } else if (items[i].is("RFC822.SIZE")) {
      if (value.kind == ImapValue::Kind::atom) out.size = number_in<std::uint64_t>(value.text);
    } else if (items[i].is("FLAGS")) {
      out.seen = std::any_of(value.items.begin(), value.items.end(),
                             [](const ImapValue& flag) { return flag.is("\\Seen"); });
    } else if (items[i].is("INTERNALDATE")) {
      out.arrived = imap_time(value.text);
    } else if (items[i].kind == ImapValue::Kind::atom && upper_case(items[i].text).starts_with("BODY[") &&
               value.kind == ImapValue::Kind::string) {
      out.bytes = std::move(value.text);
    }
  }
  if (out.uid == 0) return {};
  return out;
}

std::optional<Time> imap_time(std::string_view text) {
  // " 7-Jul-1996 02:44:25 -0700": at fixed places.
  if (text.size() != 26) return {};
  const auto digits = [&](std::size_t at, std::size_t count) -> int {
    auto part = text.substr(at, count);
    if (part.starts_with(' ')) part.remove_prefix(1);
    return number_in<std::uint16_t>(part) ? static_cast<int>(*number_in<std::uint16_t>(part)) : -1;
  };
  constexpr std::array<std::string_view, 12> names{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
  const auto name = std::find(names.begin(), names.end(), ascii_lower(text.substr(3, 3)));
  const int day = digits(0, 2), year = digits(7, 4), hour = digits(12, 2), minute = digits(15, 2),
            second = digits(18, 2), zone_hour = digits(22, 2), zone_minute = digits(24, 2);
  const char sign = text[21];
  if (name == names.end() || day < 1 || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60 || zone_hour < 0 || zone_minute < 0 || (sign != '+' && sign != '-') ||
      text[2] != '-' || text[6] != '-' || text[11] != ' ' || text[14] != ':' || text[17] != ':' ||
      text[20] != ' ')
    return {};
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(name - names.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return {};
  auto zone = std::chrono::hours(zone_hour) + std::chrono::minutes(zone_minute);
  if (sign == '-') zone = -zone;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) - zone;
}

std::vector<std::string> capabilities_in(const ImapResponse& response) {
  std::vector<std::string> out;
  if (response.name == "CAPABILITY") {
    for (const ImapValue& value : response.values)
      if (value.kind == ImapValue::Kind::atom) out.push_back(upper_case(value.text));
  } else if (response.code == "CAPABILITY") {
    std::string_view rest = response.code_argument;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(' '), rest.size());
      if (end > 0) out.push_back(upper_case(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

bool ImapMailbox::has(std::string_view attribute) const {
  return std::find(attributes.begin(), attributes.end(), ascii_lower(attribute)) != attributes.end();
}

std::optional<ImapMailbox> mailbox_in(const ImapResponse& list) {
  if (list.name != "LIST" || list.values.size() < 3 || list.values[0].kind != ImapValue::Kind::list ||
      list.values[2].kind == ImapValue::Kind::list || list.values[2].kind == ImapValue::Kind::nil)
    return {};
  ImapMailbox out;
  out.name = list.values[2].text;
  for (const ImapValue& attribute : list.values[0].items)
    out.attributes.push_back(ascii_lower(attribute.text));
  return out;
}

std::optional<std::string> imap_quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\r' || c == '\n' || c == '\0' || static_cast<unsigned char>(c) >= 0x80) return {};
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace dragoman::email
