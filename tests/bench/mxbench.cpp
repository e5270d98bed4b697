// Load for a Matrix bridge: one process plays the XMPP server (XEP-0114 acceptor) and the homeserver, which
// answers at once; dragoman is started between them as a child. Prints one JSON object.
//
//   mxbench --xmpp-port P --hs-port H --as-port A --as-token T --hs-token T --domain D [--scenario S]
//           [--messages K] [--rooms R] [--members M] [--users U] [--batch B] -- DRAGOMAN ARGS...
//
//  - in: K messages of Matrix in transactions of B events, spread over R rooms; until XMPP has heard them
//  - out: K messages of XMPP, spread over R rooms, at most 500 of a room under way; until each was sent to
//  the
//    homeserver and reflected
//  - latency-in, latency-out: K messages one at a time; from the first byte written on one side to what is
//    read on the other
//  - again: a transaction of B events, which is then sent K times again
//  - join: one room of M members
//  - ghosts: U people join a room, speak and leave: what each of them leaves in memory
//  - load: K events of all kinds over R rooms, by people who come and go, with one message in twenty from U
//    people on XMPP; the memory after each twentieth of it
//
// Figures: wall seconds and the child's own CPU (user and system, /proc/PID/stat) of the counted phase alone,
// RSS in KiB before and after it, percentiles in µs. Within a room everything has to come in the order in
// which it was said, and once: a run where it does not is not ok.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using std::string;
using std::string_view;

constexpr string_view server_name = "hs.bench";

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Options {
  string domain = "matrix.bench", secret, as_token, hs_token, scenario = "in";
  int xmpp_port = 0, hs_port = 0, as_port = 0;
  int messages = 20000, rooms = 10, members = 20000, users = 20000, batch = 100;
  std::vector<char*> command;
};
Options options;
pid_t child;
int epoll_fd;

// ------------------------------------------------------------------------------------------------
// connections

enum class Kind { xmpp, request_in, request_out };
struct Connection {
  int fd;
  Kind kind;
  string in, out;
  std::size_t written = 0;
};
std::map<int, std::unique_ptr<Connection>> connections;
Connection* xmpp = nullptr;
Connection* to_gateway = nullptr;

void arm(const Connection& c) {
  epoll_event event{};
  event.events = EPOLLIN | (c.written < c.out.size() ? static_cast<unsigned>(EPOLLOUT) : 0U);
  event.data.fd = c.fd;
  epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c.fd, &event);
}

void flush(Connection& c) {
  while (c.written < c.out.size()) {
    const ssize_t n = ::send(c.fd, c.out.data() + c.written, c.out.size() - c.written, MSG_NOSIGNAL);
    if (n <= 0) break;
    c.written += static_cast<std::size_t>(n);
  }
  if (c.written == c.out.size()) {
    c.out.clear();
    c.written = 0;
  }
  arm(c);
}

Connection& add(int fd, Kind kind) {
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  auto made = std::make_unique<Connection>();
  made->fd = fd;
  made->kind = kind;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  return *(connections[fd] = std::move(made));
}

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int listen_on(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const sockaddr_in address = loopback(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(fd, 4096) != 0) {
    perror("listen");
    exit(2);
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event);
  return fd;
}

// -------------------------------------------------------------------------------------------------- what is
// counted

std::size_t joined, heard, reflected, sent, left_rooms, transactions_taken;
std::vector<double> begun, latencies;
std::map<string, long, std::less<>> last_sent, last_heard, last_reflected;  // by room, or by room and person
std::size_t misplaced;                                                      // came twice, or too late
bool one_at_a_time = false;
std::set<string> unknown_calls;

// What is said bears a number, in "benchmsg 12 …": higher than all before it in its room.
void check_order(std::map<string, long, std::less<>>& last, string_view where, string_view text) {
  const std::size_t at = text.find("benchmsg ");
  if (at == text.npos) return;
  const long number = atol(text.data() + at + 9);
  auto found = last.find(where);
  if (found == last.end()) found = last.emplace(string(where), -1).first;
  if (number <= found->second) ++misplaced;
  found->second = number;
}

void note_latency(string_view text) {
  const std::size_t at = text.find("benchmsg ");
  if (at == text.npos) return;
  const auto number = static_cast<std::size_t>(atoi(text.data() + at + 9));
  if (number < begun.size()) latencies.push_back(now() - begun[number]);
}

// ------------------------------------------------------------------------------------------------- the
// homeserver

string room_id(int room) { return "!bench" + std::to_string(room) + ":" + string(server_name); }
string member_id(int member) { return "@member" + std::to_string(member) + ":" + string(server_name); }

std::size_t next_event = 1;
// As long as those of room versions from 4 on.
string event_id(std::size_t number) {
  string id = "$benchbenchbenchbenchbenchbenchbench" + std::to_string(number);
  id.resize(44, '_');
  return id;
}

// As Synapse tells an event to an application service.
string event(string_view type, string_view room, string_view sender, string_view content,
             const string* state_key = nullptr) {
  string out = R"({"type":")" + string(type) + R"(","room_id":")" + string(room) + R"(","sender":")" +
               string(sender) + R"(","event_id":")" + event_id(next_event++) + R"(","origin_server_ts":)" +
               std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(
                                  std::chrono::system_clock::now().time_since_epoch())
                                  .count());
  if (state_key) out += R"(,"state_key":")" + *state_key + '"';
  return out + R"(,"unsigned":{"age":42},"age":42,"user_id":")" + string(sender) + R"(","content":)" +
         string(content) + '}';
}

// Transactions: one in flight, at most so many events each, in order.
std::deque<string> events_waiting, ephemeral_waiting;
bool transaction_in_flight = false;
std::size_t next_transaction = 1;

void send_transaction(std::size_t number, const string& body);

void push_transaction() {
  if (transaction_in_flight || events_waiting.empty()) return;
  string body = R"({"events":[)";
  for (int taken = 0; taken < options.batch && !events_waiting.empty(); ++taken) {
    if (taken > 0) body += ',';
    body += events_waiting.front();
    events_waiting.pop_front();
  }
  body += "]";
  if (!ephemeral_waiting.empty()) {
    body += R"(,"ephemeral":[)" + ephemeral_waiting.front() + ']';
    ephemeral_waiting.pop_front();
  }
  send_transaction(next_transaction++, body + '}');
}

void send_transaction(std::size_t number, const string& body) {
  if (!to_gateway) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(options.as_port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      perror("connect to the gateway");
      exit(2);
    }
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    to_gateway = &add(fd, Kind::request_out);
  }
  to_gateway->out += "PUT /_matrix/app/v1/transactions/" + std::to_string(number) +
                     " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + options.hs_token +
                     "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
                     "\r\n\r\n" + body;
  transaction_in_flight = true;
  flush(*to_gateway);
}

int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }
string decoded(string_view text) {
  string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

string query_value(string_view query, string_view name) {
  const std::size_t at = query.find(string(name) + '=');
  if (at == query.npos) return {};
  const string_view rest = query.substr(at + name.size() + 1);
  return decoded(rest.substr(0, rest.find('&')));
}

std::vector<string> parts_of(string_view path) {
  std::vector<string> parts;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::size_t end = std::min(path.find('/'), path.size());
    parts.push_back(decoded(path.substr(0, end)));
    path.remove_prefix(end);
  }
  return parts;
}

const string empty_key;
std::map<string, string> ghosts_in;  // "room user" -> nothing; who of them is in

string member_event(string_view room, const string& user, string_view name) {
  return event("m.room.member", room, user,
               R"({"membership":"join","displayname":")" + string(name) + R"("})", &user);
}

std::vector<string> state_of(const string& room, bool with_members) {
  const string creator = member_id(0);
  std::vector<string> state = {
      event("m.room.create", room, creator, R"({"room_version":"11","creator":")" + creator + R"("})",
            &empty_key),
      event("m.room.power_levels", room, creator, R"({"users":{")" + creator + R"(":100}})", &empty_key),
      event("m.room.join_rules", room, creator, R"({"join_rule":"public"})", &empty_key),
      event("m.room.name", room, creator, R"({"name":"Bench"})", &empty_key),
  };
  if (with_members) {
    for (int i = 0; i < options.members; ++i)
      state.push_back(member_event(room, member_id(i), "member" + std::to_string(i)));
  }
  return state;
}

string list_of(const std::vector<string>& items) {
  string out = "[";
  for (const string& item : items) out += (out.size() > 1 ? "," : "") + item;
  return out + "]";
}

string joined_members() {
  string out = R"({"joined":{)";
  for (int i = 0; i < options.members; ++i) {
    if (i > 0) out += ',';
    out +=
        '"' + member_id(i) + R"(":{"display_name":"member)" + std::to_string(i) + R"(","avatar_url":null})";
  }
  return out + "}}";
}

struct Response {
  int status = 200;
  string body = "{}";
};

void join_ghost(const string& room, const string& user, const string& name) {
  if (!ghosts_in.emplace(room + ' ' + user, name).second) return;
  events_waiting.push_back(member_event(room, user, name));
}

Response in_room(const std::vector<string>& parts, string_view method, string_view query, string_view body) {
  // _matrix client v3 rooms ID what …
  const string &room = parts[4], &what = parts[5];
  const string user = query_value(query, "user_id");
  if (what == "send") {
    ++sent;
    if (one_at_a_time) note_latency(body);
    check_order(last_sent, room, body);
    const string id = event_id(next_event);
    events_waiting.push_back(event(parts[6], room, user, body));
    return {200, R"({"event_id":")" + id + R"("})"};
  }
  if (what == "join") {
    join_ghost(room, user, "ghost");
    return {200, R"({"room_id":")" + room + R"("})"};
  }
  if (what == "leave") {
    if (ghosts_in.erase(room + ' ' + user) > 0)
      events_waiting.push_back(event("m.room.member", room, user, R"({"membership":"leave"})", &user));
    ++left_rooms;
    return {};
  }
  if (what == "state" && parts.size() == 6) return {200, list_of(state_of(room, true))};
  if (what == "state" && method == "PUT") {
    const string key = parts.size() > 7 ? parts[7] : "";
    events_waiting.push_back(event(parts[6], room, user, body, &key));
    return {200, R"({"event_id":")" + event_id(next_event - 1) + R"("})"};
  }
  if (what == "state") {
    const string type = R"("type":")" + parts[6] + '"';
    for (const string& one : state_of(room, false)) {
      if (one.find(type) == one.npos) continue;
      const std::size_t at = one.find(R"("content":)") + 10;
      return {200, one.substr(at, one.size() - 1 - at)};
    }
    return {404, R"({"errcode":"M_NOT_FOUND","error":"no such state"})"};
  }
  if (what == "joined_members") return {200, joined_members()};
  if (what == "members") {
    std::vector<string> members;
    for (int i = 0; i < options.members; ++i)
      members.push_back(member_event(room, member_id(i), "member" + std::to_string(i)));
    return {200, R"({"chunk":)" + list_of(members) + "}"};
  }
  if (what == "messages") return {200, R"({"chunk":[],"start":"start"})"};
  if (what == "typing" || what == "receipt" || what == "read_markers") return {};
  return {404, {}};
}

Response answer(string_view method, string_view target, string_view body) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  const string_view path = target.substr(0, mark), query = target.substr(std::min(mark + 1, target.size()));
  const std::vector<string> parts = parts_of(path);
  const auto is = [&](std::size_t index, string_view name) {
    return parts.size() > index && parts[index] == name;
  };
  if (is(3, "login")) return {200, R"({"flows":[{"type":"m.login.password"}]})"};
  if (is(2, "versions")) return {200, R"({"versions":["v1.1","v1.11"],"unstable_features":{}})"};
  if (is(3, "rooms") && parts.size() >= 6) {
    Response found = in_room(parts, method, query, body);
    if (!found.body.empty()) return found;
  }
  if (is(3, "join") && parts.size() >= 5) {
    const string room = parts[4].starts_with('#') ? "!" + parts[4].substr(1) : parts[4];
    join_ghost(room, query_value(query, "user_id"), "ghost");
    return {200, R"({"room_id":")" + room + R"("})"};
  }
  if (is(3, "directory") && is(4, "room"))
    return {200,
            R"({"room_id":"!)" + parts[5].substr(1) + R"(","servers":[")" + string(server_name) + R"("]})"};
  if (is(3, "register")) return {200, R"({"user_id":"@ghost"})"};
  if (is(3, "account")) return {200, R"({"user_id":")" + query_value(query, "user_id") + R"("})"};
  if (is(3, "joined_rooms")) return {200, R"({"joined_rooms":[]})"};
  if (is(3, "profile") && method == "GET") return {200, R"({"displayname":"somebody"})"};
  if (is(3, "profile") || is(3, "presence") || is(3, "appservice") || is(2, "appservice") || is(4, "ping"))
    return {};
  if (unknown_calls.size() < 20 && unknown_calls.insert(string(method) + ' ' + string(path)).second)
    fprintf(stderr, "mxbench: not known: %s %s\n", string(method).c_str(), string(target).c_str());
  return {404, R"({"errcode":"M_UNRECOGNIZED","error":"not known here"})"};
}

string_view header(string_view head, string_view name) {  // the name in small letters
  for (std::size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at)) {
    at += 2;
    if (head.size() - at <= name.size() || strncasecmp(head.data() + at, name.data(), name.size()) != 0 ||
        head[at + name.size()] != ':')
      continue;
    string_view value = head.substr(at + name.size() + 1);
    value = value.substr(0, value.find("\r\n"));
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
  }
  return {};
}

// One message of HTTP at the beginning: how long its head and body are; nothing while it is not whole.
bool whole(string_view in, std::size_t& head, std::size_t& body) {
  head = in.find("\r\n\r\n");
  if (head == in.npos) return false;
  const string_view length = header(in.substr(0, head + 2), "content-length");
  body = length.empty() ? 0 : static_cast<std::size_t>(atoll(length.data()));
  head += 4;
  return in.size() >= head + body;
}

void on_requests(Connection& c) {
  std::size_t done = 0, head = 0, length = 0;
  while (whole(string_view(c.in).substr(done), head, length)) {
    const string_view request = string_view(c.in).substr(done);
    const std::size_t space = request.find(' ');
    const string_view method = request.substr(0, space);
    const string_view target = request.substr(space + 1, request.find(' ', space + 1) - space - 1);
    const Response response = answer(method, target, request.substr(head, length));
    c.out +=
        "HTTP/1.1 " + std::to_string(response.status) +
        " OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(response.body.size()) +
        "\r\n\r\n" + response.body;
    done += head + length;
  }
  c.in.erase(0, done);
}

void on_responses(Connection& c) {
  std::size_t head = 0, length = 0;
  while (whole(c.in, head, length)) {
    if (!string_view(c.in).starts_with("HTTP/1.1 200")) {
      fprintf(stderr, "mxbench: a transaction was answered %s\n", c.in.substr(0, head + length).c_str());
      exit(2);
    }
    c.in.erase(0, head + length);
    transaction_in_flight = false;
    ++transactions_taken;
  }
}

// ------------------------------------------------------------------------------------------------ the XMPP
// server

bool handshaken = false, greeted = false;

string_view attribute(string_view stanza, string_view name) {  // " name="
  const std::size_t at = stanza.find(name) + name.size() + 1;
  return stanza.substr(at, stanza.find(stanza[at - 1], at) - at);
}

// Whose it is to hear, and in which room.
string room_in(string_view stanza) {
  const string_view from = attribute(stanza, " from=");
  return string(from.substr(0, from.rfind('/'))) + ' ' + string(attribute(stanza, " to="));
}

void on_stanza(string_view stanza) {
  if (stanza.starts_with("<presence")) {
    if (stanza.find("code='110'") != stanza.npos || stanza.find("code=\"110\"") != stanza.npos) {
      if (stanza.find("type='unavailable'") == stanza.npos &&
          stanza.find("type=\"unavailable\"") == stanza.npos)
        ++joined;
    } else if (stanza.find("type='error'") != stanza.npos || stanza.find("type=\"error\"") != stanza.npos) {
      fprintf(stderr, "mxbench: %s\n", string(stanza).c_str());
    }
  } else if (stanza.starts_with("<message")) {
    const std::size_t body = stanza.find("<body");
    if (body == stanza.npos || stanza.find("benchmsg") == stanza.npos) return;
    if (stanza.find("/member") < body) {
      ++heard;
      check_order(last_heard, room_in(stanza), stanza);
      if (one_at_a_time) note_latency(stanza);
    } else {
      ++reflected;
      check_order(last_reflected, room_in(stanza), stanza);
    }
  } else if (stanza.find("vcard-temp") != stanza.npos) {  // nobody here has a card
    xmpp->out +=
        "<iq type='error' from='" + string(attribute(stanza, " to=")) + "' to='" +
        string(attribute(stanza, " from=")) + "' id='" + string(attribute(stanza, " id=")) +
        "'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>";
  }
}

// Stanzas are found by their closing tags, which are escaped inside text.
void on_stream(Connection& c) {
  if (!greeted && c.in.find("<stream:stream") != c.in.npos) {
    greeted = true;
    c.out +=
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
        "xmlns:stream='http://etherx.jabber.org/streams' from='" +
        options.domain + "' id='bench1'>";
  }
  if (!handshaken) {
    const std::size_t at = c.in.find("</handshake>");
    if (at == c.in.npos) return;
    c.in.erase(0, at + 12);
    handshaken = true;
    c.out += "<handshake/>";
  }
  std::size_t at = 0;
  for (;;) {
    const std::size_t begin = c.in.find('<', at);
    if (begin == c.in.npos) break;
    const string_view rest = string_view(c.in).substr(begin);
    string_view close;
    if (rest.starts_with("<presence")) close = "</presence>";
    if (rest.starts_with("<message")) close = "</message>";
    if (rest.starts_with("<iq")) close = "</iq>";
    if (close.empty()) {
      if (rest.size() < 10) break;
      at = begin + 1;
      continue;
    }
    const std::size_t tag = rest.find('>');
    if (tag == rest.npos) break;
    std::size_t end = tag + 1;
    if (rest[tag - 1] != '/') {
      end = rest.find(close);
      if (end == rest.npos) break;
      end += close.size();
    }
    on_stanza(rest.substr(0, end));
    at = begin + end;
  }
  c.in.erase(0, at);
}

// ------------------------------------------------------------------------------------------------------ the
// loop

int xmpp_listener, http_listener;

void step(int milliseconds) {
  push_transaction();
  epoll_event events[256];
  const int n = epoll_wait(epoll_fd, events, 256, milliseconds);
  for (int i = 0; i < n; ++i) {
    const int fd = events[i].data.fd;
    if (fd == xmpp_listener || fd == http_listener) {
      const int accepted = accept4(fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (accepted < 0) continue;
      Connection& c = add(accepted, fd == xmpp_listener ? Kind::xmpp : Kind::request_in);
      if (fd == xmpp_listener) xmpp = &c;
      continue;
    }
    const auto found = connections.find(fd);
    if (found == connections.end()) continue;
    Connection& c = *found->second;
    bool closed = false;
    char buffer[65536];
    for (int k = 0; k < 16; ++k) {
      const ssize_t got = read(fd, buffer, sizeof buffer);
      if (got > 0) c.in.append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) closed = true;
      if (got < static_cast<ssize_t>(sizeof buffer)) break;
    }
    switch (c.kind) {
      case Kind::xmpp: on_stream(c); break;
      case Kind::request_in: on_requests(c); break;
      case Kind::request_out: on_responses(c); break;
    }
    if (closed) {
      if (&c == xmpp) xmpp = nullptr;
      if (&c == to_gateway) to_gateway = nullptr;
      ::close(fd);
      connections.erase(found);
      continue;
    }
    flush(c);
    push_transaction();
  }
  int status = 0;
  if (waitpid(child, &status, WNOHANG) == child) {
    fprintf(stderr, "mxbench: dragoman ended (status %d)\n", status);
    exit(3);
  }
}

bool until(const std::function<bool()>& reached, double limit) {
  const double begin = now();
  while (!reached()) {
    if (now() - begin > limit) return false;
    step(20);
  }
  return true;
}

double cpu_of_child() {
  const string path = "/proc/" + std::to_string(child) + "/stat";
  FILE* file = fopen(path.c_str(), "r");
  if (!file) return 0;
  char text[2048];
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  unsigned long user = 0, kernel = 0;
  sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
  return static_cast<double>(user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

long memory_of_child() {
  const string path = "/proc/" + std::to_string(child) + "/status";
  FILE* file = fopen(path.c_str(), "r");
  if (!file) return 0;
  char line[256];
  long kib = 0;
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %ld", &kib) == 1) break;
  fclose(file);
  return kib;
}

// ------------------------------------------------------------------------------------------------------ the
// work

constexpr string_view words = " hello there, this is an ordinary chat line of ordinary length";
constexpr std::size_t most_under_way = 500;  // of one room

string line(int number) { return "benchmsg " + std::to_string(number) + string(words); }

string room_jid(int room) {
  return "#bench" + std::to_string(room) + "%" + string(server_name) + "@" + options.domain;
}
string user_jid(int user) { return "user" + std::to_string(user) + "@example.com"; }

void to_xmpp(const string& stanza) { xmpp->out += stanza; }

void send_join(int user, int room) {
  to_xmpp("<presence from='" + user_jid(user) + "/r' to='" + room_jid(room) + "/nick" + std::to_string(user) +
          "'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>");
}

void say_in(int room, int user, const string& text) {
  to_xmpp("<message type='groupchat' id='m" + std::to_string(next_event++) + "' from='" + user_jid(user) +
          "/r' to='" + room_jid(room) + "'><body>" + text + "</body></message>");
}

struct Said {
  string event_id, sender;
};
std::map<int, Said> said_last;  // by room

void matrix_says(int room, int member, const string& text) {
  said_last[room] = {event_id(next_event), member_id(member)};
  events_waiting.push_back(event("m.room.message", room_id(room), member_id(member),
                                 R"({"msgtype":"m.text","body":")" + text + R"("})"));
}

double cpu_at_begin, begin_at;  // of what is counted

bool work_in() {
  const int speakers = std::min(options.members, 50);
  for (int k = 0; k < options.messages; ++k) matrix_says(k % options.rooms, k % speakers, line(k));
  return until([] { return heard >= static_cast<std::size_t>(options.messages); }, 300);
}

bool work_out() {
  const std::size_t most = most_under_way * static_cast<std::size_t>(options.rooms);
  for (int k = 0; k < options.messages; ++k) {
    say_in(k % options.rooms, 0, line(k));
    if (k % 100 != 99) continue;
    flush(*xmpp);
    step(0);
    const auto said = static_cast<std::size_t>(k);
    if (!until([said, most] { return said < reflected + most; }, 60)) return false;
  }
  flush(*xmpp);
  const auto all = static_cast<std::size_t>(options.messages);
  return until([all] { return sent >= all && reflected >= all; }, 300);
}

bool work_again() {
  string body = R"({"events":[)";
  for (int i = 0; i < options.batch; ++i) {
    body += (i > 0 ? "," : "") + event("m.room.message", room_id(0), member_id(1),
                                       R"({"msgtype":"m.text","body":")" + line(i) + R"("})");
  }
  body += "]}";
  const auto all = static_cast<std::size_t>(options.batch);
  const std::size_t number = next_transaction++;
  for (int k = 0; k <= options.messages; ++k) {
    const std::size_t before = transactions_taken;
    transaction_in_flight = true;
    send_transaction(number, body);
    if (!until([before] { return transactions_taken > before; }, 30)) return false;
    if (k > 0) continue;
    if (!until([all] { return heard >= all; }, 30)) return false;
    cpu_at_begin = cpu_of_child();  // the first one is not counted
    begin_at = now();
  }
  return heard == all;
}

bool work_latency(bool inwards) {
  one_at_a_time = true;
  latencies.clear();
  begun.assign(static_cast<std::size_t>(options.messages), 0);
  for (int k = 0; k < options.messages; ++k) {
    const std::size_t before = latencies.size(), seen = reflected;
    const string text = line(k);
    begun[static_cast<std::size_t>(k)] = now();
    if (inwards) {
      matrix_says(0, 1, text);
      push_transaction();
    } else {
      say_in(0, 0, text);
      flush(*xmpp);
    }
    if (!until([before] { return latencies.size() > before; }, 5)) return false;
    // The next one only when all of this one is over.
    if (!until(
            [&] { return (inwards || reflected > seen) && !transaction_in_flight && events_waiting.empty(); },
            5))
      return false;
  }
  one_at_a_time = false;
  return true;
}

// Each joins, speaks and leaves; a hundred at a time.
bool work_ghosts() {
  for (int user = 1; user <= options.users; ++user) {
    const auto already = static_cast<std::size_t>(user);
    send_join(user, 0);
    flush(*xmpp);
    if (!until([already] { return joined >= already + 1; }, 30)) return false;
    say_in(0, user, line(user));
    to_xmpp("<presence type='unavailable' from='" + user_jid(user) + "/r' to='" + room_jid(0) + "/nick" +
            std::to_string(user) + "'/>");
    flush(*xmpp);
    if (user % 100 == 0 && !until([already] { return sent >= already && left_rooms >= already; }, 60))
      return false;
  }
  const auto all = static_cast<std::size_t>(options.users);
  return until([all] { return sent >= all && left_rooms >= all && events_waiting.empty(); }, 120);
}

// What happens in rooms, but for what is simply said: somebody new comes, or the oldest newcomer goes; a
// reaction, an edit, a redaction of what was said just before; who types, who has read.
void happen_in(int room, int k) {
  static std::map<int, std::deque<string>> newcomers;
  const string id = room_id(room);
  const auto& [before, speaker] = said_last[room];
  switch (k % 7) {
    case 0: {
      std::deque<string>& here = newcomers[room];
      here.push_back("@newcomer" + std::to_string(k) + ":elsewhere.bench");
      events_waiting.push_back(member_event(id, here.back(), "Newcomer " + std::to_string(k)));
      if (here.size() <= 50) return;
      events_waiting.push_back(
          event("m.room.member", id, here.front(), R"({"membership":"leave"})", &here.front()));
      here.pop_front();
      return;
    }
    case 1:
      events_waiting.push_back(
          event("m.reaction", id, speaker,
                R"({"m.relates_to":{"rel_type":"m.annotation","key":"👍","event_id":")" + before + R"("}})"));
      return;
    case 2:
      events_waiting.push_back(event(
          "m.room.message", id, speaker,
          R"({"msgtype":"m.text","body":"* better","m.new_content":{"msgtype":"m.text","body":"better"},)"
          R"("m.relates_to":{"rel_type":"m.replace","event_id":")" +
              before + R"("}})"));
      return;
    case 3:
      events_waiting.push_back(event("m.room.redaction", id, speaker, R"({"redacts":")" + before + R"("})"));
      return;
    case 4:
      ephemeral_waiting.push_back(R"({"type":"m.typing","room_id":")" + id + R"(","content":{"user_ids":[")" +
                                  speaker + R"("]}})");
      return;
    case 5:
      ephemeral_waiting.push_back(R"({"type":"m.receipt","room_id":")" + id + R"(","content":{")" + before +
                                  R"(":{"m.read":{")" + speaker + R"(":{"ts":1436451550453}}}}})");
      return;
    default:
      events_waiting.push_back(event("m.room.topic", id, member_id(0),
                                     R"({"topic":"Bench )" + std::to_string(k) + R"("})", &empty_key));
  }
}

std::vector<long> memory_on_the_way;

bool work_load() {
  const std::size_t most = most_under_way * static_cast<std::size_t>(options.rooms);
  std::size_t from_matrix = 0, from_xmpp = 0;
  for (int k = 0; k < options.messages; ++k) {
    const int room = (k * 7 + k / 31) % options.rooms;
    if (k % 20 == 19) {
      const int user = room % options.users;
      say_in(room, user, line(k));
      ++from_xmpp;
    } else if (k % 10 == 4) {
      happen_in(room, k / 10);
    } else {
      matrix_says(room, 1 + k % 40, line(k));
      ++from_matrix;
    }
    if (k % 500 == 499) {
      flush(*xmpp);
      if (!until([&] { return from_matrix < heard + most && from_xmpp < reflected + 1000; }, 60))
        return false;
    }
    if ((k + 1) % std::max(1, options.messages / 20) != 0) continue;
    if (!until([&] { return events_waiting.empty() && reflected >= from_xmpp; }, 60)) return false;
    memory_on_the_way.push_back(memory_of_child());
  }
  return until([&] { return heard >= from_matrix && reflected >= from_xmpp; }, 120);
}

double percentile(double part) {
  if (latencies.empty()) return 0;
  std::sort(latencies.begin(), latencies.end());
  return latencies[std::min(latencies.size() - 1,
                            static_cast<std::size_t>(part * static_cast<double>(latencies.size())))] *
         1e6;
}

bool read_options(int argc, char** argv) {
  const std::map<string_view, int*> numbers = {
      {"--xmpp-port", &options.xmpp_port}, {"--hs-port", &options.hs_port}, {"--as-port", &options.as_port},
      {"--messages", &options.messages},   {"--rooms", &options.rooms},     {"--members", &options.members},
      {"--users", &options.users},         {"--batch", &options.batch}};
  const std::map<string_view, string*> texts = {{"--domain", &options.domain},
                                                {"--as-token", &options.as_token},
                                                {"--hs-token", &options.hs_token},
                                                {"--scenario", &options.scenario}};
  for (int i = 1; i < argc; ++i) {
    const string_view flag = argv[i];
    if (flag == "--") {
      options.command.assign(argv + i + 1, argv + argc);
      break;
    }
    if (i + 1 == argc) return false;
    if (const auto number = numbers.find(flag); number != numbers.end()) {
      *number->second = atoi(argv[++i]);
    } else if (const auto text = texts.find(flag); text != texts.end()) {
      *text->second = argv[++i];
    } else {
      return false;
    }
  }
  options.command.push_back(nullptr);
  return options.command.size() > 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (!read_options(argc, argv)) {
    fprintf(stderr, "see the head of mxbench.cpp for the flags\n");
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  xmpp_listener = listen_on(options.xmpp_port);
  http_listener = listen_on(options.hs_port);
  child = fork();
  if (child == 0) {
    const int log = open("/dev/null", O_WRONLY);
    dup2(log, 1);
    if (!getenv("MXBENCH_LOG")) dup2(log, 2);
    execvp(options.command[0], options.command.data());
    _exit(127);
  }
  if (!until([] { return handshaken; }, 15)) {
    fprintf(stderr, "mxbench: no handshake\n");
    kill(child, SIGKILL);
    return 1;
  }
  until([] { return false; }, 0.5);  // what it does at its start is not counted

  const bool joins_are_counted = options.scenario == "join";
  if (joins_are_counted) options.rooms = 1;
  for (const string_view one_room : {"latency-in", "latency-out", "again", "ghosts"}) {
    if (options.scenario == one_room) options.rooms = 1;
  }
  const long memory_at_first = memory_of_child();
  cpu_at_begin = cpu_of_child();
  begin_at = now();
  bool ok = true;
  for (int room = 0; room < options.rooms; ++room) {
    send_join(options.scenario == "load" ? room % options.users : 0, room);
    flush(*xmpp);
    const auto wanted = static_cast<std::size_t>(room + 1);
    ok = ok && until([wanted] { return joined >= wanted; }, 120);
  }
  const double join_seconds = now() - begin_at;
  if (!joins_are_counted) {
    until([] { return events_waiting.empty() && !transaction_in_flight; }, 10);
    cpu_at_begin = cpu_of_child();
    begin_at = now();
  }
  const long memory_before = joins_are_counted ? memory_at_first : memory_of_child();
  if (ok && options.scenario == "in") ok = work_in();
  if (ok && options.scenario == "out") ok = work_out();
  if (ok && options.scenario == "latency-in") ok = work_latency(true);
  if (ok && options.scenario == "latency-out") ok = work_latency(false);
  if (ok && options.scenario == "again") ok = work_again();
  if (ok && options.scenario == "ghosts") ok = work_ghosts();
  if (ok && options.scenario == "load") ok = work_load();
  const double wall = now() - begin_at, used = cpu_of_child() - cpu_at_begin;
  ok = ok && misplaced == 0;
  const double done = options.scenario == "ghosts" ? options.users : joins_are_counted ? 1 : options.messages;
  string on_the_way;
  for (const long kib : memory_on_the_way)
    on_the_way += (on_the_way.empty() ? "" : ",") + std::to_string(kib);
  printf(
      "{\"scenario\":\"%s\",\"ok\":%s,\"join_s\":%.4f,\"wall_s\":%.4f,\"cpu_s\":%.3f,\"per_s\":%.0f,"
      "\"cpu_us_each\":%.1f,\"rss_before_kib\":%ld,\"rss_end_kib\":%ld,\"p50_us\":%.0f,\"p99_us\":%.0f,"
      "\"heard\":%zu,\"sent\":%zu,\"reflected\":%zu,\"misplaced\":%zu,\"rss_kib\":[%s]}\n",
      options.scenario.c_str(), ok ? "true" : "false", join_seconds, wall, used, done / wall,
      used * 1e6 / done, memory_before, memory_of_child(), percentile(.5), percentile(.99), heard, sent,
      reflected, misplaced, on_the_way.c_str());
  fflush(stdout);
  kill(child, SIGINT);
  for (int i = 0; i < 200 && waitpid(child, nullptr, WNOHANG) == 0; ++i) usleep(30000);
  kill(child, SIGKILL);
  return ok ? 0 : 1;
}
