#include "tests/unit/matrix_session/network_world.hpp"

#include <stdlib.h>

#include "bridges/matrix/registration.hpp"

namespace dragoman::matrix::test {

NetworkTest::NetworkTest() : homeserver(loop) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-matrix-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  folder = pattern;
  settings.network = "matrix";
  settings.domain = "matrix.example.net";
  settings.matrix.homeserver = {homeserver.url(), "example.org", {}};
  settings.matrix.appservice.port = 0;
  homeserver.on("POST", "/_matrix/client/v3/register", "{}");
  homeserver.on("POST", "/_matrix/client/v1/appservice/dragoman/ping", "{}");
  homeserver.on("PUT", "/_matrix/client/v3/profile/*", "{}");
  homeserver.on("PUT", "/_matrix/client/v3/presence/*", "{}");
  start();
}

NetworkTest::~NetworkTest() {
  client.reset();
  network.reset();
  store.reset();
  std::filesystem::remove_all(folder);
}

void NetworkTest::start() {
  store = std::make_unique<Store>((folder / "dragoman.db").string(), (folder / "key").string());
  network = std::make_unique<Network>(NetworkContext{loop, sink, *store, settings}, patience);
  client = std::make_unique<net::HttpClient>(loop, net::HttpClient::Options{});
}

void NetworkTest::restart() {
  client.reset();
  network.reset();
  store.reset();
  start();
}

void NetworkTest::make_room(const std::string& room_id, const std::string& alias) {
  const std::string path = "/_matrix/client/v3/rooms/" + net::url_encoded(room_id);
  homeserver.on("POST", "/_matrix/client/v3/join/" + net::url_encoded(room_id),
                R"({"room_id":")" + room_id + "\"}");
  if (!alias.empty()) {
    homeserver.on("GET", "/_matrix/client/v3/directory/room/" + net::url_encoded(alias),
                  R"({"room_id":")" + room_id + R"(","servers":["example.org"]})");
  }
  homeserver.on("GET", path + "/joined_members",
                R"({"joined":{"@alice:example.org":{"display_name":"Alice"},)"
                R"("@_xmpp_juliet=40example.org:example.org":{"display_name":"juliet"}}})");
  homeserver.on("GET", path + "/state*", Scripted::Scripted{404, R"({"errcode":"M_NOT_FOUND"})"});
  homeserver.on("GET", path + "/messages", R"({"chunk":[],"start":"a"})");
  homeserver.on("PUT", path + "/state/m.room.member/*", R"({"event_id":"$member"})");
  homeserver.on("POST", path + "/leave", "{}");
  state(room_id, "m.room.create", R"({"room_version":"11"})");
  state(room_id, "m.room.join_rules", R"({"join_rule":"public"})");
}

void NetworkTest::state(const std::string& room_id, const std::string& type, const std::string& content) {
  homeserver.on("GET", "/_matrix/client/v3/rooms/" + net::url_encoded(room_id) + "/state/" + type,
                R"({"type":")" + type + R"(","state_key":"","sender":"@alice:example.org","event_id":"$)" +
                    type + R"(","origin_server_ts":1700000000000,"room_id":")" + room_id + R"(","content":)" +
                    content + "}");
}

bool NetworkTest::juliet_joins(const RoomId& address, const std::string& nick) {
  return joins(juliet(address), address, nick);
}

bool NetworkTest::joins(dragoman::Session& who, const RoomId& address, const std::string& nick) {
  const std::size_t before = count<Entered>();
  who.perform({address, "join", Join{nick, {}, false}});
  return until([&] { return count<Entered>() > before; });
}

std::shared_ptr<int> NetworkTest::begin(const std::string& method, const std::string& path,
                                        const std::string& body, const std::string& token,
                                        std::string* answer) {
  net::HttpRequest request;
  request.method = method;
  request.url = "http://127.0.0.1:" + std::to_string(network->port()) + path;
  request.body = body;
  const std::string right = tokens_of(settings, *store).hs_token;
  if (!token.empty()) {
    request.headers.emplace_back("Authorization", "Bearer " + (token == "right" ? right : token));
  }
  auto status = std::make_shared<int>(0);
  client->send(std::move(request), [status, answer](const net::HttpResult& result) {
    const auto* response = std::get_if<net::HttpResponse>(&result);
    *status = response != nullptr ? response->head.status : -1;
    if (answer != nullptr && response != nullptr) *answer = response->body;
  });
  return status;
}

int NetworkTest::request(const std::string& method, const std::string& path, const std::string& body,
                         const std::string& token, std::string* answer) {
  const auto status = begin(method, path, body, token, answer);
  run_until(loop, [&] { return *status != 0; });
  return *status;
}

int NetworkTest::push(const std::string& transaction, const std::string& events,
                      const std::string& ephemeral) {
  std::string body = R"({"events":[)" + events + "]";
  if (!ephemeral.empty()) body += R"(,"ephemeral":[)" + ephemeral + "]";
  return request("PUT", "/_matrix/app/v1/transactions/" + transaction, body + "}");
}

std::string NetworkTest::message(const std::string& event_id, const std::string& room_id,
                                 const std::string& sender, const std::string& body) {
  return R"({"type":"m.room.message","event_id":")" + event_id + R"(","room_id":")" + room_id +
         R"(","sender":")" + sender + R"(","origin_server_ts":1700000000000,"content":)" +
         R"({"msgtype":"m.text","body":")" + body + R"("}})";
}

}  // namespace dragoman::matrix::test
