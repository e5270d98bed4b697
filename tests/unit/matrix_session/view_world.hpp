// One room's view between a homeserver that answers what it was given, a store on disk, and an owner and a
// sink that remember.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "bridges/matrix/media.hpp"
#include "bridges/matrix/room_view.hpp"
#include "bridges/net/http_server.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix::view_test {

// Answers by path (decoded, without query); what it does not know is 404 M_NOT_FOUND.
class Homeserver {
 public:
  explicit Homeserver(boost::asio::io_context& loop);
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  struct Asked {
    std::string path, query, authorization;
  };
  struct Given {
    int status = 200;
    std::string body, type = "application/json";
  };
  std::map<std::string, Given> answers;
  // Before all else: an answer that depends on more than the path.
  std::function<std::optional<Given>(const Asked&)> special;
  std::vector<Asked> asked;
  std::size_t times(const std::string& path) const;

 private:
  net::HttpServer server_;
};

class Voiced final : public dragoman::Session {
 public:
  explicit Voiced(std::string person) : person_(std::move(person)) {}
  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return Link::up; }
  std::string nick() const override { return {}; }
  void perform(Command) override {}
  Features features(const Conversation&) const override { return {}; }

 private:
  PersonId person_;
  PlaceId place_;
};

struct Told {
  dragoman::Session* from;  // may be gone by now
  PersonId person;          // whose it was
  Event event;
};

class Remembering final : public Sink {
 public:
  void on_event(dragoman::Session& from, Event event) override {
    told.push_back({&from, from.person(), std::move(event)});
  }
  const MemberTable* members(const dragoman::Session&, const RoomId&) const override { return nullptr; }
  void on_session_end(dragoman::Session& session) override { ended.push_back(session.person()); }
  std::deque<Told> told;
  std::vector<PersonId> ended;
};

inline const std::string room = "!room:example.org", alice = "@alice:example.org", bob = "@bob:example.org",
                         mallory = "@mallory:evil.example", ghost = "@_xmpp_juliet=40example.org:example.org",
                         bot = "@_xmpp_bot:example.org";

class Owner final : public ViewOwner {
 public:
  std::vector<Ear> ears(const std::string&) const override { return listening; }
  dragoman::Session* own_voice(std::string_view user) const override {
    const auto found = voices.find(std::string(user));
    return found == voices.end() ? nullptr : found->second;
  }
  bool is_ghost(std::string_view user) const override { return user.starts_with("@_xmpp_"); }
  std::string ghost_nick(std::string_view user) const override {
    const auto found = nicks.find(std::string(user));
    return found == nicks.end() ? std::string() : found->second;
  }
  bool is_delivered(const std::string& event_id) const override { return delivered.contains(event_id); }
  std::optional<Voice> reader(const std::string&) const override { return voice; }
  void on_upgraded(const std::string&, const std::string& replacement) override {
    upgrades.push_back(replacement);
  }
  void on_own_departure(const std::string&, const std::string& user) override { departures.push_back(user); }
  void on_large_file(const std::string&, const std::string& user) override { large_files.push_back(user); }

  std::vector<Ear> listening;
  std::map<std::string, dragoman::Session*> voices;
  std::map<std::string, std::string> nicks;
  std::set<std::string> delivered;
  std::optional<Voice> voice;
  std::vector<std::string> upgrades, departures, large_files;
};

// JSON with ' for ".
json::object object(std::string text);

class ViewTest : public testing::Test {
 protected:
  ViewTest();
  ~ViewTest() override;

  bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(20));
  void make_view();  // also after a restart: what was kept is in the store
  // Who is in the room, as joined_members tells it; and one piece of its state.
  void people(const std::vector<std::pair<std::string, std::string>>& id_and_name);
  void state(const std::string& type, const std::string& content, const std::string& sender = alice);
  std::optional<Failure> load();  // runs until it is loaded, or refused
  void ready();                   // loads, expects success, forgets what was told

  // Live events. `content` is JSON with ' for ".
  std::string say(const std::string& sender, const std::string& body);
  std::string event(const std::string& type, const std::string& sender, const std::string& content,
                    const std::string& more = {});
  std::string state_event(const std::string& type, const std::string& sender, const std::string& content,
                          const std::string& key = {}) {
    return event(type, sender, content, "'state_key':'" + key + "'");
  }
  std::string member(const std::string& user, const std::string& membership, const std::string& by = {},
                     const std::string& more = {}) {
    return state_event("m.room.member", by.empty() ? user : by,
                       "{'membership':'" + membership + "'" + (more.empty() ? "" : "," + more) + "}", user);
  }
  static std::string event_text(const std::string& id, const std::string& type, const std::string& sender,
                                const std::string& content, std::int64_t time, const std::string& more = {});

  // The next event of that kind, taken with all before it.
  template <class T>
  std::optional<Told> next() {
    while (!sink.told.empty()) {
      Told told = std::move(sink.told.front());
      sink.told.pop_front();
      if (std::holds_alternative<T>(told.event.what)) return told;
    }
    return std::nullopt;
  }
  template <class T>
  std::size_t count() const {
    std::size_t found = 0;
    for (const Told& told : sink.told) found += std::holds_alternative<T>(told.event.what) ? 1 : 0;
    return found;
  }
  std::optional<Member> shown(const std::string& user) const;

  boost::asio::io_context loop;
  std::filesystem::path folder;
  std::unique_ptr<Store> store;
  Homeserver homeserver;
  Remembering sink;
  Owner owner;
  Voiced bridge{""}, juliet{"juliet@example.org"};
  const RoomId address{"#room:example.org"};
  const NetworkId network{"matrix.example.net"};
  net::HttpClient http;
  Api api;
  std::unique_ptr<Media> media;
  std::unique_ptr<ViewContext> context;
  std::unique_ptr<RoomView> view;
  int last_event = 0;
};

}  // namespace dragoman::matrix::view_test
