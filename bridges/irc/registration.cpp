// From the connection to 001: capabilities, login, nick; and what the server tells of itself then.
#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/refusals.hpp"
#include "bridges/irc/session.hpp"
#include "bridges/net/base64.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t sasl_chunk =
    400;  // IRCv3 SASL: a full chunk is followed by another, an empty one is "+"
constexpr std::size_t most_motd = std::size_t{64} * 1024;
constexpr int most_nick_tries = 4;

// A user name as every server takes it: letters, digits, '.', '_' and '-', at most ten.
std::string user_name(std::string_view wish) {
  std::string out;
  for (char c : wish) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '.' || c == '_' || c == '-') out += c;
    if (out.size() == 10) break;
  }
  return out.empty() ? "xmpp" : out;
}

// Another nick that looks like it, within the server's length (0: not known).
std::string nick_like(std::string_view nick, std::size_t more, std::size_t most) {
  auto kept = nick;
  if (most && kept.size() + more > most)
    kept = kept.substr(0, prefix_within(kept, most > more ? most - more : 1));
  // Cut short, it must still be another one.
  std::string out(kept);
  out.append(more, '_');
  if (out == nick) out.back() = '-';
  return out;
}

std::string local_part(const std::string& person) { return person.substr(0, person.find('@')); }

}  // namespace

void Session::begin_registration() {
  bool secrets = !attempts_[attempt_].fallback;
  caps_ = Capabilities(secrets && !settings_.sasl_password.empty());
  server_ = {};
  batches_.clear();
  user_.clear();
  host_.clear();
  nick_.clear();
  cap_ended_ = logging_in_ = nick_conflict_ = pinged_ = false;
  burst_ = true;
  nick_tries_ = 0;
  silent_for_ = {};
  if (wanted_nick_.empty())
    wanted_nick_ = settings_.nick.empty() ? user_name(local_part(person_.value())) : settings_.nick;
  if (account_.empty()) account_ = wanted_nick_;

  auto local = local_part(person_.value());
  bool from_jid = hub_.settings.irc.realname_from_jid;
  auto user = !settings_.username.empty() ? settings_.username : from_jid ? local : wanted_nick_;
  auto real = !settings_.realname.empty() ? settings_.realname : from_jid ? person_.value() : wanted_nick_;

  write_now(Capabilities::first_line());
  if (secrets && !settings_.pass.empty()) write_now(format_line("PASS", settings_.pass));
  send_nick(wanted_nick_);
  LineBuilder hello("USER");
  hello.param(user_name(user))
      .param("0")
      .param("*")
      .text(to_wire_line(Text(real), settings_.encoding_out, 200));
  write_now(hello.str());
}

void Session::send_nick(const std::string& nick) {
  auto line = format_line("NICK", nick);
  if (line.empty() || !is_target(nick)) {
    fail_joins({Reason::nick_invalid, "IRC allows no such nick: " + nick});
    nick_conflict_ = true;
    phase_since_ = Clock::now();
    return;
  }
  write_now(line);
}

void Session::on_cap(const Line& line) {
  auto before = caps_;
  for (const auto& reply : caps_.on_line(line)) write_now(reply);
  if (phase_ == Phase::registering) {
    if (caps_.settled() && !cap_ended_ && !logging_in_) caps_settled();
    return;
  }
  if (before.has(Cap::echo_message) != caps_.has(Cap::echo_message) ||
      before.has(Cap::message_tags) != caps_.has(Cap::message_tags)) {
    std::vector<RoomId> rooms;
    for (const auto& channel : channels_) rooms.push_back(channel->room);
    for (auto& room : rooms) tell(std::move(room), FeaturesChanged{});
  }
}

void Session::caps_settled() {
  bool wanted = !settings_.sasl_password.empty() && !attempts_[attempt_].fallback;
  if (wanted && caps_.has(Cap::sasl) && caps_.offers_mechanism("PLAIN")) {
    logging_in_ = true;
    write_now("AUTHENTICATE PLAIN");
    return;
  }
  if (wanted) {
    tell_place(place_.value() + " offers no login by SASL PLAIN: going on without logging in.",
               MessageKind::notice);
  }
  cap_ended_ = true;
  write_now("CAP END");
}

void Session::on_authenticate(const Line& line) {
  if (!logging_in_ || line.param(0) != "+") return;
  std::string message;
  message.append(1, '\0').append(account()).append(1, '\0').append(settings_.sasl_password);
  auto encoded = net::base64(message);
  std::string_view rest = encoded;
  while (rest.size() >= sasl_chunk) {
    write_now("AUTHENTICATE " + std::string(rest.substr(0, sasl_chunk)));
    rest.remove_prefix(sasl_chunk);
  }
  write_now("AUTHENTICATE " + (rest.empty() ? std::string("+") : std::string(rest)));
}

void Session::on_sasl_success(const Line&) {
  if (!logging_in_ || cap_ended_) return;
  logging_in_ = false;
  cap_ended_ = true;
  write_now("CAP END");
}

void Session::on_sasl_failure(const Line& line) {
  if (!logging_in_ || cap_ended_) return;
  never_again_ = true;
  lost({Reason::login_failed,
        "The login at " + place_.value() + " as " + account() + " failed: " + plain(line.last())});
}

// 463, 464, 465: the server closes after it.
void Session::on_refused_entry(const Line& line) {
  if (phase_ != Phase::registering) return on_refusal(line);
  auto said = plain(line.last());
  never_again_ = true;
  if (line.numeric == numeric::passwdmismatch) {
    last_words_ = Failure{Reason::login_failed, place_.value() + " refuses the password: " + said};
  } else {
    last_words_ = Failure{Reason::banned_by_server, "You are banned from " + place_.value() + ": " + said};
  }
}

// 431, 432, 433, 436, 437 and 438: after the registration they answer a NICK, before it they hold up
// everything.
void Session::on_nick_refused(const Line& line) {
  if (phase_ != Phase::registering) return on_refusal(line);
  if (line.numeric == numeric::unavailresource && server_.is_channel(line.param(1))) return on_refusal(line);
  auto why = refusal(line, settings_.encoding_in).value_or(Failure{Reason::nick_in_use, plain(line.last())});
  bool asked = std::any_of(channels_.begin(), channels_.end(),
                           [](const auto& c) { return !c->tokens.empty() && !c->patient; });
  if (!asked && nick_tries_ < most_nick_tries) {
    // Nobody is there to choose: a reconnection (our own ghost has the nick) or a private message.
    ++nick_tries_;
    // A server that cuts nicks says so by the one it refuses.
    auto said = line.param(1);
    if (!said.empty() && said.size() < wanted_nick_.size() && wanted_nick_.starts_with(said))
      nicklen_ = said.size();
    return send_nick(nick_like(wanted_nick_, static_cast<std::size_t>(nick_tries_), nicklen_));
  }
  nick_conflict_ = true;
  phase_since_ = Clock::now();
  fail_joins(why, false);
}

void Session::on_welcome(const Line& line) {
  if (phase_ != Phase::registering) return;
  nick_ = std::string(line.param(0));
  // "Welcome to the network nick!user@host" ends with what others see of us, if the server says it at all.
  auto words = line.last();
  auto mask = words.substr(words.rfind(' ') + 1);
  auto bang = mask.find('!');
  auto at = mask.find('@');
  if (bang != mask.npos && at != mask.npos && bang < at && mask.substr(0, bang) == nick_) {
    user_ = std::string(mask.substr(bang + 1, at - bang - 1));
    host_ = std::string(mask.substr(at + 1));
  }
  phase_ = Phase::up;
  was_up_ = true;
  nick_conflict_ = false;
  up_since_ = std::chrono::system_clock::now();
  unused_since_ = Clock::now();
  backoff_.reset();
  tell_link(Link::up);
  tell_place(plain(line.last()));
  if (phase_ != Phase::up) return;
  for (const auto& command : settings_.after_connect_commands) enqueue(raw_line(command));
  told_availability_ = availability_.value_or(SetAvailability{});
  if (told_availability_.availability == Availability::away) enqueue(away_line(told_availability_));
  send_joins();
  flush_waiting();
  schedule_tick();
}

void Session::on_isupport(const Line& line) {
  server_.update(line);
  if (server_.nicklen) nicklen_ = server_.nicklen;
}

void Session::on_motd_begin(const Line&) { motd_.clear(); }

void Session::on_motd_line(const Line& line) {
  if (motd_.size() < most_motd) motd_.append(plain(line.last())).append(1, '\n');
}

void Session::on_motd_end(const Line&) {
  burst_ = false;
  auto motd = std::exchange(motd_, {});
  if (motd.empty()) return;
  motd.pop_back();
  tell_place(std::move(motd));
}

}  // namespace dragoman::irc
