// What a conversation on a network can carry, as data. The same flags advertise (disco) and degrade
// (fallback).
#pragma once

#include <cstddef>

#include "bridges/text.hpp"

namespace dragoman {

// What a room can be told to be (SetRoomInfo), whoever may do so there.
struct RoomTraits {
  bool name = false, picture = false;
  bool members_only = false, moderated = false, hidden = false;
  bool key = false, limit = false;
  bool any() const { return *this != RoomTraits{}; }
  bool operator==(const RoomTraits&) const = default;
};

struct Features {
  bool edits = false;
  bool replies = false;
  bool reactions = false;
  bool retractions = false;  // of one's own
  bool moderation = false;   // of other people's messages
  bool typing = false;
  bool read_marks = false;
  bool threads = false;
  bool subjects = false;   // a message may have a subject of its own
  bool mentions = false;   // it tells people that they were named (Style::mention)
  bool files = false;      // attachments as such; otherwise their URL in the text
  bool formatting = true;  // the codec carries the spans of a Text in some way of its own
  bool multiline = false;  // '\n' may stand within one message
  bool actions = true;     // "/me" is a thing of its own
  bool own_voice = true;   // the session speaks as its person; otherwise the author's name goes into the text
  bool stable_ids = false;  // the network names messages
  bool history = false;     // it can be asked for what was said before
  RoomTraits can_set = {};
  // Of the network, asked for its place.
  bool profiles = false;  // people have names and pictures: ours are shown (SetProfile), theirs known
  bool presence = false;  // it shows whether our people are there (SetAvailability)
  // People ask before they may talk to somebody here: Join in the conversation with them says yes, Leave no.
  bool consent = false;
  // Who may not write to a person is kept there: SetStanding banned in the conversation with somebody says
  // so, ListStandings with the place asks who they are. StandingList with the place is also told when it
  // changes.
  bool blocking = false;
  bool always_there = false;  // whoever is known can be written to at any time: they are shown as available
  // A Message with the place goes to all whom it is `addressed` to, and begins a room with them.
  bool addressing = false;
  bool directory = false;  // its rooms can be searched without a connection of the person

  std::size_t max_bytes = 0;  // of one message's text as measured by `wire_size`; 0: no limit
  // How many bytes a text takes on this network, formatting included; null: plain.size().
  std::size_t (*wire_size)(const Text&) = nullptr;

  bool operator==(const Features&) const = default;
};

}  // namespace dragoman
