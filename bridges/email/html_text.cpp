#include "bridges/email/html_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <libxml/HTMLparser.h>

#include "bridges/email/charset.hpp"
#include "bridges/email/html_elements.hpp"
#include "bridges/email/html_marks.hpp"
#include "bridges/email/html_page.hpp"
#include "bridges/email/html_styles.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

// Libxml2 looks through all that is open for each end tag: what nests deeper is read without its elements.
constexpr std::size_t kMaxDepth = 500;
constexpr std::size_t kMaxAlt = 200;        // bytes of what a picture shows
constexpr std::size_t kMaxSheet = 100'000;  // bytes of a style that are read

struct Frame {
  std::string name;
  Element element = Element::text;
  bool hidden = false, quote = false;
  bool bare = false;      // a paragraph beside the mark of an item, or in a cell
  bool tight = false;     // a paragraph without space around it
  std::size_t style = 0;  // Style + 1; 0: none
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
    frame.hidden = hidden_ > 0 || frame.element == Element::dropped || is_hidden(attributes) ||
                   (styles_.hide(name, attributes) && !is_shown(attributes));
    page_.open();
    if (!frame.hidden) enter(frame, attributes);
    if (frame.hidden) ++hidden_;
    frames_.push_back(std::move(frame));
    if (!has_end(name)) pop();
  }

  void close(std::string_view name) {
    if (depth_ > 0) --depth_;
    if (too_deep_ || !has_end(name)) return;
    // Libxml2 closes what is open in order: what is not the last is not known here.
    if (frames_.empty() || frames_.back().name != name) return;
    pop();
  }

  void characters(std::string_view text) {
    if (hidden_ == 0 && !too_deep_) page_.characters(text);
  }

  // What stands in a script, or in a style.
  void code(std::string_view text) {
    if (too_deep_ || frames_.empty() || frames_.back().name != "style") return;
    const std::size_t room = kMaxSheet - std::min(kMaxSheet, sheet_.size());
    sheet_ += text.substr(0, room);
  }

  bool too_deep() const { return too_deep_; }

  // What comes behind the place where it got too deep, without its elements.
  void tail(std::string_view words) {
    too_deep_ = false;
    hidden_ = 0;
    while (!words.empty()) {
      const auto end = std::min(words.find('\n'), words.size());
      page_.breaks(1);
      characters(words.substr(0, end));
      words.remove_prefix(std::min(end + 1, words.size()));
    }
  }

  Text finish() {
    while (!frames_.empty()) pop();
    return page_.finish();
  }

 private:
  void enter(Frame& frame, Attributes attributes) {
    switch (mark_of(frame.name, attributes)) {
      case Mark::quote: open_quote(frame); break;
      case Mark::header: page_.line("________________________________"); break;
      case Mark::signature: page_.sign(); break;
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
      case Element::line_break: return page_.line_break();
      case Element::rule: return page_.rule();
      case Element::heading: page_.breaks(2); return style(frame, Style::bold);
      case Element::paragraph:
        // In an item or a cell it begins beside the mark.
        frame.bare = page_.fresh();
        frame.tight = is_tight(attributes);
        return frame.bare ? void() : page_.breaks(frame.tight ? 1 : 2);
      case Element::block:
      case Element::table: return page_.fresh() ? void() : page_.breaks(1);
      case Element::quote: return frame.quote ? void() : open_quote(frame);
      case Element::preformatted: return page_.preformatted(true);
      case Element::unordered:
      case Element::ordered:
        page_.breaks(1);
        ++lists_;
        return;
      case Element::item: return item();
      case Element::row: return page_.breaks(1);
      case Element::cell: return cell();
      default: return;
    }
  }

  void leave(Frame& frame) {
    const std::size_t begin = page_.begin(frames_.size());
    if (frame.style > 0) page_.span(begin, static_cast<Style>(frame.style - 1), frame.detail);
    switch (frame.element) {
      case Element::heading: page_.breaks(2); break;
      case Element::paragraph:
        // One that is empty is an empty line.
        if (frame.tight && begin == PageText::nowhere) page_.empty_line();
        page_.breaks(frame.bare || frame.tight ? 1 : 2);
        break;
      case Element::block:
      case Element::table:
      case Element::row: page_.breaks(1); break;
      case Element::item:
        page_.end_item();
        page_.breaks(1);
        break;
      case Element::preformatted: page_.preformatted(false); break;
      case Element::unordered:
      case Element::ordered:
        --lists_;
        page_.breaks(lists_ == 0 ? 2 : 1);
        break;
      default: break;
    }
    if (frame.quote) page_.close_quote();
  }

  void pop() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.name == "style") styles_.read(std::exchange(sheet_, {}));
    if (frame.hidden) {
      --hidden_;
    } else {
      leave(frame);
    }
    page_.close();
  }

  // --------------------------------------------------------------------------------------------- elements

  static void style(Frame& frame, Style style) { frame.style = static_cast<std::size_t>(style) + 1; }

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

  void item() {
    const auto list = std::find_if(frames_.rbegin(), frames_.rend(), [](const Frame& frame) {
      return frame.element == Element::ordered || frame.element == Element::unordered;
    });
    std::string mark =
        lists_ > 1 ? std::string(2 * (std::min<std::size_t>(lists_, 5) - 1), ' ') : std::string();
    if (list != frames_.rend() && list->element == Element::ordered) {
      mark += std::to_string(list->number++) + ". ";
    } else {
      mark += "- ";
    }
    page_.item(std::move(mark));
  }

  // Between words of the same row, on the same line.
  void cell() {
    const auto row = std::find_if(frames_.rbegin(), frames_.rend(),
                                  [](const Frame& frame) { return frame.element == Element::row; });
    if (row == frames_.rend()) return page_.breaks(1);
    const auto depth = static_cast<std::size_t>(frames_.rend() - row) - 1;
    page_.cell(page_.begin(depth) != PageText::nowhere);
  }

  void open_quote(Frame& frame) {
    page_.open_quote();
    frame.quote = true;
  }

  PageText page_;
  HiddenStyles styles_;
  std::string sheet_;  // a style's, so far
  std::vector<Frame> frames_;
  std::size_t depth_ = 0;
  std::size_t hidden_ = 0, lists_ = 0;  // how many are open
  bool too_deep_ = false;
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
  context->sax->cdataBlock = [](void* user, const xmlChar* text, int length) {
    static_cast<Parser*>(user)->builder.code(view(text).substr(0, static_cast<std::size_t>(length)));
  };
  context->sax->ignorableWhitespace = on_characters;
  context->userData = &parser;
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                          HTML_PARSE_NODEFDTD | HTML_PARSE_IGNORE_ENC;
  // Without a tree there is no document to take.
  htmlCtxtReadMemory(context.get(), source.data(), static_cast<int>(source.size()), nullptr, "UTF-8",
                     options);
  if (parser.builder.too_deep()) {
    const auto unread = std::min(static_cast<std::size_t>(parser.unread), source.size());
    std::string_view rest = std::string_view(source).substr(source.size() - unread);
    // It was stopped within a tag.
    if (const auto end = rest.find_first_of("<>"); end != std::string_view::npos && rest[end] == '>')
      rest.remove_prefix(end + 1);
    parser.builder.tail(without_tags(rest));
  }
  return parser.builder.finish();
}

}  // namespace dragoman::email
