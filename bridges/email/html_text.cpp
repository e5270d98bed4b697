#include "bridges/email/html_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include <libxml/HTMLparser.h>

#include "bridges/email/charset.hpp"
#include "bridges/email/html_elements.hpp"
#include "bridges/email/html_marks.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

// Libxml2 looks through all that is open for each end tag: what nests deeper is read without its elements.
constexpr std::size_t kMaxDepth = 500;
constexpr std::size_t kMaxSpans = 2000;
constexpr std::size_t kMaxQuotes = 20;  // ">" before a line
constexpr std::size_t kMaxAlt = 200;    // bytes of what a picture shows
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

struct Frame {
  std::string name;
  Element element = Element::text;
  bool hidden = false, quote = false;
  bool bare = false;             // a paragraph beside the mark of an item, or in a cell
  bool tight = false;            // a paragraph without space around it
  std::size_t begin = kNowhere;  // of what stands in it
  std::size_t style = 0;         // Style + 1; 0: none
  std::string detail;
  long number = 1;  // of the next item
};

class Builder {
 public:
  void open(std::string_view name, Attributes attributes) {
    if (++depth_ > kMaxDepth) too_deep_ = true;
    if (too_deep_) return;
    Frame frame;
    frame.name = name;
    frame.element = element_of(name);
    if (hidden_ == 0 && frame.element != Element::dropped && !is_hidden(attributes)) {
      enter(frame, attributes);
    } else {
      frame.hidden = true;
    }
    if (!has_end(name)) return leave(frame);
    if (frame.hidden) ++hidden_;
    frames_.push_back(std::move(frame));
  }

  void close(std::string_view name) {
    if (depth_ > 0) --depth_;
    if (too_deep_ || !has_end(name)) return;
    // Libxml2 closes what is open in order: what is not the last is not known here.
    if (frames_.empty() || frames_.back().name != name) return;
    pop();
  }

  void characters(std::string_view text) {
    if (hidden_ > 0 || too_deep_) return;
    if (preformatted_ > 0) return verbatim(text);
    while (!text.empty()) {
      const std::size_t space = blank(text);
      if (space > 0) {
        space_ = true;
        text.remove_prefix(space);
        continue;
      }
      if (const std::size_t unseen = invisible(text); unseen > 0) {
        text.remove_prefix(unseen);
        continue;
      }
      std::size_t end = 1;
      while (end < text.size() && blank(text.substr(end)) == 0 && invisible(text.substr(end)) == 0) ++end;
      write(text.substr(0, end));
      text.remove_prefix(end);
    }
  }

  bool too_deep() const { return too_deep_; }

  // What comes behind the place where it got too deep, without its elements.
  void tail(std::string_view words) {
    too_deep_ = false;
    hidden_ = 0;
    while (!words.empty()) {
      const auto end = std::min(words.find('\n'), words.size());
      breaks(1);
      characters(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }

  Text finish() {
    while (!frames_.empty()) pop();
    std::stable_sort(text_.spans.begin(), text_.spans.end(), [](const Span& a, const Span& b) {
      return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    return std::move(text_);
  }

 private:
  // Spaces that pages collapse: also hard ones, which mails have in place of others.
  static std::size_t blank(std::string_view text) {
    const char c = text.front();
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') return 1;
    return c == '\xC2' && text.size() > 1 && text[1] == '\xA0' ? 2 : 0;
  }

  // What is not seen: soft hyphens, and what fills the line of a mail in a list of mails.
  static std::size_t invisible(std::string_view text) {
    const std::string_view two = text.substr(0, 2), three = text.substr(0, 3);
    if (two == "\xC2\xAD" || two == "\xCD\x8F") return 2;
    return three == "\xE2\x80\x8B" || three == "\xEF\xBB\xBF" ? 3 : 0;
  }

  void enter(Frame& frame, Attributes attributes) {
    switch (mark_of(frame.name, attributes)) {
      case Mark::quote: open_quote(frame); break;
      case Mark::header: line("________________________________"); break;
      case Mark::signature: sign(); break;
      case Mark::none: break;
    }
    switch (frame.element) {
      case Element::bold: return style(frame, Style::bold);
      case Element::italic: return style(frame, Style::italic);
      case Element::underline: return style(frame, Style::underline);
      case Element::strike: return style(frame, Style::strike);
      case Element::code: return style(frame, Style::code);
      case Element::anchor: return anchor(frame, attributes);
      case Element::image: return image(attributes);
      case Element::line_break: return line_break();
      case Element::rule: return rule();
      case Element::heading: breaks(2); return style(frame, Style::bold);
      case Element::paragraph:
        // In an item or a cell it begins beside the mark.
        frame.bare = fresh_;
        frame.tight = is_tight(attributes);
        return frame.bare ? void() : breaks(frame.tight ? 1 : 2);
      case Element::block:
      case Element::table: return fresh_ ? void() : breaks(1);
      case Element::quote: return frame.quote ? void() : open_quote(frame);
      case Element::preformatted:
        breaks(1);
        ++preformatted_;
        return;
      case Element::unordered:
      case Element::ordered:
        breaks(1);
        ++lists_;
        return;
      case Element::item: return item();
      case Element::row: return breaks(1);
      case Element::cell: return cell();
      default: return;
    }
  }

  void leave(Frame& frame) {
    if (frame.hidden) return;
    end_style(frame);
    switch (frame.element) {
      case Element::heading: breaks(2); break;
      case Element::paragraph:
        // One that is empty is an empty line.
        if (frame.tight && frame.begin == kNowhere) ++lines_;
        breaks(frame.bare || frame.tight ? 1 : 2);
        break;
      case Element::block:
      case Element::table:
      case Element::row: breaks(1); break;
      case Element::item:
        mark_.clear();
        breaks(1);
        break;
      case Element::preformatted:
        --preformatted_;
        breaks(1);
        break;
      case Element::unordered:
      case Element::ordered:
        --lists_;
        breaks(lists_ == 0 ? 2 : 1);
        break;
      default: break;
    }
    if (frame.quote) close_quote();
  }

  void pop() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.hidden) --hidden_;
    leave(frame);
  }

  // --------------------------------------------------------------------------------------------- elements

  static void style(Frame& frame, Style style) { frame.style = static_cast<std::size_t>(style) + 1; }

  void end_style(const Frame& frame) {
    if (frame.style == 0 || frame.begin == kNowhere || frame.begin >= text_.plain.size()) return;
    const auto which = static_cast<Style>(frame.style - 1);
    if (text_.spans.size() >= kMaxSpans) return;
    const std::string_view words = std::string_view(text_.plain).substr(frame.begin);
    // "bob@example.org" leads where it says.
    if (which == Style::link &&
        (frame.detail == "mailto:" + std::string(words) || frame.detail == "tel:" + std::string(words))) {
      return;
    }
    // A style that spans lines would span the marks of quotes between them.
    if (quotes_ > 0 && words.find('\n') != std::string_view::npos) return;
    text_.spans.push_back({frame.begin, text_.plain.size(), which, frame.detail});
  }

  void anchor(Frame& frame, Attributes attributes) {
    std::string_view href = attribute(attributes, "href").value_or(std::string_view());
    while (!href.empty() && (href.front() == ' ' || href.front() == '\n')) href.remove_prefix(1);
    while (!href.empty() && (href.back() == ' ' || href.back() == '\n')) href.remove_suffix(1);
    if (!is_link(href) || clean_text(href) != href) return;
    style(frame, Style::link);
    frame.detail = href;
  }

  // What it shows, in words. One within the mail is a file by itself.
  void image(Attributes attributes) {
    if (is_tracker(attributes)) return;
    const auto source = attribute(attributes, "src");
    const auto emoji = attribute(attributes, "data-emoji");
    if (!emoji && source && ascii_lower(source->substr(0, 4)) == "cid:") return;
    std::string alt =
        display_clean(emoji.value_or(attribute(attributes, "alt").value_or(std::string_view())));
    alt.resize(prefix_within(alt, kMaxAlt));
    if (!alt.empty()) characters(alt);
  }

  void line_break() {
    if (preformatted_ > 0) return verbatim("\n");
    ++lines_;
    space_ = false;
  }

  void rule() {
    breaks(1);
    // Behind a line of its own, and before more: at the end it is a frame.
    rule_ = !text_.plain.empty();
  }

  void item() {
    breaks(1);
    const auto list = std::find_if(frames_.rbegin(), frames_.rend(), [](const Frame& frame) {
      return frame.element == Element::ordered || frame.element == Element::unordered;
    });
    mark_ = lists_ > 1 ? std::string(2 * (std::min<std::size_t>(lists_, 5) - 1), ' ') : std::string();
    if (list != frames_.rend() && list->element == Element::ordered) {
      mark_ += std::to_string(list->number++) + ". ";
    } else {
      mark_ += "- ";
    }
    fresh_ = true;
  }

  void cell() {
    const auto row = std::find_if(frames_.rbegin(), frames_.rend(),
                                  [](const Frame& frame) { return frame.element == Element::row; });
    if (row == frames_.rend()) return breaks(1);
    // Between words of the same row, on the same line.
    if (row->begin != kNowhere && lines_ == 0 && !text_.plain.empty()) mark_ = " | ";
    space_ = false;
    fresh_ = true;
  }

  void open_quote(Frame& frame) {
    breaks(1);
    frame.quote = true;
    ++quotes_;
  }

  void close_quote() {
    breaks(1);
    --quotes_;
    after_quote_ = true;
  }

  // Where the page does not say so itself.
  void sign() {
    const std::string_view plain = text_.plain;
    const auto last = plain.substr(plain.rfind('\n') + 1);
    sign_ = last != "--" && last != "-- ";
    breaks(1);
  }

  void line(std::string_view words) {
    breaks(1);
    rule_ = false;
    write(words);
    breaks(1);
  }

  // --------------------------------------------------------------------------------------------- writing

  void breaks(std::size_t count) {
    lines_ = std::max(lines_, count);
    space_ = fresh_ = false;
    if (mark_ == " | ") mark_.clear();
  }

  void new_lines() {
    if (text_.plain.empty()) {
      prefix();
    } else if (lines_ > 0) {
      const std::size_t count = std::min<std::size_t>(lines_, 3);
      for (std::size_t i = 0; i < count; ++i) {
        text_.plain += '\n';
        // Between two lines of a quote an empty one is of it.
        if (i + 1 < count && quotes_ > 0 && !after_quote_ && written_quotes_ >= quotes_)
          text_.plain.append(std::min(quotes_, kMaxQuotes), '>');
      }
      prefix();
    }
    lines_ = 0;
    after_quote_ = false;
    written_quotes_ = quotes_;
  }

  void prefix() {
    if (quotes_ == 0) return;
    text_.plain.append(std::min(quotes_, kMaxQuotes), '>');
    text_.plain += ' ';
  }

  bool at_line_begin() const { return text_.plain.empty() || lines_ > 0; }

  void write(std::string_view words) {
    if (rule_ && lines_ > 0) {
      rule_ = false;
      new_lines();
      text_.plain += "---";
      lines_ = 1;
    }
    if (sign_) {
      sign_ = false;
      if (words != "--") {
        new_lines();
        text_.plain += "-- ";
        lines_ = 1;
      }
    }
    const bool begins = at_line_begin();
    if (begins) new_lines();
    if (!mark_.empty()) {
      if (mark_ != " | " || !begins) text_.plain += mark_;
      mark_.clear();
    } else if (begins ? quotes_ == 0 && words.front() == '>' : space_) {
      text_.plain += ' ';  // at the beginning: what the writer begins so is no quote
    }
    space_ = fresh_ = false;
    begin_frames();
    text_.plain += words;
  }

  void verbatim(std::string_view text) {
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      if (end > 0) {
        if (at_line_begin()) new_lines();
        begin_frames();
        text_.plain += text.substr(0, end);
        fresh_ = false;
      }
      if (end < text.size() && (!text_.plain.empty() || lines_ > 0)) ++lines_;
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  // The frames that have no beginning yet are the last ones: each begins where its first words stand.
  void begin_frames() {
    for (auto frame = frames_.rbegin(); frame != frames_.rend() && frame->begin == kNowhere; ++frame)
      frame->begin = text_.plain.size();
  }

  Text text_;
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;
  std::size_t hidden_ = 0, preformatted_ = 0, lists_ = 0, quotes_ = 0;  // how many are open
  std::size_t written_quotes_ = 0;
  std::size_t lines_ = 0;  // newlines before the next words
  bool space_ = false;     // a space before the next words
  bool fresh_ = false;     // in an item or a cell without words yet
  bool rule_ = false, sign_ = false, after_quote_ = false;
  bool too_deep_ = false;
  std::string mark_;  // before the next words
};

std::string_view view(const xmlChar* text) { return reinterpret_cast<const char*>(text); }

struct Parser {
  Builder builder;
  htmlParserCtxtPtr context = nullptr;
  std::ptrdiff_t unread = -1;  // bytes, where it was stopped
};

void on_start(void* user, const xmlChar* name, const xmlChar** attributes) {
  auto& parser = *static_cast<Parser*>(user);
  if (parser.unread >= 0) return;
  parser.builder.open(view(name), attributes);
  if (!parser.builder.too_deep()) return;
  parser.unread = parser.context->input->end - parser.context->input->cur;
  xmlStopParser(parser.context);
}

void on_end(void* user, const xmlChar* name) { static_cast<Parser*>(user)->builder.close(view(name)); }

void on_characters(void* user, const xmlChar* text, int length) {
  const std::string_view told(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  // Entities are resolved by now, and may be of what the text has been cleaned of.
  const bool clean = std::none_of(told.begin(), told.end(), [](char c) {
    return c == '\x7F' || c == '\xC2' || c == '\xEF' || c == '\xE2' || (c >= 0 && c < 0x20 && c != '\n');
  });
  if (clean) return static_cast<Parser*>(user)->builder.characters(told);
  static_cast<Parser*>(user)->builder.characters(clean_text(told));
}

struct FreeContext {
  void operator()(htmlParserCtxt* context) const { htmlFreeParserCtxt(context); }
};

// What stands between the tags, where there are too many of them within each other.
std::string without_tags(std::string_view html) {
  std::string out;
  bool open = false;
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '<') {
      open = true;
      if (!out.empty() && out.back() != '\n' && out.back() != ' ') out += ' ';
    } else if (html[i] == '>' && open) {
      open = false;
    } else if (!open) {
      out += html[i];
    }
  }
  return out;
}

// "<![if !mso]>": Outlook's, and no HTML; libxml2 takes it for text. "<![endif]-->" ends a comment.
std::string without_conditions(std::string html) {
  constexpr std::string_view mark = "<![";
  std::size_t begin = html.find(mark);
  if (begin == std::string::npos) return html;
  std::string out;
  out.reserve(html.size());
  std::size_t at = 0;
  while (begin != std::string::npos) {
    const std::size_t end = html.find('>', begin);
    if (end == std::string::npos) break;
    out.append(html, at, begin - at);
    if (html.compare(end - 2, 2, "--") == 0) out.append(html, begin, end + 1 - begin);
    at = end + 1;
    begin = html.find(mark, at);
  }
  return out.append(html, at, std::string::npos);
}

}  // namespace

std::string html_charset(std::string_view bytes) {
  const std::string head = ascii_lower(bytes.substr(0, 2048));
  constexpr std::string_view mark = "charset=";
  const auto tag = head.find("<meta");
  const auto at = tag == std::string::npos ? tag : head.find(mark, tag);
  if (at == std::string::npos) return {};
  std::string_view rest = std::string_view(head).substr(at + mark.size());
  while (!rest.empty() && (rest.front() == '"' || rest.front() == '\'' || rest.front() == ' '))
    rest.remove_prefix(1);
  return std::string(rest.substr(0, std::min<std::size_t>(rest.find_first_of("\"' ;>/"), 40)));
}

Text html_text(std::string_view html_utf8) {
  // In a body of its own, text isn't taken for a paragraph.
  const std::string source = "<html><body>" + without_conditions(clean_text(html_utf8));
  if (source.size() > static_cast<std::size_t>(1) << 30) return Text(without_tags(source));
  Parser parser;
  const std::unique_ptr<htmlParserCtxt, FreeContext> context(htmlNewParserCtxt());
  if (!context) return Text(without_tags(source));
  parser.context = context.get();
  *context->sax = htmlSAXHandler{};
  context->sax->startElement = on_start;
  context->sax->endElement = on_end;
  context->sax->characters = on_characters;
  context->sax->cdataBlock = [](void*, const xmlChar*, int) {};  // of scripts and styles
  context->sax->ignorableWhitespace = on_characters;
  context->userData = &parser;
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                          HTML_PARSE_NODEFDTD | HTML_PARSE_IGNORE_ENC;
  // Without a tree there is no document to take.
  htmlCtxtReadMemory(context.get(), source.data(), static_cast<int>(source.size()), nullptr, "UTF-8",
                     options);
  if (parser.builder.too_deep()) {
    const auto unread = std::min(static_cast<std::size_t>(parser.unread), source.size());
    parser.builder.tail(without_tags(std::string_view(source).substr(source.size() - unread)));
  }
  return parser.builder.finish();
}

}  // namespace dragoman::email
