// An IRC server that a test plays line by line, and a Sink that remembers, on one loop.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/network.hpp"
#include "mapping/store.hpp"

namespace dragoman::irc {

// One connection as the server sees it.
class Peer : public std::enable_shared_from_this<Peer> {
 public:
  explicit Peer(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}
  void start() { read(); }
  void send(const std::string& line) {
    boost::system::error_code ignored;
    boost::asio::write(socket_, boost::asio::buffer(line + "\r\n"), ignored);
  }
  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  std::deque<std::string> lines;
  bool closed = false;

 private:
  void read() {
    socket_.async_read_some(
        boost::asio::buffer(chunk_), [self = shared_from_this()](const auto& error, std::size_t n) {
          if (error) {
            self->closed = true;
            return;
          }
          self->buffer_.append(self->chunk_.data(), n);
          for (std::size_t end; (end = self->buffer_.find("\r\n")) != std::string::npos;) {
            self->lines.push_back(self->buffer_.substr(0, end));
            self->buffer_.erase(0, end + 2);
          }
          self->read();
        });
  }
  boost::asio::ip::tcp::socket socket_;
  std::array<char, 4096> chunk_{};
  std::string buffer_;
};

class Recorder : public Sink {
 public:
  void on_event(dragoman::Session& from, Event event) override {
    if (const auto* room = std::get_if<RoomId>(&event.in)) follow(*room, event.what);
    if (hook) hook(from, event);
    events.push_back(std::move(event));
  }
  const MemberTable* members(const dragoman::Session&, const RoomId& room) const override {
    auto found = tables.find(room.value());
    return found == tables.end() ? nullptr : &found->second;
  }
  void on_session_end(dragoman::Session& session) override {
    ++ended;
    if (on_end) on_end(session);
  }

  std::deque<Event> events;
  int ended = 0;
  std::map<std::string, MemberTable> tables;
  std::function<void(dragoman::Session&, const Event&)> hook;
  std::function<void(dragoman::Session&)> on_end;

 private:
  void follow(const RoomId& room, const What& what) {
    if (const auto* entered = std::get_if<Entered>(&what)) {
      tables.try_emplace(room.value(), &fold_ascii).first->second.replace(entered->members);
    }
    auto found = tables.find(room.value());
    if (found == tables.end()) return;
    auto& table = found->second;
    if (const auto* joined = std::get_if<MemberJoined>(&what)) table.put(joined->member);
    if (const auto* updated = std::get_if<MemberUpdated>(&what)) table.put(updated->member);
    if (const auto* left = std::get_if<MemberLeft>(&what)) table.erase(left->nick);
    if (const auto* renamed = std::get_if<MemberRenamed>(&what))
      table.rename(renamed->nick, renamed->new_nick);
    if (std::holds_alternative<Exited>(what)) tables.erase(found);
  }
};

class IrcSession : public testing::Test {
 protected:
  IrcSession();
  ~IrcSession() override;

  // Runs the loop until `done`, at most `limit`.
  bool until(const std::function<bool()>& done, std::chrono::milliseconds limit = std::chrono::seconds(10));
  // The next event of that kind, which is taken with all before it.
  template <class T>
  std::optional<Event> next() {
    std::optional<Event> found;
    until([&] {
      while (!sink.events.empty() && !found) {
        if (std::holds_alternative<T>(sink.events.front().what)) found = std::move(sink.events.front());
        sink.events.pop_front();
      }
      return found.has_value();
    });
    return found;
  }
  // The next line from the client that begins so, taken with all before it; empty if none comes.
  std::string expect(const std::string& begin);
  bool quiet();  // nothing from the client for a round trip of the loop

  void make(config::Irc irc = {});
  void listen_again(const boost::asio::ip::tcp::endpoint& endpoint);
  Session& session() { return static_cast<Session&>(network->session_for(person, PlaceId("irc.test"))); }
  void perform(Conversation in, std::string token, Act what) {
    session().perform(Command{std::move(in), std::move(token), std::move(what)});
  }
  // Up to 001 and 005; `caps`: what the server offers (empty: it knows no CAP).
  void welcome(const std::string& caps = "", const std::string& nick = "alice");
  // In "#room" with bob.
  void enter(const std::string& caps = "");
  // In another channel as well, alone.
  void enter_also(const std::string& channel);

  boost::asio::io_context loop;
  boost::asio::ip::tcp::acceptor acceptor;
  std::shared_ptr<Peer> peer;  // the last that connected
  int connections = 0;
  std::filesystem::path folder;
  std::unique_ptr<Store> store;
  Recorder sink;
  config::Bridge bridge;
  Patience patience;
  std::unique_ptr<Network> network;
  const PersonId person{"alice@example.org"};
  const RoomId room{"#room%irc.test"};
  const UserId bob{"bob%irc.test"};
  const PlaceId place{"irc.test"};

 private:
  void accept();
};

}  // namespace dragoman::irc
