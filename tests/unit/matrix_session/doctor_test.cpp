// What the doctor finds, with a homeserver that has each illness in turn.
#include "bridges/matrix/doctor.hpp"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bridges/matrix/media_link.hpp"
#include "bridges/matrix/registration.hpp"
#include "config/settings.hpp"
#include "mapping/store.hpp"
#include "tests/unit/matrix_session/homeserver.hpp"
#include "tests/unit/net/http_peer.hpp"

namespace dragoman::matrix {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr const char* versions = "/_matrix/client/versions";
constexpr const char* whoami = "/_matrix/client/v3/account/whoami";
constexpr const char* enlist = "/_matrix/client/v3/register";
constexpr const char* available = "/_matrix/client/v3/register/available";
constexpr const char* ping = "/_matrix/client/v1/appservice/dragoman/ping";
constexpr const char* upload = "/_matrix/media/v3/upload";
constexpr const char* download = "/_matrix/client/v1/media/download/example.org/file";

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-doctor-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder = pattern;
    bridge.domain = "matrix.example.net";
    bridge.matrix.homeserver = {server.url(), "example.org", ""};
    bridge.matrix.appservice.port = free_port();
    bridge.matrix.public_url = appservice_url(bridge);
    tokens = tokens_of(bridge, store());
    hs_token = tokens.hs_token;
    server.on("GET", versions, R"({"versions":["r0.6.1","v1.1","v1.12"]})");
    server.on("GET", whoami, R"({"user_id":"@xmpp:example.org"})");
    server.on("POST", enlist, Homeserver::Scripted{400, R"({"errcode":"M_USER_IN_USE"})"});
    server.on("GET", available, Homeserver::Scripted{400, R"({"errcode":"M_EXCLUSIVE"})"});
    server.on("POST", ping, [this](const net::ServedRequest&, const std::shared_ptr<net::Answer>& answer) {
      come(answer);
    });
    server.on("POST", upload,
              [this](const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
                file = request.body;
                answer->send(200, json, R"({"content_uri":"mxc://example.org/file"})");
              });
    server.on("GET", download, [this](const net::ServedRequest&, const std::shared_ptr<net::Answer>& answer) {
      answer->send(200, {{"Content-Type", "text/plain"}}, file);
    });
    server.on("GET", "/_matrix/client/v1/media/config", R"({"m.upload.size":100000000})");
    server.on("GET", "/_matrix/client/v3/capabilities",
              R"({"capabilities":{"m.room_versions":{"default":"12"}}})");
  }
  ~DoctorTest() override {
    open_store.reset();
    std::filesystem::remove_all(folder);
  }

  Store& store() {
    if (!open_store) open_store = std::make_unique<Store>(folder + "/db", folder + "/key");
    return *open_store;
  }
  std::uint16_t free_port() { return net::HttpServer(loop, {}, {}).port(); }

  // The homeserver comes to us, as it does when it is asked to, and tells how that went.
  void come(const std::shared_ptr<net::Answer>& answer) {
    net::HttpRequest request{.method = "POST",
                             .url = appservice_url(bridge) + "/_matrix/app/v1/ping",
                             .headers = {{"Authorization", "Bearer " + hs_token}},
                             .body = "{}"};
    client->send(std::move(request), [answer](const net::HttpResult& result) {
      const auto* response = std::get_if<net::HttpResponse>(&result);
      if (response == nullptr) {
        answer->send(502, json, R"({"errcode":"M_CONNECTION_FAILED","error":"refused"})");
      } else if (response->head.status != 200) {
        answer->send(502, json, R"({"errcode":"M_BAD_STATUS","error":"no","status":403})");
      } else {
        answer->send(200, json, R"({"duration_ms":1})");
      }
    });
  }

  // While it looks, the homeserver runs beside it.
  int examine() {
    client = std::make_unique<net::HttpClient>(loop, net::HttpClient::Options{});
    auto work = boost::asio::make_work_guard(loop);
    loop.restart();
    std::thread beside([this] { loop.run(); });
    char* text = nullptr;
    std::size_t size = 0;
    std::FILE* out = open_memstream(&text, &size);
    const int wrong = doctor(bridge, store(), out);
    std::fclose(out);
    said.assign(text, size);
    std::free(text);
    loop.stop();
    beside.join();
    client.reset();
    return wrong;
  }
  void refuse(const char* method, const char* path, int status, const std::string& body) {
    server.forget(method, path);
    server.on(method, path, Homeserver::Scripted{status, body});
  }
  void finds(const std::string& words) {
    EXPECT_EQ(examine(), 1) << said;
    EXPECT_THAT(said, AllOf(HasSubstr("wrong  "), HasSubstr(words), Not(HasSubstr("all is well"))));
  }

  inline static const net::HttpHeaders json{{"Content-Type", "application/json"}};
  boost::asio::io_context loop{1};
  std::string folder, hs_token, file, said;
  Homeserver server{loop};
  config::Bridge bridge;
  std::unique_ptr<Store> open_store;
  std::unique_ptr<net::HttpClient> client;
  Tokens tokens;
};

TEST_F(DoctorTest, FindsNothingWhereNothingIsWrong) {
  EXPECT_EQ(examine(), 0) << said;
  EXPECT_THAT(
      said,
      AllOf(HasSubstr("is a homeserver and speaks v1.12"), HasSubstr("we are @xmpp:example.org"),
            HasSubstr("user ids that begin with _xmpp_ are the bridge's"),
            HasSubstr("the homeserver reaches us at " + appservice_url(bridge)),
            HasSubstr("files go to the homeserver and come back"),
            HasSubstr(bridge.matrix.public_url + " leads to us"), HasSubstr("new rooms are of version 12"),
            HasSubstr("all is well"), Not(HasSubstr("wrong"))));
  EXPECT_EQ(*server.last("GET", whoami)->header("authorization"), "Bearer " + tokens.as_token);
  EXPECT_THAT(said, AllOf(Not(HasSubstr(tokens.as_token)), Not(HasSubstr(tokens.hs_token))));
}

TEST_F(DoctorTest, AHomeserverThatIsAwayEndsTheExamination) {
  server.down();
  finds("does not answer");
  EXPECT_THAT(said,
              AllOf(HasSubstr("start the homeserver, or mend homeserver.url"), HasSubstr("mend this first")));
}

TEST_F(DoctorTest, SomethingElseAtItsAddressIsNoHomeserver) {
  refuse("GET", versions, 200, R"({"hello":"world"})");
  finds("not as a homeserver does (status 200): mend homeserver.url");
}

TEST_F(DoctorTest, AnOldHomeserverIsToBeUpdated) {
  refuse("GET", versions, 200, R"({"versions":["r0.6.1","v1.2","v2.99",7]})");
  finds("speaks v1.2 of the specification at most: update it to one that speaks v1.11");
}

TEST_F(DoctorTest, ClocksThatDifferAreTold) {
  // Our own server tells the right time whatever it is told.
  net::RawServer late(loop, [](net::RawServer::Connection& connection) {
    std::string request;
    if (!connection.take_request(request)) return;
    const std::string body = R"({"versions":["v1.12"]})";
    connection.say("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body);
  });
  bridge.matrix.homeserver.url = "http://127.0.0.1:" + std::to_string(late.port());
  EXPECT_GT(examine(), 0);
  EXPECT_THAT(said, AllOf(HasSubstr("wrong  the clocks differ by"), HasSubstr("NTP")));
}

TEST_F(DoctorTest, ATokenThatIsNotKnownMeansNoRegistration) {
  refuse("GET", whoami, 401, R"({"errcode":"M_UNKNOWN_TOKEN"})");
  finds("does not know our token: save what `dragoman register-matrix --domain matrix.example.net` prints");
  EXPECT_EQ(server.count("POST", ping), 0U);
}

TEST_F(DoctorTest, AnotherNameOfTheHomeserverIsTold) {
  refuse("GET", whoami, 200, R"({"user_id":"@xmpp:example.com"})");
  finds("the homeserver's name is example.com: say so in homeserver.server_name");
}

TEST_F(DoctorTest, AnotherNameOfOursIsAnOldRegistration) {
  refuse("GET", whoami, 200, R"({"user_id":"@bridge:example.org"})");
  finds("it calls us @bridge:example.org, the configuration @xmpp:example.org");
}

TEST_F(DoctorTest, AUserOfOursThatCantBeMadeIsTold) {
  refuse("POST", enlist, 403, R"({"errcode":"M_FORBIDDEN"})");
  finds("the bridge's own user @xmpp:example.org can't be made (M_FORBIDDEN");
}

TEST_F(DoctorTest, NamesThatAreNotOursAreTold) {
  server.forget("GET", whoami);
  server.on("GET", whoami, [](const net::ServedRequest& request, const std::shared_ptr<net::Answer>& answer) {
    if (!request.parameter("user_id")) return answer->send(200, json, R"({"user_id":"@xmpp:example.org"})");
    answer->send(403, json,
                 R"({"errcode":"M_FORBIDDEN","error":"Application service cannot masquerade as this user"})");
  });
  finds("user ids that begin with _xmpp_ are not the bridge's");
}

TEST_F(DoctorTest, NamesThatAnybodyMayTakeAreTold) {
  refuse("GET", available, 200, R"({"available":true})");
  finds("user ids that begin with _xmpp_ are not kept for the bridge");
}

TEST_F(DoctorTest, AHomeserverThatDoesNotReachUsIsTold) {
  refuse("POST", ping, 502, R"({"errcode":"M_CONNECTION_FAILED","error":"refused"})");
  finds("the homeserver does not reach us");
  EXPECT_THAT(said, HasSubstr("mend appservice.listen and appservice.url"));
}

TEST_F(DoctorTest, AHomeserverWithAnotherTokenIsTold) {
  hs_token = "another";
  finds("the homeserver came with another token than ours");
}

TEST_F(DoctorTest, SomebodyElseAtOurAddressIsTold) {
  refuse("POST", ping, 502, R"({"errcode":"M_BAD_STATUS","error":"404"})");
  finds("somebody else answers at " + appservice_url(bridge));
}

TEST_F(DoctorTest, AnotherIdOrNoUrlInTheRegistrationIsTold) {
  refuse("POST", ping, 403, R"({"errcode":"M_FORBIDDEN"})");
  finds("the homeserver knows us by another id than dragoman: mend appservice.id");
  refuse("POST", ping, 400, R"({"errcode":"M_URL_NOT_SET"})");
  finds("has no url");
}

TEST_F(DoctorTest, DragomanThatRunsAlreadyIsAskedInItsPlace) {
  const net::HttpServer running(loop, {.port = bridge.matrix.appservice.port},
                                [](net::ServedRequest&& request, const std::shared_ptr<net::Answer>& answer) {
                                  if (request.path == "/_matrix/app/v1/ping")
                                    return answer->send(200, {}, "{}");
                                  answer->send(403, {},
                                               R"({"error":")" + std::string(not_our_link) + R"("})");
                                });
  EXPECT_EQ(examine(), 0) << said;
  EXPECT_THAT(said, HasSubstr("dragoman itself should be answering there"));
}

TEST_F(DoctorTest, ARepositoryThatTakesNoFilesOrGivesOthersIsTold) {
  refuse("POST", upload, 507, R"({"errcode":"M_UNKNOWN"})");
  finds("files can't be given to the homeserver (status 507, M_UNKNOWN)");
  refuse("POST", upload, 200, R"({"content_uri":"http://example.org/file"})");
  finds("files can't be given to the homeserver (status 200)");
  refuse("POST", upload, 200, R"({"content_uri":"mxc://example.org/file"})");
  refuse("GET", download, 200, "something else");
  finds("files can't be had from the homeserver (status 200)");
  refuse("GET", download, 404, R"({"errcode":"M_NOT_FOUND"})");
  finds("files can't be had from the homeserver (status 404, M_NOT_FOUND)");
}

TEST_F(DoctorTest, FilesThatAreTooLargeForTheHomeserverAreNoted) {
  refuse("GET", "/_matrix/client/v1/media/config", 200, R"({"m.upload.size":1000})");
  EXPECT_EQ(examine(), 0) << said;
  EXPECT_THAT(said, HasSubstr("takes files of 1000 bytes at most, less than max_file_bytes"));
}

TEST_F(DoctorTest, APublicUrlThatLeadsElsewhereOrNowhereIsTold) {
  bridge.matrix.public_url = server.url();
  finds(server.url() + " leads to somebody else (status 404)");
  bridge.matrix.public_url = "http://127.0.0.1:" + std::to_string(free_port());
  finds("let the reverse proxy hand it to 127.0.0.1:");
  bridge.matrix.public_url.clear();
  EXPECT_EQ(examine(), 0) << said;
  EXPECT_THAT(said, HasSubstr("there is no public_url: people on XMPP get no files from Matrix"));
}

}  // namespace
}  // namespace dragoman::matrix
