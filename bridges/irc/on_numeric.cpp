// What the server answers in numbers: refusals find the command they refuse, answers the one who asked, and
// the rest is shown as the server's own words.
#include <algorithm>
#include <charconv>
#include <utility>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/refusals.hpp"
#include "bridges/irc/session.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t most_bans = 5000;
constexpr std::chrono::seconds late_refusal{30};
constexpr std::size_t most_listed = 20'000;

bool counts_users(int code) { return (code >= 250 && code <= 255) || code == 265 || code == 266; }

}  // namespace

std::vector<std::string> Session::folded_params(const Line& line) const {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < line.params.size() && names.size() < 4; ++i)
    names.push_back(server_.folded(line.params[i]));
  return names;
}

void Session::on_refusal(const Line& line) {
  auto why = refusal(line, settings_.encoding_in);
  auto told = why.value_or(Failure{Reason::network_error, plain(line.last())});
  std::optional<Pending> pending;
  if (!line.tags.empty()) {
    if (const auto* label = line.find_tag("label")) pending = pending_.take_label(label->value());
    if (const auto* batch = line.find_tag("batch"); batch && !pending) {
      if (auto found = batches_.find(batch->value()); found != batches_.end())
        pending = pending_.take_label(found->second);
    }
  }
  if (!pending && join_refused(line, told)) return;
  if (!pending) {
    auto names = folded_params(line);
    pending = pending_.take_refused(line.numeric, names);
    // Without echoes a message counted as delivered once it was written; its refusal comes all the same.
    if (!pending && why) {
      pending = written_.take_refused_newest(line.numeric, names, Clock::now() - late_refusal);
    }
  }
  if (!pending || pending->token.empty()) return on_other(line);
  failed(pending->in, pending->token, std::move(told));
}

bool Session::join_refused(const Line& line, const Failure& why) {
  auto* channel = find_channel(line.param(1));
  if (!channel || channel->state != Channel::State::asked) return false;
  auto room = channel->room;
  auto tokens = std::exchange(channel->tokens, {});
  if (channel->was_in) {
    exited(*channel, Departure::lost, {}, why.text);
  } else {
    forget_channel(*channel);
  }
  for (auto& token : tokens) failed(room, token, why);
  return true;
}

// What nobody else handles: the server's own words. What it tells everybody after 001 is left out.
void Session::on_other(const Line& line) {
  if (line.numeric == 0) return;
  if (burst_ && (line.numeric < 10 || counts_users(line.numeric))) return;
  std::string text;
  for (std::size_t i = 1; i < line.params.size(); ++i) {
    if (!text.empty()) text += ' ';
    text += plain(line.params[i]);
  }
  if (text.empty()) return;
  // About a channel that we are in: said there, as what it is.
  if (auto* channel = find_channel(line.param(1)); channel && channel->state == Channel::State::in) {
    Message note;
    note.kind = MessageKind::notice;
    note.text = Text(plain(line.last()));
    return tell(channel->room, std::move(note));
  }
  tell_place(std::move(text));
}

void Session::on_unknown_command(const Line& line) {
  auto command = line.param(1);
  auto kind = command == "LIST" ? Awaited::list : command == "AWAY" ? Awaited::away : Awaited::whois;
  if (command == "LIST" || command == "AWAY" || command == "WHOIS") {
    if (auto pending = pending_.take(kind)) {
      return failed(pending->in, pending->token,
                    {Reason::unsupported, place_.value() + " does not know " + plain(command)});
    }
  }
  on_other(line);
}

// 301 <me> <nick> :<text>, the answer to a private message.
void Session::on_away_reply(const Line& line) {
  auto nick = plain(line.param(1));
  auto text = nick + " is away: " + plain(line.last());
  if (text == last_away_) return;
  last_away_ = text;
  auto user = hub_.addresses.user(nick, place_);
  if (user.empty()) return;
  Message note;
  note.kind = MessageKind::notice;
  note.text = Text(std::move(text));
  tell(std::move(user), std::move(note));
}

void Session::on_away_done(const Line&) {
  if (auto pending = pending_.take(Awaited::away)) delivered(pending->in, pending->token);
}

// 341 <me> <nick> <channel>
void Session::on_inviting(const Line& line) {
  auto pending = pending_.take(Awaited::invite, server_.folded(line.param(2)), server_.folded(line.param(1)));
  if (!pending)
    pending = pending_.take(Awaited::invite, server_.folded(line.param(1)), server_.folded(line.param(2)));
  if (pending) delivered(pending->in, pending->token);
}

// 367 <me> <channel> <mask> [<who> <when>]
void Session::on_ban(const Line& line) {
  if (!pending_.find(Awaited::bans)) return on_other(line);
  if (bans_.size() >= most_bans) return;
  auto by = line.params.size() > 3 ? plain(line.param(3)) : std::string{};
  bans_.push_back({plain(line.param(2)), Standing::banned, by.substr(0, by.find('!')), {}});
}

void Session::on_end_of_bans(const Line& line) {
  auto pending = pending_.take(Awaited::bans, server_.folded(line.param(1)));
  if (!pending) return on_other(line);
  tell(pending->in, StandingList{std::exchange(bans_, {})});
  delivered(pending->in, pending->token);
}

// 311 <me> <nick> <user> <host> * :<realname>; 330 <me> <nick> <account> :is logged in as
void Session::on_whois(const Line& line) {
  if (!pending_.find(Awaited::whois)) return on_other(line);
  if (!profile_) profile_.emplace();
  profile_->nick = plain(line.param(1));
  if (line.numeric == numeric::whoisuser) {
    profile_->address = plain(line.param(2)) + "@" + plain(line.param(3));
    profile_->full_name = plain(line.last());
  } else {
    profile_->about = "Account: " + plain(line.param(2));
  }
}

void Session::on_end_of_whois(const Line& line) {
  auto pending = pending_.take(Awaited::whois, server_.folded(line.param(1)));
  if (!pending) return on_other(line);
  auto profile = std::exchange(profile_, std::nullopt);
  if (!profile) {
    return failed(pending->in, pending->token,
                  {Reason::no_such_user, plain(line.param(1)) + " is not there"});
  }
  tell(pending->in, std::move(*profile));
  delivered(pending->in, pending->token);
}

// 322 <me> <channel> <members> :<topic>
void Session::on_list(const Line& line) {
  if (!pending_.find(Awaited::list)) return on_other(line);
  if (listed_.size() >= most_listed) return;
  ListedRoom row;
  row.name = plain(line.param(1));
  row.room = hub_.addresses.room(row.name, place_);
  if (row.room.empty()) return;
  row.members = static_cast<std::size_t>(std::max(number(std::string(line.param(2)), 0), 0));
  row.topic = line.params.size() > 3 ? plain(line.param(3)) : std::string{};
  listed_.push_back(std::move(row));
}

void Session::on_list_end(const Line& line) {
  auto pending = pending_.take(Awaited::list);
  if (!pending) return on_other(line);
  auto rooms = std::exchange(listed_, {});
  std::stable_sort(rooms.begin(), rooms.end(),
                   [](const auto& a, const auto& b) { return a.members > b.members; });
  Listing page;
  page.total = rooms.size();
  auto begin = std::min(search_.offset, rooms.size());
  auto end = begin + std::min(search_.count, rooms.size() - begin);
  page.rooms.assign(std::make_move_iterator(rooms.begin() + static_cast<std::ptrdiff_t>(begin)),
                    std::make_move_iterator(rooms.begin() + static_cast<std::ptrdiff_t>(end)));
  tell(pending->in, std::move(page));
  delivered(pending->in, pending->token);
}

// 396 <me> <host> :is now your displayed host
void Session::on_host_hidden(const Line& line) {
  auto shown = line.param(1);
  auto at = shown.find('@');
  if (at != shown.npos) user_ = std::string(shown.substr(0, at));
  host_ = std::string(at == shown.npos ? shown : shown.substr(at + 1));
  on_other(line);
}

}  // namespace dragoman::irc
