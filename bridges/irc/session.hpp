// One person's connection to one IRC server. The connection, its registration and its end are in session.cpp
// and registration.cpp, what time brings in on_tick.cpp; what the server says in on_message.cpp,
// on_channel.cpp and on_numeric.cpp, by a table of commands (dispatch.cpp); what the person says in
// perform.cpp and perform_room.cpp.
//
// The session keeps no list of members: it asks the Sink, which was told of each.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "bridges/irc/address.hpp"
#include "bridges/irc/capabilities.hpp"
#include "bridges/irc/isupport.hpp"
#include "bridges/irc/line.hpp"
#include "bridges/irc/modes.hpp"
#include "bridges/irc/pending.hpp"
#include "bridges/irc/send_queue.hpp"
#include "bridges/irc/settings.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/line_stream.hpp"
#include "bridges/net/timer.hpp"
#include "bridges/network.hpp"

namespace dragoman::irc {

class Session;

// How long things may take; tests make them short.
struct Patience {
  std::chrono::milliseconds connect{30'000};        // all attempts together
  std::chrono::milliseconds registration{60'000};   // from the connection to 001
  std::chrono::milliseconds nick_conflict{60'000};  // for another nick to come
  std::chrono::milliseconds join{30'000};
  std::chrono::milliseconds answer{60'000};          // of anything else that was asked
  std::chrono::milliseconds no_change{10'000};       // of a mode: no server says that it changes nothing
  std::chrono::milliseconds listing{300'000};        // how long a list of channels is good for
  std::chrono::milliseconds silence{90'000};         // until we send PING
  std::chrono::milliseconds pong{60'000};            // until the connection is given up then
  std::chrono::milliseconds linger{3'600'000};       // of private conversations, without a channel
  std::chrono::milliseconds linger_unused{120'000};  // without either
  std::chrono::milliseconds waiting{600'000};        // of what is said while the connection is lost
  std::chrono::milliseconds first_retry{2'000}, last_retry{300'000};
  std::chrono::milliseconds tick{30'000}, busy_tick{1'000};
};

// What all sessions of a network share. Owned by the Network, outlives them.
struct Hub {
  boost::asio::io_context& loop;
  Sink& sink;
  Store& store;
  config::Bridge settings;
  NetworkId network;
  AddressBook addresses;
  std::shared_ptr<const net::TlsContext> tls;  // made for the first connection that needs it
  Patience patience;
  std::mt19937 random;
  std::map<std::string, net::Spacing> reconnections;  // by server address
  bool held = false;
  std::function<void(Session&)> ended;  // the Network lets go of it, soon
};

class Session final : public dragoman::Session {
 public:
  Session(Hub& hub, PersonId person, PlaceId place);
  ~Session() override;

  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return link_; }
  std::string nick() const override { return nick_.empty() ? wanted_nick_ : nick_; }
  void perform(Command command) override;
  Features features(const Conversation& where) const override;

  // Says QUIT, leaves all rooms and ends.
  void quit(const std::string& message);
  // Says QUIT and nothing else to anybody: the gateway stops. `done` is called once.
  void stop(const std::string& message, std::function<void()> done);
  void hold(bool held);

  // For get-irc-connection-info.
  const std::optional<net::Connected>& connection() const { return connection_; }
  // For identd, which is asked while TLS is still being set up.
  const std::optional<net::Connected>& reached() const { return reached_; }
  std::chrono::system_clock::time_point up_since() const { return up_since_; }
  std::vector<std::string> channel_names() const;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Phase : std::uint8_t {
    idle,         // not yet asked to connect
    connecting,   // also between two ports
    registering,  // connected, before 001
    up,
    retrying,  // lost; will connect again
    ended,
  };

  struct Channel {
    std::string name;  // as the server writes it
    RoomId room;
    std::string key;
    std::string encoding_in, encoding_out;
    enum class State : std::uint8_t { wanted, asked, naming, in } state = State::wanted;
    bool was_in = false;              // it is a rejoin: its failure is Exited
    bool patient = false;             // it came back from the store: an outage does not fail it
    bool leaving = false;             // the person left; the server has not confirmed it
    bool part_due = false;            // a PART of ours is on its way that a newer JOIN follows
    bool naming_again = false;        // a NAMES that somebody asked for
    bool stale = false;               // somebody came or went while NAMES was told: it is asked for again
    std::vector<std::string> tokens;  // of the joins that wait
    std::string leave_token;
    std::string names;  // words of 353, collected until 366
    std::string topic, topic_by;
    Time topic_time{};
    std::map<char, std::string> modes;
    Clock::time_point asked_at{};
    Clock::time_point wanted_at{};  // since when somebody waits for it
  };

  // ------------------------------------------------------------------------- session.cpp: the connection and
  // its end
  void start();
  void connect_next();
  void knock();  // starts once it is our turn at that server
  void on_up(const net::Connected& info);
  void on_down(Failure why);
  void lost(Failure why);
  void give_up(Failure why);  // for good: answers everybody and ends
  void retry_later();
  void end();
  void tell_link(Link link, Failure why = {});
  bool has_patient() const;
  void fail_joins(const Failure& why, bool also_patient = true);
  void fail_waiting(const Failure& why);
  void close_stream();

  // -------------------------------------------------------------------------------------------------------
  // on_tick.cpp
  void schedule_tick();
  void on_tick();
  void fail_late_joins(Clock::time_point now);
  void end_if_unused();
  bool busy() const;

  // --------------------------------------------------------------------------------- registration.cpp: CAP,
  // SASL, 001
  void begin_registration();
  void on_cap(const Line& line);
  void caps_settled();
  void on_authenticate(const Line& line);
  void on_sasl_success(const Line& line);
  void on_sasl_failure(const Line& line);
  void on_welcome(const Line& line);
  void on_isupport(const Line& line);
  void on_motd_begin(const Line& line);
  void on_motd_line(const Line& line);
  void on_motd_end(const Line& line);
  void on_nick_refused(const Line& line);
  void on_refused_entry(const Line& line);  // 463, 464, 465
  void send_nick(const std::string& nick);
  const std::string& account() const { return settings_.nick.empty() ? account_ : settings_.nick; }

  // ------------------------------------------------------------------------------------- dispatch.cpp: line
  // to handler
  struct Handler {
    std::size_t params;  // at least
    void (Session::*handle)(const Line&);
  };
  static constexpr std::size_t most_channels = 500;
  static const Handler* handler_of(const Line& line);
  void on_line(std::string_view bytes);
  void ignore(const Line&) {}

  // --------------------------------------------------------------------------------------------------
  // on_message.cpp
  void on_privmsg(const Line& line);
  void on_notice(const Line& line);
  void on_text(const Line& line, bool notice);
  void on_channel_text(const Line& line, Channel& channel, std::string_view target, bool notice, bool own);
  void on_private_text(const Line& line, std::string_view target, bool notice, bool own);
  bool on_ctcp(const Line& line, std::string_view text, bool notice, bool own);
  void on_own_echo(const Line& line, std::string_view target, Conversation in,
                   std::optional<Message> message);
  void echoed(const Line& line, Pending pending);
  void on_ping(const Line& line);
  void on_error(const Line& line);
  void on_batch(const Line& line);
  void remember_talk(std::string_view nick);
  Sender sender_of(const Line& line) const;
  void stamp(Event& event, const Line& line) const;

  // --------------------------------------------------------------------------------------------------
  // on_channel.cpp
  void on_join(const Line& line);
  void on_part(const Line& line);
  void on_kick(const Line& line);
  void on_quit(const Line& line);
  void on_nick(const Line& line);
  void on_mode(const Line& line);
  void on_topic(const Line& line);
  void on_invite(const Line& line);
  void on_away(const Line& line);
  void on_account(const Line& line);
  void on_chghost(const Line& line);
  void on_names(const Line& line);
  void on_end_of_names(const Line& line);
  void on_topic_is(const Line& line);
  void on_topic_who(const Line& line);
  void on_modes_are(const Line& line);
  void entered(Channel& channel);
  void exited(Channel& channel, Departure how, std::string by, std::string reason);
  void tell_info(const Channel& channel);
  template <class Change>
  void update_everywhere(std::string_view nick, Change change);

  // --------------------------------------------------------------------------------------------------
  // on_numeric.cpp
  void on_refusal(const Line& line);
  void on_try_again(const Line& line);
  void on_fail(const Line& line);
  void on_standard_note(const Line& line);
  void on_ack(const Line& line);
  bool part_refused(const Line& line);
  void refused(const Pending& pending, const Failure& why);
  std::optional<Pending> take_labeled(const Line& line);
  void on_other(const Line& line);
  bool join_refused(const Line& line, const Failure& why);
  bool join_refused(Channel& channel, const Failure& why);
  void on_away_reply(const Line& line);
  void on_away_done(const Line& line);
  void on_inviting(const Line& line);
  void on_ban(const Line& line);
  void on_end_of_bans(const Line& line);
  void on_whois(const Line& line);
  Profile& profile_of(std::string_view nick);
  void on_end_of_whois(const Line& line);
  void on_list(const Line& line);
  void on_list_end(const Line& line);
  void tell_page(const Conversation& in, const std::string& token, const Page& page);
  void on_unknown_command(const Line& line);
  void on_host_hidden(const Line& line);
  std::vector<std::string> folded_params(const Line& line) const;

  // -------------------------------------------------------------------------------- perform.cpp and
  // perform_room.cpp
  void act(Command& command, Join& join);
  void act(Command& command, Leave& leave);
  void act(Command& command, Message& message);
  void act(Command& command, Subject& subject);
  void act(Command& command, Invite& invite);
  void act(Command& command, SetStanding& standing);
  void act(Command& command, Remove& remove);
  void act(Command& command, SetNick& nick);
  void act(Command& command, SetAvailability& availability);
  void act(Command& command, ListStandings& list);
  void act(Command& command, FetchRoomInfo& fetch);
  void act(Command& command, SetRoomInfo& wish);
  void act(Command& command, FetchProfile& profile);
  void act(Command& command, FetchVersion& version);
  void act(Command& command, Ping& ping);
  void act(Command& command, Search& search);
  template <class Unsupported>
  void act(Command& command, Unsupported& what);

  void send_message(Command& command, Message& message, std::string_view target, const std::string& encoding);
  void send_raw(Command& command, const Message& message);
  void wait_for_link(Command command);
  void flush_waiting();
  void send_join(Channel& channel);
  void send_joins();
  void ask_modes(Command& command, const Channel& channel, const std::vector<ModeChange>& changes);
  // A line that is answered: by `what`, or by a refusal. Empty line: it can't be said.
  void ask(Command& command, Awaited what, std::string line, std::string_view target,
           std::string_view object = {}, Page page = {});
  std::string away_line(const SetAvailability& availability) const;
  Channel* joined_channel(Command& command);  // or Failed was told

  // ---------------------------------------------------------------------------------------------------------
  // in common
  Channel* find_channel(std::string_view name);
  Channel* find_channel(const RoomId& room);
  void forget_channel(const Channel& channel);
  std::optional<Member> member(const Channel& channel, std::string_view nick) const;
  bool is_me(std::string_view nick) const { return server_.same(nick, nick_); }
  Source self() const { return {nick_, user_, host_}; }
  std::string plain(std::string_view bytes) const;
  const std::string& encoding_in(const Channel* channel) const;
  void tell(Conversation in, What what, Sender sender = {});
  void tell_place(std::string text, MessageKind kind = MessageKind::normal);
  void delivered(const Conversation& in, const std::string& token, MessageId id = {});
  void failed(const Conversation& in, const std::string& token, Failure why);
  bool write_now(const std::string& line);  // at once, past the throttle
  bool enqueue(std::string line, std::uint64_t number = 0);
  // When a line that was just queued is on the wire: from then on its answer is awaited.
  Clock::time_point sent_at() const { return Clock::now() + queue_.delay(); }
  void on_sent(std::uint64_t number);

  Hub& hub_;
  const PersonId person_;
  const PlaceId place_;
  ServerSettings settings_;
  Phase phase_ = Phase::idle;
  Link link_ = Link::closed;

  // the connection
  std::unique_ptr<net::LineStream> stream_;
  std::vector<Attempt> attempts_;
  std::size_t attempt_ = 0;
  std::optional<Failure> first_failure_;  // of the attempts so far
  std::optional<Failure> last_words_;     // what an ERROR or a refusing numeric said before the end
  bool never_again_ = false;              // banned or not let in: no reconnection
  std::optional<net::Connected> connection_, reached_;
  std::chrono::system_clock::time_point up_since_;
  net::Backoff backoff_;
  net::Timer retry_timer_, tick_timer_;
  SendQueue queue_;
  std::uint64_t sent_number_ = 0;
  std::map<std::uint64_t, Pending> at_write_;  // whom to tell Delivered when written
  // Messages that were delivered by their write alone, the last few: a refusal may still follow.
  PendingList written_;
  std::chrono::milliseconds tick_length_{};
  std::chrono::milliseconds silent_for_{};
  bool heard_ = false, pinged_ = false;
  Clock::time_point phase_since_{}, unused_since_{};

  // registration
  Capabilities caps_;
  Isupport server_;
  std::string nick_, wanted_nick_, user_, host_;
  std::string account_;      // for SASL where no nick is set: the first that was asked for
  std::size_t nicklen_ = 0;  // as the server told once; 0: not known
  bool cap_ended_ = false, logging_in_ = false, nick_conflict_ = false, was_up_ = false, burst_ = false;
  int nick_tries_ = 0;
  std::string motd_;

  // conversations
  std::vector<std::unique_ptr<Channel>> channels_;
  std::unordered_set<std::string> talks_;  // folded nicks we have spoken with
  Clock::time_point last_talk_{};
  PendingList pending_;
  std::uint32_t label_ = 0;
  std::map<std::string, std::string, std::less<>> batches_;  // reference to label
  struct Waiting {
    Command command;
    Clock::time_point since;
  };
  std::deque<Waiting> waiting_;
  std::optional<SetAvailability> availability_;
  std::vector<ListedUser> bans_;
  std::vector<ListedRoom> listed_;  // collected, or kept for the next page
  std::string listed_words_;        // what it was asked with
  Clock::time_point listed_at_{};   // when it was complete; zero: it is not
  std::optional<Profile> profile_;
  std::string refused_whois_;  // its 318 is still to come
  SetAvailability told_availability_;
  bool msgid_seen_ = false;
  std::string last_away_;
};

}  // namespace dragoman::irc
