#include "bridges/irc/modes.hpp"

#include <algorithm>
#include <optional>

#include "bridges/irc/split.hpp"

namespace dragoman::irc {
namespace {

bool takes_argument(ModeKind kind, bool add) {
  switch (kind) {
    case ModeKind::list:
    case ModeKind::always:
    case ModeKind::prefix: return true;
    case ModeKind::when_set: return add;
    case ModeKind::flag: return false;
  }
  return false;
}

// What a rank's letter means; nothing for one that we don't know.
std::optional<Standing> standing_of_mode(char mode) {
  switch (mode) {
    case 'q':
    case 'a': return Standing::owner;
    case 'o': return Standing::admin;
    case 'h': return Standing::moderator;
    case 'v': return Standing::member;
    default: return std::nullopt;
  }
}

// The rank that a standing is given by; 0 for none. Where the server lacks it, the next that says as much.
char mode_for(Standing standing, const Isupport& server) {
  std::string_view wanted;
  switch (standing) {
    case Standing::owner: wanted = "aqo"; break;
    case Standing::admin: wanted = "o"; break;
    case Standing::moderator: wanted = "ho"; break;
    case Standing::member: wanted = "v"; break;
    case Standing::participant:
    case Standing::visitor:
    case Standing::banned: break;
  }
  const auto found =
      std::find_if(wanted.begin(), wanted.end(), [&](char mode) { return server.has_rank(mode); });
  return found == wanted.end() ? '\0' : *found;
}

// The ranks that say more than a standing, and so have to go; those below it may stay.
std::string_view ranks_above(Standing standing) {
  switch (standing) {
    case Standing::owner: return "q";
    case Standing::admin: return "qa";
    case Standing::moderator: return "qao";
    case Standing::member: return "qaoh";
    case Standing::participant:
    case Standing::visitor: return "qaohv";
    case Standing::banned: break;
  }
  return "";
}

}  // namespace

std::vector<ModeChange> parse_modes(std::string_view letters, std::span<const std::string_view> args,
                                    const Isupport& server) {
  std::vector<ModeChange> changes;
  bool add = true;
  std::size_t next = 0;
  for (const char letter : letters) {
    if (letter == '+' || letter == '-') {
      add = letter == '+';
      continue;
    }
    ModeChange change{add, letter, server.kind(letter), {}};
    if (takes_argument(change.kind, add)) {
      if (next < args.size()) {
        change.arg = args[next++];
      } else if (change.kind != ModeKind::list) {
        continue;
      }
    }
    changes.push_back(std::move(change));
  }
  return changes;
}

std::vector<ModeChange> parse_modes(const Line& line, std::size_t first, const Isupport& server) {
  if (first >= line.params.size()) return {};
  const std::span<const std::string_view> all(line.params.data(), line.params.size());
  return parse_modes(all[first], all.subspan(first + 1), server);
}

std::vector<std::string> format_modes(std::string_view channel, const std::vector<ModeChange>& changes,
                                      const Isupport& server) {
  std::vector<std::string> lines;
  std::string letters;
  std::vector<std::string_view> args;
  std::size_t arg_bytes = 0;
  char sign = 0;
  // The server tells the others with our source before it, which must fit as well.
  const std::size_t budget = text_budget(server, {}, "MODE", channel);
  const auto flush = [&] {
    if (letters.empty()) return;
    LineBuilder line("MODE");
    line.param(channel).param(letters);
    for (const auto arg : args) line.param(arg);
    if (auto text = line.str(); !text.empty()) lines.push_back(std::move(text));
    letters.clear();
    args.clear();
    arg_bytes = 0;
    sign = 0;
  };
  for (const ModeChange& change : changes) {
    const std::size_t grown = letters.size() + 2 + arg_bytes + change.arg.size() + 1;
    const bool full = !change.arg.empty() && server.modes != 0 && args.size() >= server.modes;
    if (full || grown > budget) flush();
    const char wanted = change.add ? '+' : '-';
    if (wanted != sign) letters += sign = wanted;
    letters += change.letter;
    if (!change.arg.empty()) {
      args.push_back(change.arg);
      arg_bytes += change.arg.size() + 1;
    }
  }
  flush();
  return lines;
}

std::string full_mask(std::string_view mask, const Isupport& server) {
  std::string out(mask);
  const auto colon = mask.find(':');
  const bool extended =
      mask.starts_with('$') ||
      (colon != mask.npos && (mask.starts_with('~') || (colon == 1 && server.others.contains("EXTBAN"))));
  if (extended) return out;
  const bool user = mask.find('!') != mask.npos;
  if (mask.find('@') == mask.npos) return out + (user ? "@*" : "!*@*");
  return user ? out : "*!" + out;
}

std::string describe_modes(const std::vector<ModeChange>& changes) {
  std::string letters, args;
  char sign = 0;
  for (const ModeChange& change : changes) {
    const char wanted = change.add ? '+' : '-';
    if (wanted != sign) letters += sign = wanted;
    letters += change.letter;
    if (!change.arg.empty()) args += ' ' + change.arg;
  }
  return letters + args;
}

Marks mark_of_mode(char mode, const Isupport& server) {
  const auto at = server.prefix_modes.find(mode);
  return at == std::string::npos ? Marks{0} : static_cast<Marks>(1u << at);
}

Marks mark_of_prefix(char prefix, const Isupport& server) {
  const auto at = server.prefix_marks.find(prefix);
  return at == std::string::npos ? Marks{0} : static_cast<Marks>(1u << at);
}

Marks marks_in(std::string_view text, const Isupport& server) {
  Marks marks = 0;
  for (const char c : text) marks |= mark_of_prefix(c, server);
  return marks;
}

char highest_prefix(Marks marks, const Isupport& server) {
  for (std::size_t i = 0; i < server.prefix_marks.size(); ++i) {
    if (marks & (1u << i)) return server.prefix_marks[i];
  }
  return 0;
}

Standing standing_of(Marks marks, const Isupport& server) {
  Standing best = Standing::participant;
  for (std::size_t i = 0; i < server.prefix_modes.size(); ++i) {
    if (!(marks & (1u << i))) continue;
    // The ranks go down from here: the first letter that we know says at least this much.
    for (std::size_t j = i; j < server.prefix_modes.size(); ++j) {
      if (const auto known = standing_of_mode(server.prefix_modes[j])) {
        best = std::max(best, *known);
        break;
      }
    }
  }
  return best;
}

std::vector<ModeChange> changes_to(Standing standing, std::string_view nick, Marks marks,
                                   const Isupport& server) {
  std::vector<ModeChange> changes;
  if (standing == Standing::banned) return changes;
  const char wanted = mode_for(standing, server);
  if (wanted != 0 && !(marks & mark_of_mode(wanted, server))) {
    changes.push_back({true, wanted, ModeKind::prefix, std::string(nick)});
  }
  for (const char mode : ranks_above(standing)) {
    if (mode == wanted || !(marks & mark_of_mode(mode, server))) continue;
    changes.push_back({false, mode, ModeKind::prefix, std::string(nick)});
  }
  return changes;
}

std::vector<ModeChange> changes_to(const SetRoomInfo& wish, const std::map<char, std::string>& modes,
                                   const Isupport& server) {
  std::vector<ModeChange> changes;
  const auto flag = [&](bool add, char letter) {
    if (modes.contains(letter) != add) changes.push_back({add, letter, server.kind(letter), {}});
  };
  if (wish.members_only) flag(*wish.members_only, 'i');
  if (wish.moderated) flag(*wish.moderated, 'm');
  if (wish.hidden && *wish.hidden && !modes.contains('p')) flag(true, 's');
  if (wish.hidden && !*wish.hidden) {
    flag(false, 's');
    flag(false, 'p');
  }
  if (wish.limit && *wish.limit == 0) flag(false, 'l');
  if (wish.limit && *wish.limit > 0)
    changes.push_back({true, 'l', server.kind('l'), std::to_string(*wish.limit)});
  if (wish.key) {
    // One that is there has to go first (ERR_KEYSET), and is named for it.
    if (const auto before = modes.find('k'); before != modes.end())
      changes.push_back({false, 'k', server.kind('k'), before->second.empty() ? "*" : before->second});
    if (!wish.key->empty()) changes.push_back({true, 'k', server.kind('k'), *wish.key});
  }
  return changes;
}

RoomTraits settable(const Isupport& server) {
  const auto has = [&](char letter) {
    return std::any_of(server.chanmodes.begin(), server.chanmodes.end(), [letter](const std::string& group) {
      return group.find(letter) != std::string::npos;
    });
  };
  return {.members_only = has('i'),
          .moderated = has('m'),
          .hidden = has('s'),
          .key = has('k'),
          .limit = has('l')};
}

bool is_key(std::string_view key) {
  return !key.empty() && key.front() != ':' && std::all_of(key.begin(), key.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != ',' && c != 0x7f;
  });
}

std::string answer_name(const ModeChange& change) {
  if (change.kind == ModeKind::list || change.kind == ModeKind::prefix) return change.arg;
  return {change.add ? '+' : '-', change.letter};
}

NamesEntry parse_names_entry(std::string_view word, const Isupport& server) {
  NamesEntry entry;
  while (!word.empty()) {
    const Marks mark = mark_of_prefix(word.front(), server);
    if (mark == 0) break;
    entry.marks |= mark;
    word.remove_prefix(1);
  }
  const auto bang = word.find('!');
  entry.who.nick = word.substr(0, bang);
  if (bang != std::string_view::npos) {
    const auto address = word.substr(bang + 1);
    const auto at = address.rfind('@');
    entry.who.user = address.substr(0, at);
    if (at != std::string_view::npos) entry.who.host = address.substr(at + 1);
  }
  return entry;
}

}  // namespace dragoman::irc
