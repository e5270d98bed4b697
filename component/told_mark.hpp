// Up to where what is said in rooms has left for the XMPP server: a place in the archive, which all rooms of
// a network share. It is kept in the store, one write behind the wire: so who was in a room when the program
// was killed is told afterwards what had been kept and not said yet. XEP-0114 has no acknowledgement: what
// has left counts as told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mapping/ids.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/store.hpp"

namespace dragoman {

class ToldMark {
 public:
  ToldMark(Store& store, NetworkId network);

  std::int64_t place() const { return place_; }
  // Everything up to the archive's end is on its way to who is there, and has left when so much has been
  // written (Outlet::position()).
  void told(std::uint64_t position);
  void written(std::uint64_t position);
  // The link is lost: the mark stays where it is until all rooms have been told again.
  void pause();
  void go_on(std::uint64_t position);

  // A room that is behind the others, since somebody in it is not back since the start: its own place.
  std::int64_t place_of(RoomKey room);  // as long as it has none: that of all
  void fall_behind(RoomKey room, std::int64_t place);
  void catch_up(RoomKey room);

 private:
  struct Mark {
    std::uint64_t position;
    std::int64_t place;
  };
  Store& store_;
  NetworkId network_;
  std::int64_t place_ = 0;
  std::optional<Mark> leaving_, next_;
  bool paused_ = false;
};

}  // namespace dragoman
