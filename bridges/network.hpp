// The plugin contract. A Network is one configured bridge; a Session is one voice on it; a Sink is the rest
// of the house as they see it. One thread, one loop: calls across these are plain and synchronous, nothing
// throws across, results come back as events. A call to a Session may emit events before it returns.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/features.hpp"
#include "bridges/form.hpp"
#include "bridges/members.hpp"
#include "mapping/ids.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman {

class FileHost;
class Store;
namespace config {
struct Bridge;
}

// What a person wants of a room; where it is asked for is the network's own affair.
struct RoomPreferences {
  bool record_history = true;
  bool persistent = false;         // stay when the last client has left
  std::chrono::seconds linger{0};  // else: how long to wait for one to come back
  std::size_t max_history = 20;    // lines shown at a join
};

// Owned by its Network. Lives until the Sink was told that it ended.
class Session {
 public:
  virtual ~Session() = default;
  virtual const PersonId& person() const = 0;
  virtual const PlaceId& place() const = 0;
  virtual Link link() const = 0;
  virtual std::string nick() const = 0;  // its own, as it now is or is asked for

  // Takes the command over. Each that carries a token is answered by exactly one Delivered, Failed or
  // Answered, at once or later; Join by Entered or Failed. Where a network confirms nothing, Delivered says
  // "written", and a refusal that comes after it is a Failed for the same token. It connects first where it
  // must. Nothing is sent for a command that failed.
  virtual void perform(Command command) = 0;
  virtual Features features(const Conversation& where) const = 0;
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void on_event(Session& from, Event event) = 0;
  // Who is in a room, as this session was told; null when it is not in it.
  virtual const MemberTable* members(const Session& of, const RoomId& room) const = 0;
  // The session is going: nothing may hold it after the call.
  virtual void on_session_end(Session& session) = 0;
};

class Network {
 public:
  virtual ~Network() = default;

  virtual std::string title() const = 0;      // "IRC gateway", for service discovery
  virtual std::string_view kind() const = 0;  // "irc": the disco identity's type

  // What the (unescaped) local part of an address stands for; an empty one is the bridge itself. Nothing: no
  // such address.
  virtual std::optional<Conversation> resolve(std::string_view node) const = 0;
  virtual std::string node_of(const Conversation& what) const = 0;  // its inverse, unescaped
  // The conversation with an occupant of a room, by nick.
  virtual UserId user_of(const RoomId& room, std::string_view nick) const = 0;
  virtual std::string nick_of(const UserId& user) const = 0;             // what that person is called there
  virtual std::string display_name(const Conversation& what) const = 0;  // "#chan on irc.libera.chat"
  virtual std::string address_hint() const = 0;  // how a person writes an address here, for jabber:iq:gateway
  // What a person may type into an "add contact" dialogue, to a node; nothing: can't be one.
  virtual std::optional<std::string> node_from_prompt(std::string_view typed) const = 0;
  // Whose view of a room a person sees: their own where the network shows each a view of their own (an IRC
  // connection, a Matrix account), nobody's where those who speak through the bridge share one stream. In a
  // shared room what concerns one voice alone (Entered, Exited, Delivered, Failed) comes from its session;
  // all else comes once, from whichever.
  virtual PersonId viewer_of(const PersonId& person, const RoomId& room) const = 0;
  virtual MemberTable::Fold nick_fold() const = 0;

  // The best voice there is for a person in a conversation; made when there is none. It connects when it has
  // to. No person: the bridge's own voice, where the network has one.
  virtual Session& session_for(const PersonId& person, const Conversation& where) = 0;
  virtual Session* find_session(const PersonId& person, const Conversation& where) = 0;
  virtual std::vector<Session*> sessions() = 0;
  // Ends a session: the other side is told `message`, the Sink is told on_session_end.
  virtual void disconnect(Session& session, const std::string& message) = 0;

  virtual RoomPreferences preferences(const PersonId& person, const RoomId& room) = 0;

  virtual std::vector<Procedure> procedures(const Conversation& target) const = 0;
  virtual Outcome run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
                      const Answers& answers, bool submitted) = 0;

  // Back-pressure: while held, sessions read nothing from their sockets.
  virtual void hold(bool held) = 0;
  // Whether the XMPP server is there. While it is not, a network whose other end can keep what comes (a mail
  // server) lets it.
  virtual void reachable(bool) {}
  // What it tells was taken over from somebody who forgets it then: a message is kept before it is told, and
  // until it has been written to the XMPP server.
  virtual bool accountable() const { return false; }
  virtual void reload(const config::Bridge& settings) = 0;
  // Says goodbye everywhere; `done` is called once, when all is written or given up (within three seconds).
  virtual void stop(const std::string& message, std::function<void()> done) = 0;
};

// What a network is made from. All references outlive it.
struct NetworkContext {
  boost::asio::io_context& loop;
  Sink& sink;
  Store& store;
  const config::Bridge& settings;
  FileHost* file_host = nullptr;  // null: there is none
};

// One network of this binary. What has no use for a function leaves it null.
struct NetworkEntry {
  std::string_view kind;  // "irc", as in the config
  std::unique_ptr<Network> (*make)(const NetworkContext&);
  // Text that the network's own server has to be given (dragoman register-KIND); throws std::runtime_error.
  std::string (*registration)(const config::Bridge&, Store&) = nullptr;
  // Looks whether the other side can be worked with, says so line by line and what to mend (dragoman doctor
  // KIND). How many things are wrong.
  int (*doctor)(const config::Bridge&, Store&, std::FILE* out) = nullptr;
};
// The networks this binary was built with (registry.cpp).
const std::vector<NetworkEntry>& network_registry();

}  // namespace dragoman
