#include "component/mentions.hpp"

#include <algorithm>

#include "component/codepoint.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::mentions {

namespace {

constexpr std::string_view scheme = "xmpp:";
constexpr std::size_t longest_nick = 100;   // bytes that are looked at
constexpr std::size_t most_looked_at = 20;  // places of a text where somebody may be named

bool is_plain(char c) {  // RFC 3986 2.3, and what may stand in a path as it is
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~!$'()*,;=:@").find(c) != std::string_view::npos;
}

void append_encoded(std::string& out, std::string_view part, bool is_node) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : part) {
    if (is_plain(c) && !(is_node && c == '@')) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 0x0F];
    }
  }
}

std::optional<unsigned> hex(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex(text[i + 1]), low = hex(text[i + 2]);
      if (high && low) {
        out += static_cast<char>(*high << 4 | *low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

bool is_boundary(std::string_view text, std::size_t at) {
  if (at >= text.size()) return true;
  const auto c = static_cast<unsigned char>(text[at]);
  return c < 0x80 &&
         !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_');
}

// The longest nick of the room that stands at `at`; its end, or `at` where there is none.
std::size_t nick_at(std::string_view text, std::size_t at, const MemberTable& members) {
  const std::string_view line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
  std::size_t end = prefix_within(line, longest_nick);
  for (std::size_t tries = 0; end > 0 && tries < longest_nick; ++tries) {
    if (is_boundary(line, end) && members.contains(line.substr(0, end))) return at + end;
    --end;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80) --end;
  }
  return at;
}

}  // namespace

std::string uri_of(std::string_view room, std::string_view nick) {
  std::string out(scheme);
  const std::size_t at = room.find('@');
  if (at != std::string_view::npos) {
    append_encoded(out, room.substr(0, at), true);
    out += '@';
    room.remove_prefix(at + 1);
  }
  append_encoded(out, room, false);
  if (!nick.empty()) {
    out += '/';
    append_encoded(out, nick, false);
  }
  return out;
}

std::optional<std::string> nick_in(std::string_view uri, const Jid& room) {
  if (!uri.starts_with(scheme)) return std::nullopt;
  uri.remove_prefix(scheme.size());
  if (uri.starts_with("//")) return std::nullopt;  // with an authority: who is asked, not who is meant
  uri = uri.substr(0, uri.find_first_of("?#"));
  const auto jid = Jid::parse(decoded(uri));
  if (!jid || jid->local != room.local || jid->domain != room.domain) return std::nullopt;
  return jid->resource;
}

std::optional<std::size_t> same_place(std::string_view from, std::size_t begin, std::size_t size,
                                      std::string_view to) {
  if (size == 0 || begin > from.size() || size > from.size() - begin) return std::nullopt;
  const std::string_view what = from.substr(begin, size);
  std::size_t in_to = to.find(what);
  for (std::size_t at = from.find(what); at < begin && in_to != std::string_view::npos;
       at = from.find(what, at + size))
    in_to = to.find(what, in_to + size);
  if (in_to == std::string_view::npos) return std::nullopt;
  return in_to;
}

void add(Text& text, Span span) {
  const auto place = std::find_if(text.spans.begin(), text.spans.end(), [&](const Span& s) {
    return s.begin > span.begin || (s.begin == span.begin && s.end < span.end);
  });
  text.spans.insert(place, std::move(span));
}

void find(Text& text, const MemberTable& members) {
  const auto is_mention = [](const Span& s) { return s.style == Style::mention; };
  if (text.empty() || std::any_of(text.spans.begin(), text.spans.end(), is_mention)) return;
  const std::string_view plain(text.plain);
  std::vector<Span> found;
  // At the beginning, as clients write when a nick is chosen.
  const std::string_view beginning = plain.substr(0, std::min(plain.find('\n'), longest_nick));
  std::size_t tries = 0;
  for (std::size_t end = beginning.find_first_of(":,"); end != std::string_view::npos && tries < 4;
       end = beginning.find_first_of(":,", end + 1), ++tries) {
    if (end == 0 || plain.front() == '@' || !members.contains(plain.substr(0, end))) continue;
    found.push_back({0, end, Style::mention, std::string(plain.substr(0, end))});
    break;
  }
  std::size_t looked_at = 0;
  for (std::size_t at = plain.find('@'); at != std::string_view::npos && looked_at < most_looked_at;
       at = plain.find('@', at + 1), ++looked_at) {
    if (at > 0 && !is_space(previous_codepoint(plain, at)) && plain[at - 1] != '(') continue;
    const std::size_t end = nick_at(plain, at + 1, members);
    if (end > at + 1)
      found.push_back({at, end, Style::mention, std::string(plain.substr(at + 1, end - at - 1))});
  }
  for (Span& span : found) add(text, std::move(span));
}

}  // namespace dragoman::mentions
