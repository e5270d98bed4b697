#include <algorithm>
#include <array>
#include <memory>

#include <libxml/HTMLparser.h>

#include "bridges/matrix/html.hpp"
#include "bridges/matrix/html_builder.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxHtml = std::size_t{64} * 1024;
constexpr std::size_t kMaxUrl = 2048;

struct Parser {
  html::Builder builder;
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
  Parser parser{html::Builder(nick_of)};
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
