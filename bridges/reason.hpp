// Why something that a person asked for was not done: one catalogue for all networks. component/errors turns
// a reason into a stanza error; a network adds its own words.
#pragma once

#include <cstdint>
#include <string>

namespace dragoman {

enum class Reason : std::uint8_t {
  // joining and speaking
  no_such_room,
  no_such_user,
  no_such_server,
  nick_in_use,       // somebody else has it
  nick_invalid,      // the network does not allow such a name
  nick_unavailable,  // for now (IRC 437)
  banned,
  members_only,
  room_full,
  wrong_key,
  registration_required,
  too_many_rooms,
  redirected,
  not_joined,
  not_permitted,
  cannot_speak,
  blocked_by_self,  // they do not want to hear whom they write to
  // the way there
  dns_failed,
  connection_refused,
  connection_lost,
  tls_failed,
  certificate_invalid,
  login_failed,
  banned_by_server,
  timed_out,
  not_connected,
  // what was asked
  invalid,
  too_large,
  unsupported,
  conflict,
  rate_limited,
  queue_full,
  storage_failed,
  network_error,
};

struct Failure {
  Reason reason = Reason::network_error;
  std::string text;  // for a person, UTF-8, one line; empty: the catalogue's own words
  bool operator==(const Failure&) const = default;
};

}  // namespace dragoman
