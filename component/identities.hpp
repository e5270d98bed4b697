// What an occupant id (XEP-0421) is made from: one text for each member, the same for as long as the member
// stays, whatever is found out about it meanwhile, and never that of somebody else who had the nick before.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>

#include "bridges/event.hpp"

namespace dragoman {

// Most members are what the rule says: their account, else their nick. Only the others take memory.
class Identities {
 public:
  // In the order of a stay. `before` is the member as it was.
  void entered(const Member& member);
  void updated(const Member& before, const Member& now);
  void renamed(const Member& before, const std::string& new_nick);
  void left(const Member& before);

  std::string of(const Member& member) const;
  std::size_t exceptions() const { return fixed_.size(); }  // for tests

 private:
  void freed(const Member& before, const std::string& text, bool still_here);

  std::unordered_map<std::string, std::string> fixed_;  // by nick now
  // Who had a nick's own text last (a hash of the address; 0: cannot be told). Bounded, oldest first out.
  std::unordered_map<std::string, std::uint64_t> owners_;
  std::deque<std::string> owners_in_order_;
  std::uint64_t strangers_ = 0;
};

}  // namespace dragoman
