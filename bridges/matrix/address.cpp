#include "bridges/matrix/address.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "mapping/address.hpp"
#include "mapping/jid.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t kMaxId = 255;     // bytes, appendices "Identifier Grammar"
constexpr std::size_t kMaxNode = 1023;  // RFC 6122 section 2.1

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// What may stand in an id: text, and no NUL.
bool is_id_text(std::string_view id) {
  return id.size() <= kMaxId && id.find('\0') == std::string_view::npos && is_utf8(id);
}

// "&localpart:server".
bool is_of_server(std::string_view id, char sigil) {
  if (id.empty() || id.front() != sigil || !is_id_text(id)) return false;
  const auto colon = id.find(':');
  return colon != std::string_view::npos && is_server_name(id.substr(colon + 1));
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit);
}

// ----------------------------------------------------------------------------------------------------------
// nodes

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&](char32_t b) { out += static_cast<char>(b); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6);
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | c >> 18);
    byte(0x80 | (c >> 12 & 0x3F));
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

std::size_t length_of(std::string_view text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) ++length;
  return length;
}

void append_hex(std::string& out, char32_t c) {
  std::array<char, 8> digits;
  const auto [end, error] =
      std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::uint32_t>(c), 16);
  static_cast<void>(error);  // eight digits hold any code point
  out += "^{";
  out.append(digits.data(), end);
  out += '}';
}

// Whether nodeprep leaves a node as it is. It looks at neighbours too: it composes, and it refuses to mix
// directions of writing.
bool is_prepared(std::string_view node) {
  const std::string escaped = escape_node(node);
  const auto jid = Jid::parse(escaped + "@a");
  return jid && jid->local == escaped;
}

// Which characters beyond ASCII stay as they are.
using Keeps = bool (*)(std::string_view character);
bool stays_alone(std::string_view character) { return is_prepared(character); }
bool none_stays(std::string_view) { return false; }

struct Parts {
  std::string_view sigil;  // as it stands in the node: none for users and servers
  std::string_view local, server;
  bool has_server = false;
};

void append_server(std::string& out, std::string_view server) {
  for (const char c : server) {
    if (is_upper(c)) out += '^';
    out += lower(c);
  }
}

std::string written(const Parts& parts, Keeps keeps) {
  std::string out;
  out.reserve(parts.sigil.size() + parts.local.size() + parts.server.size() + 16);
  out += parts.sigil;
  for (std::string_view rest = parts.local; !rest.empty();) {
    const char c = rest.front();
    const std::string_view character = rest.substr(0, length_of(rest));
    const bool first = rest.size() == parts.local.size(), last = rest.size() == 1;
    rest.remove_prefix(character.size());
    if (character.size() > 1) {
      if (keeps(character)) {
        out += character;
      } else {
        append_hex(out, code_point(character));
      }
    } else if (is_upper(c)) {
      out += '^';
      out += lower(c);
    } else if (c == '^') {
      out += "^^";
    } else if (is_control(c) || (c == ' ' && (first || last)) || (c == '%' && !parts.has_server) ||
               (first && parts.sigil.empty() && (c == '#' || c == '!'))) {
      append_hex(out, static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  if (parts.has_server) {
    out += '%';
    append_server(out, parts.server);
  }
  return out;
}

std::string node_of_parts(const Parts& parts) {
  std::string node = written(parts, stays_alone);
  if (is_ascii(node)) {
    // Nothing is left that nodeprep would change. XEP-0106 makes one byte three.
    if (3 * node.size() > kMaxNode && escape_node(node).size() > kMaxNode) return {};
    return node;
  }
  if (is_prepared(node)) return node;
  node = written(parts, none_stays);
  return escape_node(node).size() > kMaxNode ? std::string() : node;
}

std::string node_of_id(std::string_view id, std::size_t sigil) {
  const auto colon = id.find(':');
  Parts parts;
  parts.sigil = id.substr(0, sigil);
  parts.has_server = colon != std::string_view::npos;
  parts.local = id.substr(1, parts.has_server ? colon - 1 : colon);
  if (parts.has_server) parts.server = id.substr(colon + 1);
  return node_of_parts(parts);
}

// What stands behind "^{", up to and with "}"; nothing where it is no code point. Taken from `text`.
std::optional<char32_t> take_hex(std::string_view& text) {
  const auto close = text.find('}');
  if (close == std::string_view::npos || close == 0 || close > 6) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + close, value, 16);
  if (error != std::errc() || end != text.data() + close) return std::nullopt;
  if (value == 0 || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return std::nullopt;
  text.remove_prefix(close + 1);
  return static_cast<char32_t>(value);
}

std::optional<std::string> without_carets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c != '^') {
      out += c;
      continue;
    }
    if (text.empty()) return std::nullopt;
    const char next = text.front();
    text.remove_prefix(1);
    if (next == '^') {
      out += '^';
    } else if (is_lower(next)) {
      out += static_cast<char>(next - 'a' + 'A');
    } else if (next == '{') {
      const auto c32 = take_hex(text);
      if (!c32) return std::nullopt;
      append_utf8(out, *c32);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

std::optional<Conversation> read_node(std::string_view node) {
  const bool has_sigil = node.front() == '#' || node.front() == '!';
  // A server's name has no '%', so the last one is the one before it.
  const auto percent = node.rfind('%');
  if (percent == std::string_view::npos && !has_sigil) {
    auto server = without_carets(node);
    if (!server || !is_server_name(*server)) return std::nullopt;
    return PlaceId(std::move(*server));
  }
  auto local = without_carets(node.substr(0, percent));
  if (!local) return std::nullopt;
  std::string id = has_sigil ? std::move(*local) : '@' + *local;
  if (percent != std::string_view::npos) {
    const auto server = without_carets(node.substr(percent + 1));
    if (!server) return std::nullopt;
    id += ':';
    id += *server;
  }
  if (has_sigil) {
    if (!is_alias(id) && !is_room_id(id)) return std::nullopt;
    return RoomId(std::move(id));
  }
  if (!is_user_id(id)) return std::nullopt;
  return UserId(std::move(id));
}

// ----------------------------------------------------------------------------------------------------------
// ghosts

bool stands_for_itself(char c) {
  return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '/';
}

}  // namespace

bool is_server_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxId) return false;
  if (name.front() == '[') {
    const auto close = name.find(']');
    if (close == std::string_view::npos || close < 3 || close > 46) return false;
    const std::string_view address = name.substr(1, close - 1), port = name.substr(close + 1);
    return std::all_of(address.begin(), address.end(),
                       [](char c) { return is_hex(c) || c == ':' || c == '.'; }) &&
           (port.empty() || (port.front() == ':' && is_port(port.substr(1))));
  }
  const auto colon = name.find(':');
  const std::string_view host = name.substr(0, colon);
  if (host.empty() || !std::all_of(host.begin(), host.end(), [](char c) {
        return is_lower(c) || is_upper(c) || is_digit(c) || c == '-' || c == '.';
      })) {
    return false;
  }
  return colon == std::string_view::npos || is_port(name.substr(colon + 1));
}

bool is_user_id(std::string_view id) { return is_of_server(id, '@'); }

bool is_alias(std::string_view id) { return is_of_server(id, '#') && id[1] != ':'; }

bool is_room_id(std::string_view id) {
  if (id.size() < 2 || id.front() != '!' || id[1] == ':') return false;
  return id.find(':') == std::string_view::npos ? is_id_text(id) : is_of_server(id, '!');
}

bool is_event_id(std::string_view id) {
  return id.size() > 1 && id.front() == '$' && is_id_text(id) &&
         std::none_of(id.begin(), id.end(), [](char c) { return is_control(c) || c == ' '; });
}

std::string_view server_of(std::string_view id) {
  const auto colon = id.find(':');
  return colon == std::string_view::npos ? std::string_view() : id.substr(colon + 1);
}

std::string_view localpart_of(std::string_view id) {
  const std::string_view local = id.substr(0, id.find(':'));
  return local.empty() ? local : local.substr(1);
}

std::string node_of(const Conversation& what) {
  if (const auto* place = std::get_if<PlaceId>(&what)) {
    std::string node;
    if (is_server_name(place->value())) append_server(node, place->value());
    return node;
  }
  if (const auto* user = std::get_if<UserId>(&what)) {
    return is_user_id(user->value()) ? node_of_id(user->value(), 0) : std::string();
  }
  const std::string& room = std::get<RoomId>(what).value();
  return is_alias(room) || is_room_id(room) ? node_of_id(room, 1) : std::string();
}

std::optional<Conversation> resolve(std::string_view node) {
  if (node.empty()) return PlaceId();
  if (node.size() > kMaxNode || !is_utf8(node)) return std::nullopt;
  auto what = read_node(node);
  if (!what || node_of(*what) != node) return std::nullopt;
  return what;
}

std::optional<std::string> ghost_localpart(std::string_view prefix, const PersonId& person,
                                           std::string_view server_name) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string local(prefix);
  for (const char c : person.value()) {
    if (stands_for_itself(c)) {
      local += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    local += '=';
    local += digits[byte >> 4];
    local += digits[byte & 0xF];
  }
  // '@' and ':' are part of the id.
  if (person.empty() || local.size() + server_name.size() + 2 > kMaxId) return std::nullopt;
  return local;
}

std::optional<PersonId> ghost_person(std::string_view prefix, std::string_view localpart) {
  if (localpart.substr(0, prefix.size()) != prefix) return std::nullopt;
  std::string address;
  for (std::string_view rest = localpart.substr(prefix.size()); !rest.empty(); rest.remove_prefix(1)) {
    if (rest.front() != '=') {
      address += rest.front();
      continue;
    }
    unsigned byte = 0;
    const std::string_view hex = rest.substr(1, 2);
    const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), byte, 16);
    if (hex.size() != 2 || error != std::errc() || end != hex.data() + 2) return std::nullopt;
    address += static_cast<char>(byte);
    rest.remove_prefix(2);
  }
  const auto jid = Jid::parse(address);
  if (!jid || !jid->resource.empty() || jid->str() != address) return std::nullopt;
  PersonId person(std::move(address));
  // Only one way of writing it: else two localparts were one person.
  if (ghost_localpart(prefix, person, {}) != localpart) return std::nullopt;
  return person;
}

}  // namespace dragoman::matrix
