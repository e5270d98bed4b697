// How somebody or a room looks, as the network says when it is asked.
#pragma once

#include <functional>
#include <optional>

#include "component/gateway.hpp"

namespace dragoman {

// Whose card is at this address: an occupant's is the person's.
std::optional<Conversation> card_owner(Gateway& gateway, const Target& target);

// What somebody's own pubsub would say of them (XEP-0163): the nodes of XEP-0292 and XEP-0172.
void answer_node(Gateway& gateway, const Stanza& iq, const UserId& of, const std::string& node);

// Asks for the profile in the name of `person`; false where nobody can be asked without making a connection,
// which a card is no reason for. `done` gets a Profile, or what went wrong.
bool ask_profile(Gateway& gateway, const PersonId& person, const Conversation& of, Questions::OnReply done);

}  // namespace dragoman
