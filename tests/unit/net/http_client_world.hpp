// An HttpClient and its server in one loop.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "bridges/net/http_client.hpp"
#include "tests/unit/net/http_peer.hpp"

namespace dragoman::net::test {

inline std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
         body;
}

class HttpClientWorld : public testing::Test {
 protected:
  HttpClientWorld() : server(loop, [this](RawServer::Connection& c) { on_bytes(c); }) {
    client.emplace(loop, options);
  }

  // Answers each request whose head is whole with `answers` in turn, the last one again and again.
  void on_bytes(RawServer::Connection& c) {
    std::string request;
    while (c.take_request(request)) {
      requests.push_back(request);
      auto n = std::min(requests.size(), answers.size());
      if (n > 0) c.say(answers[n - 1]);
      if (close_after_answer) c.close();
    }
  }
  template <class Done>
  bool until(Done done) {
    return run_until(loop, done);
  }
  HttpRequest get(const std::string& path = "/") {
    HttpRequest request;
    request.url = server.url(path);
    return request;
  }
  HttpResult fetch(HttpRequest request) {
    std::optional<HttpResult> result;
    client->send(std::move(request), [&](HttpResult r) { result = std::move(r); });
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : Failure{};
  }
  Reason refusal(HttpRequest request) {
    auto result = fetch(std::move(request));
    if (auto* failure = std::get_if<Failure>(&result)) {
      EXPECT_FALSE(failure->text.empty());
      return failure->reason;
    }
    ADD_FAILURE() << "there was an answer";
    return Reason::network_error;
  }

  boost::asio::io_context loop;
  HttpClient::Options options;
  std::optional<HttpClient> client;
  std::vector<std::string> requests, answers{ok("hello")};
  bool close_after_answer = false;
  RawServer server;
};

}  // namespace dragoman::net::test
