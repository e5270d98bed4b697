// The schema's history. A database says in `PRAGMA user_version` how many of these steps it has taken.
#pragma once

#include <span>

namespace dragoman {

// In order; the first makes version 1. A published step is never changed: what comes next is a step of its
// own.
std::span<const char* const> migrations();

}  // namespace dragoman
