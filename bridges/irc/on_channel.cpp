// Who comes and goes, and what a channel is like.
#include <algorithm>
#include <charconv>
#include <utility>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/refusals.hpp"
#include "bridges/irc/session.hpp"
#include "bridges/irc/words.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t most_names = 4 << 20;  // bytes of one channel's NAMES

}  // namespace

// -------------------------------------------------------------------------------------------------------
// coming, going

void Session::on_join(const Line& line) {
  auto name = line.param(0);
  auto account = line.param(1);  // extended-join; "*" is none
  if (account == "*") account = {};
  if (is_me(line.source.nick)) {
    if (!line.source.user.empty()) user_ = std::string(line.source.user);
    if (!line.source.host.empty()) host_ = std::string(line.source.host);
    auto* channel = find_channel(name);
    if (!channel) {
      // Forced, or where a redirection led.
      auto room = hub_.addresses.room(plain(name), place_);
      if (room.empty()) return;
      if (channels_.size() >= most_channels) {
        enqueue(format_line("PART", name));
        return;
      }
      auto made = std::make_unique<Channel>();
      made->room = std::move(room);
      channel = channels_.emplace_back(std::move(made)).get();
    }
    channel->name = std::string(name);
    channel->part_due = false;
    channel->state = Channel::State::naming;
    channel->stale = false;
    channel->names.clear();
    channel->topic.clear();
    channel->topic_by.clear();
    channel->topic_time = {};
    channel->modes.clear();
    channel->asked_at = Clock::now();
    if (channel->leaving) {
      enqueue(format_line("PART", name));
      channel->asked_at = sent_at();
    }
    schedule_tick();
    return;
  }
  auto* channel = find_channel(name);
  if (!channel || channel->state != Channel::State::in) {
    if (channel) channel->stale = true;
    return;
  }
  Member member;
  member.nick = plain(line.source.nick);
  member.address = plain(line.source.address());
  member.account = plain(account);
  Sender sender = sender_of(line);
  tell(channel->room, MemberJoined{std::move(member)}, std::move(sender));
}

void Session::on_part(const Line& line) {
  auto* channel = find_channel(line.param(0));
  if (!channel) return;
  auto reason = line.params.size() > 1 ? plain(line.param(1)) : std::string{};
  if (is_me(line.source.nick)) {
    if (std::exchange(channel->part_due, false)) return;  // of the stay before
    return exited(*channel, Departure::left, {}, std::move(reason));
  }
  if (channel->state != Channel::State::in) {
    channel->stale = true;
    return;
  }
  tell(channel->room, MemberLeft{plain(line.source.nick), Departure::left, {}, std::move(reason)},
       sender_of(line));
}

void Session::on_kick(const Line& line) {
  auto* channel = find_channel(line.param(0));
  if (!channel) return;
  auto reason = line.params.size() > 2 ? plain(line.param(2)) : std::string{};
  auto by = plain(line.source.nick);
  auto whom = line.param(1);
  if (is_me(whom)) {
    // Of the stay before: the server will refuse our PART and take our JOIN.
    if (channel->part_due) return;
    return exited(*channel, Departure::kicked, std::move(by), std::move(reason));
  }
  if (channel->state != Channel::State::in) {
    channel->stale = true;
    return;
  }
  auto room = channel->room;
  std::optional<Pending> pending;
  if (is_me(line.source.nick)) {
    pending = pending_.take(Awaited::kick, server_.folded(line.param(0)), server_.folded(whom));
  }
  tell(room, MemberLeft{plain(whom), Departure::kicked, std::move(by), std::move(reason)}, sender_of(line));
  if (pending) delivered(pending->in, pending->token);
}

void Session::on_quit(const Line& line) {
  if (is_me(line.source.nick)) return;  // the server closes next
  auto nick = plain(line.source.nick);
  auto reason = plain(line.last());
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i]->state != Channel::State::in) channels_[i]->stale = true;
    auto room = channels_[i]->room;
    const auto* members = hub_.sink.members(*this, room);
    if (members && members->contains(nick))
      tell(room, MemberLeft{nick, Departure::quit, {}, reason}, sender_of(line));
  }
}

void Session::on_nick(const Line& line) {
  auto before = plain(line.source.nick);
  auto after = plain(line.param(0));
  bool own = is_me(line.source.nick);
  std::optional<Pending> asked;
  if (own) {
    nick_ = std::string(line.param(0));
    asked = pending_.take(Awaited::nick);
    // A nick that services gave us is none that we want back after a reconnection.
    if (asked) wanted_nick_ = nick_;
  }
  auto folded = server_.folded(line.source.nick);
  if (talks_.erase(folded)) talks_.insert(server_.folded(line.param(0)));
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    if (channels_[i]->state != Channel::State::in) channels_[i]->stale = true;
    auto room = channels_[i]->room;
    const auto* members = hub_.sink.members(*this, room);
    if (!members || !members->contains(before)) continue;
    auto sender = sender_of(line);
    sender.own = own;
    tell(room, MemberRenamed{before, after}, std::move(sender));
  }
  if (asked) delivered(asked->in, asked->token);
}

// -------------------------------------------------------------------------------------------------------------
// the join

// 353 <me> <symbol> <channel> :<names>
void Session::on_names(const Line& line) {
  auto* channel = find_channel(line.param(2));
  if (!channel) return on_other(line);
  if (channel->state == Channel::State::in && !channel->naming_again) {
    channel->naming_again = true;
    channel->names.clear();
  }
  auto words = line.last();
  if (channel->names.size() + words.size() > most_names) return;
  // Kept as they came: a list of thousands is made once, at its end, and given away.
  channel->names.append(words).append(1, ' ');
}

void Session::on_end_of_names(const Line& line) {
  auto* channel = find_channel(line.param(1));
  if (!channel) return;
  bool wanted = channel->state == Channel::State::naming || channel->naming_again;
  if (wanted) entered(*channel);
}

void Session::entered(Channel& channel) {
  if (channel.leaving) return;  // our PART is on its way
  bool first = channel.state != Channel::State::in;
  channel.state = Channel::State::in;
  channel.naming_again = false;
  channel.was_in = true;
  channel.patient = false;
  channel.tokens.clear();
  auto names = std::exchange(channel.names, {});
  auto room = channel.room;

  Entered event;
  event.nick = plain(nick_);
  event.members.reserve(static_cast<std::size_t>(std::count(names.begin(), names.end(), ' ')));
  bool known = is_utf8(names);
  // What NAMES does not tell is as it was: only differences are told.
  const auto* before = hub_.sink.members(*this, room);
  each_word(names, [&](std::string_view word) {
    auto entry = parse_names_entry(word, server_);
    if (entry.who.nick.empty()) return;
    auto& member = event.members.emplace_back();
    member.nick = known ? std::string(entry.who.nick) : plain(entry.who.nick);
    if (!entry.who.host.empty()) member.address = plain(entry.who.address());
    member.marks = entry.marks;
    member.standing = standing_of(entry.marks, server_);
    if (!before) return;
    if (auto old = before->find(member.nick)) {
      if (member.address.empty()) member.address = std::move(old->address);
      member.account = std::move(old->account);
      member.status = std::move(old->status);
      member.availability = old->availability;
    }
  });
  names = {};
  event.created = first && event.members.size() == 1;
  Subject subject{text_from_wire(channel.topic, encoding_in(&channel))};
  Sender setter;
  setter.nick = plain(channel.topic_by.substr(0, channel.topic_by.find('!')));
  auto set_at = channel.topic_time;
  auto name = channel.name;
  bool stale = std::exchange(channel.stale, false);

  tell(room, std::move(event));
  if (!first) return;
  Event topic;
  topic.in = room;
  topic.sender = std::move(setter);
  topic.time = set_at;
  topic.what = std::move(subject);
  hub_.sink.on_event(*this, std::move(topic));
  if (!find_channel(room)) return;
  if (stale) enqueue(format_line("NAMES", name));
  queue_.push_later(format_line("MODE", name));
  flush_waiting();
}

void Session::exited(Channel& gone, Departure how, std::string by, std::string reason) {
  auto found =
      std::find_if(channels_.begin(), channels_.end(), [&](const auto& c) { return c.get() == &gone; });
  if (found == channels_.end()) return;
  auto channel = std::move(*found);
  channels_.erase(found);
  unused_since_ = Clock::now();
  Failure why{Reason::not_joined, reason.empty() ? "You are not in " + plain(channel->name) : reason};
  if (how == Departure::lost && !channel->was_in) why.reason = Reason::timed_out;
  std::vector<Command> waiting;
  std::erase_if(waiting_, [&](Waiting& w) {
    if (w.command.in != Conversation(channel->room)) return false;
    waiting.push_back(std::move(w.command));
    return true;
  });
  if (channel->was_in) tell(channel->room, Exited{how, std::move(by), std::move(reason)});
  delivered(channel->room, channel->leave_token);
  for (auto& token : channel->tokens) failed(channel->room, token, why);
  for (auto& command : waiting) failed(command.in, command.token, why);
  // The last channel that a person leaves ends the connection; one they were thrown out of does not: they may
  // come back.
  if (how == Departure::left && channels_.empty() && phase_ != Phase::ended) quit("Leaving");
}

// -------------------------------------------------------------------------------------------------- topic,
// modes, others

void Session::on_topic(const Line& line) {
  auto* channel = find_channel(line.param(0));
  if (!channel) return;
  std::optional<Pending> pending;
  bool own = is_me(line.source.nick);
  if (own) pending = pending_.take(Awaited::topic, server_.folded(line.param(0)));
  Event event;
  event.in = channel->room;
  event.sender = sender_of(line);
  event.sender.own = own;
  stamp(event, line);
  event.what = Subject{text_from_wire(line.param(1), encoding_in(channel))};
  hub_.sink.on_event(*this, std::move(event));
  if (pending) delivered(pending->in, pending->token);
}

void Session::on_topic_is(const Line& line) {
  auto* channel = find_channel(line.param(1));
  if (channel && channel->part_due) return;  // of the stay before
  if (!channel || channel->state != Channel::State::naming) return on_other(line);
  channel->topic = std::string(line.param(2));
}

void Session::on_topic_who(const Line& line) {
  auto* channel = find_channel(line.param(1));
  if (!channel || channel->state != Channel::State::naming) return;
  channel->topic_by = std::string(line.param(2));
  std::int64_t seconds = 0;
  auto text = line.param(3);
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t end_of_time = 253402300799;  // the last second of the year 9999
  if (error == std::errc{} && seconds > 0 && seconds < end_of_time) {
    channel->topic_time = Time(std::chrono::seconds(seconds));
  }
}

void Session::on_mode(const Line& line) {
  if (!server_.is_channel(line.param(0))) return;  // our own user modes
  auto* channel = find_channel(line.param(0));
  if (!channel) return;
  if (channel->state != Channel::State::in) {
    channel->stale = true;
    return;
  }
  auto changes = parse_modes(line, 1, server_);
  if (changes.empty()) return;
  auto room = channel->room;
  auto by = line.source.is_server() ? std::string{} : plain(line.source.nick);
  bool own = is_me(line.source.nick);

  std::vector<std::string> ranked;  // each whose rank changes, once
  bool flags = false;
  for (const auto& change : changes) {
    if (change.kind == ModeKind::prefix) {
      auto nick = plain(change.arg);
      bool told =
          std::any_of(ranked.begin(), ranked.end(), [&](const auto& n) { return server_.same(n, nick); });
      if (!told) ranked.push_back(std::move(nick));
    } else if (change.kind != ModeKind::list) {
      flags = true;
      if (change.letter == 'k') channel->key = change.add ? change.arg : std::string{};  // to come in again
      if (change.add)
        channel->modes[change.letter] = change.arg;
      else
        channel->modes.erase(change.letter);
    }
  }
  for (const auto& nick : ranked) {
    auto who = member(*channel, nick);
    if (!who) continue;
    for (const auto& change : changes) {
      if (change.kind != ModeKind::prefix || !server_.same(plain(change.arg), nick)) continue;
      auto mark = mark_of_mode(change.letter, server_);
      who->marks = static_cast<std::uint16_t>(change.add ? who->marks | mark : who->marks & ~mark);
    }
    who->standing = standing_of(who->marks, server_);
    tell(room, MemberUpdated{std::move(*who), by}, sender_of(line));
    channel = find_channel(room);
    if (!channel) return;
  }
  if (flags) tell_info(*channel);
  Message note;
  note.kind = MessageKind::notice;
  note.text = Text("Mode " + plain(line.param(0)) + " [" + plain(describe_modes(changes)) + "]" +
                   (line.source.nick.empty() ? std::string{} : " by " + plain(line.source.nick)));
  tell(room, std::move(note));
  if (!own) return;
  auto folded = server_.folded(line.param(0));
  for (const auto& change : changes) {
    const auto name = answer_name(change);
    if (name.empty()) continue;  // an answer to none of ours
    auto pending = pending_.take(Awaited::mode, folded, server_.folded(name));
    if (pending) delivered(pending->in, pending->token);
  }
}

// 324 <me> <channel> <modes> <args…>
void Session::on_modes_are(const Line& line) {
  auto* channel = find_channel(line.param(1));
  if (!channel) return on_other(line);
  channel->modes.clear();
  for (auto& change : parse_modes(line, 2, server_)) {
    if (change.add && change.kind != ModeKind::list && change.kind != ModeKind::prefix) {
      channel->modes[change.letter] = change.arg;
    }
  }
  tell_info(*channel);
}

void Session::tell_info(const Channel& channel) {
  RoomInfo info;
  info.name = plain(channel.name);
  std::string letters = "+", args;
  for (const auto& [letter, arg] : channel.modes) {
    letters += letter;
    if (letter == 'k' || arg.empty()) continue;  // a key is nothing to show
    args += " " + plain(arg);
  }
  if (letters.size() > 1) info.modes = letters + args;
  info.members_only = channel.modes.contains('i');
  info.moderated = channel.modes.contains('m');
  info.password_protected = channel.modes.contains('k');
  info.hidden = channel.modes.contains('s') || channel.modes.contains('p');
  if (auto limit = channel.modes.find('l'); limit != channel.modes.end()) {
    int most = number(limit->second, 0);
    if (most > 0) info.limit = static_cast<std::size_t>(most);
  }
  tell(channel.room, std::move(info));
}

// INVITE <who> <channel>
void Session::on_invite(const Line& line) {
  auto name = line.param(1);
  auto by = plain(line.source.nick);
  if (is_me(line.param(0))) {
    auto room = hub_.addresses.room(plain(name), place_);
    if (!room.empty()) tell(std::move(room), Invited{std::move(by), {}, {}}, sender_of(line));
    return;
  }
  auto* channel = find_channel(name);
  if (!channel || is_me(line.source.nick)) return;
  Message note;
  note.kind = MessageKind::notice;
  note.text = Text(by + " invited " + plain(line.param(0)));
  tell(channel->room, std::move(note));
}

template <class Change>
void Session::update_everywhere(std::string_view nick, Change change) {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    auto who = member(*channels_[i], nick);
    if (!who) continue;
    change(*who);
    auto room = channels_[i]->room;
    tell(std::move(room), MemberUpdated{std::move(*who), {}});
  }
}

void Session::on_away(const Line& line) {
  auto status = line.params.empty() ? std::string{} : plain(line.param(0));
  update_everywhere(plain(line.source.nick), [&](Member& who) {
    who.availability = status.empty() ? Availability::online : Availability::away;
    who.status = status;
  });
}

void Session::on_account(const Line& line) {
  auto account = line.param(0) == "*" ? std::string{} : plain(line.param(0));
  update_everywhere(plain(line.source.nick), [&](Member& who) { who.account = account; });
}

void Session::on_chghost(const Line& line) {
  if (is_me(line.source.nick)) {
    user_ = std::string(line.param(0));
    host_ = std::string(line.param(1));
  }
  auto address = plain(line.param(0)) + "@" + plain(line.param(1));
  update_everywhere(plain(line.source.nick), [&](Member& who) { who.address = address; });
}

}  // namespace dragoman::irc
