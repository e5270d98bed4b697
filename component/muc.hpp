// The only MUC service there is (XEP-0045): one room's XMPP occupants, a listener of that room. One facet,
// one file: voices, presence, message, history, moderation, admin, config.
//
// An occupant is one client of a person; all clients of a person share its voice in the room, and so its
// nick. A view of one person's own has one voice, a shared room one for each person who is in.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "component/errors.hpp"
#include "component/ghosts.hpp"
#include "component/history.hpp"
#include "component/identities.hpp"
#include "component/room.hpp"
#include "component/stanza.hpp"
#include "mapping/archive_table.hpp"

namespace dragoman {

class Gateway;

// XEP-0045 7.2.14: how much of the past an occupant asks for.
struct HistoryRequest {
  std::optional<std::size_t> max_stanzas, max_chars;
  std::optional<Time> since;
  std::optional<std::int64_t> behind = {};  // or all that lies behind this place in the archive
};

struct Occupant {
  std::string jid;  // full
  PersonId person;
  std::string wanted;  // the nick it asked for
  bool entered = false;
  std::string nick = {};  // its voice's, once it has entered
  HistoryRequest history;
  std::string presence_id = {};  // of the stanza that it joined with
  SetAvailability shown = {};    // what the network knows of it
};

class Muc final : public RoomListener {
 public:
  Muc(Gateway& gateway, const RoomId& room, const PersonId& viewer);
  ~Muc() override;

  Room& room() { return room_; }
  const Room& room() const { return room_; }
  RoomKey key();  // of its row, made where there is none; 0 while the store is in trouble
  const std::vector<Occupant>& occupants() const { return occupants_; }
  const Occupant* find_occupant(std::string_view full_jid) const;
  bool anybody() const { return !occupants_.empty(); }
  // Whether what is told of the room may be told to them: of one for invited people, who is in it.
  bool is_known_to(const PersonId& person) const;

  // Stanzas for this room. `nick` is the resource addressed.
  void on_presence(const Stanza& stanza, const std::string& nick);
  void on_message(const Stanza& stanza);
  // XEP-0045 7.5: to an occupant alone. Between two of ours the network is not asked; false: `nick` is none
  // of ours.
  bool on_private(const Stanza& stanza, const std::string& nick);
  void on_admin(const Stanza& iq, const Element& query);
  void on_owner(const Stanza& iq, const Element& query);
  // XEP-0486: the room's own card, of which the picture alone counts.
  void on_picture(const Stanza& iq, const Element& vcard);
  void on_self_ping(const Stanza& iq, const std::string& nick);
  // XEP-0425: an occupant takes back what somebody else said.
  void on_moderation(const Stanza& iq, const Retraction& retraction);

  void on_room_event(const Room& room, const Event& event, const Change& change,
                     const PersonId& from) override;
  // An event that answers a message or a join of ours; false: not known here.
  bool on_delivered(const Event& event, const std::string& token);
  bool on_failed(const std::string& token, const Failure& failure);

  // A join that ended without an answer of its own.
  void entry_failed(const PersonId& person, const Failure& failure) { refuse_entry(person, failure); }

  // The link to the XMPP server is lost: occupants hear nothing more until all is told again.
  void fall_behind(Time now) {
    if (!behind_since_) behind_since_ = now;
  }
  // It came back: everything is told again, with what was said since.
  void tell_again();
  void catch_up();
  // An occupant whose client is gone: an error came back, or the XMPP server says so. When it was its
  // person's last one, the room waits a while for them to come back before they leave it.
  void drop_occupant(const std::string& full_jid, const std::string& reason);
  // Everybody out, as by a service that shuts down (332).
  void say_goodbye(const std::string& reason);
  // Joins again for those who were here when the program ended.
  void restore(const RoomRow& row, const std::vector<OccupantRow>& occupants);
  void tick(Time now);

  const RoomPreferences& preferences();  // of the room's viewer
  RoomPreferences preferences(const PersonId& person);
  void forget_preferences() { preferences_.reset(); }  // they were changed

  History& history() { return history_; }
  bool has_history(const PersonId& as) const;  // whether its network can be asked for what was before

 private:
  friend struct MucEvents;
  bool features_changed();  // those that disco tells

  // muc_voices.cpp: who of ours comes and goes
  void ask_in(const PersonId& person, const std::string& nick, bool patient);
  void on_entered(const Entered& entered, const Change& change, const PersonId& from);
  void on_exited(const Exited& exited, const Change& change, const PersonId& from);
  void refuse_entry(const PersonId& person, const Failure& failure);
  void leave(const Stanza& stanza);
  void part(const PersonId& person, const std::string& reason);
  void leave_network(const PersonId& person, const std::string& reason);
  void tell_voice_gone(const Member& member, std::string_view codes, std::string_view by,
                       std::string_view reason, std::string_view affiliation);
  void settle();  // closes the room where nobody is left
  void call_occupants(const PersonId& person, const std::string& nick);
  bool is_here(const PersonId& person) const;  // by any client

  // muc_presence.cpp
  void enter(const Stanza& stanza, const std::string& nick, const Element* x);
  void admit(const std::string& jid);
  void welcome(Occupant& occupant, bool again);
  void change_nick(const Stanza& stanza, const std::string& nick);
  void set_availability(Occupant& occupant, const Stanza& stanza);
  bool hears(const Occupant& occupant) const { return occupant.entered && !behind_since_; }
  void tell_present(const std::string& to, const Member& member, std::string_view codes = {},
                    std::string_view id = {});
  void tell_all_present(const Member& member);  // 110 to those whose own it is
  void tell_all_renamed(const Member& before, const std::string& new_nick, const PersonId& whose);
  void tell_gone(const std::string& to, const Member& member, std::string_view codes, std::string_view by,
                 std::string_view reason, std::string_view new_nick = {}, std::string_view affiliation = {});
  std::string gone(const std::string& to, const Member& member, std::string_view codes, std::string_view by,
                   std::string_view reason, std::string_view new_nick, std::string_view affiliation) const;
  void tell_surely(const Occupant& occupant, std::string stanza);  // kept while the link is down
  void write_item(XmlWriter& out, const Member& member, std::string_view new_nick, std::string_view by,
                  std::string_view reason, bool gone, std::string_view affiliation) const;
  void for_each_entered(const std::function<void(const Occupant&)>& visit) const;
  Member self(const PersonId& person) const;
  std::string occupant_id(const Member& member) const;

  // muc_message.cpp
  void say(const Stanza& stanza, const Occupant& author);
  void on_content(const Event& event, const Content& content, const PersonId& from);
  struct Said {  // what an event says, on its way to those who are here
    const Content* content;
    MessageId id;
    Time time{};
    const Sender* sender;
    std::string origin_id;  // the sender's own, where it is one of ours
    bool past = false;      // for the archive alone
  };
  void tell_early();                                         // what was said while the first of us entered
  bool keep_and_tell(const Event& event, const Said& said);  // false: it has been told before
  void tell_parts(const Event& event, Said said);
  void note_read(const PersonId& person, const ReadMark& mark);  // elsewhere
  void take_back_parts(const Event& event, Said said, const Retraction& whole);
  void tell_message(std::string_view nick, std::string_view id, const std::string& payload,
                    std::string_view delay, const std::string* only_to = nullptr);
  // From the room itself; `only_to`: one person's clients.
  void tell_service(const std::string& text, const PersonId* only_to = nullptr);
  void tell_subject(const std::string& to);
  // `origin_id`: the sender's own (XEP-0359), where it is one of our users.
  std::string payload_of(const Content& content, const MessageId& id, const Sender& sender,
                         std::string_view origin_id, bool past = false) const;
  // False where the line is there already: it has been told.
  bool archive(const MessageId& id, Time time, std::string_view nick, const std::string& payload);
  Content with_network_ids(Content content, const PersonId& sender);
  Content with_local_ids(Content content);  // the way back

  // muc_invitation.cpp
  void invite(const Stanza& stanza, const Element& x);
  void pass_on_invitation(const Stanza& stanza, const Jid& whom, const std::string& reason) const;

  // muc_history.cpp
  void tell_history(const Occupant& occupant);
  void tell_lines(const std::string& to, const std::vector<ArchiveLine>& lines);
  bool has_enough(const Occupant& occupant);

  // muc_moderation.cpp
  // What is in the archive of a message that was taken back gives way to a tombstone (XEP-0424, XEP-0425).
  void bury(const Retraction& retraction, const MessageId& target, std::string_view by, const MessageId& id,
            Time time);
  void write_moderation(XmlWriter& out, const Retraction& retraction, std::string_view by) const;

  // muc_admin.cpp
  struct Roll;
  void list(const Stanza& iq, std::string_view affiliation, std::string_view role);
  void ask_standings(const std::shared_ptr<Roll>& roll, Standing standing);
  void tell_roll(const Roll& roll) const;

  // muc_config.cpp
  RoomTraits can_set(const PersonId& person) const;  // none for who is not in it
  bool has_own_settings() const;
  void show_configuration(const Stanza& iq);
  void configure(const Stanza& iq, const Answers& answers, const RoomTraits& can);
  void change_info(const Stanza& iq, SetRoomInfo wish, const Answers& own = {});
  void save_own_settings(const Stanza& iq, const Answers& answers);
  void note_password(const PersonId& person, const std::string& password);

  // A message of an occupant on its way to the network, in one or several pieces.
  struct Pending {
    std::string from;  // the occupant's full JID
    PersonId person;
    std::string nick;  // as it was said under
    std::string stanza_id;
    std::optional<Stanza> iq = {};  // that is to be answered, in place of a message
    MessageId taken_back = {};      // by a retraction that the network carries as such; its own id for it
    Content content;                // as it was said, for the reflection
    std::size_t pieces = 1, delivered = 0;
    MessageId id;  // of the first piece
    bool failed = false;
  };
  void keep_sent(std::string token, std::shared_ptr<Pending> pending);

  Gateway& gateway_;
  Room room_;
  RoomKey key_ = 0;
  std::string address_;          // bare
  std::string escaped_address_;  // the same for XML
  std::vector<Occupant> occupants_;
  struct Early {
    Event event;
    Content content;
    PersonId from;
  };
  std::deque<Early> early_;
  std::unordered_map<std::string, std::shared_ptr<Pending>> pending_;
  // The last few that were sent: a network that confirms nothing may still refuse one afterwards (IRC 404).
  std::deque<std::pair<std::string, std::shared_ptr<Pending>>> sent_;
  struct Guest {  // a person with a voice, or on the way to one
    std::string join_token;
    bool told_lost = false;  // that their connection was
    // Nobody of theirs is here, but somebody may come back: until when, and why they left.
    std::optional<Time> until;
    std::string reason;
  };
  std::unordered_map<PersonId, Guest> guests_;
  struct Rename {  // somebody's wish for another nick
    std::string jid, nick, presence_id;
  };
  std::unordered_map<std::string, Rename> renames_;  // by token
  Identities identities_;
  std::optional<Time> behind_since_;  // the occupants have not been told all
  Ghosts ghosts_;                     // while they have not
  History history_;
  std::optional<RoomPreferences> preferences_;
  std::string password_;
  bool is_behind_ = false;  // in the store: somebody who was here before the start is not back yet
  std::string last_nick_;   // of the voice that entered last
  bool subject_known_ = false;
  Features advertised_;  // without what nobody sees (sizes)
};

}  // namespace dragoman
