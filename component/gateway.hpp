// One component domain: from a JID to the user, the session, the room or the contact it stands for. Owns the
// rooms and contacts of all its users, and its network.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridges/network.hpp"
#include "component/errors.hpp"
#include "component/outlet.hpp"
#include "component/questions.hpp"
#include "component/router.hpp"
#include "component/stanza.hpp"
#include "config/settings.hpp"
#include "mapping/store.hpp"

namespace dragoman {

class Muc;
class Contact;
class Commands;
class Subscriptions;

// What an address of ours stands for.
struct Target {
  std::optional<Conversation> where;  // nothing: no such thing on this network
  std::string nick;                   // the resource; an occupant where `where` is a room
  const RoomId* room() const { return where ? std::get_if<RoomId>(&*where) : nullptr; }
  const UserId* user() const { return where ? std::get_if<UserId>(&*where) : nullptr; }
  const PlaceId* place() const { return where ? std::get_if<PlaceId>(&*where) : nullptr; }
};

class Gateway final : public Sink {
 public:
  struct Options {
    config::Bridge bridge;
    std::vector<std::string> admins;      // bare JIDs
    std::function<Time()> now;            // the clock
    std::function<std::string()> reload;  // reads the config again; empty: done, else what is wrong
  };
  Gateway(Options options, Store& store, Outlet& out);
  ~Gateway() override;
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;
  void attach(std::unique_ptr<Network> network);  // once, before anything else

  // From the stream.
  void on_stanza(Stanza&& stanza);
  void on_link_up();
  void on_link_down();
  void on_pressure(bool high);
  void say_goodbye(const std::string& reason);  // unavailable presences to all, before a clean stop
  void tell_admins(const std::string& text);
  void set_options(config::Bridge bridge, std::vector<std::string> admins);  // after a reload

  // Sink
  void on_event(Session& from, Event event) override;
  const MemberTable* members(const Session& of, const RoomId& room) const override;
  void on_session_end(Session& session) override;

  // For the facets.
  Network& network() { return *network_; }
  Store& store() { return store_; }
  Outlet& out() { return out_; }
  Router& router() { return router_; }
  Questions& questions() { return questions_; }
  Commands& commands() { return *commands_; }
  Subscriptions& subscriptions() { return *subscriptions_; }
  const config::Bridge& bridge() const { return options_.bridge; }
  const std::string& domain() const { return options_.bridge.domain; }
  NetworkId id() const { return NetworkId{domain()}; }
  Time now() const { return options_.now(); }
  std::string reload() {
    return options_.reload ? options_.reload() : std::string("there is no configuration file to read");
  }
  bool is_admin(const Jid& who) const;

  Target locate(const Jid& address) const;
  std::string address_of(
      const Conversation& what) const;  // "#chan%irc.example@gw", escaped; the domain alone for ourselves
  PersonId viewer_of(const PersonId& person) const;  // whose view of a room a person sees
  Muc* find_room(const PersonId& person, const RoomId& room) const;
  Muc& open_room(const PersonId& person, const RoomId& room);
  std::vector<Muc*> rooms_of(const PersonId& person) const;
  std::vector<Muc*> all_rooms() const;
  Contact& contact(const PersonId& person, const Conversation& with);
  void close_room(Muc& room);  // forgotten once the present stanza or event is done

  // Stanzas out. `deliver` keeps the stanza for later while the link is down; the rest is dropped then.
  bool send(std::string_view stanza) { return out_.send(stanza); }
  void deliver(const PersonId& to, std::string stanza);
  void reply(const Stanza& iq, std::string_view payload = {});
  void refuse(const Stanza& stanza, const StanzaError& error);

  std::string new_id();     // of a message: ordered by time, unique
  std::string new_token();  // of a command to the network
  std::string occupant_id(const RoomId& room, const std::string& whose) const;  // XEP-0421

 private:
  struct View;
  struct Closed;
  struct Busy;
  View& view(const PersonId& person);
  View* find_view(const PersonId& person) const;
  void on_message(const Stanza& stanza, const Target& target);
  void on_presence(const Stanza& stanza, const Target& target);
  void on_iq(const Stanza& stanza, const Target& target);
  void on_link(Session& from, const Event& event, const LinkState& state);
  void restore();

  Options options_;
  Store& store_;
  Outlet& out_;
  std::unique_ptr<Network> network_;
  Router router_;
  Questions questions_;
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::unordered_map<PersonId, std::unique_ptr<View>> views_;
  std::unique_ptr<Closed> closed_;
  int depth_ = 0;
  std::string occupant_key_;
  std::uint64_t token_counter_ = 0;
  Time down_since_{};
  bool was_up_ = false;
};

}  // namespace dragoman
