// The names of things, as strong types. A value is opaque to everyone but its maker: a RoomId is read by the
// network that made it and by nobody else. Mixing two kinds up is a compile error.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace dragoman {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string value) : value_(std::move(value)) {}

  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }

  auto operator<=>(const Id&) const = default;
  bool operator==(const Id&) const = default;

 private:
  std::string value_;
};

using NetworkId = Id<struct NetworkTag>;  // one configured bridge; its domain
using PlaceId =
    Id<struct PlaceTag>;  // a server within a network ("irc.libera.chat"); empty: the network itself
using RoomId = Id<struct RoomTag>;        // a channel, a room, a list; unique within its network
using UserId = Id<struct UserTag>;        // somebody on the network; unique within it
using MessageId = Id<struct MessageTag>;  // a message within its conversation, stable across live and history
using PersonId = Id<struct PersonTag>;    // a user of this gateway; on XMPP the bare JID

}  // namespace dragoman

template <class Tag>
struct std::hash<dragoman::Id<Tag>> {
  std::size_t operator()(const dragoman::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value());
  }
};
