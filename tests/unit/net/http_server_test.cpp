// HttpServer against clients in the same loop: HttpClient, and a raw one for what it would not do.
#include "bridges/net/http_server.hpp"

#include <gtest/gtest.h>

#include "bridges/net/http_client.hpp"
#include "tests/unit/net/http_peer.hpp"

namespace dragoman::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Bytes out and bytes in.
class RawClient {
 public:
  RawClient(asio::io_context& loop, std::uint16_t port) : socket(loop) {
    socket.connect({asio::ip::address_v4::loopback(), port});
    socket.non_blocking(true);
  }
  void say(std::string_view bytes) {
    socket.non_blocking(false);
    error_code ignored;
    asio::write(socket, asio::buffer(bytes), ignored);
    socket.non_blocking(true);
  }
  const std::string& heard() {
    std::array<char, 65536> buffer{};
    for (;;) {
      error_code error;
      auto size = socket.read_some(asio::buffer(buffer), error);
      got.append(buffer.data(), size);
      if (error == asio::error::would_block) return got;
      if (error) {
        closed = true;
        clean = error == asio::error::eof;
        return got;
      }
    }
  }
  bool ended() {
    heard();
    return closed;
  }

  tcp::socket socket;
  std::string got;
  bool closed = false, clean = false;
};

class Server : public testing::Test {
 protected:
  void start() {
    server.emplace(loop, options, [this](ServedRequest&& request, std::shared_ptr<Answer> answer) {
      requests.push_back(request);
      if (handler) return handler(std::move(request), answer);
      answer->send(200, {{"Content-Type", "text/plain"}}, "you said " + requests.back().body);
    });
    ASSERT_EQ(server->trouble(), "");
  }
  template <class Done>
  bool until(Done done) {
    return run_until(loop, done);
  }
  RawClient connect() { return RawClient(loop, server->port()); }
  // All that comes until the server ends the connection.
  std::string exchange(const std::string& bytes) {
    auto client = connect();
    client.say(bytes);
    EXPECT_TRUE(until([&] { return client.ended(); }));
    return client.got;
  }
  HttpResult fetch(HttpRequest request) {
    request.url = "http://127.0.0.1:" + std::to_string(server->port()) + request.url;
    std::optional<HttpResult> result;
    http.send(std::move(request), [&](HttpResult r) { result = std::move(r); });
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return result ? std::move(*result) : Failure{};
  }

  asio::io_context loop;
  HttpClient http{loop, {}};
  HttpServer::Options options;
  HttpServer::Handler handler;
  std::vector<ServedRequest> requests;
  std::optional<HttpServer> server;
};

TEST_F(Server, ARequestIsHandedOverWhole) {
  start();
  HttpRequest request;
  request.method = "PUT";
  request.url = "/a%2Fb/c?x=1%20+2&y&z=%41";
  request.headers = {{"X-Name", "value"}};
  request.body = "body";
  auto response = std::get<HttpResponse>(fetch(request));
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.body, "you said body");
  EXPECT_EQ(response.head.length, response.body.size());
  EXPECT_NE(response.head.header("date"), nullptr);
  const auto& got = requests.at(0);
  EXPECT_EQ(got.method, "PUT");
  EXPECT_EQ(got.path, "/a%2Fb/c");
  EXPECT_EQ(got.query, "x=1%20+2&y&z=%41");
  EXPECT_EQ(got.parameter("x"), "1  2");
  EXPECT_EQ(got.parameter("y"), "");
  EXPECT_EQ(got.parameter("z"), "A");
  EXPECT_EQ(got.parameter("w"), std::nullopt);
  EXPECT_EQ(*got.header("x-name"), "value");
  EXPECT_EQ(got.header("X-Name"), nullptr);
  EXPECT_EQ(got.remote, "127.0.0.1");
}

TEST_F(Server, RequestsOfOneConnectionAreAnsweredInTheirOrder) {
  std::vector<std::shared_ptr<Answer>> waiting;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) { waiting.push_back(a); };
  start();
  auto client = connect();
  client.say("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(until([&] { return waiting.size() == 1; }));
  waiting[0]->send(200, {}, "first");
  ASSERT_TRUE(until([&] { return waiting.size() == 2; }));
  waiting[1]->send(200, {}, "second");
  ASSERT_TRUE(until([&] { return client.ended(); }));
  EXPECT_LT(client.got.find("first"), client.got.find("second"));
  EXPECT_NE(client.got.find("second"), std::string::npos);
  EXPECT_TRUE(client.clean);
}

TEST_F(Server, WhoExpects100IsToldToContinue) {
  start();
  auto client = connect();
  client.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.heard() == "HTTP/1.1 100 Continue\r\n\r\n"; }));
  client.say("ab");
  ASSERT_TRUE(until([&] { return client.heard().find("you said ab") != std::string::npos; }));
}

TEST_F(Server, AHeadRequestGetsNoBody) {
  start();
  auto got = exchange("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_NE(got.find("Content-Length: 9\r\n"), std::string::npos);
  EXPECT_EQ(got.find("you said"), std::string::npos);
}

TEST_F(Server, WhatIsNoRequestIsRefusedInWords) {
  start();
  for (const std::string text :
       {"\x16\x03\x01 hello\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/7.1\r\n\r\n",
        "GET / HTTP/1.1\r\nbad\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET foo HTTP/1.1\r\nConnection: close\r\n\r\n"}) {
    auto got = exchange(text);
    EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 400") << text;
    EXPECT_NE(got.find(R"({"errcode":"M_UNKNOWN","error":")"), std::string::npos) << text;
  }
  EXPECT_TRUE(requests.empty());
}

TEST_F(Server, TooMuchIsRefusedInWords) {
  options.max_body = 100;
  start();
  auto got = exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 413");
  EXPECT_NE(got.find("M_TOO_LARGE"), std::string::npos);
  got = exchange("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" +
                 std::string(101, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 413");
  got = exchange("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(17'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(got.substr(0, 12), "HTTP/1.1 431");
  EXPECT_TRUE(requests.empty());
}

TEST_F(Server, ABodyThatIsTooLargeIsAnsweredThoughMoreOfItComes) {
  options.max_body = 100;
  start();
  auto client = connect();
  client.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(200'000, 'x'));
  ASSERT_TRUE(until([&] { return client.heard().find("M_TOO_LARGE") != std::string::npos; }));
  client.say(std::string(100'000, 'x'));
  client.socket.shutdown(tcp::socket::shutdown_send);
  ASSERT_TRUE(until([&] { return client.ended(); }));
  EXPECT_TRUE(client.clean);
}

TEST_F(Server, WhoSendsTooSlowlyIsSentAway) {
  options.timeout = std::chrono::milliseconds(60);
  start();
  auto client = connect();
  client.say("GET / HTTP/1.1\r\n");
  auto sent = std::chrono::steady_clock::now();
  ASSERT_TRUE(until([&] {
    client.say("X");  // a sign of life is not enough
    return client.ended() || std::chrono::steady_clock::now() > sent + std::chrono::seconds(5);
  }));
  EXPECT_EQ(client.got.substr(0, 12), "HTTP/1.1 408");
}

TEST_F(Server, WhoSaysNothingIsSentAwayWithoutAWord) {
  options.timeout = std::chrono::milliseconds(40);
  start();
  EXPECT_EQ(exchange(""), "");
}

TEST_F(Server, WhoReadsTooSlowlyIsSentAway) {
  options.timeout = std::chrono::milliseconds(60);
  bool gone = false;
  std::shared_ptr<Answer> kept;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    kept = a;
    a->on_closed = [&] { gone = true; };
    a->begin(200, {}, std::nullopt);
    while (a->write(std::string(100'000, 'x'))) {
    }
  };
  start();
  auto client = connect();
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until([&] {
    if (kept && kept->open()) kept->write(std::string(100'000, 'x'));
    return gone;
  }));
  EXPECT_FALSE(kept->open());
}

TEST_F(Server, AnAnswerMayTakeItsTime) {
  options.timeout = std::chrono::milliseconds(20);
  std::shared_ptr<Answer> kept;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) { kept = a; };
  start();
  auto client = connect();
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(150);
  ASSERT_TRUE(until([&] { return kept && std::chrono::steady_clock::now() > later; }));
  kept->send(200, {}, "at last");
  ASSERT_TRUE(until([&] { return client.heard().find("at last") != std::string::npos; }));
}

TEST_F(Server, AnAnswerPieceByPieceIsChunked) {
  handler = [](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->begin(200, {}, std::nullopt);
    a->write("hello ");
    a->write("");
    a->write("there");
    a->end();
  };
  start();
  auto response = std::get<HttpResponse>(fetch({.url = "/"}));
  EXPECT_EQ(response.body, "hello there");
  EXPECT_EQ(*response.head.header("transfer-encoding"), "chunked");
  auto old = exchange("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.find("chunked"), std::string::npos);
  EXPECT_EQ(old.substr(old.find("\r\n\r\n") + 4), "hello there");
}

TEST_F(Server, NoMoreAndNoLessThanPromisedIsSent) {
  bool more = true;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->begin(200, {}, 5);
    a->write(more ? "hello there" : "hel");
    a->end();
  };
  start();
  EXPECT_EQ(std::get<HttpResponse>(fetch({.url = "/"})).body, "hello");
  more = false;
  auto result = fetch({.url = "/"});
  ASSERT_TRUE(std::holds_alternative<Failure>(result));
  EXPECT_EQ(std::get<Failure>(result).reason, Reason::connection_lost);
}

TEST_F(Server, ABigAnswerWaitsForItsReader) {
  constexpr std::size_t whole = 20 << 20;
  std::size_t written = 0;
  int drained = 0;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& answer) {
    answer->begin(200, {}, whole);
    std::weak_ptr<Answer> weak = answer;
    auto pump = [&, weak, answer] {
      auto a = weak.lock();
      while (written < whole) {
        written += 64 * 1024;
        if (!a->write(std::string(64 * 1024, 'x'))) return;
      }
      a->end();
    };
    answer->on_drained = [&, pump] {
      ++drained;
      pump();
    };
    pump();
  };
  start();
  auto client = connect();
  client.say("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(until([&] { return written > 0; }));
  for (int i = 0; i < 50; ++i) {
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(1));
  }
  EXPECT_LT(written, whole);  // nobody has read yet
  ASSERT_TRUE(until([&] { return client.ended(); }));
  EXPECT_EQ(client.got.size() - client.got.find("\r\n\r\n") - 4, whole);
  EXPECT_GT(drained, 1);
}

TEST_F(Server, ALetGoAnswerIsAnError) {
  handler = [](ServedRequest&&, const std::shared_ptr<Answer>&) {};
  start();
  auto response = std::get<HttpResponse>(fetch({.url = "/"}));
  EXPECT_EQ(response.head.status, 500);
  EXPECT_NE(response.body.find("errcode"), std::string::npos);
  handler = [](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->begin(200, {}, std::nullopt);
    a->write("half");
  };
  auto cut = fetch({.url = "/"});
  EXPECT_TRUE(std::holds_alternative<Failure>(cut));
}

TEST_F(Server, OnlyTheFirstAnswerCounts) {
  handler = [](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->write("too early");
    a->send(201, {}, "one");
    a->send(202, {}, "two");
    a->begin(203, {}, 3);
    a->write("x");
    a->end();
    EXPECT_FALSE(a->open());
  };
  start();
  auto response = std::get<HttpResponse>(fetch({.url = "/"}));
  EXPECT_EQ(response.head.status, 201);
  EXPECT_EQ(response.body, "one");
}

TEST_F(Server, AHeaderCantBringAnotherOne) {
  handler = [](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->send(200, {{"X-Bad", "a\r\nX-Evil: 1"}, {"X-\r\nEvil", "1"}, {"X-Good", "1"}}, "");
  };
  start();
  auto response = std::get<HttpResponse>(fetch({.url = "/"}));
  EXPECT_EQ(response.head.header("x-evil"), nullptr);
  EXPECT_EQ(response.head.header("x-bad"), nullptr);
  EXPECT_NE(response.head.header("x-good"), nullptr);
}

TEST_F(Server, ThePeersGoingIsNoticedBeforeTheAnswer) {
  std::shared_ptr<Answer> kept;
  bool gone = false;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    kept = a;
    a->on_closed = [&, a] { gone = true; };
  };
  start();
  {
    auto client = connect();
    client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_TRUE(until([&] { return kept != nullptr; }));
    EXPECT_TRUE(kept->open());
  }
  ASSERT_TRUE(until([&] { return gone; }));
  EXPECT_FALSE(kept->open());
  kept->begin(200, {}, 5);
  EXPECT_TRUE(kept->write("x"));
  kept->end();
  kept->abort();
  std::weak_ptr<Answer> weak = kept;
  kept.reset();
  EXPECT_TRUE(weak.expired());  // though its callback held it
}

TEST_F(Server, ItMayEndInTheMiddleOfAnAnswer) {
  std::shared_ptr<Answer> kept;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) {
    a->begin(200, {}, 100);
    a->on_closed = [a] { ADD_FAILURE(); };
    kept = a;
    server.reset();
    a->write("x");
  };
  start();
  auto client = connect();
  client.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until([&] { return client.ended(); }));
  EXPECT_FALSE(kept->open());
  kept->end();
  std::weak_ptr<Answer> weak = kept;
  kept.reset();
  EXPECT_TRUE(weak.expired());
}

TEST_F(Server, ConnectionsAreBounded) {
  options.max_connections = 2;
  std::vector<std::shared_ptr<Answer>> kept;
  handler = [&](ServedRequest&&, const std::shared_ptr<Answer>& a) { kept.push_back(a); };
  start();
  auto idle = connect(), busy = connect();
  busy.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until([&] { return kept.size() == 1; }));
  auto third = connect();  // takes the place of the idle one
  third.say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(until([&] { return kept.size() == 2 && idle.ended(); }));
  auto fourth = connect();
  ASSERT_TRUE(until([&] { return fourth.ended(); }));
  EXPECT_EQ(fourth.got.substr(0, 12), "HTTP/1.1 503");
  kept[0]->send(200, {}, "well");
  ASSERT_TRUE(until([&] { return busy.heard().find("well") != std::string::npos; }));
}

TEST_F(Server, WhyItDoesNotListenIsTold) {
  start();
  options.port = server->port();
  HttpServer second(loop, options, {});
  EXPECT_NE(second.trouble().find(std::to_string(options.port)), std::string::npos);
  options.address = "example.org";
  HttpServer third(loop, options, {});
  EXPECT_NE(third.trouble().find("example.org"), std::string::npos);
}

}  // namespace
}  // namespace dragoman::net
