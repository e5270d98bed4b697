// XEP-0393 from anybody: spans stay within the text, and what is written of them reads as they were or not at
// all. Then all of it through the fallback of a narrow network: each piece must fit.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "component/content.hpp"
#include "component/fallback.hpp"
#include "mapping/utf8.hpp"

using namespace dragoman;

namespace {

void check(bool so) {
  if (!so) std::abort();
}

void check_spans(const Text& text) {
  std::size_t begin = 0, end = text.plain.size();
  for (const Span& s : text.spans) {
    check(s.begin < s.end && s.end <= text.plain.size());
    check(s.begin > begin || (s.begin == begin && s.end <= end) || begin == 0);
    begin = s.begin;
    end = s.end;
    const auto boundary = [&](std::size_t at) {
      return at == text.plain.size() || (static_cast<unsigned char>(text.plain[at]) & 0xC0u) != 0x80;
    };
    check(boundary(s.begin) && boundary(s.end));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  Features features;
  features.max_bytes = data[0];
  features.formatting = data[1] & 1;
  features.multiline = data[1] & 2;
  features.own_voice = data[1] & 4;
  features.actions = data[1] & 8;
  const std::string body = xml_clean(to_utf8({reinterpret_cast<const char*>(data) + 2, size - 2}));

  Text text = parse::styled(body);
  check(text.plain.size() <= body.size());
  check(is_utf8(text.plain));
  check_spans(text);
  const std::string written = render::styled(text);
  check(is_utf8(written));
  check_spans(parse::styled(written));
  std::string xml;
  XmlWriter writer(xml);
  render::xhtml(writer, text);

  Message message;
  message.kind = data[1] & 16 ? MessageKind::action : MessageKind::normal;
  if (data[1] & 32) message.quote = Quote{MessageId("1"), "somebody", text.plain};
  message.text = std::move(text);
  for (const Content& piece : degrade(message, features, nullptr, "Juliet")) {
    const Text& told = std::get<Message>(piece).text;
    check_spans(told);
    check(is_utf8(told.plain) && !told.plain.empty());
    check(features.max_bytes == 0 || told.plain.size() <= features.max_bytes);
    check(features.multiline || told.plain.find('\n') == std::string::npos);
    check(features.formatting || told.spans.empty());
  }
  return 0;
}
