// XML in and out. In: expat, namespaces resolved, no DTD, no entities of its own, size and depth limited.
// Out: a writer that escapes and drops what XML forbids.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// "xml:lang" keeps its prefix; a name of any other namespace is written "{namespace}name", so that it is
// never taken for one of ours.
struct Attribute {
  std::string name, value;
};

// One element of a stanza. `text` is all its own character data in a row; mixed content is not kept in order.
struct Element {
  std::string name, ns;
  std::vector<Attribute> attributes;
  std::vector<Element> children;
  std::string text;

  const std::string* attr(std::string_view name) const;  // null: absent
  std::string_view attr_or(std::string_view name, std::string_view fallback = {}) const;
  const Element* child(std::string_view name, std::string_view ns) const;  // the first
  const Element* child(std::string_view name) const;                       // in this element's own namespace
  const Element* child_ns(std::string_view ns) const;                      // the first of that namespace
};

// Appends to a string that it does not own, and that nobody else shortens meanwhile. Elements are closed in
// order; the destructor closes nothing. Names are written as they are: they are literals, or were parsed.
class XmlWriter {
 public:
  explicit XmlWriter(std::string& out);
  XmlWriter& open(std::string_view name, std::string_view xmlns = {});
  XmlWriter& attr(std::string_view name, std::string_view value);
  XmlWriter& attr_if(std::string_view name, std::string_view value);  // left out when empty
  XmlWriter& text(std::string_view value);
  XmlWriter& raw(std::string_view xml);  // well-formed content as it is
  XmlWriter& element(std::string_view name, std::string_view text_value,
                     std::string_view xmlns = {});  // whole
  XmlWriter& close();                               // "/>" where it is empty

 private:
  struct Name {
    std::size_t at, size;  // of an open element, in out_
  };
  void finish_tag();
  std::string& out_;
  std::vector<Name> stack_;
  bool tag_open_ = false;
};

// Both escape < > & " ' and CR, leave out what XML 1.0 forbids, and turn what is not UTF-8 into U+FFFD.
void xml_escape(std::string& out, std::string_view text);
std::string xml_escaped(std::string_view text);
// The element as XML again, for passing a payload on. `inherited_ns`: a namespace that needn't be declared
// again.
void serialise(std::string& out, const Element& element, std::string_view inherited_ns = {});

// A stream's parser. Feed it bytes as they come; it calls back with the stream header and then each whole
// stanza, all before feed() returns. A stanza beyond the limits is skipped and the stream goes on, unless it
// grows to 16 times what is allowed. A callback may call reset(), but not destroy the parser.
class XmlStreamParser {
 public:
  struct Limits {
    std::size_t stanza_bytes = 1 << 20;
    std::size_t depth = 64;
  };
  struct Handlers {
    std::function<void(const Element& header)> on_open;  // attributes of <stream:stream>
    std::function<void(Element&&)> on_stanza;
    std::function<void()> on_close;  // </stream:stream>
    // A stanza that broke a limit: its name and what it takes to answer it (from, to, id, type), and why.
    std::function<void(Element&& root, const std::string& why)> on_refused_stanza = {};
  };
  XmlStreamParser(Limits limits, Handlers handlers);
  ~XmlStreamParser();
  // False once the stream is unusable: error() then names the RFC 6120 condition ("not-well-formed",
  // "restricted-xml", "policy-violation", …) and error_text() says it in words.
  bool feed(std::string_view bytes);
  const std::string& error() const;
  const std::string& error_text() const;
  void reset();  // for a new stream

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman
