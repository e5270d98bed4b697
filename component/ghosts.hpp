// Who left a room, or changed nick, while its occupants could not be told: clients would show them for ever.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace dragoman {

class Ghosts {
 public:
  void came(const std::string& nick) { arrived_.insert(nick); }
  // Who came and left again was never seen: so there are never more ghosts than there were members.
  void went(const std::string& nick, bool own = false) {
    if (arrived_.erase(nick) == 0) gone_.emplace(nick, own);
  }
  // The nicks to be told gone, and whether it was our own; forgotten with this.
  std::vector<std::pair<std::string, bool>> take() {
    std::vector<std::pair<std::string, bool>> all(gone_.begin(), gone_.end());
    gone_.clear();
    arrived_.clear();
    return all;
  }

 private:
  std::unordered_map<std::string, bool> gone_;
  std::unordered_set<std::string> arrived_;
};

}  // namespace dragoman
