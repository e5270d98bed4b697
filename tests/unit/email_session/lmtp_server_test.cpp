// The sockets of LMTP, against clients in the same loop.
#include "bridges/email/lmtp_server.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <list>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dragoman::email {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

const std::string hello = "LHLO mx\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\nDATA\r\n";

class Disk : public LmtpHandler {
 public:
  LmtpReply may_accept() override { return {250, ""}; }
  LmtpReply on_recipient(std::string_view, std::string_view) override { return {250, "2.1.5 ok"}; }
  std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) override {
    mails.push_back(std::move(bytes));
    ++unsettled;
    return std::vector<LmtpReply>(envelope.recipients.size(), {250, "2.0.0 kept"});
  }
  bool settle() override {
    groups.push_back(std::exchange(unsettled, 0));
    if (on_settle) on_settle();
    return works;
  }
  std::vector<std::string> mails;
  std::vector<std::size_t> groups;  // how many mails each settle() had
  std::size_t unsettled = 0;
  bool works = true;
  std::function<void()> on_settle;
};

// Bytes out and bytes in.
class Client {
 public:
  using Socket = asio::generic::stream_protocol::socket;
  Client(asio::io_context& loop, const asio::generic::stream_protocol::endpoint& where) : socket(loop) {
    socket.connect(where);
    socket.non_blocking(true);
  }
  void say(std::string_view bytes) {
    waits += bytes;
    push();
  }
  // Writes what the socket takes; reads what is there.
  void push() {
    error_code error;
    const auto size = socket.write_some(asio::buffer(waits), error);
    waits.erase(0, size);
  }
  const std::string& heard() {
    push();
    std::array<char, 65536> buffer{};
    for (;;) {
      error_code error;
      const auto size = socket.read_some(asio::buffer(buffer), error);
      got.append(buffer.data(), size);
      if (error == asio::error::would_block) return got;
      if (error) {
        closed = true;
        return got;
      }
    }
  }
  bool has(std::string_view text) { return heard().find(text) != std::string::npos; }
  bool ended() {
    heard();
    return closed;
  }

  Socket socket;
  std::string got, waits;
  bool closed = false;
};

class Sockets : public testing::Test {
 protected:
  void start() {
    server.emplace(loop, options, disk);
    ASSERT_EQ(server->trouble(), "");
  }
  Client& connect() {
    asio::generic::stream_protocol::endpoint where =
        asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), server->port());
    return clients.emplace_back(loop, where);
  }
  Client& in_data() {
    Client& client = connect();
    client.say(hello);
    EXPECT_TRUE(until([&] { return client.has("354 "); }));
    return client;
  }
  template <class Done>
  bool until(Done done, std::chrono::milliseconds time = 10s) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      loop.restart();
      loop.run_one_for(10ms);
    }
    return true;
  }

  asio::io_context loop;
  Disk disk;
  LmtpServer::Options options;
  std::optional<LmtpServer> server;
  std::list<Client> clients;
};

TEST_F(Sockets, AMailIsTaken) {
  start();
  Client& client = in_data();
  EXPECT_THAT(client.got, StartsWith("220 localhost LMTP"));
  client.say("Subject: x\r\n\r\nhello\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_THAT(client.got, HasSubstr("\r\n250 2.0.0 kept\r\n221 2.0.0 "));
  EXPECT_THAT(disk.mails, testing::ElementsAre("Subject: x\r\n\r\nhello\r\n"));
}

TEST_F(Sockets, NothingIsAnsweredBeforeItIsOnTheDisk) {
  start();
  Client& client = in_data();
  disk.on_settle = [&] { EXPECT_FALSE(client.has("kept")); };
  client.say("x\r\n.\r\n");
  EXPECT_TRUE(until([&] { return client.has("250 2.0.0 kept"); }));
  EXPECT_EQ(disk.groups.size(), 1U);
}

TEST_F(Sockets, WhereTheDiskFailsTheMailIsToComeAgain) {
  disk.works = false;
  start();
  Client& client = in_data();
  client.say("x\r\n.\r\n");
  EXPECT_TRUE(until([&] { return client.has("451 4.3.0"); }));
  EXPECT_FALSE(client.has("250 2.0.0"));
}

TEST_F(Sockets, MailsOfManyConnectionsAreSettledAtOnce) {
  start();
  for (int i = 0; i < 8; ++i) in_data();
  for (Client& client : clients) client.say("x\r\n.\r\n");
  for (Client& client : clients) EXPECT_TRUE(until([&] { return client.has("kept"); }));
  EXPECT_THAT(disk.groups, testing::ElementsAre(8U));
}

TEST_F(Sockets, ManyMailsOfOneConnectionFollowEachOther) {
  start();
  Client& client = connect();
  client.say("LHLO mx\r\n");
  for (int i = 0; i < 200; ++i)
    client.say("MAIL FROM:<a@b.c>\r\nRCPT TO:<j@x.y>\r\nDATA\r\n" + std::to_string(i) + "\r\n.\r\n");
  client.say("QUIT\r\n");
  EXPECT_TRUE(until([&] { return client.ended(); }));
  ASSERT_EQ(disk.mails.size(), 200U);
  EXPECT_EQ(disk.mails[199], "199\r\n");
}

TEST_F(Sockets, ALargeMailIsTakenWhole) {
  start();
  Client& client = in_data();
  std::string mail;
  while (mail.size() < 3'000'000) mail += "a line " + std::to_string(mail.size()) + "\r\n";
  client.say(mail + ".\r\n");
  EXPECT_TRUE(until([&] { return client.has("kept"); }));
  ASSERT_EQ(disk.mails.size(), 1U);
  EXPECT_TRUE(disk.mails[0] == mail);
}

TEST_F(Sockets, TooManyAreSentAway) {
  options.max_connections = 2;
  start();
  Client& one = connect();
  connect();
  EXPECT_TRUE(until([&] { return clients.back().has("220 "); }));
  Client& third = connect();
  EXPECT_TRUE(until([&] { return third.ended(); }));
  EXPECT_THAT(third.got, StartsWith("421 4.3.2 "));
  one.say("QUIT\r\n");
  EXPECT_TRUE(until([&] { return one.ended(); }));
  Client& next = connect();
  EXPECT_TRUE(until([&] { return next.has("220 "); }));
}

TEST_F(Sockets, WhoIsSilentIsSentAway) {
  options.idle = 50ms;
  start();
  Client& client = in_data();
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_THAT(client.got, HasSubstr("\r\n421 4.4.2 "));
  EXPECT_TRUE(disk.mails.empty());
}

TEST_F(Sockets, WhoDoesNotReadIsNotReadFrom) {
  options.idle = 200ms;
  start();
  Client& client = connect();
  while (client.waits.size() < 20'000'000) client.waits += "NOOP\r\n";
  // The answers fill what there is of buffers, and then it is cut off.
  const auto cut_off = [&] {
    error_code error;
    client.waits.erase(0, client.socket.write_some(asio::buffer(client.waits), error));
    return error && error != asio::error::would_block;
  };
  EXPECT_TRUE(until(cut_off));
  EXPECT_GT(client.waits.size(), 1'000'000U);
}

TEST_F(Sockets, AtTheEndAllAreToldAndWhatWasTakenIsAnswered) {
  start();
  Client& idle = connect();
  Client& receiving = in_data();
  Client& taken = in_data();
  receiving.say("half a mail\r\n");
  ASSERT_TRUE(until([&] { return idle.has("220 "); }));
  bool ended = false;
  disk.on_settle = [&] {
    disk.on_settle = nullptr;
    server->stop([&] { ended = true; });
    EXPECT_FALSE(ended);
  };
  taken.say("x\r\n.\r\n");
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_TRUE(until([&] { return idle.ended() && receiving.ended() && taken.ended(); }));
  EXPECT_THAT(idle.got, HasSubstr("\r\n421 4.3.2 "));
  EXPECT_THAT(receiving.got, HasSubstr("\r\n421 4.3.2 "));
  EXPECT_THAT(taken.got, HasSubstr("\r\n250 2.0.0 kept\r\n421 4.3.2 "));
  EXPECT_EQ(disk.mails.size(), 1U);
  error_code error;
  asio::ip::tcp::socket(loop).connect({asio::ip::address_v4::loopback(), server->port()}, error);
  EXPECT_TRUE(error);
}

TEST_F(Sockets, AnEndWithoutConnectionsIsToldToo) {
  start();
  bool ended = false;
  server->stop([&] { ended = true; });
  EXPECT_FALSE(ended);
  EXPECT_TRUE(until([&] { return ended; }));
}

TEST_F(Sockets, WhileHeldNothingIsRead) {
  start();
  Client& client = in_data();
  server->hold(true);
  client.say("x\r\n");  // what was being read already is taken
  Client& other = connect();
  ASSERT_TRUE(until([&] { return other.has("220 "); }));
  client.say(".\r\n");
  other.say("NOOP\r\n");
  EXPECT_FALSE(until([&] { return other.has("250 2.0.0 ok"); }, 30ms));
  EXPECT_TRUE(disk.mails.empty());
  server->hold(false);
  EXPECT_TRUE(until([&] { return other.has("250 2.0.0 ok") && client.has("kept"); }));
  EXPECT_THAT(disk.mails, testing::ElementsAre("x\r\n"));
}

TEST_F(Sockets, WhereThereIsNoMemoryOneGoesOnAfterTheOther) {
  options.memory = 100'000;
  options.limits.mail_bytes = 10'000'000;
  start();
  std::string mail;
  while (mail.size() < 400'000) mail += "0123456789012345678901234567890123456789\r\n";
  for (int i = 0; i < 6; ++i) in_data();
  for (Client& client : clients) client.say(mail);
  for (Client& client : clients) client.say(".\r\n");
  EXPECT_TRUE(until([&] {
    std::size_t answered = 0;
    for (Client& client : clients) answered += client.has("kept") ? 1 : 0;
    return answered == clients.size();
  }));
  ASSERT_EQ(disk.mails.size(), 6U);
  for (const auto& bytes : disk.mails) EXPECT_TRUE(bytes == mail);
}

TEST_F(Sockets, WhoGoesAwayInAMailLeavesItsMemory) {
  options.memory = 50'000;
  start();
  Client& gone = in_data();
  std::string mail;
  while (mail.size() < 60'000) mail += "0123456789012345678901234567890123456789\r\n";
  gone.say(mail);
  ASSERT_TRUE(until([&] { return gone.waits.empty() || (gone.push(), gone.waits.empty()); }));
  Client& next = connect();
  ASSERT_TRUE(until([&] { return next.has("220 "); }));
  next.say(hello);
  gone.socket.close();
  ASSERT_TRUE(until([&] { return next.has("354 "); }));
  next.say("x\r\n.\r\n");
  EXPECT_TRUE(until([&] { return next.has("kept"); }));
  EXPECT_THAT(disk.mails, testing::ElementsAre("x\r\n"));
}

TEST_F(Sockets, NothingIsCalledOnceItIsGone) {
  start();
  Client& client = in_data();
  client.say("x\r\n.\r\n");
  disk.on_settle = [&] { server.reset(); };
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_EQ(disk.groups.size(), 1U);
  EXPECT_FALSE(client.has("kept"));
  loop.restart();
  loop.run();  // nothing is left that would keep it
}

TEST_F(Sockets, APortThatIsTakenIsTold) {
  start();
  options.port = server->port();
  LmtpServer second(loop, options, disk);
  EXPECT_THAT(second.trouble(), HasSubstr("port " + std::to_string(options.port) + " can't be listened on"));
  options.address = "localhost";
  EXPECT_EQ(LmtpServer(loop, options, disk).trouble(), "localhost is no IP address");
}

class UnixSocket : public Sockets {
 protected:
  UnixSocket() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-lmtp-XXXXXX").string();
    folder = mkdtemp(pattern.data());
    path = folder + "/lmtp";
    options.address = "unix:" + path;
  }
  ~UnixSocket() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }
  std::string folder, path;
};

TEST_F(UnixSocket, AMailIsTaken) {
  start();
  EXPECT_EQ(server->port(), 0);
  struct stat found {};
  ASSERT_EQ(stat(path.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0660U);
  Client& client = clients.emplace_back(loop, asio::local::stream_protocol::endpoint(path));
  client.say(hello + "x\r\n.\r\nQUIT\r\n");
  EXPECT_TRUE(until([&] { return client.ended(); }));
  EXPECT_THAT(client.got, HasSubstr("250 2.0.0 kept"));
}

TEST_F(UnixSocket, WhatAKilledProgramLeftIsReplaced) {
  { asio::local::stream_protocol::acceptor left(loop, asio::local::stream_protocol::endpoint(path)); }
  ASSERT_TRUE(std::filesystem::exists(path));
  start();
  Client& client = clients.emplace_back(loop, asio::local::stream_protocol::endpoint(path));
  EXPECT_TRUE(until([&] { return client.has("220 "); }));
}

TEST_F(UnixSocket, WhatSomebodyElseHasIsLeftAlone) {
  asio::local::stream_protocol::acceptor other(loop, asio::local::stream_protocol::endpoint(path));
  EXPECT_THAT(LmtpServer(loop, options, disk).trouble(), HasSubstr("is listened on by another program"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, AFileIsLeftAlone) {
  std::ofstream(path) << "precious";
  EXPECT_THAT(LmtpServer(loop, options, disk).trouble(), HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, IsTakenAwayAtTheEnd) {
  start();
  bool ended = false;
  server->stop([&] { ended = true; });
  EXPECT_TRUE(until([&] { return ended; }));
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(UnixSocket, APlaceThatCanNotBeIsTold) {
  options.address = "unix:" + folder + "/no/lmtp";
  EXPECT_THAT(LmtpServer(loop, options, disk).trouble(), HasSubstr("can't be listened on"));
  options.address = "unix:/" + std::string(200, 'x');
  EXPECT_THAT(LmtpServer(loop, options, disk).trouble(), HasSubstr("too long"));
}

}  // namespace
}  // namespace dragoman::email
