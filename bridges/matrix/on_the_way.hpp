// Those of ours who are on the way from a room to the one that replaced it: the join is not answered yet, or
// they wait for an invitation. Until they are there their address leads them to the old room, whatever it
// leads others to. Remembered over restarts.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bridges/matrix/hub.hpp"

namespace dragoman::matrix {

class OnTheWay {
 public:
  struct Move {
    std::string from, to;  // room ids
    bool told = false;     // that they wait for an invitation
    bool invited = false;  // while they were not even back in the old room; not remembered
  };

  // `kind`: of the notes.
  OnTheWay(Hub& hub, std::string kind);

  Move* find(const PersonId& person, const RoomId& address);
  const Move* find(const PersonId& person, const RoomId& address) const;
  void put(const PersonId& person, const RoomId& address, Move move);
  void note_told(const PersonId& person, const RoomId& address);
  void erase(const PersonId& person, const RoomId& address);
  void clear();
  // The addresses under which somebody goes there.
  std::vector<RoomId> of(const PersonId& person, const std::string& to) const;
  // Somebody was told already that who goes there under this address has to wait.
  bool told(const RoomId& address, const std::string& to) const;
  std::vector<std::string> rooms() const;  // that are left

 private:
  using Key = std::pair<PersonId, RoomId>;
  void write(const Key& key, const Move& move);

  Hub& hub_;
  const std::string kind_;
  std::map<Key, Move> moves_;
};

}  // namespace dragoman::matrix
