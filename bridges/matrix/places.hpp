// Which rooms an account is in, and with whom it talks: what its /sync says, kept over restarts, since a
// later /sync says only what has changed.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "bridges/matrix/json.hpp"
#include "bridges/network.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

class Stream;

class Places {
 public:
  // `stream` knows which rooms are chats with somebody.
  Places(Stream& stream, std::string user_id);

  // A room of "join" (client-server API, "GET /sync"), or of "leave". True: something changed that is worth
  // telling.
  bool on_joined(const std::string& room_id, const json::object& room);
  bool on_left(const std::string& room_id);
  // The account's m.direct: which rooms are chats. False: nothing changed.
  bool on_direct(const json::object& content);
  // All anew: a first /sync says all that is there.
  void clear();

  bool contains(const std::string& room_id) const { return rooms_.contains(room_id); }
  OwnPlaces all() const;

 private:
  struct Place {
    std::string alias, name, topic;
    std::map<std::string, std::string> people;  // some of those who are there: user id to name
    std::int64_t joined = 0;
    bool open = false, replaced = false;
    bool operator==(const Place&) const = default;
  };
  void take_state(Place& place, const json::object& event) const;
  void take_summary(Place& place, const json::object& summary) const;
  bool choose_chats();
  void guess_chat(const std::string& room_id);
  void keep(const std::string& room_id, const Place& place);
  std::string title(const Place& place) const;
  std::string kind() const;

  Stream& stream_;
  const std::string user_id_;
  std::map<std::string, Place> rooms_;                       // by room id
  std::map<std::string, std::vector<std::string>> directs_;  // room ids by user id, as m.direct has them
};

}  // namespace dragoman::matrix
