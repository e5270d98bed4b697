// What the person does in a channel: comes, goes, and whatever rank allows.
#include <algorithm>
#include <utility>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/session.hpp"
#include "mapping/store.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t join_line = 400;  // bytes of channel names in one JOIN

}  // namespace

// -------------------------------------------------------------------------------------------------------
// coming, going

void Session::act(Command& command, Join& join) {
  const auto* room = std::get_if<RoomId>(&command.in);
  auto name = room ? hub_.addresses.channel_of(*room) : std::string{};
  if (!room || !is_target(name))
    return failed(command.in, command.token, {Reason::invalid, "This is no channel"});
  if (!join.nick.empty() && (!is_target(join.nick) || format_line("NICK", join.nick).empty())) {
    return failed(command.in, command.token, {Reason::nick_invalid, "IRC allows no such nick: " + join.nick});
  }
  if (!join.key.empty() && format_line("JOIN", name, join.key).find(" :") != std::string::npos) {
    return failed(command.in, command.token,
                  {Reason::wrong_key, "IRC allows no such key: a key has no spaces"});
  }
  if (join.key.find(',') != std::string::npos) {
    return failed(command.in, command.token,
                  {Reason::wrong_key, "IRC allows no such key: a comma parts two keys"});
  }
  auto* channel = find_channel(*room);
  if (channel && channel->leaving) {
    // Before the server confirmed that we left: what it still says of that is about the stay before.
    channel->leaving = false;
    delivered(channel->room, std::exchange(channel->leave_token, {}));
    channel = find_channel(*room);
    bool parting =
        channel && (channel->state == Channel::State::in || channel->state == Channel::State::naming);
    if (parting && phase_ == Phase::up) {
      channel->part_due = true;
      channel->was_in = false;
      channel->wanted_at = Clock::now();
      if (!join.key.empty()) channel->key = join.key;
      if (!command.token.empty()) channel->tokens.push_back(command.token);
      return send_join(*channel);
    }
  }
  if (channel && channel->state == Channel::State::in) {
    // Another client of the same person, most likely: told anew who is there.
    Entered entered;
    entered.nick = plain(nick_);
    if (const auto* members = hub_.sink.members(*this, *room)) {
      members->for_each([&](const Member& member) { entered.members.push_back(member); });
    }
    return tell(*room, std::move(entered));
  }
  if (!channel) {
    if (channels_.size() >= most_channels) {
      return failed(command.in, command.token,
                    {Reason::too_many_rooms, "You are in too many channels already"});
    }
    auto made = std::make_unique<Channel>();
    made->name = name;
    made->room = *room;
    auto own = hub_.store.settings().load(hub_.network, person_, room_scope(room->value()));
    if (auto found = own.find("encoding_in"); found != own.end()) made->encoding_in = found->second.value;
    if (auto found = own.find("encoding_out"); found != own.end()) made->encoding_out = found->second.value;
    channel = channels_.emplace_back(std::move(made)).get();
  }
  if (join.patient) channel->patient = true;
  if (channel->tokens.empty()) channel->wanted_at = Clock::now();
  if (!join.key.empty()) channel->key = join.key;
  if (!command.token.empty()) channel->tokens.push_back(command.token);
  switch (phase_) {
    case Phase::idle:
      if (!join.nick.empty()) wanted_nick_ = join.nick;
      return start();
    case Phase::registering:
      if (!nick_conflict_) return;
      nick_conflict_ = false;
      phase_since_ = Clock::now();
      if (!join.nick.empty()) wanted_nick_ = join.nick;
      return send_nick(wanted_nick_);
    case Phase::up:
      if (channel->state == Channel::State::wanted) send_join(*channel);
      return;
    case Phase::connecting:
    case Phase::retrying:
    case Phase::ended: return;
  }
}

void Session::send_join(Channel& channel) {
  channel.state = Channel::State::asked;
  if (enqueue(channel.key.empty() ? format_line("JOIN", channel.name)
                                  : format_line("JOIN", channel.name, channel.key))) {
    channel.asked_at = sent_at();
    return;
  }
  exited(channel, Departure::lost, {}, "Too much is waiting to be sent to " + place_.value());
}

// All at once, several to a line: those with a key first, since keys are given by position.
void Session::send_joins() {
  std::vector<Channel*> wanted;
  for (auto& channel : channels_) {
    if (channel->state == Channel::State::wanted) wanted.push_back(channel.get());
  }
  std::stable_partition(wanted.begin(), wanted.end(), [](const Channel* c) { return !c->key.empty(); });
  auto limit = server_.targmax.find("JOIN");
  std::size_t most = limit == server_.targmax.end() || limit->second == 0 ? 10 : limit->second;
  for (std::size_t begin = 0; begin < wanted.size();) {
    std::string names, keys;
    std::size_t end = begin;
    while (end < wanted.size() && end - begin < most) {
      const auto& channel = *wanted[end];
      if (end > begin && names.size() + keys.size() + channel.name.size() + channel.key.size() > join_line)
        break;
      names += (names.empty() ? "" : ",") + channel.name;
      if (!channel.key.empty()) keys += (keys.empty() ? "" : ",") + channel.key;
      ++end;
    }
    enqueue(keys.empty() ? format_line("JOIN", names) : format_line("JOIN", names, keys));
    for (std::size_t i = begin; i < end; ++i) {
      wanted[i]->state = Channel::State::asked;
      wanted[i]->asked_at = sent_at();
    }
    begin = end;
  }
}

void Session::act(Command& command, Leave& leave) {
  const auto* room = std::get_if<RoomId>(&command.in);
  auto* channel = room ? find_channel(*room) : nullptr;
  if (!channel) return failed(command.in, command.token, {Reason::not_joined, "You are not in this channel"});
  for (auto& token : std::exchange(channel->tokens, {})) {
    failed(*room, token, {Reason::not_joined, "You left before you were in"});
  }
  channel = find_channel(*room);
  if (!channel) return delivered(command.in, command.token);
  if (channel->leaving) return delivered(command.in, command.token);
  channel->leaving = true;
  channel->leave_token = command.token;
  if (phase_ == Phase::up && channels_.size() == 1)
    return quit(leave.reason.empty() ? "Leaving" : leave.reason);
  // Its PART comes back as ours; without a connection nothing does.
  if (phase_ != Phase::up || channel->state == Channel::State::wanted)
    return exited(*channel, Departure::left, {}, leave.reason);
  // One that the server has not let us into is left once it does.
  if (channel->state == Channel::State::asked) return;
  queue_.drop_later(format_line("MODE", channel->name));
  auto reason = to_wire_line(Text(leave.reason), settings_.encoding_out, 300);
  if (!enqueue(reason.empty() ? format_line("PART", channel->name)
                              : format_line("PART", channel->name, reason)))
    return exited(*channel, Departure::left, {}, leave.reason);
  channel->asked_at = sent_at();
}

// ----------------------------------------------------------------------------------------------------------
// in a channel

Session::Channel* Session::joined_channel(Command& command) {
  const auto* room = std::get_if<RoomId>(&command.in);
  auto* channel = room ? find_channel(*room) : nullptr;
  if (channel && channel->state == Channel::State::in && phase_ == Phase::up) return channel;
  failed(command.in, command.token,
         {Reason::not_joined, "You are not in this channel, or its server can't be reached now"});
  return nullptr;
}

void Session::act(Command& command, Subject& subject) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  auto limit = server_.topiclen ? server_.topiclen : 390;
  const auto& encoding = channel->encoding_out.empty() ? settings_.encoding_out : channel->encoding_out;
  LineBuilder line("TOPIC");
  line.param(channel->name).text(to_wire_line(subject.text, encoding, limit));
  ask(command, Awaited::topic, line.str(), channel->name);
}

void Session::act(Command& command, Invite& invite) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  // "nick", or an address of this network: "nick%irc.example.org".
  auto who = hub_.addresses.fixed() ? invite.who : invite.who.substr(0, invite.who.find('%'));
  if (!is_target(who))
    return failed(command.in, command.token, {Reason::nick_invalid, "This is nobody on IRC"});
  ask(command, Awaited::invite, format_line("INVITE", who, channel->name), channel->name, who);
}

void Session::act(Command& command, Remove& remove) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  const auto* members = hub_.sink.members(*this, channel->room);
  if (!members || !members->contains(remove.nick)) {
    return failed(command.in, command.token, {Reason::no_such_user, remove.nick + " is not in this channel"});
  }
  auto reason =
      to_wire_line(Text(remove.reason), settings_.encoding_out, server_.kicklen ? server_.kicklen : 300);
  auto line = reason.empty() ? format_line("KICK", channel->name, remove.nick)
                             : format_line("KICK", channel->name, remove.nick, reason);
  ask(command, Awaited::kick, std::move(line), channel->name, remove.nick);
}

void Session::act(Command& command, SetStanding& standing) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  auto who = member(*channel, standing.who);
  std::vector<ModeChange> changes;
  if (standing.standing == Standing::banned || standing.who.find_first_of("!@*") != std::string::npos) {
    // A mask as it stands, or of a member everybody from the same host; a nick alone where no host is known.
    auto at = who ? who->address.find('@') : std::string::npos;
    auto mask =
        at == std::string::npos ? full_mask(standing.who, server_) : "*!*@" + who->address.substr(at + 1);
    changes.push_back({standing.standing == Standing::banned, 'b', ModeKind::list, mask});
  } else if (who) {
    changes = changes_to(standing.standing, who->nick, who->marks, server_);
  } else {
    return failed(command.in, command.token,
                  {Reason::no_such_user, standing.who + " is not in this channel"});
  }
  if (changes.empty()) return delivered(command.in, command.token);
  auto name = channel->name;
  ask_modes(command, *channel, changes);
  if (standing.standing == Standing::banned && who) {
    auto reason =
        to_wire_line(Text(standing.reason), settings_.encoding_out, server_.kicklen ? server_.kicklen : 300);
    enqueue(reason.empty() ? format_line("KICK", name, who->nick)
                           : format_line("KICK", name, who->nick, reason));
  }
}

void Session::ask_modes(Command& command, const Channel& channel, const std::vector<ModeChange>& changes) {
  auto lines = format_modes(channel.name, changes, server_);
  if (lines.empty()) return failed(command.in, command.token, {Reason::invalid, "IRC can't say this"});
  auto last = std::move(lines.back());
  lines.pop_back();
  for (auto& line : lines) enqueue(std::move(line));
  ask(command, Awaited::mode, std::move(last), channel.name, answer_name(changes.back()));
}

// All that there is was told: 324 after the join, and each MODE since.
void Session::act(Command& command, FetchRoomInfo&) {
  if (joined_channel(command)) delivered(command.in, command.token);
}

void Session::act(Command& command, SetRoomInfo& wish) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  if (wish.name || wish.picture) {
    return failed(command.in, command.token,
                  {Reason::unsupported, "A channel's name is its address, and it has no picture"});
  }
  if (wish.key && !wish.key->empty() && !is_key(*wish.key)) {
    return failed(command.in, command.token,
                  {Reason::invalid, "IRC allows no such key: a key has neither spaces nor commas"});
  }
  const auto changes = changes_to(wish, channel->modes, server_);
  if (changes.empty()) return delivered(command.in, command.token);
  ask_modes(command, *channel, changes);
}

void Session::act(Command& command, ListStandings& list) {
  auto* channel = joined_channel(command);
  if (!channel) return;
  if (list.standing == Standing::banned) {
    bans_.clear();
    return ask(command, Awaited::bans, format_line("MODE", channel->name, "b"), channel->name);
  }
  StandingList answer;
  if (const auto* members = hub_.sink.members(*this, channel->room)) {
    members->for_each([&](const Member& member) {
      if (member.standing == list.standing) answer.users.push_back({member.nick, member.standing, {}, {}});
    });
  }
  tell(channel->room, std::move(answer));
  delivered(command.in, command.token);
}

}  // namespace dragoman::irc
