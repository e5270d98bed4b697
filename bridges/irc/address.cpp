#include "bridges/irc/address.hpp"

#include <algorithm>

#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t kMaxName = 512;  // no line could carry a longer one

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

// A server is named in DNS, by an address, or by an admin's alias: none has what would break a line or a
// node.
bool is_server_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && std::none_of(name.begin(), name.end(), [](char c) {
    return c == ' ' || c == ',' || c == '/' || is_control(c);
  });
}

}  // namespace

bool is_target(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != ':' &&
         std::none_of(name.begin(), name.end(), [](char c) { return c == ' ' || c == ',' || is_control(c); });
}

AddressBook::AddressBook(std::string_view fixed_server) : fixed_(ascii_lower(fixed_server)) {}

bool AddressBook::looks_like_channel(std::string_view name) {
  return !name.empty() && (name.front() == '#' || name.front() == '&');
}

std::optional<Conversation> AddressBook::resolve(std::string_view node) const {
  if (fixed()) {
    if (node.empty()) return PlaceId(fixed_);
    if (!is_target(node)) return std::nullopt;
    std::string name = ascii_lower(node);
    if (looks_like_channel(name)) return RoomId(std::move(name));
    return UserId(std::move(name));
  }
  if (node.empty()) return PlaceId();  // the gateway itself
  const auto percent = node.find('%');
  if (percent == std::string_view::npos) {
    if (!is_server_name(node) || looks_like_channel(node)) return std::nullopt;
    return PlaceId(ascii_lower(node));
  }
  if (!is_target(node.substr(0, percent)) || !is_server_name(node.substr(percent + 1))) return std::nullopt;
  std::string name = ascii_lower(node);
  if (looks_like_channel(name)) return RoomId(std::move(name));
  return UserId(std::move(name));
}

std::string AddressBook::node_of(const Conversation& what) const {
  if (fixed() && std::holds_alternative<PlaceId>(what)) return {};
  return std::visit([](const auto& id) { return id.value(); }, what);
}

RoomId AddressBook::room(std::string_view channel, const PlaceId& place) const {
  if (!is_target(channel)) return {};
  std::string name = ascii_lower(channel);
  if (fixed()) return RoomId(std::move(name));
  // A '%' in the name would be read as the end of it.
  if (name.find('%') != std::string::npos || place.empty()) return {};
  return RoomId(std::move(name) + '%' + place.value());
}

UserId AddressBook::user(std::string_view nick, const PlaceId& place) const {
  if (!is_target(nick)) return {};
  std::string name = ascii_lower(nick);
  if (fixed()) return UserId(std::move(name));
  if (name.find('%') != std::string::npos || place.empty()) return {};
  return UserId(std::move(name) + '%' + place.value());
}

PlaceId AddressBook::place(std::string_view server) const {
  if (fixed()) return PlaceId(fixed_);
  return is_server_name(server) ? PlaceId(ascii_lower(server)) : PlaceId();
}

std::string AddressBook::channel_of(const RoomId& room) const {
  return fixed() ? room.value() : room.value().substr(0, room.value().find('%'));
}

std::string AddressBook::nick_of(const UserId& user) const {
  return fixed() ? user.value() : user.value().substr(0, user.value().find('%'));
}

PlaceId AddressBook::place_of(const Conversation& what) const {
  if (fixed()) return PlaceId(fixed_);
  if (const auto* place = std::get_if<PlaceId>(&what)) return *place;
  const std::string node = node_of(what);
  const auto percent = node.find('%');
  return percent == std::string::npos ? PlaceId() : PlaceId(node.substr(percent + 1));
}

}  // namespace dragoman::irc
