// A transaction of a hostile homeserver: whatever its events say, texts are clean, spans lie within them,
// what is written of them is bounded and read back, and addresses lead to one id.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/content.hpp"
#include "bridges/matrix/nicks.hpp"
#include "bridges/matrix/power_levels.hpp"
#include "mapping/jid.hpp"
#include "mapping/utf8.hpp"

using namespace dragoman;
using namespace dragoman::matrix;

namespace {

void check(bool so) {
  if (!so) std::abort();
}

void check_text(const Text& text) {
  check(is_utf8(text.plain));
  check(clean_text(text.plain, text.plain.size()) == text.plain);
  const auto boundary = [&](std::size_t at) {
    return at == text.plain.size() || (static_cast<unsigned char>(text.plain[at]) & 0xC0U) != 0x80U;
  };
  const Span* last = nullptr;
  for (const Span& s : text.spans) {
    check(s.begin < s.end && s.end <= text.plain.size());
    check(boundary(s.begin) && boundary(s.end));
    check(!last || last->begin < s.begin || (last->begin == s.begin && last->end >= s.end));
    last = &s;
  }
}

std::string nick_of(std::string_view id) {
  return is_user_id(id) ? safe_name(localpart_of(id)) : std::string();
}
std::string user_of(std::string_view nick) { return nick.size() % 2 ? "@a:b" : std::string(); }
std::string link(const MediaRef& ref) { return "https://x/" + ref.mxc.substr(6); }

void check_message(const Message& message) {
  check_text(message.text);
  for (const Attachment& file : message.attachments) {
    check(file.name.find('/') == std::string::npos && is_utf8(file.name) && one_line(file.name) == file.name);
  }
  for (const Encoded& event : encode(message, user_of, {})) {
    check(event.content.contains("m.mentions"));
    json::object again{{"type", event.type}, {"content", event.content}};
    static_cast<void>(decode(again, {nick_of, link}));
  }
}

void read_event(const json::object& event) {
  const Decoded decoded = decode(event, {nick_of, link});
  if (const auto* message = std::get_if<Message>(&decoded)) check_message(*message);
  if (const auto* edit = std::get_if<Edit>(&decoded)) {
    check(is_event_id(edit->target.value()));
    check_message(edit->message);
  }
  if (const auto* reaction = std::get_if<Annotation>(&decoded))
    check(is_utf8(reaction->key) && !reaction->key.empty());
  if (const json::object* content = object_at(event, "content")) {
    PowerLevels levels;
    levels.set_create(*content, text_at(event, "sender"));
    levels.set_levels(*content);
    for (const std::string& user : levels.elevated()) levels.set_levels(levels.with(user, 50));
  }
}

void read_name(std::string_view bytes) {
  const auto what = resolve(bytes);
  if (what) check(node_of(*what) == bytes);
  if (is_user_id(bytes)) {
    const std::string node = node_of(UserId(std::string(bytes)));
    if (!node.empty()) check(resolve(node) == Conversation(UserId(std::string(bytes))));
  }
  if (const auto node = node_from_prompt(bytes)) check(resolve(*node).has_value());
  const std::string name = safe_name(bytes);
  check(name.empty() || prepare_resource(name) == name);
  static_cast<void>(skeleton(bytes));
  if (const auto person = ghost_person("_xmpp_", bytes))
    check(ghost_localpart("_xmpp_", *person, {}) == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Text text = from_html(bytes, nick_of);
  check_text(text);
  check_text(from_html(to_html(text, user_of), nick_of));
  static_cast<void>(wire_size(text));
  if (size < 400) read_name(bytes);
  const auto value = parse_json(bytes);
  if (!value) return 0;
  if (const json::object* event = value->if_object()) {
    read_event(*event);
    if (const json::array* events = array_at(*event, "events")) {
      for (const json::value& one : *events) {
        if (const json::object* inner = one.if_object()) read_event(*inner);
      }
    }
  }
  return 0;
}
