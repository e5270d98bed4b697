// A whole Matrix network between a homeserver that says what it is told to, a store on disk, and a sink that
// remembers.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "bridges/matrix/network.hpp"
#include "mapping/store.hpp"
#include "tests/unit/matrix_session/homeserver.hpp"
#include "tests/unit/matrix_session/view_world.hpp"

namespace dragoman::matrix::test {

using view_test::Remembering;
using view_test::Told;

class NetworkTest : public testing::Test {
 protected:
  using Scripted = matrix::Homeserver;

  NetworkTest();
  ~NetworkTest() override;

  void start();  // the network, also after a restart
  void restart();
  bool until(const std::function<bool()>& done) { return run_until(loop, done); }

  // A room there is, with alice and whom of ours has joined; anybody may join it.
  void make_room(const std::string& room_id, const std::string& alias = {});
  void state(const std::string& room_id, const std::string& type, const std::string& content);
  // Somebody is in a room, by its alias; true when all went well.
  bool juliet_joins(const RoomId& address, const std::string& nick = "juliet");
  bool joins(dragoman::Session& who, const RoomId& address, const std::string& nick);
  dragoman::Session& juliet(const Conversation& where = PlaceId{}) {
    return network->session_for(PersonId{"juliet@example.org"}, where);
  }

  dragoman::Session& romeo() { return network->session_for(PersonId{"romeo@example.org"}, PlaceId{}); }

  // What the homeserver pushes; the answer's status, 0: none came.
  int push(const std::string& transaction, const std::string& events, const std::string& ephemeral = {});
  int request(const std::string& method, const std::string& path, const std::string& body,
              const std::string& token = "right", std::string* answer = nullptr);
  static std::string message(const std::string& event_id, const std::string& room_id,
                             const std::string& sender, const std::string& body);
  // Begins a push and leaves it on its way: the status once it is there.
  std::shared_ptr<int> begin(const std::string& method, const std::string& path, const std::string& body,
                             const std::string& token, std::string* answer = nullptr);

  template <class T>
  std::size_t count() const {
    std::size_t found = 0;
    for (const Told& told : sink.told) found += std::holds_alternative<T>(told.event.what) ? 1 : 0;
    return found;
  }
  template <class T>
  const Event* last() const {
    for (auto at = sink.told.rbegin(); at != sink.told.rend(); ++at) {
      if (std::holds_alternative<T>(at->event.what)) return &at->event;
    }
    return nullptr;
  }
  template <class T>
  bool come() {
    return until([&] { return count<T>() > 0; });
  }

  boost::asio::io_context loop;
  std::filesystem::path folder;
  std::unique_ptr<Store> store;
  Scripted homeserver;
  Remembering sink;
  config::Bridge settings;
  Patience patience;  // of the next start
  std::unique_ptr<Network> network;
  std::unique_ptr<net::HttpClient> client;
  const RoomId lobby{"#lobby:example.org"};
};

}  // namespace dragoman::matrix::test
