// Channel modes: read from MODE and NAMES, and written to give a member a standing.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/features.hpp"
#include "bridges/irc/isupport.hpp"

namespace dragoman::irc {

struct ModeChange {
  bool add = true;
  char letter = 0;
  ModeKind kind = ModeKind::flag;
  std::string arg;  // empty where it has none: a list mode without one asks for the list
  bool operator==(const ModeChange&) const = default;
};

// "+ov-k", {"alice", "bob", "key"}. Letters whose argument is missing are left out, except of lists.
std::vector<ModeChange> parse_modes(std::string_view letters, std::span<const std::string_view> args,
                                    const Isupport& server);
// The changes of a MODE line, whose parameters begin at `first` (a channel's: 1).
std::vector<ModeChange> parse_modes(const Line& line, std::size_t first, const Isupport& server);

// MODE lines (without CR LF) that make the changes, each within MODES and the line's length.
std::vector<std::string> format_modes(std::string_view channel, const std::vector<ModeChange>& changes,
                                      const Isupport& server);
// A ban's mask as servers write it, "nick!user@host": so that what comes back is what was said. An extended
// ban ("$a:account", "~account:name") stays as it is.
std::string full_mask(std::string_view mask, const Isupport& server);

// "+o alice", for people.
std::string describe_modes(const std::vector<ModeChange>& changes);

// A member's ranks: bit i is the i-th of PREFIX, the highest rank being bit 0. Kept in Member::marks.
using Marks = std::uint16_t;
Marks mark_of_mode(char mode, const Isupport& server);      // 'o'; 0 where it is no rank
Marks mark_of_prefix(char prefix, const Isupport& server);  // '@'
Marks marks_in(std::string_view text,
               const Isupport& server);  // all prefixes in it: WHO's "H@+", WHOIS's "@+#chan"
char highest_prefix(Marks marks, const Isupport& server);  // 0 for none

// q and a owner; o admin; h moderator; v member; none participant. A rank with another letter counts as the
// next lower one that has a known letter.
Standing standing_of(Marks marks, const Isupport& server);

// The changes that make `nick`, who has `marks`, a `standing`: only those that are needed, and only of ranks
// that the server has. Visitor is participant (IRC has no way to silence one), and a ban is another thing:
// none for `banned`.
std::vector<ModeChange> changes_to(Standing standing, std::string_view nick, Marks marks,
                                   const Isupport& server);

// The changes that make a channel with these modes what is wished (its name and picture aside): only those
// that are needed.
std::vector<ModeChange> changes_to(const SetRoomInfo& wish, const std::map<char, std::string>& modes,
                                   const Isupport& server);
// What of it this server's channels have modes for.
RoomTraits settable(const Isupport& server);
// A key that a mode and a JOIN can carry: keys are parted by commas, and end at a space.
bool is_key(std::string_view key);
// What its answer is known by: whom it is about, else the change itself ("+i"). A key or a limit comes back
// in the server's own words, or not at all.
std::string answer_name(const ModeChange& change);

// One word of 353: prefixes (one, or all with multi-prefix), a nick, and with userhost-in-names "!user@host".
struct NamesEntry {
  Marks marks = 0;
  Source who;
};
NamesEntry parse_names_entry(std::string_view word, const Isupport& server);

}  // namespace dragoman::irc
