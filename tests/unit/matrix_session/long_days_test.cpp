// A homeserver that is away for an hour, or takes its time: with the time-outs that everybody has, in virtual
// time.
#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include "tests/unit/matrix_session/network_world.hpp"
#include "tests/unit/matrix_session/virtual_time.hpp"

namespace dragoman::matrix::test {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

const std::string lobby_id = "!lobby:example.org", garden_id = "!garden:example.org";
const std::string lobby_send = "/_matrix/client/v3/rooms/%21lobby%3Aexample.org/send/m.room.message/";
const std::string garden_send = "/_matrix/client/v3/rooms/%21garden%3Aexample.org/send/m.room.message/";
const RoomId garden{"#garden:example.org"};

// A port behind which nobody is at home any more: connections are taken, read and cut. Counts what was
// wanted.
class Away {
 public:
  Away(asio::io_context& loop, const std::string& url) : acceptor_(loop, end_of(url)) { accept(); }
  std::size_t attempts(std::string_view begin) const {
    std::size_t found = 0;
    for (const std::string& line : lines_) found += line.starts_with(begin) ? 1 : 0;
    return found;
  }
  std::size_t attempts() const { return lines_.size(); }

 private:
  struct Visit {
    explicit Visit(tcp::socket s) : socket(std::move(s)) {}
    tcp::socket socket;
    asio::streambuf read;
  };
  static tcp::endpoint end_of(const std::string& url) {
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    return {asio::ip::address_v4::loopback(), port};
  }
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, tcp::socket socket) {
      if (error) return;
      auto visit = std::make_shared<Visit>(std::move(socket));
      asio::async_read_until(visit->socket, visit->read, "\r\n",
                             [this, visit](const boost::system::error_code& failed, std::size_t size) {
                               if (failed == asio::error::operation_aborted) return;
                               const char* data = static_cast<const char*>(visit->read.data().data());
                               lines_.emplace_back(data, size);
                             });
      accept();
    });
  }

  tcp::acceptor acceptor_;
  std::vector<std::string> lines_;
};

class LongDays : public NetworkTest {
 protected:
  // Takes each message once, whatever how often it comes (client-server API, "Transaction identifiers").
  matrix::Homeserver::Handler taking() {
    return [this](const net::ServedRequest& asked, const std::shared_ptr<net::Answer>& answer) {
      take(asked);
      answer->send(200, {}, event_id_of(asked.path));
    };
  }
  void take(const net::ServedRequest& asked) {
    if (!known.insert(asked.path).second) return;
    const auto parsed = parse_json(asked.body);
    said.emplace_back(text_at(parsed->get_object(), "body"));
  }
  static std::string event_id_of(const std::string& path) {
    return R"({"event_id":"$)" + path.substr(path.rfind('/') + 1) + "\"}";
  }
  void say(dragoman::Session& who, const RoomId& where, const std::string& what) {
    who.perform({where, what, Message{what}});
  }
  std::vector<std::string> delivered() const {
    std::vector<std::string> tokens;
    for (const Told& told : sink.told) {
      if (const auto* of = std::get_if<Delivered>(&told.event.what)) tokens.push_back(of->token);
    }
    return tokens;
  }

  VirtualTime time{loop};
  std::set<std::string> known;
  std::vector<std::string> said;
};

}  // namespace

// ------------------------------------------------------------ away

TEST_F(LongDays, WhatIsSaidInAnHourWithoutAHomeserverIsSentOnceAndInOrderWhenItIsBack) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(joins(romeo(), lobby, "romeo"));
  homeserver.on("PUT", lobby_send + "*", taking());
  homeserver.down();
  std::size_t attempts = 0;
  {
    const Away away(loop, homeserver.url());
    say(juliet(lobby), lobby, "at the beginning");
    say(romeo(), lobby, "right behind");
    time.pass(30min);
    EXPECT_EQ(1U, count<Message>()) << "the room is told that it waits, once";
    EXPECT_NE(std::string::npos, std::get<Message>(last<Message>()->what).text.plain.find("waits"));
    say(juliet(lobby), lobby, "in the middle");
    // What can't wait is told to be impossible, in words.
    romeo().perform({garden, "join", Join{"romeo", {}, false}});
    ASSERT_TRUE(time.pass_until([&] { return count<Failed>() == 1; }, 60s));
    EXPECT_EQ("join", std::get<Failed>(last<Failed>()->what).token);
    EXPECT_FALSE(std::get<Failed>(last<Failed>()->what).failure.text.empty());
    time.pass(15min);
    attempts = away.attempts("PUT " + lobby_send);
    // 1, 2, 4 … 60 s apart, or half of it: for one room, whatever waits in it.
    EXPECT_GE(attempts, 45U);
    EXPECT_LE(attempts, 100U);
  }
  time.pass(14min);  // refused, instead of cut
  say(romeo(), lobby, "at the end");
  time.pass(59s);
  EXPECT_EQ(0U, said.size());
  EXPECT_EQ(0U, count<Delivered>());
  homeserver.up();
  ASSERT_TRUE(time.pass_until([&] { return count<Delivered>() == 4; }, 61s)) << "a minute later at most";
  const std::vector<std::string> all{"at the beginning", "right behind", "in the middle", "at the end"};
  EXPECT_EQ(all, said);
  EXPECT_EQ(all, delivered());
  EXPECT_EQ(1U, count<Failed>()) << "of the join alone";
  time.pass(5min);
  EXPECT_EQ(4U, homeserver.count("PUT", lobby_send + "*")) << "each once";
}

TEST_F(LongDays, WhoWritesToSomebodyNewWithoutAHomeserverReadsThatItWaits) {
  homeserver.down();
  const Away away(loop, homeserver.url());
  const UserId mary{"@mary:example.org"};
  romeo().perform({mary, "hello", Message{"Hello"}});
  time.pass(1min);
  EXPECT_EQ(0U, count<Message>());
  time.pass(29min);
  ASSERT_EQ(1U, count<Message>()) << "once";
  EXPECT_NE(std::string::npos, std::get<Message>(last<Message>()->what).text.plain.find("waits"));
  EXPECT_EQ(Conversation{mary}, last<Message>()->in);
  EXPECT_EQ(0U, count<Failed>());
}

TEST_F(LongDays, ARestartInTheMiddleOfAnHourWithoutAHomeserverChangesNothing) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  homeserver.on("PUT", lobby_send + "*", taking());
  homeserver.down();
  say(juliet(lobby), lobby, "at the beginning");
  time.pass(30min);
  say(juliet(lobby), lobby, "in the middle");
  restart();
  time.pass(30min);
  homeserver.up();
  ASSERT_TRUE(time.pass_until([&] { return count<Delivered>() == 2; }, 61s));
  EXPECT_EQ((std::vector<std::string>{"at the beginning", "in the middle"}), said);
  EXPECT_EQ(said, delivered());
  time.pass(5min);
  EXPECT_EQ(2U, homeserver.count("PUT", lobby_send + "*"));
  EXPECT_EQ(0U, count<Failed>());
}

// ------------------------------------------------------------ slow

TEST_F(LongDays, AnAnswerThatTakesAMinuteIsWaitedForAndOtherRoomsGoOn) {
  make_room(lobby_id, lobby.value());
  make_room(garden_id, garden.value());
  ASSERT_TRUE(juliet_joins(lobby));
  ASSERT_TRUE(juliet_joins(garden));
  std::vector<std::shared_ptr<net::Answer>> open;
  homeserver.on("PUT", lobby_send + "*", [&](const auto& asked, const auto& answer) {
    take(asked);
    open.push_back(answer);
  });
  homeserver.on("PUT", garden_send + "*", taking());
  say(juliet(lobby), lobby, "slow");
  say(juliet(lobby), lobby, "slow again");
  ASSERT_TRUE(until([&] { return open.size() == 1; }));
  time.pass(30s);
  say(juliet(garden), garden, "fast");
  ASSERT_TRUE(until([&] { return count<Delivered>() == 1; }));
  EXPECT_EQ(std::vector<std::string>{"fast"}, delivered());
  time.pass(40s);
  ASSERT_EQ(1U, open.size()) << "not tried again yet, and nothing overtakes";
  open[0]->send(200, {}, R"({"event_id":"$slow"})");
  ASSERT_TRUE(until([&] { return open.size() == 2; }));
  time.pass(70s);
  ASSERT_EQ(2U, open.size());
  open[1]->send(200, {}, R"({"event_id":"$again"})");
  ASSERT_TRUE(until([&] { return count<Delivered>() == 3; }));
  EXPECT_EQ((std::vector<std::string>{"fast", "slow", "slow again"}), delivered());
  EXPECT_EQ((std::vector<std::string>{"slow", "fast", "slow again"}), said);
  EXPECT_EQ(0U, count<Failed>());
}

TEST_F(LongDays, AHomeserverThatAnswersNothingInTimeGetsTheSameTransactionAndNoOther) {
  make_room(lobby_id, lobby.value());
  ASSERT_TRUE(juliet_joins(lobby));
  std::vector<std::shared_ptr<net::Answer>> open;
  homeserver.on("PUT", lobby_send + "*", [&](const auto& asked, const auto& answer) {
    take(asked);
    open.push_back(answer);
  });
  say(juliet(lobby), lobby, "slow");
  say(juliet(lobby), lobby, "slow again");
  ASSERT_TRUE(time.pass_until([&] { return open.size() == 3; }, 10min));
  EXPECT_EQ(std::vector<std::string>{"slow"}, said) << "three times the same";
  EXPECT_FALSE(open[0]->open()) << "given up";
  open[2]->send(200, {}, R"({"event_id":"$slow"})");
  ASSERT_TRUE(until([&] { return open.size() == 4; }));
  open[3]->send(200, {}, R"({"event_id":"$again"})");
  ASSERT_TRUE(until([&] { return count<Delivered>() == 2; }));
  EXPECT_EQ((std::vector<std::string>{"slow", "slow again"}), said);
  EXPECT_EQ(said, delivered());
}

TEST_F(LongDays, ManyRoomsThatAreSlowDoNotHoldUpTheOthers) {
  constexpr std::size_t many = 40;
  for (std::size_t n = 0; n < many; ++n) {
    const std::string name = "slow" + std::to_string(n);
    make_room("!" + name + ":example.org", "#" + name + ":example.org");
    ASSERT_TRUE(juliet_joins(RoomId{"#" + name + ":example.org"}));
  }
  make_room(garden_id, garden.value());
  ASSERT_TRUE(juliet_joins(garden));
  std::vector<std::shared_ptr<net::Answer>> open;
  homeserver.on("PUT", "/_matrix/client/v3/rooms/%21slow*",
                [&](const auto&, const auto& answer) { open.push_back(answer); });
  homeserver.on("PUT", garden_send + "*", taking());
  for (std::size_t n = 0; n < many; ++n) {
    const RoomId room{"#slow" + std::to_string(n) + ":example.org"};
    say(juliet(room), room, "slow");
  }
  ASSERT_TRUE(until([&] { return open.size() == many; }));
  say(juliet(garden), garden, "fast");
  ASSERT_TRUE(until([&] { return count<Delivered>() == 1; }));
  EXPECT_EQ(std::vector<std::string>{"fast"}, delivered());
}

}  // namespace dragoman::matrix::test
