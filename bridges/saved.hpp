// What was said, as it lies in the outbox: a command that survives a restart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/event.hpp"

namespace dragoman {

struct Saved {
  PersonId person;    // whose voice; empty: the bridge's own
  std::string voice;  // instead: by the network's own name for it, for what the bridge has to say
  Command command;    // a Message, Edit, Retraction, Reactions, Subject or Leave
};

std::string packed(const Saved& saved);
std::optional<Saved> unpacked(std::string_view text);  // nothing where it is none

}  // namespace dragoman
