// XEP-0033: a message to several at once. The gateway is the multicast service of its own people: what is
// sent to its address with a list of theirs goes to all of them and begins a room with them
// (Features::addressing). And what came to several says to whom.
#pragma once

#include "bridges/event.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Gateway;

bool takes_addresses(Gateway& gateway);
// A message to the gateway itself.
void on_addressed(Gateway& gateway, const Stanza& stanza, const Element& addresses);
// The <addresses/> of a message to `person`; nothing where it names none. All have it already.
void write_addresses(XmlWriter& w, const Gateway& gateway, const PersonId& person, const Message& message);

}  // namespace dragoman
