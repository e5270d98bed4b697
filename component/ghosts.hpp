// Who left a room, or changed nick, while its occupants could not be told: clients would show them for ever.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "mapping/ids.hpp"

namespace dragoman {

class Ghosts {
 public:
  void came(const std::string& nick) { arrived_.insert(nick); }
  // Who came and left again was never seen: so there are never more ghosts than there were members. `own`:
  // whose voice of ours had the nick, and has another now.
  void went(const std::string& nick, const PersonId& own = {}) {
    if (arrived_.erase(nick) == 0) gone_.emplace(nick, own);
  }
  // The nicks to be told gone, and whose of ours they were; forgotten with this.
  std::vector<std::pair<std::string, PersonId>> take() {
    std::vector<std::pair<std::string, PersonId>> all(gone_.begin(), gone_.end());
    gone_.clear();
    arrived_.clear();
    return all;
  }

 private:
  std::unordered_map<std::string, PersonId> gone_;
  std::unordered_set<std::string> arrived_;
};

}  // namespace dragoman
