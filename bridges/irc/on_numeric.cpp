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
constexpr std::size_t most_about = 2000;  // bytes of what WHOIS tells besides

// What a command that the server names is awaited as.
std::optional<Awaited> awaited_of(std::string_view command) {
  static constexpr std::pair<std::string_view, Awaited> kinds[] = {
      {"PRIVMSG", Awaited::message}, {"NOTICE", Awaited::message}, {"TOPIC", Awaited::topic},
      {"NICK", Awaited::nick},       {"MODE", Awaited::mode},      {"KICK", Awaited::kick},
      {"INVITE", Awaited::invite},   {"AWAY", Awaited::away},      {"WHOIS", Awaited::whois},
      {"LIST", Awaited::list}};
  for (const auto& [name, kind] : kinds) {
    if (fold_ascii(name) == fold_ascii(command)) return kind;
  }
  return std::nullopt;
}

// IRCv3 standard-replies leave the codes to each command: those that say more than their words do.
Reason reason_of(std::string_view code) {
  if (code == "ACCOUNT_REQUIRED" || code == "NEED_REGISTRATION") return Reason::registration_required;
  if (code == "RATE_LIMITED" || code == "TEMPORARILY_UNAVAILABLE") return Reason::rate_limited;
  if (code == "UNKNOWN_COMMAND" || code == "UNSUPPORTED") return Reason::unsupported;
  if (code == "INVALID_UTF8" || code == "INVALID_TARGET" || code == "INVALID_PARAMS") return Reason::invalid;
  if (code == "CANNOT_SEND" || code == "CANNOT_BROADCAST") return Reason::cannot_speak;
  if (code == "NOT_PERMITTED" || code == "PERMISSION_DENIED") return Reason::not_permitted;
  return Reason::network_error;
}

bool tells_a_list(int code) {
  constexpr int quiet_list = 728;
  return code == numeric::invitelist || code == numeric::exceptlist || code == numeric::banlist ||
         code == numeric::whoreply || code == quiet_list;
}

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
  auto pending = take_labeled(line);
  if (!pending && (part_refused(line) || join_refused(line, told))) return;
  if (!pending) {
    auto names = folded_params(line);
    pending = pending_.take_refused(line.numeric, names);
    // Without echoes a message counted as delivered once it was written; its refusal comes all the same.
    if (!pending && why) {
      pending = written_.take_refused_newest(line.numeric, names, Clock::now() - late_refusal);
    }
  }
  if (!pending || pending->token.empty()) return on_other(line);
  refused(*pending, told);
}

void Session::refused(const Pending& pending, const Failure& why) {
  if (pending.what == Awaited::whois) refused_whois_ = pending.target;
  failed(pending.in, pending.token, why);
  // One LIST answers all who ask meanwhile.
  while (pending.what == Awaited::list) {
    auto other = pending_.take(Awaited::list);
    if (!other) break;
    failed(other->in, other->token, why);
  }
}

// By labeled-response: the line itself has the label, or the batch that it is in.
std::optional<Pending> Session::take_labeled(const Line& line) {
  if (line.tags.empty()) return std::nullopt;
  std::optional<Pending> pending;
  if (const auto* label = line.find_tag("label")) pending = pending_.take_label(label->value());
  if (const auto* batch = line.find_tag("batch"); batch && !pending) {
    if (auto found = batches_.find(batch->value()); found != batches_.end())
      pending = pending_.take_label(found->second);
  }
  return pending;
}

// 263 <me> <command> :<words>
void Session::on_try_again(const Line& line) {
  auto kind = awaited_of(line.param(1));
  auto pending = kind ? pending_.take(*kind) : std::nullopt;
  if (!pending || pending->token.empty()) return on_other(line);
  auto why = refusal(line, settings_.encoding_in).value_or(Failure{Reason::rate_limited, plain(line.last())});
  refused(*pending, why);
}

// FAIL <command> <code> [<context>…] :<words> (IRCv3 standard-replies)
void Session::on_fail(const Line& line) {
  auto command = line.param(0);
  Failure why{reason_of(line.param(1)), plain(line.last())};
  auto pending = take_labeled(line);
  std::vector<std::string> names;
  for (std::size_t i = 2; i + 1 < line.params.size() && names.size() < 4; ++i)
    names.push_back(server_.folded(line.params[i]));
  if (auto kind = awaited_of(command); kind && !pending) {
    pending = pending_.take_named(*kind, names);
    if (!pending && *kind == Awaited::message && !names.empty()) {
      auto found = written_.take_named(*kind, names);
      if (found && found->since > Clock::now() - late_refusal) pending = std::move(found);
    }
  }
  if (pending && !pending->token.empty()) return refused(*pending, why);
  if (fold_ascii(command) == "join") {
    for (const auto& name : names) {
      auto* channel = find_channel(name);
      if (channel && join_refused(*channel, why)) return;
    }
  }
  on_standard_note(line);
}

// FAIL that nobody waits for, WARN, NOTE and WALLOPS: shown as the server's own words.
void Session::on_standard_note(const Line& line) {
  auto text = plain(line.last());
  if (line.is("WALLOPS") && !line.source.nick.empty()) text = "<" + plain(line.source.nick) + "> " + text;
  if (!line.is("WALLOPS") && line.param(0) != "*") text = plain(line.param(0)) + ": " + text;
  tell_place(std::move(text), MessageKind::notice);
}

// labeled-response: done, and there is nothing to say.
void Session::on_ack(const Line& line) {
  if (auto pending = take_labeled(line)) delivered(pending->in, pending->token);
}

// 403 or 442 to a PART: we are out already.
bool Session::part_refused(const Line& line) {
  if (line.numeric != numeric::notonchannel && line.numeric != numeric::nosuchchannel) return false;
  auto* channel = find_channel(line.param(1));
  if (!channel) return false;
  if (std::exchange(channel->part_due, false)) return true;
  if (!channel->leaving || channel->state == Channel::State::asked) return false;
  exited(*channel, Departure::left, {}, {});
  return true;
}

bool Session::join_refused(const Line& line, const Failure& why) {
  auto* channel = find_channel(line.param(1));
  return channel && join_refused(*channel, why);
}

bool Session::join_refused(Channel& channel, const Failure& why) {
  if (channel.state != Channel::State::asked) return false;
  auto room = channel.room;
  auto tokens = std::exchange(channel.tokens, {});
  if (channel.was_in || channel.leaving) {
    exited(channel, channel.leaving ? Departure::left : Departure::lost, {}, why.text);
  } else {
    forget_channel(channel);
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
    note.text = Text(tells_a_list(line.numeric) ? std::move(text) : plain(line.last()));
    return tell(channel->room, std::move(note));
  }
  tell_place(std::move(text));
}

void Session::on_unknown_command(const Line& line) {
  auto kind = awaited_of(line.param(1));
  auto pending = kind ? pending_.take(*kind) : std::nullopt;
  if (!pending || pending->token.empty()) return on_other(line);
  refused(*pending, {Reason::unsupported, place_.value() + " does not know " + plain(line.param(1))});
}

// 301 <me> <nick> :<text>, the answer to a private message.
void Session::on_away_reply(const Line& line) {
  if (pending_.find(Awaited::whois, server_.folded(line.param(1)))) return on_whois(line);
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

Profile& Session::profile_of(std::string_view nick) {
  auto name = plain(nick);
  if (!profile_ || !server_.same(profile_->nick, name)) {
    profile_.emplace();
    profile_->nick = std::move(name);
  }
  return *profile_;
}

// 311 <me> <nick> <user> <host> * :<realname>, and all that may follow until 318; with a question of ours
// none of it is server chat.
void Session::on_whois(const Line& line) {
  if (!pending_.find(Awaited::whois, server_.folded(line.param(1)))) return on_other(line);
  auto& profile = profile_of(line.param(1));
  std::string more;
  switch (line.numeric) {
    case numeric::whoisuser:
      profile.address = plain(line.param(2)) + "@" + plain(line.param(3));
      profile.full_name = plain(line.last());
      return;
    case numeric::whoisaccount: more = "Account: " + plain(line.param(2)); break;
    case numeric::whoisserver: more = "Server: " + plain(line.param(2)); break;
    case numeric::whoischannels: more = "Channels: " + plain(line.last()); break;
    case numeric::whoisidle: more = "Idle for " + plain(line.param(2)) + " seconds"; break;
    case numeric::away: more = "Away: " + plain(line.last()); break;
    default: more = plain(line.last());
  }
  if (more.empty() || profile.about.size() + more.size() > most_about) return;
  if (!profile.about.empty()) profile.about += '\n';
  profile.about += more;
}

void Session::on_end_of_whois(const Line& line) {
  auto folded = server_.folded(line.param(1));
  if (!refused_whois_.empty() && folded == refused_whois_) {
    refused_whois_.clear();
    return;
  }
  auto pending = pending_.take(Awaited::whois, folded);
  if (!pending) return on_other(line);
  auto profile = std::exchange(profile_, std::nullopt);
  if (!profile || !server_.same(profile->nick, plain(line.param(1)))) {
    return failed(pending->in, pending->token,
                  {Reason::no_such_user, plain(line.param(1)) + " is not there"});
  }
  tell(pending->in, std::move(*profile));
  delivered(pending->in, pending->token);
}

// 322 <me> <channel> <members> :<topic>
void Session::on_list(const Line& line) {
  if (!pending_.find(Awaited::list)) return on_other(line);
  pending_.touch(Awaited::list, Clock::now());
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
  std::stable_sort(listed_.begin(), listed_.end(),
                   [](const auto& a, const auto& b) { return a.members > b.members; });
  listed_at_ = Clock::now();
  for (; pending; pending = pending_.take(Awaited::list))
    tell_page(pending->in, pending->token, pending->page);
}

void Session::tell_page(const Conversation& in, const std::string& token, const Page& page) {
  Listing listing;
  listing.total = listed_.size();
  auto begin = std::min(page.offset, listed_.size());
  auto end = begin + std::min(page.count, listed_.size() - begin);
  listing.rooms.assign(listed_.begin() + static_cast<std::ptrdiff_t>(begin),
                       listed_.begin() + static_cast<std::ptrdiff_t>(end));
  tell(in, std::move(listing));
  delivered(in, token);
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
