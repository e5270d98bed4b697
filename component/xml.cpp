#include "component/xml.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <expat.h>

#include "component/codepoint.hpp"

namespace dragoman {

// --------------------------------------------------------------------------------------------------- element

const std::string* Element::attr(std::string_view wanted) const {
  for (const Attribute& a : attributes)
    if (a.name == wanted) return &a.value;
  return nullptr;
}

std::string_view Element::attr_or(std::string_view wanted, std::string_view fallback) const {
  const std::string* value = attr(wanted);
  return value ? std::string_view(*value) : fallback;
}

const Element* Element::child(std::string_view wanted, std::string_view wanted_ns) const {
  for (const Element& e : children)
    if (e.name == wanted && e.ns == wanted_ns) return &e;
  return nullptr;
}

const Element* Element::child(std::string_view wanted) const { return child(wanted, ns); }

const Element* Element::child_ns(std::string_view wanted_ns) const {
  for (const Element& e : children)
    if (e.ns == wanted_ns) return &e;
  return nullptr;
}

// ---------------------------------------------------------------------------------------------------- writer

namespace {

enum class Byte : unsigned char { plain, escape, forbidden, multi };

constexpr std::array<Byte, 256> classify() {
  std::array<Byte, 256> table{};
  for (std::size_t i = 0; i < 256; ++i) table[i] = i < 0x20 ? Byte::forbidden : Byte::plain;
  table['\t'] = table['\n'] = Byte::plain;
  for (char c : {'<', '>', '&', '"', '\'', '\r'}) table[static_cast<unsigned char>(c)] = Byte::escape;
  for (std::size_t i = 0x80; i < 256; ++i) table[i] = Byte::multi;
  return table;
}
constexpr std::array<Byte, 256> text_bytes = classify();
// An attribute's tab and newline would come out as spaces on the other side (XML 1.0, 3.3.3).
constexpr std::array<Byte, 256> attribute_bytes = [] {
  auto table = classify();
  table['\t'] = table['\n'] = Byte::escape;
  return table;
}();

std::string_view reference(char c) {
  switch (c) {
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '&': return "&amp;";
    case '"': return "&quot;";
    case '\'': return "&apos;";
    case '\t': return "&#9;";
    case '\n': return "&#10;";
    default: return "&#13;";
  }
}

void escape_by(const std::array<Byte, 256>& table, std::string& out, std::string_view text) {
  std::size_t run = 0;  // where what can be copied as it is begins
  std::size_t at = 0;
  const auto flush = [&] { out.append(text, run, at - run); };
  while (at < text.size()) {
    switch (table[static_cast<unsigned char>(text[at])]) {
      case Byte::plain: ++at; break;
      case Byte::escape:
        flush();
        out += reference(text[at]);
        run = ++at;
        break;
      case Byte::forbidden:
        flush();
        run = ++at;
        break;
      case Byte::multi: {
        std::size_t next = at;
        const char32_t c = next_codepoint(text, next);
        if (c == no_codepoint || c == 0xFFFE || c == 0xFFFF) {
          flush();
          if (c == no_codepoint) out += "\xEF\xBF\xBD";
          run = next;
        }
        at = next;
        break;
      }
    }
  }
  flush();
}

}  // namespace

void xml_escape(std::string& out, std::string_view text) { escape_by(text_bytes, out, text); }

std::string xml_escaped(std::string_view text) {
  std::string out;
  xml_escape(out, text);
  return out;
}

XmlWriter::XmlWriter(std::string& out) : out_(out) { stack_.reserve(8); }

void XmlWriter::finish_tag() {
  if (!tag_open_) return;
  out_ += '>';
  tag_open_ = false;
}

XmlWriter& XmlWriter::open(std::string_view name, std::string_view xmlns) {
  finish_tag();
  out_ += '<';
  stack_.push_back({out_.size(), name.size()});
  out_ += name;
  tag_open_ = true;
  if (!xmlns.empty()) attr("xmlns", xmlns);
  return *this;
}

XmlWriter& XmlWriter::attr(std::string_view name, std::string_view value) {
  out_ += ' ';
  out_ += name;
  out_ += "='";
  escape_by(attribute_bytes, out_, value);
  out_ += '\'';
  return *this;
}

XmlWriter& XmlWriter::attr_if(std::string_view name, std::string_view value) {
  return value.empty() ? *this : attr(name, value);
}

XmlWriter& XmlWriter::text(std::string_view value) {
  if (value.empty()) return *this;
  finish_tag();
  xml_escape(out_, value);
  return *this;
}

XmlWriter& XmlWriter::raw(std::string_view xml) {
  if (xml.empty()) return *this;
  finish_tag();
  out_ += xml;
  return *this;
}

XmlWriter& XmlWriter::element(std::string_view name, std::string_view text_value, std::string_view xmlns) {
  return open(name, xmlns).text(text_value).close();
}

XmlWriter& XmlWriter::close() {
  const Name name = stack_.back();
  stack_.pop_back();
  if (tag_open_) {
    out_ += "/>";
    tag_open_ = false;
    return *this;
  }
  out_.reserve(out_.size() + name.size + 3);  // the name is copied from the same string
  out_ += "</";
  out_.append(out_, name.at, name.size);
  out_ += '>';
  return *this;
}

namespace {

void write_element(XmlWriter& out, const Element& element, std::string_view inherited_ns) {
  out.open(element.name);
  // xmlns='' is said, too: the element is in no namespace while its parent is in one.
  if (element.ns != inherited_ns) out.attr("xmlns", element.ns);
  std::size_t prefixes = 0;
  for (const Attribute& a : element.attributes) {
    const std::size_t brace = a.name.find('}');
    if (a.name.empty() || a.name.front() != '{' || brace == std::string::npos) {
      out.attr(a.name, a.value);
      continue;
    }
    const std::string prefix = "a" + std::to_string(prefixes++);
    out.attr("xmlns:" + prefix, std::string_view(a.name).substr(1, brace - 1));
    out.attr(prefix + ":" + a.name.substr(brace + 1), a.value);
  }
  out.text(element.text);
  for (const Element& child : element.children) write_element(out, child, element.ns);
  out.close();
}

}  // namespace

void serialise(std::string& out, const Element& element, std::string_view inherited_ns) {
  XmlWriter writer(out);
  write_element(writer, element, inherited_ns);
}

// ---------------------------------------------------------------------------------------------------- parser

namespace {

// Between a namespace and a local name, as expat hands them over: a character that no XML document can
// contain.
constexpr char separator = '\x1F';
constexpr std::string_view xml_namespace = "http://www.w3.org/XML/1998/namespace";

struct SplitName {
  std::string_view ns, local;
};
SplitName split_name(const char* name) {
  const char* mark = std::strchr(name, separator);
  if (!mark) return {{}, name};
  return {{name, static_cast<std::size_t>(mark - name)}, mark + 1};
}

}  // namespace

struct XmlStreamParser::Impl {
  Limits limits;
  Handlers handlers;
  XML_Parser parser = nullptr;

  // What was parsed by one feed() is handed out after expat has returned: a handler may then throw, or reset
  // us.
  bool opened = false, closed = false;
  Element header;
  std::vector<Element> ready;

  Element root;                // the stanza being built
  std::vector<Element*> path;  // its open elements; an element's address is stable while it is open
  std::size_t depth = 0;       // open elements, <stream:stream> included
  long long begun = 0;         // the byte where the stanza (or what may become one) began
  long long fed = 0;
  std::string error, error_text;
  std::uint64_t resets = 0;  // so that a feed notices a reset from within a handler

  Impl(Limits l, Handlers h) : limits(l), handlers(std::move(h)) {
    // Whatever its declaration says, XMPP is UTF-8 (RFC 6120 11.6).
    parser = XML_ParserCreateNS("UTF-8", separator);
    if (!parser) throw std::bad_alloc();
    install();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { XML_ParserFree(parser); }

  void install() {
    XML_SetUserData(parser, this);
    XML_SetElementHandler(
        parser,
        [](void* self, const XML_Char* name, const XML_Char** attributes) {
          static_cast<Impl*>(self)->start(name, attributes);
        },
        [](void* self, const XML_Char*) { static_cast<Impl*>(self)->end(); });
    XML_SetCharacterDataHandler(parser, [](void* self, const XML_Char* text, int size) {
      static_cast<Impl*>(self)->characters({text, static_cast<std::size_t>(size)});
    });
    // RFC 6120 11.1: none of these is allowed in a stream.
    XML_SetCommentHandler(parser, [](void* self, const XML_Char*) {
      static_cast<Impl*>(self)->refuse("restricted-xml", "a comment");
    });
    XML_SetProcessingInstructionHandler(parser, [](void* self, const XML_Char*, const XML_Char*) {
      static_cast<Impl*>(self)->refuse("restricted-xml", "a processing instruction");
    });
    XML_SetStartDoctypeDeclHandler(
        parser, [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
          static_cast<Impl*>(self)->refuse("restricted-xml", "a document type declaration");
        });
    XML_SetEntityDeclHandler(parser, [](void* self, const XML_Char*, int, const XML_Char*, int,
                                        const XML_Char*, const XML_Char*, const XML_Char*, const XML_Char*) {
      static_cast<Impl*>(self)->refuse("restricted-xml", "an entity declaration");
    });
    XML_SetXmlDeclHandler(parser, [](void* self, const XML_Char*, const XML_Char* encoding, int) {
      if (encoding && !is_utf8_name(encoding))
        static_cast<Impl*>(self)->refuse("unsupported-encoding", "an encoding other than UTF-8");
    });
  }

  static bool is_utf8_name(std::string_view name) {
    constexpr std::string_view wanted = "utf-8";
    if (name.size() != wanted.size()) return false;
    for (std::size_t i = 0; i < name.size(); ++i)
      if (name[i] != wanted[i] && name[i] != static_cast<char>(wanted[i] - 'a' + 'A')) return false;
    return true;
  }

  void refuse(std::string_view condition, std::string_view what) {
    if (!error.empty()) return;
    error = condition;
    error_text = what;
    XML_StopParser(parser, XML_FALSE);
  }

  static void fill(Element& element, const char* name, const char** attributes) {
    const SplitName split = split_name(name);
    element.name = split.local;
    element.ns = split.ns;
    std::size_t n = 0;
    while (attributes[2 * n]) ++n;
    element.attributes.reserve(n);
    for (; *attributes; attributes += 2) {
      Attribute& a = element.attributes.emplace_back();
      const SplitName key = split_name(attributes[0]);
      if (key.ns.empty()) {
        a.name = key.local;
      } else if (key.ns == xml_namespace) {
        a.name.assign("xml:").append(key.local);
      } else {
        a.name.assign("{").append(key.ns).append("}").append(key.local);
      }
      a.value = attributes[1];
    }
  }

  void start(const char* name, const char** attributes) {
    if (!error.empty()) return;
    if (++depth > limits.depth) return refuse("policy-violation", "elements nested too deeply");
    if (depth == 1) {
      fill(header, name, attributes);
      opened = true;
      begun = XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser);
      return;
    }
    Element* element = &root;
    if (path.empty()) {
      begun = XML_GetCurrentByteIndex(parser);
      root = Element();
    } else {
      std::vector<Element>& siblings = path.back()->children;
      // A chat message has about four payloads: one allocation instead of three.
      if (siblings.empty()) siblings.reserve(path.size() == 1 ? 4 : 2);
      element = &siblings.emplace_back();
    }
    fill(*element, name, attributes);
    path.push_back(element);
  }

  void end() {
    if (!error.empty()) return;
    --depth;
    if (depth == 0) {
      closed = true;
      return;
    }
    path.pop_back();
    if (depth > 1) return;
    const long long finish = XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser);
    if (finish - begun > static_cast<long long>(limits.stanza_bytes)) return too_large();
    begun = finish;
    ready.push_back(std::move(root));
  }

  void characters(std::string_view text) {
    if (!error.empty()) return;
    if (!path.empty()) {
      path.back()->text.append(text);
      return;
    }
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos)
      return refuse("bad-format", "text between stanzas");
    // Whitespace keeps a connection alive and is part of no stanza.
    begun = XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser);
  }

  void too_large() {
    refuse("policy-violation", "a stanza of more than " + std::to_string(limits.stanza_bytes) + " bytes");
  }

  void expat_failed() {
    if (!error.empty()) return;
    const XML_Error code = XML_GetErrorCode(parser);
    switch (code) {
      // Without a DTD no entity but XML's own five can be declared, so this one was meant to be.
      case XML_ERROR_UNDEFINED_ENTITY: error = "restricted-xml"; break;
      case XML_ERROR_UNKNOWN_ENCODING:
      case XML_ERROR_INCORRECT_ENCODING: error = "unsupported-encoding"; break;
      case XML_ERROR_NO_MEMORY: error = "resource-constraint"; break;
      default: error = "not-well-formed"; break;
    }
    error_text = XML_ErrorString(code);
  }

  bool feed(std::string_view bytes) {
    if (!error.empty() || closed) return error.empty();
    // expat counts in int.
    constexpr std::size_t most = 1 << 20;
    const std::uint64_t generation = resets;
    do {
      const std::string_view part = bytes.substr(0, most);
      bytes.remove_prefix(part.size());
      if (XML_Parse(parser, part.data(), static_cast<int>(part.size()), XML_FALSE) != XML_STATUS_OK)
        expat_failed();
      // What expat keeps back counts as well: a tag that never ends calls no handler.
      fed += static_cast<long long>(part.size());
      if (error.empty() && fed - begun > static_cast<long long>(limits.stanza_bytes)) too_large();
      hand_out(generation);
      if (resets != generation) return true;
    } while (error.empty() && !closed && !bytes.empty());
    return error.empty();
  }

  void hand_out(std::uint64_t generation) {
    if (std::exchange(opened, false) && handlers.on_open) handlers.on_open(std::exchange(header, Element()));
    std::vector<Element> stanzas = std::move(ready);
    ready.clear();
    for (Element& stanza : stanzas) {
      if (resets != generation) return;
      handlers.on_stanza(std::move(stanza));
    }
    if (resets != generation) return;
    stanzas.clear();
    ready = std::move(stanzas);  // its room is used again
    if (closed && handlers.on_close) handlers.on_close();
  }

  void reset() {
    ++resets;
    XML_ParserReset(parser, "UTF-8");
    install();
    opened = closed = false;
    header = root = Element();
    ready.clear();
    path.clear();
    depth = 0;
    begun = fed = 0;
    error.clear();
    error_text.clear();
  }
};

XmlStreamParser::XmlStreamParser(Limits limits, Handlers handlers)
    : impl_(std::make_unique<Impl>(limits, std::move(handlers))) {}
XmlStreamParser::~XmlStreamParser() = default;
bool XmlStreamParser::feed(std::string_view bytes) { return impl_->feed(bytes); }
const std::string& XmlStreamParser::error() const { return impl_->error; }
const std::string& XmlStreamParser::error_text() const { return impl_->error_text; }
void XmlStreamParser::reset() { impl_->reset(); }

}  // namespace dragoman
