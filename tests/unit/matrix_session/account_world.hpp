// People with accounts of their own, between a scripted homeserver and a sink that remembers.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "bridges/matrix/account.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "tests/unit/matrix_session/homeserver.hpp"

namespace dragoman::matrix::account_test {

// JSON with ' for ".
inline std::string quoted(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  return text;
}

struct Heard {
  dragoman::Session* from;
  PersonId person;
  Event event;
};

class House final : public Sink {
 public:
  void on_event(dragoman::Session& from, Event event) override {
    heard.push_back({&from, from.person(), std::move(event)});
  }
  const MemberTable* members(const dragoman::Session&, const RoomId&) const override { return nullptr; }
  void on_session_end(dragoman::Session& session) override { ended.push_back(session.person().value()); }

  // What the gateway itself said to somebody.
  std::vector<std::string> words(const PersonId& person) const {
    std::vector<std::string> all;
    for (const Heard& one : heard) {
      const auto* message = std::get_if<Message>(&one.event.what);
      if (message && one.person == person && std::holds_alternative<PlaceId>(one.event.in))
        all.push_back(message->text.plain);
    }
    return all;
  }
  // What was said in one-to-one chats.
  std::vector<std::string> said() const {
    std::vector<std::string> all;
    for (const Heard& one : heard) {
      const auto* message = std::get_if<Message>(&one.event.what);
      const auto* user = std::get_if<UserId>(&one.event.in);
      if (message && user) all.push_back(user->value() + ": " + message->text.plain);
    }
    return all;
  }
  template <class What>
  std::vector<What> all() const {
    std::vector<What> found;
    for (const Heard& one : heard) {
      if (const auto* what = std::get_if<What>(&one.event.what)) found.push_back(*what);
    }
    return found;
  }

  std::vector<Heard> heard;
  std::vector<std::string> ended;
};

class AccountTest : public testing::Test {
 protected:
  AccountTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-account-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    settings.network = "matrix";
    settings.domain = "matrix.example.net";
    settings.matrix.homeserver.url = server.url();
    settings.matrix.homeserver.server_name = "example.org";
    server.on("GET", "/_matrix/client/versions", quoted("{'versions':['v1.11']}"));
    server.on("GET", "/_matrix/client/v3/login", quoted("{'flows':[{'type':'m.login.password'}]}"));
    server.on("POST", "/_matrix/client/v3/login",
              quoted("{'user_id':'@alice:example.org','access_token':'secret-token','device_id':'DEV'}"));
    server.on("POST", "/_matrix/client/v3/logout", "{}");
    server.on("GET", "/_matrix/client/v3/sync",
              [this](const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
                polls.push_back(request);
                poll = answer;
              });
    open();
  }
  ~AccountTest() override {
    close();
    std::filesystem::remove_all(folder);
  }

  void open() {
    store = std::make_unique<Store>(folder + "/db", folder + "/key");
    hub = std::make_unique<Hub>(NetworkContext{loop, house, *store, settings}, Patience{});
    hub->own_session = [this]() -> dragoman::Session& { return *bridge; };
    hub->ghost_session = [this](const PersonId& person) -> Session& {
      auto& slot = ghosts[person];
      if (!slot)
        slot = std::make_shared<Session>(*hub, *stream, Session::Kind::ghost, person,
                                         hub->voice_of(hub->ghosts->id_of(person).value()));
      return *slot;
    };
    hub->find_ghost_session = [this](const PersonId& person) {
      const auto found = ghosts.find(person);
      return found == ghosts.end() ? nullptr : found->second.get();
    };
    stream = std::make_unique<Stream>(*hub, PersonId{});
    bridge = std::make_shared<Session>(*hub, *stream, Session::Kind::bridge, PersonId{}, hub->own_voice());
    accounts = std::make_unique<OwnAccounts>(*hub);
  }
  void close() {
    poll.reset();
    accounts.reset();
    ghosts.clear();
    bridge.reset();
    stream.reset();
    hub.reset();
    store.reset();
  }
  void restart() {
    close();
    open();
  }

  template <class Done>
  void wait(Done done) {
    ASSERT_TRUE(run_until(loop, done)) << testing::PrintToString(house.words(juliet));
  }
  Outcome log_in(Answers answers) { return accounts->run(juliet, PlaceId{}, "login", answers, true); }
  void log_in() {
    log_in({{"user", {"@alice:example.org"}}, {"password", {"open sesame"}}});
    wait([&] { return polls.size() > 0 && poll; });
  }
  // Answers the poll that is open and waits for the next one.
  void sync(const std::string& json, const std::string& next) {
    wait([&] { return poll != nullptr; });
    const std::size_t before = polls.size();
    std::string body = quoted(json);
    body.insert(1, "\"next_batch\":\"" + next + "\"" + (body.size() > 2 ? "," : ""));
    std::exchange(poll, nullptr)->send(200, {{"Content-Type", "application/json"}}, body);
    wait([&] { return polls.size() > before; });
  }
  void refuse(int status, const std::string& json) {
    wait([&] { return poll != nullptr; });
    std::exchange(poll, nullptr)->send(status, {{"Content-Type", "application/json"}}, quoted(json));
  }
  std::string kept(const std::string& name) {
    return store->settings().load(hub->network, juliet, "account")[name].value;
  }

  const PersonId juliet{"juliet@example.net"};
  boost::asio::io_context loop{1};
  std::string folder;
  Homeserver server{loop};
  House house;
  config::Bridge settings;
  std::unique_ptr<Store> store;
  std::unique_ptr<Hub> hub;
  std::unique_ptr<Stream> stream;
  std::shared_ptr<Session> bridge;
  std::unordered_map<PersonId, std::shared_ptr<Session>> ghosts;
  std::unique_ptr<OwnAccounts> accounts;
  std::vector<net::ServedRequest> polls;
  std::shared_ptr<net::Answer> poll;
};

}  // namespace dragoman::matrix::account_test
