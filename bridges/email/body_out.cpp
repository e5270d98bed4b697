#include "bridges/email/body_out.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t wrap_at = 72;  // columns, RFC 3676 4.2
constexpr std::size_t deepest = 20;  // quotes

struct BodyLine {
  std::size_t begin = 0, end = 0;
  std::size_t depth = 0;  // of quotes
  bool code = false;
};

// Control characters have no place here (see Text); one that came all the same is no line's end of ours.
std::string without_controls(std::string text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f) c = ' ';
  }
  return text;
}

std::vector<BodyLine> body_lines(const std::string& plain, const std::vector<Span>& spans) {
  std::vector<BodyLine> lines;
  for (std::size_t at = 0; at <= plain.size();) {
    const auto end = std::min(plain.find('\n', at), plain.size());
    lines.push_back({at, end});
    at = end + 1;
  }
  struct Change {
    int depth = 0, code = 0;
  };
  std::vector<Change> changes(lines.size() + 1);
  const auto line_at = [&](std::size_t at) {
    const auto after =
        std::upper_bound(lines.begin(), lines.end(), at,
                         [](std::size_t where, const BodyLine& line) { return where < line.begin; });
    return static_cast<std::size_t>(after - lines.begin()) - 1;
  };
  for (const auto& span : spans) {
    if (span.begin >= span.end || span.end > plain.size()) continue;
    if (span.style != Style::quote && span.style != Style::block_code) continue;
    const auto first = line_at(span.begin), last = line_at(span.end - 1);
    int Change::*const what = span.style == Style::quote ? &Change::depth : &Change::code;
    ++(changes[first].*what);
    --(changes[last + 1].*what);
  }
  int depth = 0, code = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    depth += changes[i].depth;
    code += changes[i].code;
    lines[i].depth = std::min(static_cast<std::size_t>(depth), deepest);
    lines[i].code = code > 0;
  }
  return lines;
}

bool is_link(std::string_view url) {
  constexpr std::array<std::string_view, 6> schemes{
      "https://", "http://", "mailto:", "xmpp:", "tel:", "geo:"};
  const auto lower = ascii_lower(url.substr(0, 8));
  return std::any_of(schemes.begin(), schemes.end(), [&](auto s) { return lower.starts_with(s); }) &&
         std::none_of(url.begin(), url.end(), [](char c) {
           return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '<' || c == '>' || c == '"';
         });
}

std::string_view words_of(const std::string& plain, const Span& span) {
  return std::string_view(plain).substr(span.begin, span.end - span.begin);
}

bool hides_its_url(const std::string& plain, const Span& span) {
  return span.style == Style::link && is_link(span.detail) && span.end <= plain.size() &&
         span.begin < span.end && words_of(plain, span) != span.detail &&
         "mailto:" + std::string(words_of(plain, span)) != span.detail;
}

// ----------------------------------------------------------------------------------------------------------
// flowed

std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_line(std::string& out, std::size_t depth, std::string_view words) {
  out.append(depth, '>');
  const bool stuffed = words.starts_with(' ') || words.starts_with('>') || words.starts_with("From ");
  if (!words.empty() && (depth > 0 || stuffed)) out += ' ';
  out.append(words);
  out += '\n';
}

// The length of what goes into the next line, with the space at its end; all of it where there is no place.
std::size_t break_of(std::string_view words, std::size_t room) {
  std::size_t found = 0, column = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if ((static_cast<unsigned char>(words[i]) & 0xC0U) != 0x80U) ++column;
    if (column > room && found > 0) return found;
    // "-- " alone in a line would begin a signature.
    if (words[i] == ' ' && i + 1 < words.size() && words.substr(0, i + 1) != "-- ") found = i + 1;
  }
  return column > room && found > 0 ? found : words.size();
}

void append_flowed(std::string& out, std::size_t depth, std::string_view words, bool fixed) {
  while (!words.empty() && words.back() == ' ') words.remove_suffix(1);  // else it would flow
  const auto room = wrap_at - depth;
  while (!fixed && columns(words) > room) {
    const auto length = break_of(words, room);
    if (length == words.size()) break;
    append_line(out, depth, words.substr(0, length));
    words.remove_prefix(length);
  }
  append_line(out, depth, words);
}

// ----------------------------------------------------------------------------------------------------------
// HTML

// `before`: what stands in front of it.
void append_escaped(std::string& out, std::string_view text, char before = ' ') {
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case ' ':
        // Readers fold several into one.
        out += (i == 0 ? before : text[i - 1]) == ' ' ? "&nbsp;" : " ";
        break;
      default: out += text[i];
    }
  }
}

constexpr std::array<std::pair<Style, std::string_view>, 5> tags{{{Style::bold, "b"},
                                                                  {Style::italic, "i"},
                                                                  {Style::underline, "u"},
                                                                  {Style::strike, "s"},
                                                                  {Style::code, "code"}}};

// What is in force at one place of the text.
class Formats {
 public:
  Formats(const std::string& plain, const std::vector<Span>& spans) : spans_(spans) {
    for (std::size_t i = 0; i < spans.size(); ++i) {
      const auto& span = spans[i];
      if (span.begin >= span.end || span.end > plain.size()) continue;
      if (span.style == Style::link ? !is_link(span.detail) : tag_of(span.style) == tags.size()) continue;
      changes_.push_back({span.begin, i, true});
      changes_.push_back({span.end, i, false});
    }
    std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.at < b.at; });
  }

  // Takes all changes up to here.
  void go_to(std::size_t at) {
    for (; next_ < changes_.size() && changes_[next_].at <= at; ++next_) {
      const auto& change = changes_[next_];
      const auto& span = spans_[change.span];
      if (span.style == Style::link) {
        if (change.begins) links_.push_back(change.span);
      } else {
        counts_[tag_of(span.style)] += change.begins ? 1 : -1;
      }
    }
    while (!links_.empty() && spans_[links_.back()].end <= at) links_.pop_back();
  }
  std::size_t next_change(std::size_t none) const {
    return next_ < changes_.size() ? std::min(changes_[next_].at, none) : none;
  }

  void append(std::string& out, std::string_view words, char before) const {
    if (!links_.empty()) {
      out += "<a href=\"";
      append_escaped(out, spans_[links_.back()].detail);
      out += "\">";
    }
    for (std::size_t i = 0; i < tags.size(); ++i) {
      if (counts_[i] > 0) out.append("<").append(tags[i].second).append(">");
    }
    append_escaped(out, words, before);
    for (std::size_t i = tags.size(); i-- > 0;) {
      if (counts_[i] > 0) out.append("</").append(tags[i].second).append(">");
    }
    if (!links_.empty()) out += "</a>";
  }

 private:
  struct Change {
    std::size_t at, span;
    bool begins;
  };
  static std::size_t tag_of(Style style) {
    std::size_t i = 0;
    while (i < tags.size() && tags[i].first != style) ++i;
    return i;
  }

  const std::vector<Span>& spans_;
  std::vector<Change> changes_;
  std::size_t next_ = 0;
  std::array<int, tags.size()> counts_{};
  std::vector<std::size_t> links_;
};

// One line, its formats opened and closed within it.
void append_formatted(std::string& out, Formats& formats, std::string_view plain, const BodyLine& line) {
  formats.go_to(line.begin);
  for (std::size_t at = line.begin; at < line.end;) {
    const auto next = formats.next_change(line.end);
    formats.append(out, plain.substr(at, next - at), at == line.begin ? ' ' : plain[at - 1]);
    at = next;
    formats.go_to(at);
  }
}

}  // namespace

std::string flowed_text(const Text& text, std::string_view signature) {
  const auto plain = without_controls(text.plain);
  std::vector<const Span*> urls;
  for (const auto& span : text.spans) {
    if (hides_its_url(plain, span)) urls.push_back(&span);
  }
  std::stable_sort(urls.begin(), urls.end(), [](const Span* a, const Span* b) { return a->end < b->end; });
  std::string out;
  auto url = urls.begin();
  if (!plain.empty()) {
    std::string words;
    for (const auto& line : body_lines(plain, text.spans)) {
      words.clear();
      auto at = line.begin;
      for (; url != urls.end() && (*url)->end <= line.end; ++url) {
        words.append(plain, at, (*url)->end - at).append(" <").append((*url)->detail).append(">");
        at = (*url)->end;
      }
      words.append(plain, at, line.end - at);
      append_flowed(out, line.depth, words, line.code);
    }
  }
  if (signature.empty()) return out;
  out += "-- \n";
  const auto clean = without_controls(std::string(signature));
  for (const auto& line : body_lines(clean, {}))
    append_flowed(out, 0, std::string_view(clean).substr(line.begin, line.end - line.begin), true);
  return out;
}

bool needs_html(const Text& text) {
  return std::any_of(text.spans.begin(), text.spans.end(), [&](const Span& span) {
    switch (span.style) {
      case Style::bold:
      case Style::italic:
      case Style::underline:
      case Style::strike:
      case Style::code:
      case Style::block_code: return true;
      case Style::link: return hides_its_url(text.plain, span);
      case Style::quote:
      case Style::spoiler:
      case Style::colour:
      case Style::background:
      case Style::mention: return false;
    }
    return false;
  });
}

std::string html_text_of(const Text& text, std::string_view signature) {
  const auto plain = without_controls(text.plain);
  Formats formats(plain, text.spans);
  std::string out = "<html><body>\n";
  std::size_t depth = 0;
  bool code = false;
  const auto quote_to = [&](std::size_t wanted) {
    for (; depth < wanted; ++depth) out += "<blockquote type=\"cite\">\n";
    for (; depth > wanted; --depth) out += "</blockquote>\n";
  };
  for (const auto& line : body_lines(plain, text.spans)) {
    if (code && (!line.code || line.depth != depth)) out += "</pre>\n";
    if (line.depth != depth || !line.code) code = false;
    quote_to(line.depth);
    if (line.code) {
      if (!code) out += "<pre>";
      code = true;
      append_escaped(out, std::string_view(plain).substr(line.begin, line.end - line.begin));
    } else {
      append_formatted(out, formats, plain, line);
      out += "<br>";
    }
    out += '\n';
  }
  if (code) out += "</pre>\n";
  quote_to(0);
  if (!signature.empty()) {
    out += "-- <br>\n";
    const auto clean = without_controls(std::string(signature));
    for (const auto& line : body_lines(clean, {})) {
      append_escaped(out, std::string_view(clean).substr(line.begin, line.end - line.begin));
      out += "<br>\n";
    }
  }
  return out + "</body></html>\n";
}

}  // namespace dragoman::email
