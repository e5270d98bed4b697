// LineStream and identd against peers in the same loop.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "bridges/net/identd.hpp"
#include "bridges/net/line_stream.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Tls = asio::ssl::stream<tcp::socket>;

class Stream : public testing::Test {
 protected:
  Stream() : acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket(loop) {
    target.host = "127.0.0.1";
    target.port = acceptor.local_endpoint().port();
    acceptor.async_accept(socket, [this](const error_code& error) { accepted = !error; });
    callbacks.up = [this](const Connected& info) { up = info; };
    callbacks.line = [this](std::string_view line) { lines.emplace_back(line); };
    callbacks.down = [this](Failure why) { down = std::move(why); };
  }

  template <class Done>
  bool until(Done done) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.restart();
      loop.run_one_for(std::chrono::milliseconds(20));
    }
    return true;
  }
  void connect() {
    stream = std::make_unique<LineStream>(loop, std::make_shared<TlsContext>(ca_file));
    stream->connect(target, callbacks);
  }
  void connect_up() {
    connect();
    ASSERT_TRUE(until([&] { return up && accepted; }));
  }
  void send(std::string_view bytes) { asio::write(socket, asio::buffer(bytes)); }

  asio::io_context loop;
  tcp::acceptor acceptor;
  tcp::socket socket;
  bool accepted = false;
  Target target;
  std::string ca_file;
  LineStream::Callbacks callbacks;
  std::unique_ptr<LineStream> stream;
  std::optional<Connected> up;
  std::optional<Failure> down;
  std::vector<std::string> lines;
};

TEST_F(Stream, YieldsLinesHoweverTheyArePacked) {
  connect_up();
  EXPECT_EQ(up->remote_port, target.port);
  EXPECT_TRUE(up->tls.empty());
  send("one\r\ntwo\n\r\n\nth");
  ASSERT_TRUE(until([&] { return lines.size() == 2; }));
  send("ree\r");
  send("\nfour\r\n");
  ASSERT_TRUE(until([&] { return lines.size() == 4; }));
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST_F(Stream, ALineBeyondTheLimitEndsTheConnection) {
  target.max_line = 100;
  connect_up();
  send(std::string(50'000, 'x'));
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::connection_lost);
  EXPECT_NE(down->text.find("100"), std::string::npos);
  EXPECT_TRUE(lines.empty());
}

TEST_F(Stream, WritesAllThatIsGivenInItsOrder) {
  connect_up();
  std::string all;
  for (int i = 0; i < 20'000; ++i) {
    auto line = "line " + std::to_string(i) + "\r\n";
    all += line;
    ASSERT_TRUE(stream->write(line));
  }
  std::string got;
  std::array<char, 65536> buffer{};
  socket.non_blocking(true);
  ASSERT_TRUE(until([&] {
    error_code error;
    auto n = socket.read_some(asio::buffer(buffer), error);
    if (!error) got.append(buffer.data(), n);
    return got.size() >= all.size();
  }));
  EXPECT_EQ(got, all);
}

TEST_F(Stream, AFullQueueTakesNothing) {
  target.max_queue = 10;
  connect_up();
  EXPECT_TRUE(stream->write("12345\r\n"));
  EXPECT_FALSE(stream->write("12345\r\n"));
}

TEST_F(Stream, WhoWantsBytesGetsAllOfThemAsTheyCome) {
  std::string all;
  std::size_t calls = 0;
  callbacks.bytes = [&](std::string_view bytes) {
    EXPECT_FALSE(bytes.empty());
    all += bytes;
    ++calls;
  };
  connect_up();
  const std::string said = std::string("{3}\r\n\n\r\0\xff", 10) + "\n\n no end";
  send(said);
  ASSERT_TRUE(until([&] { return all.size() == said.size(); }));
  EXPECT_EQ(all, said);
  // Nothing is held back until a line ends.
  const std::string more(100'000, 'x');
  send(more);
  ASSERT_TRUE(until([&] { return all.size() == said.size() + more.size(); }));
  EXPECT_GT(calls, 1U);
  EXPECT_TRUE(lines.empty());
  EXPECT_FALSE(down);
}

TEST_F(Stream, BytesHaveNoLongestLine) {
  std::size_t all = 0;
  callbacks.bytes = [&](std::string_view bytes) { all += bytes.size(); };
  target.max_line = 16;
  connect_up();
  send(std::string(100'000, 'x'));
  ASSERT_TRUE(until([&] { return all == 100'000 || down; }));
  EXPECT_FALSE(down);
}

TEST_F(Stream, WhoWantsBytesMayHoldThem) {
  std::string all;
  callbacks.bytes = [&](std::string_view bytes) {
    all += bytes;
    stream->hold(true);
  };
  connect_up();
  send("one");
  ASSERT_TRUE(until([&] { return !all.empty(); }));
  send("two");
  loop.restart();
  loop.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(all, "one");
  stream->hold(false);
  ASSERT_TRUE(until([&] { return all == "onetwo"; }));
}

// Whoever else named the host must not reach what only we can reach.
TEST_F(Stream, APrivateAddressIsNotConnectedToWhereItMayNotBe) {
  target.public_only = true;
  for (const char* host : {"127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.1", "192.168.1.1",
                           "169.254.169.254", "::ffff:127.0.0.1", "fd00::1", "fe80::1", "100.64.0.1"}) {
    target.host = host;
    down.reset();
    connect();
    ASSERT_TRUE(until([&] { return down.has_value(); })) << host;
    EXPECT_EQ(down->reason, Reason::not_permitted) << host << ": " << down->text;
    EXPECT_FALSE(up) << host;
    EXPECT_FALSE(accepted) << host;
  }
}

TEST_F(Stream, ThePeersEndIsTold) {
  connect_up();
  send("bye\r\n");
  socket.close();
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::connection_lost);
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_FALSE(stream->write("x\r\n"));
}

TEST_F(Stream, ARefusedConnectionIsToldAsSuch) {
  acceptor.close();
  connect();
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::connection_refused);
}

TEST_F(Stream, AnUnknownHostIsNoRefusal) {
  target.host = "nowhere.invalid";
  connect();
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::dns_failed);
}

TEST_F(Stream, ASourceAddressThatIsNotOursIsToldAsThat) {
  target.bind_address = "192.0.2.1";
  connect();
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_NE(down->text.find("192.0.2.1"), std::string::npos);
}

TEST_F(Stream, ItConnectsFromTheSourceAddress) {
  target.bind_address = "127.0.0.2";
  connect_up();
  EXPECT_EQ(socket.remote_endpoint().address().to_string(), "127.0.0.2");
}

TEST_F(Stream, ACallbackMayDestroyTheStream) {
  callbacks.line = [this](std::string_view line) {
    lines.emplace_back(line);
    stream.reset();
  };
  connect_up();
  send("one\r\ntwo\r\n");
  ASSERT_TRUE(until([&] { return !lines.empty(); }));
  loop.run_for(std::chrono::milliseconds(1));
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_FALSE(down);
}

TEST_F(Stream, AHoldStopsWithinABufferAndGoesOnWhereItStopped) {
  callbacks.line = [this](std::string_view line) {
    lines.emplace_back(line);
    if (lines.size() == 2) stream->hold(true);
  };
  connect_up();
  send("1\r\n2\r\n3\r\n4\r\n5");
  ASSERT_TRUE(until([&] { return lines.size() == 2; }));
  send("5\r\n");
  loop.restart();
  loop.run_for(std::chrono::milliseconds(20));
  EXPECT_EQ(lines.size(), 2U);
  stream->hold(false);
  ASSERT_TRUE(until([&] { return lines.size() == 5; }));
  EXPECT_EQ(lines.back(), "55");
}

TEST_F(Stream, FinishingWritesTheRestAndWaitsForThePeersEnd) {
  connect_up();
  stream->write("QUIT\r\n");
  bool done = false;
  stream->finish(std::chrono::seconds(5), [&] { done = true; });
  send("not heard any more\r\n");
  std::string got;
  std::array<char, 100> buffer{};
  socket.non_blocking(true);
  ASSERT_TRUE(until([&] {
    error_code error;
    auto n = socket.read_some(asio::buffer(buffer), error);
    got.append(buffer.data(), n);
    return error == asio::error::eof;
  }));
  EXPECT_EQ(got, "QUIT\r\n");
  EXPECT_FALSE(done);
  socket.close();
  EXPECT_TRUE(until([&] { return done; }));
  EXPECT_TRUE(lines.empty());
  EXPECT_FALSE(down);
}

TEST_F(Stream, APeerThatDoesNotEndIsNotWaitedForLonger) {
  connect_up();
  bool done = false;
  stream->finish(std::chrono::milliseconds(20), [&] { done = true; });
  EXPECT_TRUE(until([&] { return done; }));
}

TEST_F(Stream, ASilentHandshakeTimesOut) {
  target.tls = true;
  target.timeout = std::chrono::milliseconds(50);
  connect();
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::timed_out);
}

// A certificate of its own authority for "localhost".
class TlsStream : public Stream {
 protected:
  TlsStream() : context(asio::ssl::context::tls_server) {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-net-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    auto make =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
        "/CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout " +
        (folder / "key").string() + " -out " + (folder / "cert").string() + " 2>" + (folder / "log").string();
    made = std::system(make.c_str()) == 0;
    context.use_certificate_chain_file((folder / "cert").string());
    context.use_private_key_file((folder / "key").string(), asio::ssl::context::pem);
    target.host = "localhost";
    target.tls = true;
  }
  ~TlsStream() override { std::filesystem::remove_all(folder); }

  bool handshake() {
    connect();
    if (!until([&] { return accepted || down; })) return false;
    secure = std::make_unique<Tls>(std::move(socket), context);
    secure->async_handshake(asio::ssl::stream_base::server,
                            [this](const error_code& error) { secured = !error; });
    return until([&] { return (up && secured) || down; });
  }

  asio::ssl::context context;
  std::filesystem::path folder;
  bool made = false, secured = false;
  std::unique_ptr<Tls> secure;
};

TEST_F(TlsStream, ATrustedCertificateOfTheRightNameIsTaken) {
  ASSERT_TRUE(made);
  ca_file = (folder / "cert").string();
  ASSERT_TRUE(handshake());
  ASSERT_TRUE(up) << down->text;
  EXPECT_EQ(up->tls.substr(0, 4), "TLSv");
  asio::async_write(*secure, asio::buffer(std::string_view("hello\r\n")),
                    [](const error_code&, std::size_t) {});
  ASSERT_TRUE(until([&] { return lines.size() == 1; }));
  stream->write("there\r\n");
  std::string got(7, ' ');
  bool read = false;
  asio::async_read(*secure, asio::buffer(got), [&](const error_code&, std::size_t) { read = true; });
  ASSERT_TRUE(until([&] { return read; }));
  EXPECT_EQ(got, "there\r\n");
}

TEST_F(TlsStream, AnUnknownAuthorityIsRefusedWithTheReason) {
  ASSERT_TRUE(handshake());
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Reason::certificate_invalid);
  EXPECT_NE(down->text.find("self-signed"), std::string::npos) << down->text;
}

TEST_F(TlsStream, AWrongNameIsRefused) {
  ca_file = (folder / "cert").string();
  target.host = "127.0.0.1";
  ASSERT_TRUE(handshake());
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Reason::certificate_invalid);
}

TEST_F(TlsStream, WithoutVerificationAnyCertificateIsTaken) {
  target.tls_options.verify = false;
  ASSERT_TRUE(handshake());
  EXPECT_TRUE(up);
}

TEST_F(TlsStream, APinMustMatch) {
  target.tls_options.fingerprint = std::string(64, '0');
  ASSERT_TRUE(handshake());
  ASSERT_TRUE(down);
  EXPECT_EQ(down->reason, Reason::certificate_invalid);
  EXPECT_NE(down->text.find("fingerprint"), std::string::npos);
}

TEST_F(TlsStream, AMatchingPinIsTrustedWithoutAnAuthority) {
  auto command = "openssl x509 -in " + (folder / "cert").string() +
                 " -noout -fingerprint -sha256 | cut -d= -f2 > " + (folder / "pin").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::ifstream(folder / "pin") >> target.tls_options.fingerprint;
  target.host = "127.0.0.1";
  ASSERT_TRUE(handshake());
  EXPECT_TRUE(up) << (down ? down->text : "");
}

TEST_F(TlsStream, AServerWithoutTlsIsToldAsSuch) {
  connect();
  ASSERT_TRUE(until([&] { return accepted; }));
  send(":irc.test NOTICE * :*** Looking up your hostname\r\n");
  ASSERT_TRUE(until([&] { return down.has_value(); }));
  EXPECT_EQ(down->reason, Reason::tls_failed);
  EXPECT_NE(down->text.find("does not speak TLS"), std::string::npos) << down->text;
}

TEST(IdentdTest, AnswersOverTheWire) {
  asio::io_context loop;
  std::string asker;
  Identd identd(loop, 0, [&](std::uint16_t local, std::uint16_t, const std::string& address) {
    asker = address;
    return "u" + std::to_string(local);
  });
  ASSERT_EQ(identd.trouble(), "");
  tcp::socket client(loop);
  client.connect(tcp::endpoint(asio::ip::address_v4::loopback(), identd.port()));
  asio::write(client, asio::buffer(std::string_view("1000, 6667\r\n")));
  std::string got;
  std::array<char, 200> buffer{};
  bool read = false;
  client.async_read_some(asio::buffer(buffer), [&](const error_code&, std::size_t n) {
    got.assign(buffer.data(), n);
    read = true;
  });
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!read && std::chrono::steady_clock::now() < end) loop.run_one_for(std::chrono::milliseconds(20));
  EXPECT_EQ(got, "1000, 6667 : USERID : UNIX : u1000\r\n");
  EXPECT_EQ(asker, "127.0.0.1");
}

TEST(IdentdTest, ATakenPortIsToldWithWhatToDo) {
  asio::io_context loop;
  auto nobody = [](std::uint16_t, std::uint16_t, const std::string&) { return std::nullopt; };
  Identd first(loop, 0, nobody);
  Identd second(loop, first.port(), nobody);
  EXPECT_NE(second.trouble().find("identd_port of its own"), std::string::npos) << second.trouble();
}

TEST_F(Stream, WhatIsReachedIsToldBeforeTheHandshake) {
  std::optional<Connected> reached;
  callbacks.reached = [&](const Connected& info) { reached = info; };
  target.tls = true;
  connect();
  ASSERT_TRUE(until([&] { return reached.has_value() && accepted; }));
  EXPECT_EQ(reached->remote_port, target.port);
  EXPECT_EQ(reached->local_port, socket.remote_endpoint().port());
  EXPECT_FALSE(up);
}

TEST(TimerTest, ACancelledOneNeverFires) {
  asio::io_context loop;
  Timer timer(loop);
  int fired = 0;
  timer.after(std::chrono::milliseconds(0), [&] { ++fired; });
  timer.cancel();
  EXPECT_FALSE(timer.pending());
  timer.after(std::chrono::milliseconds(0), [&] { fired += 10; });
  loop.run();
  EXPECT_EQ(fired, 10);
}

}  // namespace
}  // namespace dragoman::net
