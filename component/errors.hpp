// The catalogue: a reason becomes a stanza error (RFC 6120 8.3) with words that help.
#pragma once

#include <string>
#include <string_view>

#include "bridges/reason.hpp"
#include "component/stanza.hpp"

namespace dragoman {

struct StanzaError {
  std::string_view type;       // "cancel", "auth", "modify", "wait"
  std::string_view condition;  // "item-not-found"
  std::string text;
  int code = 0;                                    // legacy; 0: none
  std::string_view special = {}, special_ns = {};  // a condition of the application's own (RFC 6120 8.3.4)
};

// The failure's own text wins over the catalogue's.
StanzaError to_error(const Failure& failure);
// Of a ping to somebody: one who is not there is service-unavailable, as an XMPP server says of an absent
// user.
StanzaError to_ping_error(const Failure& failure);

StanzaError bad_request(std::string text);
StanzaError item_not_found(std::string text);
StanzaError not_acceptable(std::string text);
StanzaError feature_not_implemented(std::string text);
StanzaError service_unavailable(std::string text);
StanzaError forbidden(std::string text);
StanzaError not_allowed(std::string text);
StanzaError policy_violation(std::string text);

// The <error/> element.
void write_error(XmlWriter& out, const StanzaError& error);
// Whether an <error/> that came back says that the client it went to is not there any more (XEP-0045,
// ghosts).
bool says_gone(const Element& error);
// A whole error stanza that answers one of ours: addresses turned round, id kept; a message's or presence's
// payload is not sent back. Empty for what must not be answered (an error, a result).
std::string error_reply(const Stanza& to, const StanzaError& error);

}  // namespace dragoman
