// Who is in a room, as one view of it sees it. Views of one channel that agree share their storage: a table
// is an immutable base, shared with the tables that are (nearly) the same, and the few things that differ.
// Strings are stored once in the process. So a nick of a 5,000-member channel is stored once, and not once
// for each of the 200 users who look at it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman {

class MemberTable {
 public:
  // How a nick is compared: two that fold to the same are the same. Null: byte by byte.
  using Fold = std::string (*)(std::string_view);

  explicit MemberTable(Fold fold = nullptr);
  MemberTable(MemberTable&&) noexcept;
  MemberTable& operator=(MemberTable&&) noexcept;
  ~MemberTable();

  std::size_t size() const;
  std::optional<Member> find(std::string_view nick) const;
  bool contains(std::string_view nick) const;
  void for_each(const std::function<void(const Member&)>& visit) const;  // in no order

  // What `replace` found out.
  struct Difference {
    std::vector<Member> joined;
    std::vector<Member> changed;  // as they are now
    std::vector<std::string> left;
  };
  // Becomes exactly `members` (the last of two with one nick counts) and says what that changed.
  Difference replace(const std::vector<Member>& members);

  void put(const Member& member);  // by nick: new or changed
  bool erase(std::string_view nick);
  bool rename(std::string_view nick, std::string_view new_nick);
  void clear();

  // How many distinct bases live in the process, and how many bytes they and the changes take: for tests and
  // metrics.
  static std::size_t bases();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dragoman
