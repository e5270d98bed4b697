// Who is in one room, compactly: 20,000 people in a few megabytes. Strings are stored once in the process, so
// that somebody who is in two rooms costs little in the second.
#pragma once

#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "bridges/atom.hpp"

namespace dragoman::matrix {

class People {
 public:
  struct Person {
    Atom name;    // as it came, at most 255 bytes; empty: as the localpart
    Atom avatar;  // its mxc; empty: none
  };
  enum class Put { added, changed, same, refused };  // refused: not a user id, or too many already
  static constexpr std::size_t most = 500'000;

  Put put(std::string_view user_id, std::string_view display_name, std::string_view avatar_url);
  bool erase(std::string_view user_id);
  void clear() { by_user_.clear(); }
  std::size_t size() const { return by_user_.size(); }
  const Person* find(std::string_view user_id) const;
  // The display name, or else the localpart. Good until the person changes.
  std::string_view name_of(std::string_view user_id) const;

  template <class Visit>  // bool(user id, Person): whether to go on
  void for_each(const Visit& visit) const {
    for (const auto& [user, person] : by_user_) {
      if (!visit(user.view(), person)) return;
    }
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Atom& atom) const { return atom.hash(); }
    std::size_t operator()(std::string_view text) const { return Atom::hash_of(text); }
  };
  struct Same {
    using is_transparent = void;
    bool operator()(const Atom& a, const Atom& b) const { return a == b; }
    bool operator()(const Atom& a, std::string_view b) const { return a.view() == b; }
    bool operator()(std::string_view a, const Atom& b) const { return a == b.view(); }
  };
  std::unordered_map<Atom, Person, Hash, Same> by_user_;
};

// An mxc as it may be kept: "mxc://server/id" and not long; else empty.
std::string_view kept_mxc(std::string_view url);

}  // namespace dragoman::matrix
