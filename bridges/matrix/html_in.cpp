#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

#include <libxml/HTMLparser.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/html.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxHtml = std::size_t{64} * 1024;
constexpr std::size_t most_nested = 102;  // html and body are two
constexpr std::size_t kMaxUrl = 2048;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

enum class Element : std::uint8_t {
  text,  // known or not, it is what stands in it
  dropped,
  bold,
  italic,
  underline,
  strike,
  code,
  superscript,
  span,
  font,
  anchor,
  image,
  line_break,
  rule,
  heading,
  paragraph,
  block,
  quote,
  preformatted,
  unordered,
  ordered,
  item,
  row,
  cell,
  head_cell,
  summary,
};

struct Name {
  std::string_view name;
  Element element;
};

// Sorted by name.
constexpr std::array kNames = {
    Name{"a", Element::anchor},        Name{"b", Element::bold},           Name{"blockquote", Element::quote},
    Name{"br", Element::line_break},   Name{"caption", Element::block},    Name{"code", Element::code},
    Name{"del", Element::strike},      Name{"details", Element::block},    Name{"div", Element::block},
    Name{"em", Element::italic},       Name{"font", Element::font},        Name{"h1", Element::heading},
    Name{"h2", Element::heading},      Name{"h3", Element::heading},       Name{"h4", Element::heading},
    Name{"h5", Element::heading},      Name{"h6", Element::heading},       Name{"head", Element::dropped},
    Name{"hr", Element::rule},         Name{"i", Element::italic},         Name{"img", Element::image},
    Name{"ins", Element::underline},   Name{"li", Element::item},          Name{"mx-reply", Element::dropped},
    Name{"ol", Element::ordered},      Name{"p", Element::paragraph},      Name{"pre", Element::preformatted},
    Name{"s", Element::strike},        Name{"script", Element::dropped},   Name{"span", Element::span},
    Name{"strike", Element::strike},   Name{"strong", Element::bold},      Name{"style", Element::dropped},
    Name{"summary", Element::summary}, Name{"sup", Element::superscript},  Name{"table", Element::block},
    Name{"td", Element::cell},         Name{"template", Element::dropped}, Name{"th", Element::head_cell},
    Name{"title", Element::dropped},   Name{"tr", Element::row},           Name{"tt", Element::code},
    Name{"u", Element::underline},     Name{"ul", Element::unordered},
};
static_assert(std::is_sorted(kNames.begin(), kNames.end(),
                             [](const Name& a, const Name& b) { return a.name < b.name; }));

Element element_of(std::string_view name) {
  const auto found = std::lower_bound(kNames.begin(), kNames.end(), name,
                                      [](const Name& a, std::string_view b) { return a.name < b; });
  return found != kNames.end() && found->name == name ? found->element : Element::text;
}

using Attributes = const xmlChar**;

// Nothing where it is missing; empty where it has no value.
std::optional<std::string_view> attribute(Attributes attributes, std::string_view name) {
  for (; attributes && attributes[0]; attributes += 2) {
    if (reinterpret_cast<const char*>(attributes[0]) != name) continue;
    if (!attributes[1]) return std::string_view();
    return reinterpret_cast<const char*>(attributes[1]);
  }
  return std::nullopt;
}

std::optional<std::string> colour_of(Attributes attributes, std::string_view name) {
  const auto value = attribute(attributes, name);
  if (!value || value->size() != 7 || value->front() != '#') return std::nullopt;
  std::string colour = ascii_lower(*value);
  if (colour.find_first_not_of("0123456789abcdef", 1) != std::string::npos) return std::nullopt;
  return colour;
}

// The user that a link is to; nothing where it is to something else.
std::optional<std::string> linked_user(std::string_view url) {
  const auto node = url.find("matrix.to/#/") != std::string_view::npos || url.substr(0, 7) == "matrix:"
                        ? node_from_prompt(url)
                        : std::nullopt;
  if (!node) return std::nullopt;
  const auto what = resolve(*node);
  if (!what || !std::holds_alternative<UserId>(*what)) return std::nullopt;
  return std::get<UserId>(*what).value();
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

struct Frame {
  std::string name;
  Element element;
  std::vector<Span> spans;       // each from the first text in it; empty styles have none
  std::size_t order = 0;         // of its first span
  std::size_t begin = kNowhere;  // where its first text stands
  long number = 1;               // of the next item
  bool cells = false;            // of a row: there was one
};

// Text is written once it is known what stands between it and what was before: spaces collapse, breaks of
// blocks that meet are one, and none is left at either end.
class Builder {
 public:
  explicit Builder(const NickOf& nick_of) : nick_of_(nick_of) {}

  bool too_deep() const { return too_deep_; }

  // False: no more.
  bool open(std::string_view name, Attributes attributes) {
    if (frames_.size() == most_nested) {
      too_deep_ = true;
      return false;
    }
    Frame frame{std::string(name), element_of(name), {}, orders_};
    orders_ += 4;  // more than an element has
    if (dropped_ > 0 || frame.element == Element::dropped) {
      ++dropped_;
      frame.element = Element::dropped;
    } else {
      enter(frame, attributes);
    }
    frames_.push_back(std::move(frame));
    return true;
  }

  void close(std::string_view name) {
    const auto found = std::find_if(frames_.rbegin(), frames_.rend(),
                                    [&](const Frame& frame) { return frame.name == name; });
    if (found == frames_.rend()) return;
    for (auto n = found - frames_.rbegin(); n >= 0; --n) close_last();
  }

  void characters(std::string_view text) {
    if (dropped_ > 0) return;
    if (preformatted_ > 0) return verbatim(text);
    while (!text.empty()) {
      const auto word = std::find_if_not(text.begin(), text.end(), is_space);
      if (word != text.begin()) space_ = true;
      text.remove_prefix(static_cast<std::size_t>(word - text.begin()));
      const auto end = std::find_if(text.begin(), text.end(), is_space);
      const auto length = static_cast<std::size_t>(end - text.begin());
      if (length > 0) write(text.substr(0, length));
      text.remove_prefix(length);
    }
  }

  Text finish() {
    while (!frames_.empty()) close_last();
    std::stable_sort(spans_.begin(), spans_.end(), [](const Ordered& a, const Ordered& b) {
      if (a.span.begin != b.span.begin) return a.span.begin < b.span.begin;
      return a.span.end != b.span.end ? a.span.end > b.span.end : a.order < b.order;
    });
    for (Ordered& one : spans_) {
      if (text_.spans.empty() || text_.spans.back() != one.span || one.span.style == Style::quote) {
        text_.spans.push_back(std::move(one.span));
      }
    }
    return std::move(text_);
  }

 private:
  struct Ordered {
    Span span;
    std::size_t order;
  };

  void breaks(std::size_t lines) {
    // A cell is one line of text.
    if (cells_ > 0) {
      space_ = true;
      return;
    }
    // Behind the mark of an item there is none.
    if (!marked_) lines_ = std::max(lines_, list_depth() > 0 ? std::min<std::size_t>(lines, 1) : lines);
    space_ = false;
  }
  void whole_lines() {
    lines_ = std::max<std::size_t>(lines_, 1);
    marked_ = space_ = false;
  }

  std::size_t list_depth() const { return lists_; }

  // What was put off, before text is written.
  void catch_up() {
    if (!text_.plain.empty()) {
      if (lines_ > 0) {
        text_.plain.append(lines_, '\n');
      } else if (space_ && text_.plain.back() != ' ' && text_.plain.back() != '\n') {
        text_.plain += ' ';
      }
    }
    lines_ = 0;
    space_ = marked_ = false;
  }

  void write(std::string_view words) {
    catch_up();
    for (auto frame = frames_.rbegin(); frame != frames_.rend() && frame->begin == kNowhere; ++frame) {
      frame->begin = text_.plain.size();
    }
    text_.plain += words;
  }

  // What no element has written, and none is responsible for.
  void write_mark(std::string_view mark) {
    catch_up();
    text_.plain += mark;
  }

  void verbatim(std::string_view text) {
    if (fresh_pre_ && !text.empty() && text.front() == '\n') text.remove_prefix(1);
    if (!text.empty()) fresh_pre_ = false;
    // Newlines at the end are written once something follows.
    while (!text.empty()) {
      const auto newline = std::min(text.find('\n'), text.size());
      if (newline > 0) {
        const std::size_t lines = std::exchange(pre_lines_, 0);
        write(std::string(lines, '\n').append(text.substr(0, newline)));
      }
      if (newline < text.size()) ++pre_lines_;
      text.remove_prefix(std::min(newline + 1, text.size()));
    }
  }

  static void style(Frame& frame, Style style, std::string detail = {}) {
    frame.spans.push_back({0, 0, style, std::move(detail)});
  }

  void colours(Frame& frame, Attributes attributes, bool font) {
    auto colour = colour_of(attributes, "data-mx-color");
    if (!colour && font) colour = colour_of(attributes, "color");
    if (colour) style(frame, Style::colour, std::move(*colour));
    if (auto background = colour_of(attributes, "data-mx-bg-color")) {
      style(frame, Style::background, std::move(*background));
    }
  }

  void enter(Frame& frame, Attributes attributes) {
    switch (frame.element) {
      case Element::text:
      case Element::dropped: return;
      case Element::bold: return style(frame, Style::bold);
      case Element::italic: return style(frame, Style::italic);
      case Element::underline: return style(frame, Style::underline);
      case Element::strike: return style(frame, Style::strike);
      case Element::code: return enter_code(frame, attributes);
      case Element::superscript: return write_superscript();
      case Element::span: return enter_span(frame, attributes);
      case Element::font: return colours(frame, attributes, true);
      case Element::anchor: return enter_anchor(frame, attributes);
      case Element::image: return enter_image(attributes);
      case Element::line_break: return enter_break();
      case Element::rule:
        breaks(1);
        write("---");
        return breaks(1);
      case Element::heading: breaks(2); return style(frame, Style::bold);
      case Element::paragraph: return breaks(2);
      case Element::block: return breaks(1);
      case Element::quote: whole_lines(); return style(frame, Style::quote);
      case Element::preformatted:
        if (preformatted_++ == 0) {
          whole_lines();
          fresh_pre_ = true;
          style(frame, Style::block_code);
        }
        return;
      case Element::unordered:
      case Element::ordered:
        if (!marked_ || lists_ > 0) lines_ = std::max<std::size_t>(lines_, 1);
        marked_ = space_ = false;
        frame.number = start_of(attributes);
        ++lists_;
        return;
      case Element::item: return enter_item();
      case Element::row: return breaks(1);
      case Element::head_cell: style(frame, Style::bold); [[fallthrough]];
      case Element::cell: return enter_cell();
      case Element::summary: breaks(1); return style(frame, Style::bold);
    }
  }

  // "x<sup>2</sup>" is not x2.
  void write_superscript() {
    if (!text_.plain.empty() && lines_ == 0 && !space_) write("^");
  }

  void enter_break() {
    if (preformatted_ > 0) {
      ++pre_lines_;
    } else {
      ++lines_;
      space_ = marked_ = false;
    }
  }

  void enter_code(Frame& frame, Attributes attributes) {
    if (preformatted_ == 0) return style(frame, Style::code);
    if (frames_.empty() || frames_.back().element != Element::preformatted) return;
    for (Span& span : frames_.back().spans) span.detail = language_of(attributes);
  }

  static std::string language_of(Attributes attributes) {
    std::string_view classes = attribute(attributes, "class").value_or(std::string_view());
    constexpr std::string_view prefix = "language-";
    while (!classes.empty()) {
      const auto end = std::min(classes.find(' '), classes.size());
      std::string_view one = classes.substr(0, end);
      classes.remove_prefix(std::min(end + 1, classes.size()));
      if (one.substr(0, prefix.size()) != prefix) continue;
      one.remove_prefix(prefix.size());
      const bool word = std::all_of(one.begin(), one.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::strchr("+#-_.", c) != nullptr;
      });
      if (word && !one.empty() && one.size() <= 32) return std::string(one);
    }
    return {};
  }

  void enter_span(Frame& frame, Attributes attributes) {
    colours(frame, attributes, false);
    const auto reason = attribute(attributes, "data-mx-spoiler");
    if (!reason) return;
    // What it is about is told; what it says is hidden.
    if (const std::string told = display_clean(*reason); !told.empty()) {
      characters("(" + told + ") ");
    }
    style(frame, Style::spoiler);
  }

  void enter_anchor(Frame& frame, Attributes attributes) {
    const auto href = attribute(attributes, "href");
    if (!href) return;
    if (const auto user = linked_user(*href)) {
      if (std::string nick = nick_of_ ? nick_of_(*user) : std::string(); !nick.empty()) {
        return style(frame, Style::mention, std::move(nick));
      }
    }
    if (is_safe_link(*href)) style(frame, Style::link, std::string(*href));
  }

  void enter_image(Attributes attributes) {
    for (const std::string_view name : {"alt", "title"}) {
      const auto text = attribute(attributes, name);
      if (!text || display_clean(*text).empty()) continue;
      return characters(clean_text(*text));
    }
  }

  static long start_of(Attributes attributes) {
    const std::string_view start = attribute(attributes, "start").value_or(std::string_view());
    long number = 1;
    const auto [end, error] = std::from_chars(start.data(), start.data() + start.size(), number);
    if (error != std::errc() || end != start.data() + start.size()) return 1;
    return std::clamp(number, -999'999'999L, 999'999'999L);
  }

  void enter_item() {
    lines_ = std::max<std::size_t>(lines_, 1);
    space_ = false;
    std::string mark =
        lists_ > 1 ? std::string(2 * (std::min<std::size_t>(lists_, 5) - 1), ' ') : std::string();
    const auto list = std::find_if(frames_.rbegin(), frames_.rend(), [](const Frame& frame) {
      return frame.element == Element::ordered || frame.element == Element::unordered;
    });
    if (list != frames_.rend() && list->element == Element::ordered) {
      mark += std::to_string(list->number++) + ". ";
    } else {
      mark += "- ";
    }
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
      // A quote or a style around the list begins with its first mark.
      if (frame->begin == kNowhere) frame->begin = place_of_next();
    }
    write_mark(mark);
    marked_ = true;
  }

  std::size_t place_of_next() const { return text_.plain.size() + (text_.plain.empty() ? 0 : lines_); }

  void enter_cell() {
    const auto row = std::find_if(frames_.rbegin(), frames_.rend(),
                                  [](const Frame& frame) { return frame.element == Element::row; });
    if (row == frames_.rend()) {
      breaks(1);
    } else if (std::exchange(row->cells, true)) {
      lines_ = 0;
      space_ = false;
      write_mark(" | ");
    }
    ++cells_;
  }

  void close_last() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    if (frame.element == Element::dropped) {
      --dropped_;
      return;
    }
    if (frame.begin != kNowhere && frame.begin < text_.plain.size()) {
      for (Span& span : frame.spans) {
        spans_.push_back(
            {{frame.begin, text_.plain.size(), span.style, std::move(span.detail)}, frame.order++});
      }
    }
    switch (frame.element) {
      case Element::heading:
      case Element::paragraph: return breaks(2);
      case Element::block:
      case Element::item:
      case Element::row:
      case Element::summary: marked_ = false; return breaks(1);
      case Element::cell:
      case Element::head_cell: --cells_; return;
      case Element::quote: return whole_lines();
      case Element::preformatted:
        if (--preformatted_ == 0) {
          pre_lines_ = 0;
          whole_lines();
        }
        return;
      case Element::unordered:
      case Element::ordered: --lists_; return whole_lines();
      default: return;
    }
  }

  const NickOf& nick_of_;
  Text text_;
  std::vector<Ordered> spans_;
  std::vector<Frame> frames_;
  std::size_t orders_ = 0;
  std::size_t dropped_ = 0, preformatted_ = 0, lists_ = 0, cells_ = 0;  // how many are open
  std::size_t lines_ = 0, pre_lines_ = 0;                               // newlines before the next text
  bool space_ = false;                                                  // a space before the next text
  bool marked_ = false;                                                 // behind the mark of an item
  bool fresh_pre_ = false;                                              // a newline right here is not shown
  bool too_deep_ = false;
};

struct Parser {
  Builder builder;
  htmlParserCtxtPtr context = nullptr;
};

std::string_view view(const xmlChar* text) { return reinterpret_cast<const char*>(text); }

void on_start(void* user, const xmlChar* name, const xmlChar** attributes) {
  auto& parser = *static_cast<Parser*>(user);
  if (!parser.builder.too_deep() && !parser.builder.open(view(name), attributes))
    xmlStopParser(parser.context);
}

void on_end(void* user, const xmlChar* name) {
  auto& parser = *static_cast<Parser*>(user);
  if (!parser.builder.too_deep()) parser.builder.close(view(name));
}

// Entities are resolved by now, and may be of what the text has been cleaned of.
bool may_be_unclean(char c) {
  return c == '\x7F' || c == '\xC2' || c == '\xEF' || (c >= 0 && c < 0x20 && c != '\n');
}

void on_characters(void* user, const xmlChar* text, int length) {
  auto& parser = *static_cast<Parser*>(user);
  if (parser.builder.too_deep()) return;
  const std::string_view told(reinterpret_cast<const char*>(text), static_cast<std::size_t>(length));
  if (std::any_of(told.begin(), told.end(), may_be_unclean)) {
    parser.builder.characters(clean_text(told));
  } else {
    parser.builder.characters(told);
  }
}

struct FreeContext {
  void operator()(htmlParserCtxt* context) const { htmlFreeParserCtxt(context); }
};

}  // namespace

bool is_safe_link(std::string_view url) {
  if (url.empty() || url.size() > kMaxUrl) return false;
  if (std::any_of(url.begin(), url.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7F || c == '<' || c == '>' || c == '"';
      })) {
    return false;
  }
  const auto colon = url.find(':');
  if (colon == std::string_view::npos || colon + 1 == url.size()) return false;
  const std::string scheme = ascii_lower(url.substr(0, colon));
  constexpr std::array<std::string_view, 8> schemes = {"https",  "http",   "ftp", "mailto",
                                                       "magnet", "matrix", "geo", "xmpp"};
  return std::find(schemes.begin(), schemes.end(), scheme) != schemes.end();
}

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean = xml_clean(text.substr(0, prefix_within(text, limit)));
  // XML takes DEL and C1; people don't. NEL is a newline.
  std::size_t to = 0;
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto byte = static_cast<unsigned char>(clean[i]);
    if (byte == 0x7F) continue;
    if (byte == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0) {
      if (static_cast<unsigned char>(clean[++i]) == 0x85) clean[to++] = '\n';
      continue;
    }
    clean[to++] = clean[i];
  }
  clean.resize(to);
  return clean;
}

Text from_html(std::string_view html, const NickOf& nick_of) {
  if (html.size() > kMaxHtml) return {};
  // In a body of its own, text isn't taken for a paragraph.
  const std::string source = "<html><body>" + clean_text(html);
  Parser parser{Builder(nick_of)};
  const std::unique_ptr<htmlParserCtxt, FreeContext> context(htmlNewParserCtxt());
  if (!context) return {};
  parser.context = context.get();
  *context->sax = htmlSAXHandler{};
  context->sax->startElement = on_start;
  context->sax->endElement = on_end;
  context->sax->characters = on_characters;
  context->sax->ignorableWhitespace = on_characters;
  context->userData = &parser;
  constexpr int options = HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET |
                          HTML_PARSE_NODEFDTD | HTML_PARSE_IGNORE_ENC;
  // Without a tree there is no document to take.
  htmlCtxtReadMemory(context.get(), source.data(), static_cast<int>(source.size()), nullptr, "UTF-8",
                     options);
  return parser.builder.too_deep() ? Text() : parser.builder.finish();
}

}  // namespace dragoman::matrix
