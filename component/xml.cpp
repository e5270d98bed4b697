#include "component/xml.hpp"

#include <array>

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

}  // namespace dragoman
