// What the person says and asks: messages, and all that is not about a room.
#include <algorithm>
#include <utility>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/ctcp.hpp"
#include "bridges/irc/formatting.hpp"
#include "bridges/irc/session.hpp"
#include "bridges/irc/split.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t most_waiting = 200;
constexpr std::size_t most_pending = 5000;

}  // namespace

// One that the network can't do: `degrade` lets none of these through, since Features say so.
template <class Unsupported>
void Session::act(Command& command, Unsupported&) {
  failed(command.in, command.token, {Reason::unsupported, "IRC can't carry this"});
}

void Session::perform(Command command) {
  if (phase_ == Phase::ended) {
    return failed(command.in, command.token,
                  {Reason::not_connected, "The connection to " + place_.value() + " is closed"});
  }
  // Taken out, so that the handlers may move the command while they read what it wants.
  auto what = std::move(command.what);
  std::visit([&](auto& act_) { act(command, act_); }, what);
  if (phase_ != Phase::ended) schedule_tick();
}

Features Session::features(const Conversation& where) const {
  Features features;
  features.stable_ids = caps_.has(Cap::message_tags) && msgid_seen_;
  features.wire_size = &wire_size;
  std::string target = std::visit(
      [this](const auto& id) -> std::string {
        using T = std::decay_t<decltype(id)>;
        if constexpr (std::is_same_v<T, RoomId>)
          return hub_.addresses.channel_of(id);
        else if constexpr (std::is_same_v<T, UserId>)
          return hub_.addresses.nick_of(id);
        else
          return {};
      },
      where);
  if (std::holds_alternative<RoomId>(where)) features.can_set = settable(server_);
  // An action is wrapped: "\1ACTION " and "\1".
  constexpr std::size_t wrapping = 9;
  features.max_bytes = text_budget(server_, self(), "PRIVMSG", target) - wrapping;
  return features;
}

// ----------------------------------------------------------------------------------------------------------
// messages

void Session::act(Command& command, Message& message) {
  if (std::holds_alternative<PlaceId>(command.in)) return send_raw(command, message);
  if (const auto* room = std::get_if<RoomId>(&command.in)) {
    auto* channel = find_channel(*room);
    if (!channel || (!channel->was_in && channel->state != Channel::State::in)) {
      return failed(command.in, command.token,
                    {Reason::not_joined, "You are not in " + hub_.addresses.channel_of(*room)});
    }
    if (phase_ != Phase::up || channel->state != Channel::State::in) {
      command.what = std::move(message);
      return wait_for_link(std::move(command));
    }
    return send_message(command, message, channel->name,
                        channel->encoding_out.empty() ? settings_.encoding_out : channel->encoding_out);
  }
  if (phase_ != Phase::up) {
    command.what = std::move(message);
    wait_for_link(std::move(command));
    return start();
  }
  auto nick = hub_.addresses.nick_of(std::get<UserId>(command.in));
  remember_talk(nick);
  send_message(command, message, nick, settings_.encoding_out);
}

void Session::send_message(Command& command, Message& message, std::string_view target,
                           const std::string& encoding) {
  std::string_view verb = message.kind == MessageKind::notice ? "NOTICE" : "PRIVMSG";
  auto pieces = to_wire(message.text, message.kind, encoding, text_budget(server_, self(), verb, target));
  if (pieces.empty() || !is_target(target)) {
    return failed(command.in, command.token,
                  {Reason::invalid, "There is nothing in this message that IRC can carry"});
  }
  if (!queue_.has_room(pieces.size()) || pending_.size() >= most_pending) {
    return failed(command.in, command.token,
                  {Reason::queue_full, "Too much is waiting to be sent to " + place_.value()});
  }
  bool echo = caps_.has(Cap::echo_message);
  bool labels = echo && caps_.has(Cap::labeled_response);
  auto folded = echo ? server_.folded(target) : std::string{};
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    bool last = i + 1 == pieces.size();
    LineBuilder line(verb);
    Pending pending;
    if (labels) {
      pending.label = std::to_string(++label_);
      line.tag("label", pending.label);
    }
    auto built = std::move(line.param(target).text(pieces[i])).str();
    if (echo) {
      // The pieces before the last are awaited too: so their echoes are known to be ours.
      if (last) pending.token = command.token;
      pending.target = folded;
      pending.in = command.in;
      enqueue(std::move(built));
      pending.since = sent_at();
      pending_.add(std::move(pending));
      continue;
    }
    std::uint64_t number = 0;
    if (last && !command.token.empty()) {
      number = ++sent_number_;
      pending.token = command.token;
      pending.target = server_.folded(target);
      pending.in = command.in;
      at_write_.emplace(number, std::move(pending));
    }
    if (!enqueue(std::move(built), number) && number && at_write_.erase(number)) {
      failed(command.in, command.token,
             {Reason::queue_full, "Too much is waiting to be sent to " + place_.value()});
    }
  }
}

// To the server itself: IRC's own lines, as they stand.
void Session::send_raw(Command& command, const Message& message) {
  if (phase_ != Phase::up) {
    return failed(command.in, command.token,
                  {Reason::not_connected, "You are not connected to " + place_.value()});
  }
  bool any = false;
  std::string_view rest = message.text.plain;
  while (!rest.empty()) {
    auto end = rest.find('\n');
    auto line = raw_line(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.empty()) continue;
    // A person's own QUIT is a goodbye, and no loss to recover from.
    if (auto parsed = parse_line(line); parsed && parsed->is("QUIT")) {
      delivered(command.in, command.token);
      return quit(parsed->params.empty() ? "Leaving" : plain(parsed->last()));
    } else if (parsed && parsed->is("NICK") && pending_.size() < most_pending) {
      // Their own wish, to be kept: nobody else's change is.
      Pending asked;
      asked.what = Awaited::nick;
      asked.in = command.in;
      asked.since = sent_at();
      pending_.add(std::move(asked));
    }
    if (!enqueue(std::move(line))) {
      return failed(command.in, command.token,
                    {Reason::queue_full, "Too much is waiting to be sent to " + place_.value()});
    }
    any = true;
  }
  if (any)
    delivered(command.in, command.token);
  else
    failed(command.in, command.token, {Reason::invalid, "An empty line"});
}

void Session::wait_for_link(Command command) {
  if (waiting_.size() >= most_waiting) {
    return failed(command.in, command.token,
                  {Reason::queue_full, "Too much is waiting for " + place_.value()});
  }
  waiting_.push_back({std::move(command), Clock::now()});
}

void Session::flush_waiting() {
  std::vector<Command> ready;
  std::erase_if(waiting_, [&](Waiting& waiting) {
    const auto* room = std::get_if<RoomId>(&waiting.command.in);
    auto* channel = room ? find_channel(*room) : nullptr;
    if (room && channel && channel->state != Channel::State::in) return false;
    ready.push_back(std::move(waiting.command));
    return true;
  });
  for (auto& command : ready) perform(std::move(command));
}

// --------------------------------------------------------------------------------------------------------------
// others

void Session::ask(Command& command, Awaited what, std::string line, std::string_view target,
                  std::string_view object, Page page) {
  if (line.empty()) return failed(command.in, command.token, {Reason::invalid, "IRC can't say this"});
  if (phase_ != Phase::up) {
    return failed(command.in, command.token,
                  {Reason::not_connected, "You are not connected to " + place_.value()});
  }
  Pending pending;
  // No server answers a mode that changes nothing, but for a label.
  if (what == Awaited::mode && caps_.has(Cap::labeled_response)) {
    pending.label = std::to_string(++label_);
    line.insert(0, "@label=" + pending.label + " ");
  }
  if (pending_.size() >= most_pending || !enqueue(std::move(line))) {
    return failed(command.in, command.token,
                  {Reason::queue_full, "Too much is waiting to be sent to " + place_.value()});
  }
  pending.token = command.token;
  pending.what = what;
  pending.target = server_.folded(target);
  pending.object = server_.folded(object);
  pending.page = page;
  pending.in = command.in;
  pending.since = sent_at();
  pending_.add(std::move(pending));
}

void Session::act(Command& command, SetNick& nick) {
  if (!is_target(nick.nick) || format_line("NICK", nick.nick).empty()) {
    return failed(command.in, command.token, {Reason::nick_invalid, "IRC allows no such nick: " + nick.nick});
  }
  if (phase_ == Phase::up) return ask(command, Awaited::nick, format_line("NICK", nick.nick), nick.nick);
  wanted_nick_ = nick.nick;
  if (phase_ == Phase::registering && nick_conflict_) {
    nick_conflict_ = false;
    phase_since_ = Clock::now();
    send_nick(wanted_nick_);
  }
  delivered(command.in, command.token);
}

void Session::act(Command& command, SetAvailability& availability) {
  availability_ = availability;
  if (phase_ != Phase::up) return delivered(command.in, command.token);  // said once connected
  auto line = away_line(availability);
  if (line == away_line(told_availability_)) return delivered(command.in, command.token);
  told_availability_ = availability;
  ask(command, Awaited::away, std::move(line), {});
}

std::string Session::away_line(const SetAvailability& availability) const {
  if (availability.availability == Availability::online) return format_line("AWAY");
  auto status = availability.status.empty() ? std::string("Away") : availability.status;
  auto limit = server_.awaylen ? server_.awaylen : 200;
  return format_line("AWAY", to_wire_line(Text(status), settings_.encoding_out, limit));
}

void Session::act(Command& command, FetchProfile& profile) {
  refused_whois_.clear();
  if (!pending_.find(Awaited::whois)) profile_.reset();
  ask(command, Awaited::whois, format_line("WHOIS", profile.nick), profile.nick);
}

void Session::act(Command& command, FetchVersion& version) {
  ask(command, Awaited::version, format_line("PRIVMSG", version.nick, format_ctcp("VERSION")), version.nick);
}

void Session::act(Command& command, Ping& ping) {
  ask(command, Awaited::ping,
      format_line("PRIVMSG", ping.nick, format_ctcp("PING", std::to_string(++label_))), ping.nick);
}

void Session::act(Command& command, Search& search) {
  const Page page{search.offset, search.count};
  bool running = pending_.find(Awaited::list) != nullptr;
  bool same = search.words == listed_words_;
  if (running && !same) {
    return failed(command.in, command.token,
                  {Reason::rate_limited, "Another list of channels is being fetched"});
  }
  bool kept = same && listed_at_ != Clock::time_point{} &&
              Clock::now() - listed_at_ <= hub_.patience.listing && phase_ == Phase::up;
  if (kept && !running) return tell_page(command.in, command.token, page);
  if (running && pending_.size() < most_pending) {
    Pending another;
    another.token = command.token;
    another.what = Awaited::list;
    another.in = command.in;
    another.since = sent_at();
    another.page = page;
    pending_.add(std::move(another));
    return;
  }
  listed_.clear();
  listed_at_ = {};
  listed_words_ = search.words;
  ask(command, Awaited::list, search.words.empty() ? format_line("LIST") : format_line("LIST", search.words),
      {}, {}, page);
}

}  // namespace dragoman::irc
