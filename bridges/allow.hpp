// Who may do something, as an admin wrote it down.
#pragma once

#include <string>
#include <vector>

#include "mapping/ids.hpp"

namespace dragoman {

// Entries are "juliet@example.org", "example.org" (all of that server) or "*". An empty list allows
// everybody.
bool is_allowed(const std::vector<std::string>& list, const PersonId& person);

}  // namespace dragoman
