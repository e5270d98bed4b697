// Bytes as an XMPP server could send them: nothing of it may break the parser, and what was read must be
// written so that it reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "component/content.hpp"
#include "component/stanza.hpp"

using namespace dragoman;

namespace {

void check(bool so) {
  if (!so) std::abort();
}

std::string written(const Element& element) {
  std::string out;
  serialise(out, element, ns::component);
  return out;
}

void round_trip(const Element& element) {
  const std::string first = written(element);
  std::string second;
  XmlStreamParser parser({1 << 24, 256}, {nullptr, [&](Element&& e) { second = written(e); }, nullptr});
  check(parser.feed("<stream xmlns='jabber:component:accept'>"));
  check(parser.feed(first));
  check(first == second);
}

void use(Element&& element) {
  round_trip(element);
  std::string why;
  element.name = "message";
  element.ns = ns::component;
  if (!element.attr("from")) element.attributes.push_back({"from", "a@b/c"});
  if (!element.attr("to")) element.attributes.push_back({"to", "x@y"});
  const std::optional<Stanza> stanza = Stanza::from_element(std::move(element), why);
  if (!stanza) return;
  const std::optional<Content> content = parse::content(*stanza);
  if (!content) return;
  std::string out = "<message>";
  XmlWriter writer(out);
  render::content(writer, *content, true);
  out += "</message>";
  XmlStreamParser parser({1 << 24, 256}, {nullptr, [](Element&&) {}, nullptr});
  check(parser.feed("<stream xmlns='jabber:component:accept'>"));
  check(parser.feed(out));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t cut = data[0];
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  XmlStreamParser parser({1 << 16, 64}, {nullptr, [](Element&& e) { use(std::move(e)); }, nullptr});
  check(parser.feed(
      "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>"));
  if (parser.feed(input.substr(0, cut)) && cut < input.size())
    static_cast<void>(parser.feed(input.substr(cut)));
  return 0;
}
