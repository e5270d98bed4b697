// What HttpClient gives piece by piece, and what comes by TLS.
#include <cstdlib>
#include <filesystem>

#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>

#include "tests/unit/net/http_client_world.hpp"

namespace dragoman::net {
namespace {

namespace asio = boost::asio;
using test::ok;

class HttpStream : public test::HttpClientWorld {
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
class HttpsClient : public test::HttpClientWorld {
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

}  // namespace
}  // namespace dragoman::net
