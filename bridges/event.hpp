// The neutral vocabulary: what is said between a network and the rest of the house. Networks never translate
// to each other: an Event comes from a network, a Command goes to it, and both carry the same Content. A
// field enters when two networks, or XMPP itself, carry it. Nothing here assumes that one side is XMPP.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridges/reason.hpp"
#include "bridges/text.hpp"
#include "mapping/ids.hpp"

namespace dragoman {

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Where something is said: in a room, with one person, or with a place itself (an IRC server's own lines).
using Conversation = std::variant<RoomId, UserId, PlaceId>;

// ----------------------------------------------------------------------------------------------------------
// content

struct Attachment {
  std::string url;
  std::string name;                   // a file name without any path, may be empty
  std::string media_type;             // empty: unknown
  std::optional<std::uint64_t> size;  // bytes
  std::string description;
  std::optional<std::uint32_t> width = {}, height = {};  // pixels
  std::optional<std::uint64_t> length = {};              // of sound and moving pictures, milliseconds
  std::string thumbnail = {};                            // URL of a small picture of it
  bool voice = false;                                    // spoken for this conversation
  bool sticker = false;
  bool operator==(const Attachment&) const = default;
};

// What a reply answers. `author` and `text` are what the one who replied saw; either may be empty.
struct Quote {
  MessageId message;
  std::string author;  // the nick
  std::string text;
  bool operator==(const Quote&) const = default;
};

struct Addressee {  // of a letter
  UserId user;      // empty: the person themselves
  std::string name = {};
  bool copied = false;  // they are told what was said to others
  bool operator==(const Addressee&) const = default;
};

enum class MessageKind : std::uint8_t {
  normal,
  notice,
  action
};  // action: "/me", its text without the "/me "

struct Message {
  Text text;
  MessageKind kind = MessageKind::normal;
  std::vector<Attachment> attachments;
  std::optional<Quote> quote;
  std::string thread;
  std::string subject = {};  // of a letter, one line
  // Of a letter to several: all whom it goes to. Outwards only with the place (see Features::addressing).
  std::vector<Addressee> addressed = {};
  bool operator==(const Message&) const = default;
};

struct Edit {
  MessageId target;  // always the first version
  Message message;
  bool operator==(const Edit&) const = default;
};

struct Retraction {
  MessageId target;
  std::string reason;       // of a moderator
  bool moderation = false;  // somebody else's message is taken back
  bool operator==(const Retraction&) const = default;
};

struct Reactions {  // the whole set of its sender on that message; empty: all taken back
  MessageId target;
  std::vector<std::string> emoji;
  bool operator==(const Reactions&) const = default;
};

enum class TypingState : std::uint8_t { active, composing, paused, inactive, gone };
struct Typing {
  TypingState state = TypingState::active;
  bool operator==(const Typing&) const = default;
};

struct ReadMark {
  MessageId up_to;
  bool displayed = true;  // false: received
  bool operator==(const ReadMark&) const = default;
};

struct Subject {
  Text text;
  bool operator==(const Subject&) const = default;
};

using Content = std::variant<Message, Edit, Retraction, Reactions, Typing, ReadMark, Subject>;

// ------------------------------------------------------------------------------------------------------------
// people

// One neutral scale. A network maps its own ranks onto it.
enum class Standing : std::uint8_t { banned, visitor, participant, member, moderator, admin, owner };

enum class Availability : std::uint8_t { online, away };

// A picture of somebody or of a room, whole; small (a network scales it down where it can).
struct Picture {
  std::string media_type;
  std::string bytes;
  bool operator==(const Picture&) const = default;
};

struct Member {
  std::string nick;     // as shown; unique in its room
  std::string address;  // "user@host" or the network's own user id; may be empty
  std::string account;  // the account's name when the network tells; may be empty
  std::string status;   // away message; may be empty
  Standing standing = Standing::participant;
  Availability availability = Availability::online;
  std::uint16_t marks = 0;  // the network's own flags, opaque to everyone else, kept with the member
  std::string avatar = {};  // SHA-1 of the picture in hex; empty: there is none, or it is not known yet
  bool operator==(const Member&) const = default;
};

struct Sender {
  std::string nick;     // as shown in the conversation; empty: the network itself
  UserId user;          // may be empty where the nick says it all
  std::string account;  // as in Member
  bool own = false;     // the session's own voice: an echo, or another device of the same person
};

// ------------------------------------------------------------------------------------------------ events,
// inbound only

// The session is in the room: all who are shown there, itself included. Sent once a join is complete, and
// again after a reconnection: the room compares and tells only what is new. In a shared room each voice
// enters by itself, with the list as it is then.
struct Entered {
  std::string nick;  // the session's own
  std::vector<Member> members;
  bool created = false;
};
struct MemberJoined {
  Member member;
};
enum class Departure : std::uint8_t { left, quit, kicked, banned, lost };
struct MemberLeft {
  std::string nick;
  Departure how = Departure::left;
  std::string by;  // who kicked or banned
  std::string reason;
};
struct MemberRenamed {
  std::string nick, new_nick;
};
// Standing, away or address changed: the member as it now is. `by` may be empty.
struct MemberUpdated {
  Member member;
  std::string by;
};

enum class RoomKind : std::uint8_t { group, direct, list };
struct RoomInfo {
  RoomKind kind = RoomKind::group;
  std::string name;
  std::string description;
  std::string avatar;  // as Member::avatar
  bool members_only = false, moderated = false, password_protected = false, hidden = false;
  std::optional<std::size_t> limit;      // how many may enter
  std::optional<std::size_t> headcount;  // how many are there, where not all of them are shown as members
  std::string modes;                     // as the network writes them, for people
  bool space = false;                    // it lists other rooms (see Search)
  bool operator==(const RoomInfo&) const = default;
};
// To a room: by whom (a nick there). In a conversation with somebody: they ask to talk, and to see presence.
struct Invited {
  std::string by;
  std::string reason, key;
};
// Answers FetchProfile, in the conversation it was asked in: of somebody, or of a room.
struct Profile {
  std::string nick, full_name, address, about;
  std::optional<Picture> picture = {};
};
// Of somebody, in the conversation with them; of all who want to know where people are seen alike by all.
struct Presence {
  bool online = false;
  Availability availability = Availability::online;
  std::string status;
  Time idle_since{};        // zero: active, or not known
  std::string avatar = {};  // as Member::avatar
  std::string name = {};    // for display
  bool operator==(const Presence&) const = default;
};

struct ListedRoom {
  RoomId room;
  std::string name;
  std::size_t members = 0;
  std::string topic;
  bool open = true;  // anybody may enter
};
struct ListedPerson {
  UserId user;
  std::string name;
};
// Answers Search.
struct Listing {
  std::vector<ListedRoom> rooms;
  std::size_t total = 0;
  std::vector<ListedPerson> people = {};
};
// Where a session of one's own account is already, and with whom it talks: for bookmarks and contact lists.
// Said whole after login, and again with what came since.
struct OwnPlaces {
  std::vector<ListedRoom> rooms;
  std::vector<ListedPerson> people;
};

struct ListedUser {
  std::string who;
  Standing standing = Standing::banned;
  std::string by, reason;
};
struct StandingList {
  std::vector<ListedUser> users;
};  // answers ListStandings

// What became of a command. `token` is the command's own. Delivered carries the id that the message has for
// good.
struct Delivered {
  std::string token;
};
struct Failed {
  std::string token;
  Failure failure;
};
// Answers FetchHistory, after the messages themselves, each an event of the past: whatever was said at or
// after `horizon` has been told by now. `complete`: there is nothing before it.
struct HistoryTold {
  std::string token;
  Time horizon{};
  bool complete = false;
};
// An answer to a question that is plain text (a version, a time), or none.
struct Answered {
  std::string token;
  std::string text;
};

enum class Link : std::uint8_t { connecting, up, lost, closed };
// The session's own connection. `lost` is followed by more attempts, `closed` is not. In a conversation with
// the place.
struct LinkState {
  Link link = Link::connecting;
  Failure why;
};
// Left for good: kicked, banned, killed, or asked for.
struct Exited {
  Departure how = Departure::left;
  std::string by;
  std::string reason;
};
// What a room can carry has changed (see Session::features).
struct FeaturesChanged {};

using What = std::variant<Message, Edit, Retraction, Reactions, Typing, ReadMark, Subject, Entered,
                          MemberJoined, MemberLeft, MemberRenamed, MemberUpdated, RoomInfo, Invited, Profile,
                          Presence, Listing, OwnPlaces, StandingList, Delivered, Failed, HistoryTold,
                          Answered, LinkState, Exited, FeaturesChanged>;

struct Event {
  Conversation in;
  Sender sender;      // who did it; empty where nobody did
  MessageId id;       // of Message, Edit, …; empty where the network gives none: the room then makes one
  Time time{};        // zero: now
  bool past = false;  // from the network's history, not live
  What what;
};

// --------------------------------------------------------------------------------------------- commands,
// outbound only

struct Join {
  std::string nick;
  std::string key;
  bool patient = false;  // of a room that came back from the store: tried until it succeeds or is refused
};
struct Leave {
  std::string reason;
};
struct Invite {
  std::string who;
  std::string reason;
};
// Of an occupant by nick, or of somebody by their network address. Below `participant` also removes: see
// `remove`.
struct SetStanding {
  std::string who;
  Standing standing = Standing::participant;
  std::string reason;
};
struct Remove {
  std::string nick;
  std::string reason;
};  // a kick
struct SetNick {
  std::string nick;
};
// In a room, or with a place for all that the person is in there.
struct SetAvailability {
  Availability availability = Availability::online;
  std::string status;
  bool online = true;  // false: not there at all; availability then says nothing
};
struct ListStandings {
  Standing standing = Standing::banned;
};
// Of a room: about so many messages more than have been told, backwards. None: only how far it reaches by
// now.
struct FetchHistory {
  std::size_t count = 50;
};
// Of somebody by nick; without one, of the room itself.
struct FetchProfile {
  std::string nick;
};
// How the person looks to others on the network; in no conversation but with the place.
struct SetProfile {
  std::string name;
  std::optional<Picture> picture;
};
// Of a room: what it is, as fully as the network can say. RoomInfo is told where it is not as it was told,
// then Delivered.
struct FetchRoomInfo {};
// What a room is, changed in what is given alone; Features::can_set says what a network's rooms can be told.
// The change itself comes back as RoomInfo.
struct SetRoomInfo {
  std::optional<std::string> name = {};
  std::optional<Picture> picture = {};  // without bytes: none
  std::optional<bool> members_only = {}, moderated = {}, hidden = {};
  std::optional<std::string> key = {};    // empty: anybody may enter without one
  std::optional<std::size_t> limit = {};  // 0: none
  bool operator==(const SetRoomInfo&) const = default;
};
struct FetchVersion {
  std::string nick;
};
struct Ping {
  std::string nick;
};
enum class Sought : std::uint8_t { rooms, people };
// With a place: its directory. In a room: what rooms are listed in it (a space).
struct Search {
  std::string words;
  std::size_t offset = 0, count = 100;
  Sought sought = Sought::rooms;
};

using Act = std::variant<Message, Edit, Retraction, Reactions, Typing, ReadMark, Subject, Join, Leave, Invite,
                         SetStanding, Remove, SetNick, SetAvailability, ListStandings, FetchHistory,
                         FetchProfile, SetProfile, FetchRoomInfo, SetRoomInfo, FetchVersion, Ping, Search>;

struct Command {
  Conversation in;
  std::string
      token;  // idempotency key and correlation: comes back in Delivered, Failed, Answered; empty: no answer
  Act what;
  MessageId name = {};  // of a message: what its sender calls it, until Delivered names it for good
};

}  // namespace dragoman
