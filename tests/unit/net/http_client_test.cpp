// HttpClient against peers in the same loop.
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/unit/net/http_client_world.hpp"

namespace dragoman::net {
namespace {

namespace asio = boost::asio;
using test::ok;

class Http : public test::HttpClientWorld {};

TEST_F(Http, AnAnswerHasStatusHeadersAndBody) {
  answers = {"HTTP/1.1 404 Gone Fishing\r\nX-ONE:  a b \r\nContent-Length: 3\r\n\r\nabc"};
  auto result = fetch(get("/a/../b?c"));
  auto& response = std::get<HttpResponse>(result);
  EXPECT_EQ(response.head.status, 404);
  ASSERT_NE(response.head.header("x-one"), nullptr);
  EXPECT_EQ(*response.head.header("x-one"), "a b");
  EXPECT_EQ(response.head.length, 3U);
  EXPECT_EQ(response.body, "abc");
  EXPECT_EQ(requests.at(0).substr(0, 24), "GET /a/../b?c HTTP/1.1\r\n");
}

TEST_F(Http, AConnectionIsUsedAgain) {
  for (int i = 0; i < 5; ++i) fetch(get());
  EXPECT_EQ(requests.size(), 5U);
  EXPECT_EQ(server.connections.size(), 1U);
}

TEST_F(Http, AKeptConnectionThatTheServerEndedIsMadeAnew) {
  close_after_answer = true;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(std::get<HttpResponse>(fetch(get())).body, "hello");
  EXPECT_EQ(server.connections.size(), 3U);
}

TEST_F(Http, ABodyGoesOutWithItsHeadersAndNoOthers) {
  std::string got;
  RawServer other(loop, [&](RawServer::Connection& c) {
    if (c.got.find("{\"a\":1}") == std::string::npos) return;
    got = c.got;
    c.say(ok("{}"));
  });
  HttpRequest request;
  request.method = "PUT";
  request.url = other.url("/x");
  request.headers = {{"Authorization", "Bearer t"}, {"Content-Type", "application/json"}, {"X-Empty", ""}};
  request.body = R"({"a":1})";
  EXPECT_EQ(std::get<HttpResponse>(fetch(request)).body, "{}");
  EXPECT_EQ(got.substr(0, 17), "PUT /x HTTP/1.1\r\n");
  EXPECT_NE(got.find("\r\nAuthorization: Bearer t\r\n"), std::string::npos);
  EXPECT_NE(got.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_NE(got.find("\r\nX-Empty:\r\n"), std::string::npos);
  EXPECT_NE(got.find("\r\nContent-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(got.find("Expect"), std::string::npos);
  EXPECT_EQ(got.find("Cookie"), std::string::npos);
}

TEST_F(Http, APostWithoutABodySaysSo) {
  auto request = get();
  request.method = "POST";
  fetch(request);
  EXPECT_NE(requests.at(0).find("Content-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(requests.at(0).find("Content-Type"), std::string::npos);
}

TEST_F(Http, AFileIsReadFromItsDescriptor) {
  FILE* file = std::tmpfile();
  std::string content(300'000, 'x');
  content += "end";
  std::fwrite(content.data(), 1, content.size(), file);
  std::fflush(file);
  std::string got;
  RawServer other(loop, [&](RawServer::Connection& c) {
    auto head = c.got.find("\r\n\r\n");
    if (head == std::string::npos || c.got.size() < head + 4 + content.size()) return;
    got = c.got;
    c.say(ok("{}"));
  });
  HttpRequest request;
  request.method = "POST";
  request.url = other.url();
  request.file = fileno(file);
  request.file_size = content.size();
  EXPECT_EQ(std::get<HttpResponse>(fetch(request)).body, "{}");
  EXPECT_EQ(got.substr(0, 16), "POST / HTTP/1.1\r");
  EXPECT_NE(got.find("Content-Length: 300003\r\n"), std::string::npos);
  EXPECT_EQ(got.find("chunked"), std::string::npos);
  EXPECT_EQ(got.substr(got.find("\r\n\r\n") + 4), content);
  std::fclose(file);
}

TEST_F(Http, AHeadRequestHasALengthAndNoBody) {
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"};
  auto request = get();
  request.method = "HEAD";
  auto result = fetch(request);
  EXPECT_EQ(std::get<HttpResponse>(result).head.length, 99999999999U);
  EXPECT_TRUE(std::get<HttpResponse>(result).body.empty());
}

TEST_F(Http, CallbacksNeverComeFromWithin) {
  bool called = false;
  auto bad = get();
  bad.url = "gopher://x/";
  client->send(bad, [&](const HttpResult&) { called = true; });
  client->send(get(), [&](const HttpResult&) { called = true; });
  EXPECT_FALSE(called);
  EXPECT_EQ(client->open(), 2U);
}

TEST_F(Http, ARequestThatCantBeSentIsInvalid) {
  auto request = get();
  for (const std::string url :
       {"", "example.org/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "https:///", "http://a b/",
        "http://127.0.0.1/\r\nX: y", "http://[::1", "http://127.0.0.1:99999/", "gopher://127.0.0.1/"}) {
    request.url = url;
    EXPECT_EQ(refusal(request), Reason::invalid) << url;
  }
  request = get();
  request.headers = {{"X", "a\r\nY: b"}};
  EXPECT_EQ(refusal(request), Reason::invalid);
  request.headers = {{"X: y\r\nZ", "a"}};
  EXPECT_EQ(refusal(request), Reason::invalid);
  request = get();
  request.method = "GET / HTTP/1.1\r\nX: y\r\n";
  EXPECT_EQ(refusal(request), Reason::invalid);
  EXPECT_TRUE(requests.empty());
}

TEST_F(Http, CredentialsInAUrlAreRefused) {
  auto request = get();
  request.url = "http://user:secret@127.0.0.1:" + std::to_string(server.port()) + "/";
  EXPECT_EQ(refusal(request), Reason::invalid);
  EXPECT_TRUE(server.connections.empty());
}

TEST_F(Http, ARefusedConnectionAndAnUnknownHostAreToldApart) {
  std::uint16_t port = 0;
  {
    asio::ip::tcp::acceptor gone(loop, {asio::ip::address_v4::loopback(), 0});
    port = gone.local_endpoint().port();
  }
  auto request = get();
  request.url = "http://127.0.0.1:" + std::to_string(port) + "/";
  EXPECT_EQ(refusal(request), Reason::connection_refused);
  request.url = "http://nowhere.invalid/";
  EXPECT_EQ(refusal(request), Reason::dns_failed);
}

TEST_F(Http, AServerThatStopsInTheMiddleIsALostConnection) {
  close_after_answer = true;
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"};
  EXPECT_EQ(refusal(get()), Reason::connection_lost);
  answers = {""};
  EXPECT_EQ(refusal(get()), Reason::connection_lost);
}

TEST_F(Http, AServerThatIsSilentIsTimedOut) {
  answers = {};
  auto request = get();
  request.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(refusal(request), Reason::timed_out);
}

TEST_F(Http, GarbageIsNoAnswer) {
  answers = {"220 mail.example.org ESMTP\r\n"};
  close_after_answer = true;
  EXPECT_NE(refusal(get()), Reason::timed_out);
}

TEST_F(Http, TooLargeAnAnswerIsGivenUp) {
  auto request = get();
  request.max_body = 4;
  EXPECT_EQ(refusal(request), Reason::too_large);  // by what it says
  answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"};
  EXPECT_EQ(refusal(request), Reason::too_large);  // by what it is
  answers = {"HTTP/1.1 200 OK\r\n" + std::string(300, 'x') + ": " + std::string(90'000, 'y') + "\r\n" +
             "a: " + std::string(90'000, 'y') + "\r\nb: " + std::string(90'000, 'y') + "\r\n\r\n"};
  EXPECT_EQ(refusal(get()), Reason::too_large);
}

TEST_F(Http, ARedirectIsAnAnswerUnlessItIsToBeFollowed) {
  auto to = "HTTP/1.1 302 Found\r\nLocation: " + server.url("/there") + "\r\nContent-Length: 4\r\n\r\nbody";
  answers = {to};
  auto result = fetch(get());
  EXPECT_EQ(std::get<HttpResponse>(result).head.status, 302);
  EXPECT_EQ(std::get<HttpResponse>(result).body, "body");

  answers = {to, to, ok("there")};
  auto request = get();
  request.max_redirects = 1;
  result = fetch(request);
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(result));
  EXPECT_EQ(std::get<HttpResponse>(result).body, "there");
  EXPECT_EQ(std::get<HttpResponse>(result).head.status, 200);
  EXPECT_EQ(std::get<HttpResponse>(result).head.header("location"), nullptr);

  answers = {to};
  EXPECT_EQ(refusal(request), Reason::invalid);
}

TEST_F(Http, ARedirectToAnotherProtocolIsRefused) {
  answers = {"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"};
  auto request = get();
  request.max_redirects = 3;
  EXPECT_EQ(refusal(request), Reason::invalid);
}

TEST_F(Http, AStrangersUrlReachesNoPrivateAddress) {
  auto request = get();
  request.untrusted = true;
  EXPECT_EQ(refusal(request), Reason::not_permitted);
  auto port = std::to_string(server.port());
  for (const std::string host : {"localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1", "2130706433",
                                 "0x7f.1", "0177.0.0.1", "[::]"}) {
    request.url = "http://" + host + ":" + port + "/";
    EXPECT_EQ(refusal(request), Reason::not_permitted) << host;
  }
  EXPECT_TRUE(server.connections.empty());
}

TEST_F(Http, AStrangersUrlDoesNotRideOnATrustedConnection) {
  fetch(get());
  auto request = get();
  request.untrusted = true;
  EXPECT_EQ(refusal(request), Reason::not_permitted);
  EXPECT_EQ(requests.size(), 1U);
}

TEST_F(Http, NothingIsToldAfterACancel) {
  bool called = false;
  answers = {};
  auto id = client->send(get(), [&](const HttpResult&) { called = true; });
  ASSERT_TRUE(until([&] { return !requests.empty(); }));
  client->cancel(id);
  client->cancel(id);
  EXPECT_EQ(client->open(), 0U);
  server.connections.at(0)->say(ok("late"));
  answers = {ok("next")};
  EXPECT_EQ(std::get<HttpResponse>(fetch(get())).body, "next");
  EXPECT_FALSE(called);
}

TEST_F(Http, ACallbackMayEndTheClient) {
  bool called = false, other = false;
  client->send(get(), [&](const HttpResult&) {
    called = true;
    client.reset();
  });
  auto slow = get();
  slow.url = "http://nowhere.invalid/";
  client->send(slow, [&](const HttpResult&) { other = true; });
  ASSERT_TRUE(until([&] { return called; }));
  loop.restart();
  loop.poll();
  EXPECT_EQ(called && other, other);
}

TEST_F(Http, ManyRequestsAtOnceAllGetTheirAnswer) {
  int done = 0;
  for (int i = 0; i < 200; ++i) {
    client->send(get("/" + std::to_string(i)), [&](const HttpResult& r) {
      EXPECT_TRUE(std::holds_alternative<HttpResponse>(r));
      ++done;
    });
  }
  ASSERT_TRUE(until([&] { return done == 200; }));
  EXPECT_LE(server.connections.size(), options.max_per_host);
  EXPECT_EQ(std::set<std::string>(requests.begin(), requests.end()).size(), 200U);
}

TEST_F(Http, RequestsThatWaitForTheirTurnAreTimedOutAndCancelledToo) {
  options.max_per_host = 1;
  client.emplace(loop, options);
  answers = {};
  int timed_out = 0;
  auto request = get();
  request.timeout = std::chrono::milliseconds(50);
  HttpClient::Id last = 0;
  for (int i = 0; i < 100; ++i) {
    last = client->send(request, [&](const HttpResult& result) {
      const auto* failure = std::get_if<Failure>(&result);
      if (failure != nullptr && failure->reason == Reason::timed_out) ++timed_out;
    });
  }
  client->cancel(last);
  ASSERT_TRUE(until([&] { return timed_out == 99; }));
  EXPECT_EQ(client->open(), 0U);
  answers = {ok("again")};
  EXPECT_EQ(std::get<HttpResponse>(fetch(get())).body, "again");
}

TEST_F(Http, AnotherHostDoesNotWaitForASilentOne) {
  options.max_per_host = 1;
  client.emplace(loop, options);
  answers = {};
  int told = 0;
  for (int i = 0; i < 100; ++i) client->send(get(), [&](const HttpResult&) { ++told; });
  RawServer other(loop, [](RawServer::Connection& c) {
    std::string request;
    while (c.take_request(request)) c.say(ok("here"));
  });
  HttpRequest request;
  request.url = other.url("/");
  EXPECT_EQ(std::get<HttpResponse>(fetch(request)).body, "here");
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace dragoman::net
