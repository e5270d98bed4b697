#include "fixture.hpp"

#include <cstdlib>

namespace dragoman::irc {

namespace asio = boost::asio;
using asio::ip::tcp;

IrcSession::IrcSession() : acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dragoman-irc-XXXXXX").string();
  folder = mkdtemp(pattern.data());
  store = std::make_unique<Store>((folder / "db").string(), (folder / "key").string());
  patience.first_retry = std::chrono::milliseconds(10);
  patience.last_retry = std::chrono::milliseconds(20);
  patience.busy_tick = std::chrono::milliseconds(20);
  accept();
}

IrcSession::~IrcSession() {
  network.reset();
  store.reset();
  std::filesystem::remove_all(folder);
}

void IrcSession::accept() {
  acceptor.async_accept([this](const auto& error, tcp::socket socket) {
    if (error) return;
    ++connections;
    peer = std::make_shared<Peer>(std::move(socket));
    peer->start();
    accept();
  });
}

void IrcSession::listen_again(const tcp::endpoint& endpoint) {
  acceptor = tcp::acceptor(loop, endpoint);
  accept();
}

bool IrcSession::until(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::string IrcSession::expect(const std::string& begin) {
  std::string found;
  until(
      [&] {
        while (peer && !peer->lines.empty() && found.empty()) {
          if (peer->lines.front().compare(0, begin.size(), begin) == 0) found = peer->lines.front();
          peer->lines.pop_front();
        }
        return !found.empty();
      },
      std::chrono::seconds(5));
  return found;
}

bool IrcSession::quiet() {
  // A line of ours that the client must answer: what it had to say before is said then.
  peer->lines.clear();
  peer->send("PING :quiet");
  until([&] { return !peer->lines.empty(); });
  return peer->lines.size() == 1 && peer->lines.front() == "PONG quiet";
}

void IrcSession::make(config::Irc irc) {
  irc.tls = irc.tls == config::Tls::required ? config::Tls::off : irc.tls;
  if (!irc.servers.contains("irc.test")) {
    config::IrcServer server;
    server.address = "127.0.0.1";
    server.ports = {{acceptor.local_endpoint().port()}};
    server.tls_ports = std::vector<std::uint16_t>{};
    irc.servers["irc.test"] = server;
  }
  bridge = {"irc", "irc.example.org", "secret", irc};
  network = std::make_unique<Network>(NetworkContext{loop, sink, *store, bridge}, patience);
}

void IrcSession::welcome(const std::string& caps, const std::string& nick) {
  ASSERT_NE(expect("CAP LS 302"), "");
  ASSERT_NE(expect("USER "), "");
  if (!caps.empty()) {
    peer->send(":irc.test CAP * LS :" + caps);
    auto request = expect("CAP REQ :");
    ASSERT_NE(request, "");
    peer->send(":irc.test CAP * ACK :" + request.substr(9));
    ASSERT_NE(expect("CAP END"), "");
  }
  peer->send(":irc.test 001 " + nick + " :Welcome " + nick + "!~alice@host.test");
  peer->send(":irc.test 005 " + nick +
             " CHANTYPES=# PREFIX=(qaohv)~&@%+ CHANMODES=beI,k,l,imnst CASEMAPPING=rfc1459 STATUSMSG=@+ "
             "MODES=4 :are "
             "supported by this server");
  peer->send(":irc.test 422 " + nick + " :No MOTD");
}

void IrcSession::enter(const std::string& caps) {
  make();
  perform(room, "j1", Join{"alice", ""});
  ASSERT_TRUE(until([&] { return peer != nullptr; }));
  welcome(caps);
  ASSERT_EQ(expect("JOIN"), "JOIN #room");
  peer->send(":alice!~alice@host.test JOIN #room");
  peer->send(":irc.test 353 alice = #room :@alice bob");
  peer->send(":irc.test 366 alice #room :End of NAMES");
  ASSERT_TRUE(next<Subject>());
  ASSERT_EQ(expect("MODE"), "MODE #room");
}

void IrcSession::enter_also(const std::string& channel) {
  perform(RoomId(channel + "%irc.test"), "also", Join{"alice", ""});
  ASSERT_EQ(expect("JOIN"), "JOIN " + channel);
  peer->send(":alice!~alice@host.test JOIN " + channel);
  peer->send(":irc.test 353 alice = " + channel + " :@alice");
  peer->send(":irc.test 366 alice " + channel + " :End of NAMES");
  ASSERT_TRUE(next<Subject>());
  ASSERT_EQ(expect("MODE"), "MODE " + channel);
}

}  // namespace dragoman::irc
