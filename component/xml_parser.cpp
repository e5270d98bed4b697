// The incoming half of component/xml.hpp: expat, bounded.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

#include <expat.h>

#include "component/xml.hpp"

namespace dragoman {

namespace {

// Between a namespace and a local name, as expat hands them over: a character that no XML document can
// contain.
constexpr char separator = '\x1F';
constexpr std::string_view xml_namespace = "http://www.w3.org/XML/1998/namespace";
// A stanza that breaks a limit is skipped; one this many times as large is not waited for.
constexpr long long refusal_factor = 16;
// What is kept of a refused stanza's attributes: those by which it is answered, and no longer than a JID.
constexpr std::size_t kept_attribute_bytes = 3071;

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
  struct Ready {
    Element stanza;
    std::string refused;  // why; empty: it is whole
  };
  std::vector<Ready> ready;

  Element root;                // the stanza being built
  std::vector<Element*> path;  // its open elements; an element's address is stable while it is open
  std::size_t depth = 0;       // open elements, <stream:stream> included
  std::string skipping;        // why the content of the open stanza is not kept; empty: it is
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
    // It would keep a complete stanza back until more bytes come, when that one had come in pieces. What it
    // guards against, a huge token in tiny pieces, is bounded by refusal_factor.
    XML_SetReparseDeferralEnabled(parser, XML_FALSE);
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
    if (++depth > limits.depth && skipping.empty()) skip("elements nested too deeply");
    if (!skipping.empty()) return;
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
    if (XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser) - begun > most()) skip(too_large());
  }

  long long most() const { return static_cast<long long>(limits.stanza_bytes); }

  std::string too_large() const {
    return "a stanza of more than " + std::to_string(limits.stanza_bytes) + " bytes";
  }

  // Of the open stanza nothing is kept but the addresses, until it ends.
  void skip(std::string why) {
    skipping = std::move(why);
    path.clear();
    root.children = {};
    root.text = {};
    std::erase_if(root.attributes, [](const Attribute& a) {
      return a.value.size() > kept_attribute_bytes ||
             (a.name != "from" && a.name != "to" && a.name != "id" && a.name != "type");
    });
  }

  void end() {
    if (!error.empty()) return;
    --depth;
    if (depth == 0) {
      closed = true;
      return;
    }
    if (!path.empty()) path.pop_back();
    if (depth > 1) return;
    const long long finish = XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser);
    if (finish - begun > most() && skipping.empty()) skip(too_large());
    begun = finish;
    ready.push_back({std::move(root), std::exchange(skipping, {})});
  }

  void characters(std::string_view text) {
    if (!error.empty() || !skipping.empty()) return;
    if (!path.empty()) {
      path.back()->text.append(text);
      return;
    }
    if (text.find_first_not_of(" \t\r\n") != std::string_view::npos)
      return refuse("bad-format", "text between stanzas");
    // Whitespace keeps a connection alive and is part of no stanza.
    begun = XML_GetCurrentByteIndex(parser) + XML_GetCurrentByteCount(parser);
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
    constexpr std::size_t at_once = 1 << 20;
    const std::uint64_t generation = resets;
    do {
      const std::string_view part = bytes.substr(0, at_once);
      bytes.remove_prefix(part.size());
      if (XML_Parse(parser, part.data(), static_cast<int>(part.size()), XML_FALSE) != XML_STATUS_OK)
        expat_failed();
      // What expat keeps back counts as well: a tag that never ends calls no handler.
      fed += static_cast<long long>(part.size());
      if (error.empty() && fed - begun > most()) overflow();
      hand_out(generation);
      if (resets != generation) return true;
    } while (error.empty() && !closed && !bytes.empty());
    return error.empty();
  }

  void overflow() {
    if (depth == 0 || fed - begun > refusal_factor * most()) return refuse("policy-violation", too_large());
    if (depth > 1 && skipping.empty()) skip(too_large());
  }

  void hand_out(std::uint64_t generation) {
    if (std::exchange(opened, false) && handlers.on_open) handlers.on_open(std::exchange(header, Element()));
    std::vector<Ready> stanzas = std::move(ready);
    ready.clear();
    for (Ready& next : stanzas) {
      if (resets != generation) return;
      if (next.refused.empty()) {
        handlers.on_stanza(std::move(next.stanza));
      } else if (handlers.on_refused_stanza) {
        handlers.on_refused_stanza(std::move(next.stanza), next.refused);
      }
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
    skipping.clear();
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
