// HttpClient against peers in the same loop.
#include "bridges/net/http_client.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <set>

#include <arpa/inet.h>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include "bridges/net/http_address.hpp"
#include "tests/unit/net/http_peer.hpp"

namespace dragoman::net {
namespace {

namespace asio = boost::asio;

std::string ok(const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
         body;
}

class Http : public testing::Test {
 protected:
  Http() : server(loop, [this](RawServer::Connection& c) { on_bytes(c); }) { client.emplace(loop, options); }

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

  asio::io_context loop;
  HttpClient::Options options;
  std::optional<HttpClient> client;
  std::vector<std::string> requests, answers{ok("hello")};
  bool close_after_answer = false;
  RawServer server;
};

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

// ----------------------------------------------------------------------------------------------------------

class HttpStream : public Http {
 protected:
  HttpClient::Id start(HttpRequest request) {
    return client->stream(std::move(request),
                          {[this](const HttpHead& h) { head = h; }, [this](std::string_view d) { data += d; },
                           [this](const std::optional<Failure>& f) {
                             ended = true;
                             failure = f;
                           }});
  }
  RawServer::Connection& peer() { return *server.connections.at(0); }

  std::optional<HttpHead> head;
  std::string data;
  bool ended = false;
  std::optional<Failure> failure;
};

TEST_F(HttpStream, ComesPieceByPiece) {
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"};
  start(get());
  ASSERT_TRUE(until([&] { return head.has_value(); }));
  EXPECT_EQ(head->length, 6U);
  peer().say("abc");
  ASSERT_TRUE(until([&] { return data == "abc"; }));
  EXPECT_FALSE(ended);
  peer().say("def");
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(data, "abcdef");
  EXPECT_FALSE(failure);
  EXPECT_EQ(client->open(), 0U);
}

TEST_F(HttpStream, ABrokenOneEndsWithAFailure) {
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"};
  close_after_answer = true;
  start(get());
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(data, "abc");
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::connection_lost);
}

TEST_F(HttpStream, OneThatIsTooLargeByWhatItSaysHasNoHead) {
  auto request = get();
  request.max_body = 4;
  start(request);
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_FALSE(head);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::too_large);
}

TEST_F(HttpStream, WhileHeldNothingIsToldAndThePeerIsSlowedDown) {
  std::string big(32 << 20, 'x');
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(big.size()) + "\r\n\r\n"};
  auto id = start(get());
  ASSERT_TRUE(until([&] { return head.has_value(); }));
  client->hold(id, true);
  bool written = false;
  asio::async_write(peer().socket, asio::buffer(big), [&](const auto& error, std::size_t) {
    EXPECT_FALSE(error);
    written = true;
  });
  for (int i = 0; i < 10; ++i) {
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(data.empty());
  EXPECT_FALSE(written);
  client->hold(id, false);
  ASSERT_TRUE(until([&] { return ended && written; }));
  EXPECT_EQ(data.size(), big.size());
}

TEST_F(HttpStream, OneThatIsSilentForTooLongIsTimedOutUnlessHeld) {
  answers = {"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc"};
  auto request = get();
  request.timeout = std::chrono::milliseconds(60);
  auto id = start(request);
  ASSERT_TRUE(until([&] { return data == "abc"; }));
  client->hold(id, true);
  auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  ASSERT_TRUE(until([&] { return std::chrono::steady_clock::now() > later; }));
  EXPECT_FALSE(ended);
  EXPECT_EQ(client->open(), 1U);
  client->hold(id, false);
  ASSERT_TRUE(until([&] { return ended; }));
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, Reason::timed_out);
}

TEST_F(HttpStream, ACallbackMayCancelOrEndAll) {
  answers = {ok("hello")};
  bool called = false;
  HttpClient::Id id = 0;
  id = client->stream(get(),
                      {[&](const HttpHead&) { client->cancel(id); }, [&](std::string_view) { ADD_FAILURE(); },
                       [&](const std::optional<Failure>&) { ADD_FAILURE(); }});
  ASSERT_TRUE(until([&] { return client->open() == 0; }));
  client->stream(get(), {{},
                         [&](std::string_view) {
                           called = true;
                           client.reset();
                         },
                         [&](const std::optional<Failure>&) { ADD_FAILURE(); }});
  ASSERT_TRUE(until([&] { return called; }));
}

// ----------------------------------------------------------------------------------------------------------

// A certificate of its own authority for "localhost".
class HttpsClient : public Http {
 protected:
  HttpsClient() : context(asio::ssl::context::tls_server) {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-https-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    auto made =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost -addext subjectAltName=DNS:localhost -keyout " +
        (folder / "key").string() + " -out " + (folder / "cert").string() + " 2>" + (folder / "log").string();
    if (std::system(made.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
    context.use_certificate_chain_file((folder / "cert").string());
    context.use_private_key_file((folder / "key").string(), asio::ssl::context::pem);
  }
  ~HttpsClient() override { std::filesystem::remove_all(folder); }

  HttpResult fetch_securely(const std::string& host) {
    client.emplace(loop, options);
    asio::ip::tcp::acceptor acceptor(loop, {asio::ip::address_v4::loopback(), 0});
    std::unique_ptr<asio::ssl::stream<asio::ip::tcp::socket>> secure;
    std::string head;
    acceptor.async_accept([&](const auto& error, asio::ip::tcp::socket socket) {
      if (error) return;
      secure = std::make_unique<asio::ssl::stream<asio::ip::tcp::socket>>(std::move(socket), context);
      secure->async_handshake(asio::ssl::stream_base::server, [&](const auto& failed) {
        if (failed) return;
        asio::async_read_until(*secure, asio::dynamic_buffer(head), "\r\n\r\n",
                               [&](const auto& lost, std::size_t) {
                                 if (!lost) asio::write(*secure, asio::buffer(ok("secret")));
                               });
      });
    });
    HttpRequest request;
    request.url = "https://" + host + ":" + std::to_string(acceptor.local_endpoint().port()) + "/";
    auto result = fetch(request);
    client.reset();
    acceptor.close();
    loop.restart();
    loop.poll();
    return result;
  }

  std::filesystem::path folder;
  asio::ssl::context context;
};

TEST_F(HttpsClient, ATrustedCertificateOfTheRightNameIsTaken) {
  options.ca_file = (folder / "cert").string();
  auto result = fetch_securely("localhost");
  ASSERT_TRUE(std::holds_alternative<HttpResponse>(result)) << std::get<Failure>(result).text;
  EXPECT_EQ(std::get<HttpResponse>(result).body, "secret");
}

TEST_F(HttpsClient, AnUnknownAuthorityAndAWrongNameAreRefused) {
  auto result = fetch_securely("localhost");
  ASSERT_TRUE(std::holds_alternative<Failure>(result));
  EXPECT_EQ(std::get<Failure>(result).reason, Reason::certificate_invalid);
  options.ca_file = (folder / "cert").string();
  result = fetch_securely("127.0.0.1");
  ASSERT_TRUE(std::holds_alternative<Failure>(result));
  EXPECT_EQ(std::get<Failure>(result).reason, Reason::certificate_invalid);
}

TEST_F(HttpsClient, AServerWithoutTlsIsToldAsSuch) {
  auto request = get();
  request.url = "https" + request.url.substr(4);
  answers = {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"};
  RawServer plain(loop, [](RawServer::Connection& c) { c.say("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  request.url = "https://127.0.0.1:" + std::to_string(plain.port()) + "/";
  EXPECT_EQ(refusal(request), Reason::tls_failed);
}

// ----------------------------------------------------------------------------------------------------------

bool is_public(const std::string& text) {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
  } else if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
  } else {
    ADD_FAILURE() << text << " is no address";
  }
  return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

TEST(HttpAddress, TheInternetIsPublic) {
  for (const auto* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
                           "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.0.1",
                           "198.20.0.1", "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
                           "2a01::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"}) {
    EXPECT_TRUE(is_public(text)) << text;
  }
}

TEST(HttpAddress, NothingElseIs) {
  for (const auto* text : {"0.0.0.0",
                           "0.1.2.3",
                           "10.0.0.1",
                           "10.255.255.255",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "127.255.255.254",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.8",
                           "192.0.2.1",
                           "192.88.99.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "198.19.255.255",
                           "198.51.100.1",
                           "203.0.113.1",
                           "224.0.0.1",
                           "239.255.255.255",
                           "240.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:10.0.0.1",
                           "::127.0.0.1",
                           "64:ff9b::7f00:1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::1",
                           "2002:7f00:1::1",
                           "2002:a00:1::",
                           "2001::1",
                           "2001:db8::1",
                           "3fff::1",
                           "fe80::1",
                           "fec0::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "ff02::1",
                           "4000::1",
                           "100::1"}) {
    EXPECT_FALSE(is_public(text)) << text;
  }
  sockaddr other{};
  other.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public_address(other));
}

TEST(HttpText, OnlyUnreservedCharactersStayAsTheyAre) {
  EXPECT_EQ(url_encoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(url_encoded("#a:b/c d%\xc3\xa4\r\n@"), "%23a%3Ab%2Fc%20d%25%C3%A4%0D%0A%40");
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(url_decoded(url_encoded(all)), all);
}

TEST(HttpText, ABrokenPercentIsNotDecoded) {
  for (const auto* text : {"%", "%a", "a%4", "%g0", "%0g", "%%41"}) EXPECT_FALSE(url_decoded(text)) << text;
  EXPECT_EQ(url_decoded("%41%2f+"), "A/+");
  EXPECT_EQ(url_decoded(""), "");
}

}  // namespace
}  // namespace dragoman::net
