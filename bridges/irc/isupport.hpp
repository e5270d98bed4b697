// What a server says of itself in 005 (RPL_ISUPPORT), and what holds until it does. Modern IRC "RPL_ISUPPORT
// Parameters".
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/line.hpp"

namespace dragoman::irc {

// The kinds of channel modes: the groups of CHANMODES, and those of PREFIX.
enum class ModeKind : std::uint8_t {
  list,      // A: a list of addresses; an argument always, or none to ask for the list
  always,    // B: an argument to set and to unset
  when_set,  // C: an argument to set only
  flag,      // D: none
  prefix,    // a member's rank: a nick always
};

// Values of 0, empty and false mean that the server told nothing.
struct Isupport {
  Casemap casemap = Casemap::rfc1459;
  std::string chantypes = "#&";
  std::string prefix_modes = "ov";  // highest first; at most 16; both empty where there are no ranks
  std::string prefix_marks = "@+";  // of the same length
  std::array<std::string, 4> chanmodes = {"b", "k", "l",
                                          "imnpst"};  // RFC 1459; groups beyond the fourth are dropped
  std::string statusmsg;
  std::size_t nicklen = 0, userlen = 0, hostlen = 0, channellen = 0, topiclen = 0, kicklen = 0, awaylen = 0,
              namelen = 0, keylen = 0;
  std::size_t linelen = kMaxLine;              // CR LF included, tags not
  std::size_t modes = 3;                       // changes with an argument in one MODE; 0: no limit
  std::map<std::string, std::size_t> targmax;  // by command; 0: no limit
  std::map<char, std::size_t> maxlist;         // by list mode
  char excepts = 0, invex = 0;                 // the mode letter
  std::optional<std::size_t> monitor;          // the limit; 0: none; nothing: no MONITOR
  std::string network;
  char bot = 0;  // the user mode letter
  bool whox = false, utf8only = false, safelist = false;
  std::string elist;
  std::map<std::string, std::string> others;  // what else was told, at most 64, for features to come

  // A 005 line: its first parameter is our nick, the last is for people.
  void update(const Line& line);
  // One of its tokens: "KEY", "KEY=value" (with \xHH escapes) or "-KEY", which puts the default back.
  void update(std::string_view token);

  bool is_channel(std::string_view name) const;
  // "@#chan" is "#chan" said to some of its members (STATUSMSG); anything else is itself.
  std::string_view without_status(std::string_view target) const;
  bool same(std::string_view a, std::string_view b) const { return equal(a, b, casemap); }
  std::string folded(std::string_view name) const { return fold(name, casemap); }
  bool has_rank(char mode) const { return prefix_modes.find(mode) != std::string::npos; }
  // What kind a channel mode is; one we don't know is taken for a flag, which takes no argument from its
  // neighbours.
  ModeKind kind(char mode) const;
};

}  // namespace dragoman::irc
