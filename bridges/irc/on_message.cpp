// PRIVMSG and NOTICE, and what keeps a connection alive or ends it.
#include <charconv>
#include <utility>

#include "bridges/irc/convert.hpp"
#include "bridges/irc/ctcp.hpp"
#include "bridges/irc/refusals.hpp"
#include "bridges/irc/session.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t most_batches = 64;
constexpr std::size_t most_ctcp_queue =
    20;  // answers to questions are dropped before they hold up what people say

// server-time: "2011-10-19T16:40:51.620Z". Zero where it is none.
Time parse_time(std::string_view text) {
  auto number = [&](std::size_t at, std::size_t size) {
    int value = -1;
    if (at + size <= text.size()) std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text[10] != 'T') return {};
  std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                  std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                  std::chrono::day(static_cast<unsigned>(number(8, 2)))};
  int hour = number(11, 2), minute = number(14, 2), second = number(17, 2);
  if (!day.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return {};
  int milliseconds = text[19] == '.' ? std::max(number(20, 3), 0) : 0;
  return Time(std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(hour) +
              std::chrono::minutes(minute) + std::chrono::seconds(second) +
              std::chrono::milliseconds(milliseconds));
}

}  // namespace

void Session::stamp(Event& event, const Line& line) const {
  if (line.tags.empty()) return;
  if (const auto* id = line.find_tag("msgid")) event.id = MessageId(id->value());
  if (const auto* time = line.find_tag("time")) event.time = parse_time(time->raw);
}

Sender Session::sender_of(const Line& line) const {
  Sender sender;
  if (line.source.nick.empty() || line.source.is_server()) return sender;
  sender.nick = is_utf8(line.source.nick) ? std::string(line.source.nick) : plain(line.source.nick);
  if (!line.tags.empty()) {
    if (const auto* account = line.find_tag("account")) sender.account = account->value();
  }
  return sender;
}

void Session::on_privmsg(const Line& line) { on_text(line, false); }
void Session::on_notice(const Line& line) { on_text(line, true); }

void Session::on_text(const Line& line, bool notice) {
  auto target = line.param(0);
  bool own = phase_ == Phase::up && is_me(line.source.nick);
  if (!line.tags.empty() && !msgid_seen_ && line.find_tag("msgid")) {
    msgid_seen_ = true;
    std::vector<RoomId> rooms;
    for (const auto& channel : channels_) rooms.push_back(channel->room);
    for (auto& room : rooms) tell(std::move(room), FeaturesChanged{});
  }
  auto bare = server_.without_status(target);
  if (server_.is_channel(bare)) {
    if (auto* channel = find_channel(bare)) return on_channel_text(line, *channel, target, notice, own);
    if (own) return;
    // To a channel that we are not in: nobody shows it, but it is not lost.
    return tell_place("<" + plain(line.source.nick) + " to " + plain(target) + "> " + plain(line.last()));
  }
  on_private_text(line, target, notice, own);
}

void Session::on_channel_text(const Line& line, Channel& channel, std::string_view target, bool notice,
                              bool own) {
  if (on_ctcp(line, line.param(1), notice, own)) return;
  auto message = to_message(line.param(1), notice, encoding_in(&channel));
  if (own) return on_own_echo(line, target, channel.room, std::move(message));
  if (!message || channel.part_due) return;
  auto bare = server_.without_status(target);
  if (bare.size() != target.size()) {
    auto note = "[to " + std::string(target.substr(0, target.size() - bare.size())) + "] ";
    message->text = concat(Text(std::move(note)), message->text);
  }
  Event event;
  event.in = channel.room;
  event.sender = sender_of(line);
  stamp(event, line);
  event.what = std::move(*message);
  hub_.sink.on_event(*this, std::move(event));
}

void Session::on_private_text(const Line& line, std::string_view target, bool notice, bool own) {
  if (on_ctcp(line, line.param(1), notice, own)) return;
  auto message = to_message(line.param(1), notice, settings_.encoding_in);
  if (own && !is_me(target)) {
    auto user = hub_.addresses.user(plain(target), place_);
    if (!user.empty()) on_own_echo(line, target, std::move(user), std::move(message));
    return;
  }
  // To oneself it comes twice: the echo answers the command, the other is the message.
  if (own) {
    auto pending = take_labeled(line);
    if (!pending) pending = pending_.take(Awaited::message, server_.folded(target));
    if (pending) return echoed(line, std::move(*pending));
  }
  if (!message) return;
  auto sender = sender_of(line);
  bool from_server = sender.nick.empty() || phase_ != Phase::up;
  bool known = !from_server && talks_.contains(server_.folded(line.source.nick));
  Event event;
  if (from_server || (notice && !known)) {
    event.in = place_;
    // From the server's address, so the words must say who it was.
    if (!from_server) message->text = concat(Text("<" + sender.nick + "> "), message->text);
    sender = {};
  } else {
    auto user = hub_.addresses.user(sender.nick, place_);
    if (user.empty()) return;
    if (!notice) remember_talk(line.source.nick);
    event.in = user;
    sender.user = std::move(user);
  }
  event.sender = std::move(sender);
  stamp(event, line);
  event.what = std::move(*message);
  hub_.sink.on_event(*this, std::move(event));
}

// What we said comes back: it answers the command, or it was said elsewhere (another device at a bouncer).
void Session::on_own_echo(const Line& line, std::string_view target, Conversation in,
                          std::optional<Message> message) {
  auto pending = take_labeled(line);
  if (!pending) pending = pending_.take(Awaited::message, server_.folded(target));
  if (pending) return echoed(line, std::move(*pending));
  if (!message) return;
  Event event;
  event.in = std::move(in);
  event.sender = sender_of(line);
  event.sender.own = true;
  stamp(event, line);
  event.what = std::move(*message);
  hub_.sink.on_event(*this, std::move(event));
}

void Session::echoed(const Line& line, Pending pending) {
  if (pending.token.empty()) return;
  Event event;
  event.in = std::move(pending.in);
  event.sender = sender_of(line);
  event.sender.own = true;
  stamp(event, line);
  event.what = Delivered{std::move(pending.token)};
  hub_.sink.on_event(*this, std::move(event));
}

// CTCP other than ACTION: questions to us are answered, answers to ours find who asked. True: nothing more to
// do.
bool Session::on_ctcp(const Line& line, std::string_view text, bool notice, bool own) {
  if (text.empty() || text.front() != '\x01') return false;
  auto ctcp = parse_ctcp(text);
  if (!ctcp || ctcp->command == "ACTION") return false;
  if (own) return true;  // the echo of our question or answer; no message waits for it
  auto who = server_.folded(line.source.nick);
  if (notice) {
    auto what = ctcp->command == "PING" ? Awaited::ping : Awaited::version;
    if (ctcp->command != "PING" && ctcp->command != "VERSION") return true;
    if (auto pending = pending_.take(what, who); pending && !pending->token.empty()) {
      tell(pending->in, Answered{pending->token, plain(ctcp->params)});
    }
    return true;
  }
  if (queue_.size() > most_ctcp_queue || line.source.is_server()) return true;
  std::string answer;
  if (ctcp->command == "VERSION")
    answer = format_ctcp("VERSION", "dragoman " DRAGOMAN_VERSION);
  else if (ctcp->command == "PING")
    answer = format_ctcp("PING", ctcp->params.substr(0, 64));
  else if (ctcp->command == "CLIENTINFO")
    answer = format_ctcp("CLIENTINFO", "ACTION CLIENTINFO PING VERSION");
  if (!answer.empty()) enqueue(format_line("NOTICE", line.source.nick, answer));
  return true;
}

void Session::on_ping(const Line& line) { write_now(format_line("PONG", line.last())); }

// The server says why it closes, and closes.
void Session::on_error(const Line& line) {
  if (last_words_ && never_again_) return;
  auto why = closing(plain(line.last()));
  if (why.reason == Reason::banned_by_server || why.reason == Reason::login_failed) never_again_ = true;
  last_words_ = std::move(why);
}

void Session::on_batch(const Line& line) {
  auto reference = line.param(0);
  if (reference.size() < 2) return;
  auto name = reference.substr(1);
  if (reference.front() == '-') {
    if (auto found = batches_.find(name); found != batches_.end()) batches_.erase(found);
  } else if (batches_.size() < most_batches) {
    if (const auto* label = line.find_tag("label")) batches_.emplace(name, label->value());
  }
}

}  // namespace dragoman::irc
