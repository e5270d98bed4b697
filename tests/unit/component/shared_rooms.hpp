// Two of ours in a room that all see as one (see town.hpp).
#pragma once

#include <string>
#include <vector>

#include "tests/unit/component/town.hpp"
#include "tests/unit/component/world.hpp"

namespace dragoman::test {

inline const std::string juliet = "juliet@example.org/balcony", chamber = "juliet@example.org/chamber",
                         romeo = "romeo@example.org/garden";
inline const std::string to_room = "' to='#room@echo.example";

class SharedRooms : public testing::Test {
 protected:
  SharedRooms() {
    Town::wanted = {};
    Town::alone.clear();
    Town::barred.clear();
    Town::open_house = false;
    Town::settable = {};
    w.make_network = Town::make;
    restart();
  }
  void restart() {
    w.sent.clear();
    w.open();
    town().now = w.now;
  }
  Town& town() { return *Town::last; }
  void both_join() {
    w.join(juliet, "juliet");
    w.join(romeo, "romeo");
    w.sent.clear();
  }
  void say(const std::string& from, const std::string& id, const std::string& inner) {
    w.in("<message type='groupchat' id='" + id + "' from='" + from + to_room + "'>" + inner + "</message>");
  }
  void leave(const std::string& from, const std::string& nick) {
    w.in("<presence type='unavailable' from='" + from + to_room + "/" + nick + "'/>");
  }
  void query(const std::string& from, const std::string& inner = {}) {
    w.in("<iq type='set' id='q' from='" + from + to_room + "'><query xmlns='urn:xmpp:mam:2'>" + inner +
         "</query></iq>");
  }
  static std::string page(const std::string& inner) {
    return "<set xmlns='http://jabber.org/protocol/rsm'>" + inner + "</set>";
  }
  void later(std::chrono::seconds wait) {
    w.now += wait;
    w.gateway().tick(w.now);
  }
  void past(int lines) {
    for (int i = 0; i < lines; ++i) {
      town().past.push_back({w.now - std::chrono::hours(1) + std::chrono::seconds(i),
                             MessageId{"$" + std::to_string(1000 + i)}, "mayor",
                             Message{Text("past " + std::to_string(i) + ".")}});
    }
  }
  // What stands between two pieces of text in each of the stanzas sent that hold the first.
  std::vector<std::string> all_between(const std::string& before, const std::string& after) {
    std::vector<std::string> found;
    for (const std::string& stanza : w.sent) {
      const std::size_t at = stanza.find(before);
      if (at == stanza.npos) continue;
      const std::size_t begin = at + before.size();
      found.push_back(stanza.substr(begin, stanza.find(after, begin) - begin));
    }
    return found;
  }
  Muc* room() { return w.gateway().find_room(PersonId{"juliet@example.org"}, RoomId{"#room"}); }
  World w;
};

}  // namespace dragoman::test
