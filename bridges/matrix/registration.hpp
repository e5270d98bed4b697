// What a homeserver has to know of us (application service API, "Registration"), and the two tokens by which
// it and we know one another.
#pragma once

#include <string>

#include "bridges/matrix/api.hpp"

namespace dragoman {
class Store;
namespace config {
struct Bridge;
}
}  // namespace dragoman

namespace dragoman::matrix {

struct Tokens {
  std::string as_token;  // ours, with the homeserver
  std::string hs_token;  // the homeserver's, with us
};

// Made once, and kept in the store as secrets. Throws std::runtime_error, with words for an admin, where they
// can't be kept.
Tokens tokens_of(const config::Bridge& bridge, Store& store);

// "@xmpp:example.org", the bridge's own user.
std::string sender_id(const config::Bridge& bridge);
// As whom the bridge itself speaks.
Voice sender_voice(const config::Bridge& bridge, const Tokens& tokens);
// How the homeserver reaches us, without a slash at the end.
std::string appservice_url(const config::Bridge& bridge);

// The registration as YAML, with a word on where to put it. Throws as tokens_of().
std::string registration(const config::Bridge& bridge, Store& store);

}  // namespace dragoman::matrix
