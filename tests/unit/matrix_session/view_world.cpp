#include "tests/unit/matrix_session/view_world.hpp"

#include <algorithm>
#include <cstdlib>

namespace dragoman::matrix::view_test {

Homeserver::Homeserver(boost::asio::io_context& loop)
    : server_(loop, {}, [this](net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer) {
        const std::string* authorization = request.header("authorization");
        Asked now{net::url_decoded(request.path).value_or("?"), request.query,
                  authorization == nullptr ? std::string() : *authorization};
        Given given{404, R"({"errcode":"M_NOT_FOUND","error":"not there"})"};
        if (const auto known = answers.find(now.path); known != answers.end()) given = known->second;
        if (special) {
          if (auto other = special(now)) given = *other;
        }
        asked.push_back(std::move(now));
        answer->send(given.status, {{"content-type", given.type}}, given.body);
      }) {}

std::size_t Homeserver::times(const std::string& path) const {
  return static_cast<std::size_t>(
      std::count_if(asked.begin(), asked.end(), [&](const Asked& one) { return one.path == path; }));
}

json::object object(std::string text) {
  std::replace(text.begin(), text.end(), '\'', '"');
  return json::parse(text).as_object();
}

ViewTest::ViewTest() : homeserver(loop), http(loop, {}), api(loop, http) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-view-XXXXXX").string();
  folder = mkdtemp(pattern.data());
  owner.voice = Voice{homeserver.url(), "secret", bot};
  owner.listening = {{&bridge, address}};
  owner.voices[ghost] = &juliet;
  owner.nicks[ghost] = "juliet";
  people({{alice, "Alice"}, {bob, ""}, {ghost, "juliet"}});
  state("m.room.create", "{'room_version':'11'}");
  state("m.room.join_rules", "{'join_rule':'public'}");
  state("m.room.power_levels", "{'users':{'@alice:example.org':100}}");
  make_view();
}

ViewTest::~ViewTest() {
  view.reset();
  media.reset();
  store.reset();
  std::filesystem::remove_all(folder);
}

void ViewTest::make_view() {
  view.reset();
  context.reset();
  media.reset();
  store.reset();
  store = std::make_unique<Store>((folder / "db").string(), (folder / "key").string());
  media = std::make_unique<Media>(loop, *store, api,
                                  Media::Options{.network = network, .public_url = "https://files.example"},
                                  *owner.voice);
  context = std::make_unique<ViewContext>(ViewContext{loop, sink, *store, network, api, *media});
  view = std::make_unique<RoomView>(*context, owner, room);
}

bool ViewTest::until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

void ViewTest::people(const std::vector<std::pair<std::string, std::string>>& id_and_name) {
  json::object joined;
  for (const auto& [id, name] : id_and_name) {
    json::object person;
    if (!name.empty()) person["display_name"] = name;
    joined[id] = std::move(person);
  }
  homeserver.answers["/_matrix/client/v3/rooms/" + room + "/joined_members"] = {
      200, json::serialize(json::object{{"joined", std::move(joined)}})};
}

void ViewTest::state(const std::string& type, const std::string& content, const std::string& sender) {
  const json::object event{{"type", type},
                           {"sender", sender},
                           {"state_key", ""},
                           {"origin_server_ts", 1'700'000'000'000},
                           {"content", object(content)}};
  homeserver.answers["/_matrix/client/v3/rooms/" + room + "/state/" + type] = {200, json::serialize(event)};
}

std::optional<Failure> ViewTest::load() {
  bool told = false;
  std::optional<Failure> failure;
  view->load([&](std::optional<Failure> why) {
    told = true;
    failure = std::move(why);
  });
  EXPECT_TRUE(until([&] { return told; }));
  return failure;
}

void ViewTest::ready() {
  const auto failure = load();
  ASSERT_FALSE(failure) << failure->text;
  ASSERT_TRUE(view->ready());
  sink.told.clear();
}

std::string ViewTest::event_text(const std::string& id, const std::string& type, const std::string& sender,
                                 const std::string& content, std::int64_t time, const std::string& more) {
  return "{'type':'" + type + "','event_id':'" + id + "','sender':'" + sender +
         "','origin_server_ts':" + std::to_string(time) + ",'content':" + content +
         (more.empty() ? "" : "," + more) + "}";
}

std::string ViewTest::event(const std::string& type, const std::string& sender, const std::string& content,
                            const std::string& more) {
  const std::string id = "$event" + std::to_string(++last_event);
  view->on_timeline(object(event_text(id, type, sender, content, 1'700'000'000'000 + last_event, more)));
  return id;
}

std::string ViewTest::say(const std::string& sender, const std::string& body) {
  return event("m.room.message", sender, "{'msgtype':'m.text','body':'" + body + "'}");
}

std::optional<Member> ViewTest::shown(const std::string& user) const {
  for (const Member& member : view->members()) {
    if (member.address == user) return member;
  }
  return std::nullopt;
}

}  // namespace dragoman::matrix::view_test
