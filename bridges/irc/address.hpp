// The (unescaped) local part of an IRC address <-> channel, user or server. Split at the first '%',
// ASCII-lowercased.
//
//   #chan%srv   a channel         with a fixed server   #chan
//   nick%srv    a user                                  nick
//   srv         a server                                (empty)
//
// With a fixed server '%' is a letter like any other. The ids are these nodes themselves, so node_of is their
// value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman::irc {

class AddressBook {
 public:
  explicit AddressBook(std::string_view fixed_server = {});

  bool fixed() const { return !fixed_.empty(); }
  const std::string& fixed_server() const { return fixed_; }

  // Nothing where it is no address: an empty name or server, a space, comma, control character or newline in
  // one. The empty node is the fixed server, or nothing (the gateway itself). "%srv" is nothing: what it
  // stands for with a resource is the gateway's affair.
  std::optional<Conversation> resolve(std::string_view node) const;
  std::string node_of(const Conversation& what) const;

  // Made from what the server says; lower-cased. Empty where the name can't be one.
  RoomId room(std::string_view channel, const PlaceId& place) const;
  UserId user(std::string_view nick, const PlaceId& place) const;
  PlaceId place(std::string_view server) const;

  std::string channel_of(const RoomId& room) const;
  std::string nick_of(const UserId& user) const;
  PlaceId place_of(const Conversation& what) const;

  // Before the server has told its CHANTYPES, and for all addresses: "#&", so that an address means one thing
  // for ever.
  static bool looks_like_channel(std::string_view name);

 private:
  std::string fixed_;
};

// Whether it may stand in a PRIVMSG's place for a target: not empty, no space, comma, control character, no
// ':' first.
bool is_target(std::string_view name);

}  // namespace dragoman::irc
