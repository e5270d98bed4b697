// Files between a homeserver, an XMPP server's files and people who open links.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <gtest/gtest.h>

#include "bridges/matrix/media.hpp"
#include "mapping/store.hpp"
#include "tests/unit/matrix_session/homeserver.hpp"

namespace dragoman::matrix::test {

using std::chrono::milliseconds;

inline const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x80\x08\6\0\0\0", 29);

class MediaWorld : public testing::Test {
 protected:
  MediaWorld() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-media-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    store.emplace(folder + "/dragoman.db", folder + "/key");
    net::HttpServer::Options ours;
    server.emplace(loop, ours, [this](net::ServedRequest&& request, std::shared_ptr<net::Answer> answer) {
      if (!media || !media->serve(request, answer)) answer->send(404, {}, "not ours");
    });
    options.network = NetworkId("matrix.example.net");
    options.public_url = "http://127.0.0.1:" + std::to_string(server->port()) + "/";
    options.max_file_bytes = 1'000'000;
    options.fetch_private_addresses = true;
    begin();
  }
  ~MediaWorld() override {
    media.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  void begin() {
    media.reset();
    media.emplace(loop, *store, api, options, homeserver.voice("@bridge:x"),
                  Api::Pauses{milliseconds(5), milliseconds(20)});
  }
  template <class Done>
  bool until(Done done) {
    return run_until(loop, done);
  }
  net::HttpResult fetch(const std::string& url, const std::string& method = "GET",
                        net::HttpHeaders headers = {}) {
    std::optional<net::HttpResult> result;
    net::HttpRequest request;
    request.method = method;
    request.url = url;
    request.headers = std::move(headers);
    http.send(std::move(request), [&](net::HttpResult r) { result = std::move(r); });
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : Failure{};
  }
  net::HttpResponse got(const std::string& url, const std::string& method = "GET",
                        net::HttpHeaders headers = {}) {
    auto result = fetch(url, method, std::move(headers));
    auto* response = std::get_if<net::HttpResponse>(&result);
    EXPECT_NE(response, nullptr);
    return response != nullptr ? *response : net::HttpResponse{};
  }
  std::variant<Uploaded, Failure> upload(Attachment file) {
    std::optional<std::variant<Uploaded, Failure>> result;
    media->upload(homeserver.voice("@_xmpp_a:x"), file, [&](auto r) { result = std::move(r); });
    EXPECT_FALSE(result);
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : Failure{};
  }
  Reason refusal(Attachment file) {
    auto result = upload(std::move(file));
    auto* failure = std::get_if<Failure>(&result);
    EXPECT_NE(failure, nullptr);
    if (failure == nullptr) return Reason::storage_failed;
    EXPECT_FALSE(failure->text.empty());
    return failure->reason;
  }
  static Homeserver::Scripted file(const std::string& body, const std::string& type) {
    return {200, body, {{"Content-Type", type}}};
  }

  const MediaRef ref{.mxc = "mxc://h:8448/ID", .name = "a.png", .media_type = "image/png", .event_id = "$e"};
  const std::string download = "/_matrix/client/v1/media/download/h%3A8448/ID";

  boost::asio::io_context loop;
  std::string folder;
  std::optional<Store> store;
  Homeserver homeserver{loop}, files{loop};
  net::HttpClient http{loop, {}};
  Api api{loop, http};
  Media::Options options;
  std::optional<Media> media;
  std::optional<net::HttpServer> server;
};

}  // namespace dragoman::matrix::test
