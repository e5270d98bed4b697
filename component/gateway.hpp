// One component domain: from a JID to the user, the session, the room or the contact it stands for. Owns the
// rooms and contacts of all its users, and its network.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridges/net/http_client.hpp"
#include "bridges/network.hpp"
#include "component/errors.hpp"
#include "component/outlet.hpp"
#include "component/questions.hpp"
#include "component/router.hpp"
#include "component/stanza.hpp"
#include "component/told_mark.hpp"
#include "config/settings.hpp"
#include "mapping/store.hpp"

namespace dragoman {

class Muc;
class Contact;
class Blocking;
class Bookmarks;
class Commands;
class People;
class Privileges;
class Subscriptions;
class Uploads;
struct RoomRow;
struct OccupantRow;

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
    // How a request of HTTP leaves; the answer comes from the loop.
    std::function<void(net::HttpRequest, std::function<void(net::HttpResult)>)> http = {};
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
  void tick(Time now);                          // every few seconds
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
  Privileges& privileges() { return *privileges_; }
  Bookmarks& bookmarks() { return *bookmarks_; }
  Blocking& blocking() { return *blocking_; }
  ToldMark& told() { return told_; }
  People& people() { return *people_; }
  FileHost& file_host();
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
  PersonId viewer_of(const PersonId& person, const RoomId& room) const {
    return network_->viewer_of(person, room);
  }
  Muc* find_room(const PersonId& person, const RoomId& room) const;
  Muc& open_room(const PersonId& person, const RoomId& room);
  // Those of the person's own view, and the shared ones in which they have a voice.
  std::vector<Muc*> rooms_of(const PersonId& person) const;
  void note_voice(const PersonId& person, const Muc& room);  // it has one there, or is about to
  std::vector<Muc*> all_rooms() const;
  Contact& contact(const PersonId& person, const Conversation& with);
  void close_room(Muc& room);  // forgotten once the present stanza or event is done

  // Stanzas out. `deliver` keeps the stanza for later while the link is down (so many a person); the rest is
  // dropped then.
  bool send(std::string_view stanza) { return out_.send(stanza); }
  void deliver(const PersonId& to, std::string stanza);
  void tell_kept();                         // after Outlet::soon()
  void on_written(std::uint64_t position);  // see Outlet::position()
  void reply(const Stanza& iq, std::string_view payload = {});
  void refuse(const Stanza& stanza, const StanzaError& error);

  std::string new_id();  // of a message: ordered by time, unique
  // Of a command to the network. Tokens are unique over restarts: a network that keeps what it still has to
  // send may answer for one long after. `of`: the message that the command says; then the token tells who
  // sent it and what they called it, so that even after a restart a Failed for it is an error to its sender,
  // and a Delivered is known by the sender's own id (where the network then tells the message itself, as the
  // sender's own: the room has forgotten it). `receipt`: of a chat, that is then owed one (XEP-0184).
  std::string new_token();
  std::string new_token(const Stanza& of, bool receipt = false);
  // Of one that goes to several, and so to a room that did not send it: whatever becomes of it is answered by
  // the token alone, as after a restart, by the gateway itself.
  std::string new_untracked_token(const Stanza& of) { return '~' + new_token(of); }
  // A Failed for a message that nobody here remembers: an error to whom its token names. False: it names
  // none.
  bool refuse_late(const Conversation& in, const std::string& token, const Failure& failure);
  std::string occupant_id(const RoomId& room, const std::string& whose) const;  // XEP-0421

 private:
  struct View;
  struct Closed;
  // A stanza or an event is being worked on. Networks may answer before a call returns, so these nest: only
  // the outermost lets go of what was closed meanwhile.
  struct Busy {
    explicit Busy(Gateway& g) : gateway(g) { ++gateway.depth_; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy();
    Gateway& gateway;
  };
  struct Waiting {  // in the outbox, for one person
    std::size_t kept = 0, dropped = 0;
  };
  struct Telling {  // of an accountable network: in the outbox, unless the key is empty
    std::string key, stanza;
  };
  struct Unwritten {  // the outbox has it until it has been written
    std::uint64_t position;
    std::string key;
  };
  void keep_and_tell(std::string stanza);
  View& view(const PersonId& person);
  View* find_view(const PersonId& person) const;
  bool is_empty(const PersonId& person, const View& seen) const;  // nothing of theirs is in it
  void on_message(const Stanza& stanza, const Target& target);
  void on_presence(const Stanza& stanza, const Target& target);
  void on_iq(const Stanza& stanza, const Target& target);
  bool says_whether_there(const Stanza& presence, const Target& target) const;
  void decline(const PersonId& person, const RoomId& room, const Element& decline);
  void forget_idle(Time now);
  void on_link(Session& from, const Event& event, const LinkState& state);
  Muc* room_for(const PersonId& person, const RoomId& room, const What& what) const;
  bool answer_late(Session& from, const Event& event,
                   const std::string& token);  // nobody waits for it any more

  // recovery.cpp
  void restore();
  Muc* reopened(const PersonId& person, const RoomId& room);
  void ask_whether_there(const RoomRow& row, const OccupantRow& occupant);
  void work_off();
  void drain_outbox();
  void outbox_empty();

  Options options_;
  Store& store_;
  Outlet& out_;
  std::unique_ptr<Network> network_;
  Router router_;
  Questions questions_;
  ToldMark told_;
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<Subscriptions> subscriptions_;
  std::unique_ptr<Privileges> privileges_;
  std::unique_ptr<Bookmarks> bookmarks_;
  std::unique_ptr<People> people_;
  std::unique_ptr<Blocking> blocking_;
  std::unique_ptr<Uploads> uploads_;
  std::unordered_map<PersonId, std::unique_ptr<View>> views_;
  std::unique_ptr<Closed> closed_;
  int depth_ = 0;
  std::string occupant_key_;
  mutable std::array<std::pair<std::string, std::string>, 256>
      known_ids_;             // of occupants, by what they are made of
  std::string token_prefix_;  // of this run of the program
  std::uint64_t token_counter_ = 0;
  Time looked_for_idle_{};
  bool was_up_ = false;
  bool pressed_ = false;        // the stream is full
  bool outbox_waiting_ = true;  // there may be something in it
  std::deque<Telling> telling_;
  std::uint64_t losses_before_telling_ = 0;
  std::deque<Unwritten> unwritten_;
  std::unordered_map<PersonId, Waiting> waiting_;   // while it does
  std::deque<std::pair<PersonId, RoomId>> untold_;  // views that are to be told again
};

}  // namespace dragoman
