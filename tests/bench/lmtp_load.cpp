// Plays the mail server: hands over mails by LMTP on some connections at once, each as Postfix does it (one
// mail after the other on a connection that stays, MAIL, RCPT and DATA in one go), and measures until the
// last reply. With --xmpp-port it is dragoman's XMPP server too: lets its component in, registers the
// recipients, and reads what comes without looking at it.
//
//   lmtp_load --port 2400 [--connections 1] [--mails 1000] [--bytes 2048] [--domain example.test] [--warmup
//   50]
//             [--recipient 'u{}@example.test'] [--pid N] [--xmpp-port 5347 --component mail.bench]
//
// Prints JSON: {"ok", "per_s", "cpu_us_each" (of --pid), "p50_us", "p99_us"}. Linux.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

using Clock = std::chrono::steady_clock;

std::map<std::string, std::string> options{{"connections", "1"}, {"mails", "1000"},
                                           {"bytes", "2048"},    {"warmup", "50"},
                                           {"pid", "0"},         {"recipient", "u{}@example.test"}};

int number(const char* name) { return std::atoi(options[name].c_str()); }

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "lmtp_load: %s\n", why.c_str());
  std::exit(1);
}

std::string recipient(int connection) {
  std::string text = options["recipient"];
  const auto mark = text.find("{}");
  return mark == std::string::npos ? text : text.replace(mark, 2, std::to_string(connection));
}

// Of a process, so far; 0 where there is none.
double cpu_seconds(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto end = text.rfind(')');
  if (end == std::string::npos) return 0;
  std::istringstream rest(text.substr(end + 2));
  std::string skipped;
  for (int i = 0; i < 11; ++i) rest >> skipped;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::string mail_text(int connection, int count) {
  static const std::string run = std::to_string(getpid());
  std::string text =
      "Received: from mx.example (mx.example [192.0.2.1])\r\n\tby mail.example.test (Postfix) with ESMTPS id "
      "4XYZ\r\n"
      "\tfor <" +
      recipient(connection) +
      ">; Mon, 23 Nov 2026 01:00:00 +0000 (UTC)\r\n"
      "From: Bob Example <bob@example.org>\r\nTo: " +
      recipient(connection) +
      "\r\n"
      "Subject: About the report of " +
      std::to_string(count) +
      "\r\n"
      "Date: Mon, 23 Nov 2026 01:00:00 +0000\r\nMessage-ID: <" +
      run + "." + std::to_string(connection) + "." + std::to_string(count) +
      "@example.org>\r\nMIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n\r\n";
  const auto size = static_cast<std::size_t>(number("bytes"));
  for (int line = 0; text.size() < size; ++line)
    text += "This is line " + std::to_string(line) + " of what somebody wrote in a hurry today.\r\n";
  return text;
}

// ------------------------------------------------------------------------------------------------------
// LMTP

struct Connection {
  enum class Step { greeting, lhlo, envelope, data } step = Step::greeting;
  int fd = -1, index = 0, left = 0, count = 0;
  std::string in, out;
  int replies = 0;  // that are still to come for this step
  Clock::time_point begun;
  bool done = false;
};

int connect_to(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("nobody listens for LMTP");
  const int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

void say(Connection& c, const std::string& text) {
  std::size_t sent = 0;
  while (sent < text.size()) {
    const auto size = send(c.fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) fail("the connection is lost");
    sent += static_cast<std::size_t>(size);
  }
}

void next_mail(Connection& c) {
  if (c.left == 0) {
    c.done = true;
    return;
  }
  c.step = Connection::Step::envelope;
  c.replies = 3;
  c.begun = Clock::now();
  say(c, "MAIL FROM:<bob@example.org>\r\nRCPT TO:<" + recipient(c.index) + ">\r\nDATA\r\n");
}

// A whole reply has come.
void on_reply(Connection& c, const std::string& line, std::vector<double>& times) {
  const bool good = line[0] == '2' || (line[0] == '3' && c.step == Connection::Step::envelope);
  if (!good) fail("was answered: " + line);
  switch (c.step) {
    case Connection::Step::greeting:
      c.step = Connection::Step::lhlo;
      say(c, "LHLO mx.example.test\r\n");
      break;
    case Connection::Step::lhlo: next_mail(c); break;
    case Connection::Step::envelope:
      if (--c.replies > 0) break;
      c.step = Connection::Step::data;
      say(c, mail_text(c.index, c.count) + ".\r\n");
      break;
    case Connection::Step::data:
      times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - c.begun).count());
      ++c.count;
      --c.left;
      next_mail(c);
      break;
  }
}

void read_some(Connection& c, std::vector<double>& times) {
  char buffer[16384];
  const auto size = recv(c.fd, buffer, sizeof buffer, 0);
  if (size <= 0) fail("the connection was closed");
  // A server that writes its replies one by one would wait 40 ms for each of our acknowledgements.
  const int yes = 1;
  setsockopt(c.fd, IPPROTO_TCP, TCP_QUICKACK, &yes, sizeof yes);
  c.in.append(buffer, static_cast<std::size_t>(size));
  for (std::size_t end; (end = c.in.find("\r\n")) != std::string::npos;) {
    const std::string line = c.in.substr(0, end);
    c.in.erase(0, end + 2);
    if (line.size() >= 4 && line[3] == '-') continue;
    on_reply(c, line, times);
  }
}

double run(std::vector<Connection>& connections, int mails, std::vector<double>& times) {
  const auto begin = Clock::now();
  for (Connection& c : connections) {
    c.left = mails / static_cast<int>(connections.size());
    c.done = false;
    if (c.step == Connection::Step::data) next_mail(c);
  }
  std::vector<pollfd> polled;
  for (Connection& c : connections) polled.push_back({c.fd, POLLIN, 0});
  while (std::any_of(connections.begin(), connections.end(), [](const Connection& c) { return !c.done; })) {
    if (poll(polled.data(), polled.size(), 60'000) <= 0) fail("no reply came for a minute");
    for (std::size_t i = 0; i < polled.size(); ++i) {
      if (polled[i].revents != 0) read_some(connections[i], times);
    }
  }
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// ------------------------------------------------------------------------------------------------------
// XMPP

std::atomic<bool> registered{false};

void xmpp_say(int fd, const std::string& text) {
  if (send(fd, text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    fail("XMPP is lost");
}

void serve_xmpp(int listener, int people) {
  const int fd = accept(listener, nullptr, nullptr);
  std::string got;
  char buffer[65536];
  enum { opening, handshake, answers, contacts, draining } step = opening;
  const auto count = [&](const std::string& what) {
    int found = 0;
    for (auto at = got.find(what); at != std::string::npos; at = got.find(what, at + 1)) ++found;
    return found;
  };
  while (true) {
    const auto size = recv(fd, buffer, sizeof buffer, 0);
    if (size <= 0) return;
    if (step == draining) continue;
    got.append(buffer, static_cast<std::size_t>(size));
    if (count("type='error'") + count("type=\"error\"") > 0) fail("dragoman refuses: " + got);
    if (step == opening && got.find("<stream:stream") != std::string::npos && got.back() == '>') {
      xmpp_say(fd,
               "<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams' "
               "xmlns='jabber:component:accept' id='1' from='" +
                   options["component"] + "'>");
      step = handshake;
      got.clear();
    } else if (step == handshake && got.find("</handshake>") != std::string::npos) {
      xmpp_say(fd, "<handshake/>");
      for (int i = 0; i < people; ++i)
        xmpp_say(fd, "<iq type='set' id='register' from='u" + std::to_string(i) + "@bench.test/x' to='" +
                         options["component"] + "'><query xmlns='jabber:iq:register'/></iq>");
      step = answers;
      got.clear();
    } else if (step == answers && count("register") >= people) {
      // Whoever is a contact may write.
      for (int i = 0; i < people; ++i)
        xmpp_say(fd, "<presence type='subscribe' from='u" + std::to_string(i) +
                         "@bench.test' to='bob\\40example.org@" + options["component"] + "'/>");
      step = contacts;
      got.clear();
    } else if (step == contacts && count("subscribed") >= people) {
      step = draining;
      got = {};
      registered = true;
    }
  }
}

void be_xmpp_server(int people) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(number("xmpp-port")));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 1) != 0)
    fail("the XMPP port is taken");
  std::thread(serve_xmpp, listener, people).detach();
  for (int i = 0; !registered; ++i) {
    if (i == 300) fail("dragoman did not come, or did not register anybody");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) options[argv[i] + 2] = argv[i + 1];
  if (options.count("xmpp-port") != 0) be_xmpp_server(number("connections"));
  std::vector<Connection> connections(static_cast<std::size_t>(number("connections")));
  for (std::size_t i = 0; i < connections.size(); ++i) {
    connections[i].index = static_cast<int>(i);
    connections[i].fd = connect_to(number("port"));
  }
  std::vector<double> times;
  run(connections, std::max(number("warmup"), number("connections")), times);
  times.clear();
  const double cpu = cpu_seconds(number("pid"));
  const double seconds = run(connections, number("mails"), times);
  const double used = cpu_seconds(number("pid")) - cpu;
  std::sort(times.begin(), times.end());
  const auto mails = static_cast<double>(times.size());
  std::printf("{\"ok\": true, \"per_s\": %.1f, \"cpu_us_each\": %.1f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
              mails / seconds, used / mails * 1e6, times[times.size() / 2], times[times.size() * 99 / 100]);
}
