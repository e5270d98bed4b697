#include "bridges/irc/refusals.hpp"

#include <algorithm>
#include <array>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

struct Refusal {
  int code;
  Reason reason;
  std::string_view words;
  bool quote = true;  // whether the server's own words add something
};

// By code. The words say what can be done about it.
constexpr Refusal kRefusals[] = {
    {numeric::try_again, Reason::rate_limited, "The server is busy: try again in a while"},
    {numeric::unknownerror, Reason::network_error, "The server could not do that"},
    {numeric::nosuchnick, Reason::no_such_user, "There is nobody of that name on the server now", false},
    {numeric::nosuchserver, Reason::no_such_server, "There is no such server on this network", false},
    {numeric::nosuchchannel, Reason::no_such_room,
     "There is no such channel, or its name is not allowed on this server", false},
    {numeric::cannotsendtochan, Reason::cannot_speak,
     "The channel did not take the message: it may be moderated, need a registered nick, or have banned or "
     "muted you"},
    {numeric::toomanychannels, Reason::too_many_rooms,
     "You are in as many channels as this server allows: leave one first", false},
    {numeric::wasnosuchnick, Reason::no_such_user, "There was nobody of that name on the server", false},
    {numeric::toomanytargets, Reason::rate_limited,
     "Too many targets at once, or too fast: try again in a while"},
    {numeric::norecipient, Reason::invalid, "The message names nobody to get it", false},
    {numeric::notexttosend, Reason::invalid, "The message is empty", false},
    {numeric::inputtoolong, Reason::too_large, "The line is longer than the server allows", false},
    {numeric::unknowncommand, Reason::unsupported, "The server does not know that command", false},
    {numeric::nonicknamegiven, Reason::nick_invalid, "A nick is needed", false},
    {numeric::erroneusnickname, Reason::nick_invalid,
     "The server does not allow that nick: take letters, digits and -_[]{}\\|^`, not beginning with a digit, "
     "and not too "
     "long"},
    {numeric::nicknameinuse, Reason::nick_in_use, "Somebody else has that nick: choose another one", false},
    {numeric::nickcollision, Reason::nick_in_use,
     "Somebody on another server has that nick: choose another one", false},
    {numeric::unavailresource, Reason::nick_unavailable,
     "That nick or channel is not available for now: try again later, or choose another one"},
    {numeric::nicktoofast, Reason::nick_unavailable, "You changed your nick too often: try again in a while"},
    {numeric::usernotinchannel, Reason::no_such_user, "That person is not in the channel", false},
    {numeric::notonchannel, Reason::not_joined, "You are not in that channel", false},
    {numeric::useronchannel, Reason::conflict, "That person is in the channel already", false},
    {numeric::notregistered, Reason::not_connected, "The connection to the server is not ready yet", false},
    {numeric::needmoreparams, Reason::invalid, "The server says that something is missing"},
    {numeric::alreadyregistered, Reason::conflict, "The connection is registered already", false},
    {numeric::nopermforhost, Reason::banned_by_server,
     "The server takes no connections from this gateway's host"},
    {numeric::passwdmismatch, Reason::login_failed,
     "The server refused its password: check \"pass\" in the server's settings"},
    {numeric::yourebannedcreep, Reason::banned_by_server, "You are banned from this server"},
    {numeric::linkchannel, Reason::redirected, "The channel sends you on to another one"},
    {numeric::channelisfull, Reason::room_full, "The channel is full: try again when somebody has left",
     false},
    {numeric::unknownmode, Reason::not_permitted, "The server does not know that mode"},
    {numeric::inviteonlychan, Reason::members_only,
     "The channel is for invited people: ask an operator for an invitation", false},
    {numeric::bannedfromchan, Reason::banned, "You are banned from the channel"},
    {numeric::badchannelkey, Reason::wrong_key,
     "The channel needs its key, and this was not it: join with the right "
     "password",
     false},
    {numeric::badchanmask, Reason::no_such_room, "The server does not allow such a channel name"},
    {numeric::needreggednick, Reason::registration_required,
     "The channel needs you to be logged in: set the account's password in the server's settings"},
    {numeric::banlistfull, Reason::too_large, "The channel's list is full: take something off it first"},
    {numeric::throttle, Reason::rate_limited, "Too many joins at once: try again in a minute"},
    {numeric::noprivileges, Reason::not_permitted, "Only the server's operators may do that"},
    {numeric::chanoprivsneeded, Reason::not_permitted,
     "You need to be an operator of the channel to do that"},
    {numeric::cantkillserver, Reason::not_permitted, "That can't be done to a server", false},
    {numeric::restricted, Reason::not_permitted, "The server does not let you do that to this person"},
    {numeric::secureonly, Reason::not_permitted,
     "The channel is only for connections over TLS: set TLS ports in the server's settings"},
    {numeric::umodeunknownflag, Reason::unsupported, "The server does not know that user mode", false},
    {numeric::usersdontmatch, Reason::not_permitted, "That can't be done for other people", false},
    {numeric::operonly, Reason::not_permitted, "The channel is only for the server's operators"},
    {numeric::monlistfull, Reason::too_large, "The server watches as many nicks as it can for you"},
    {numeric::nicklocked, Reason::login_failed, "The account is locked, or not yours to use from here"},
    {numeric::saslfail, Reason::login_failed,
     "The server refused the account's name or password: check them in the server's settings"},
    {numeric::sasltoolong, Reason::login_failed, "The account's name or password is too long for the server",
     false},
    {numeric::saslaborted, Reason::login_failed, "Logging in to the account was broken off", false},
    {numeric::saslmechs, Reason::login_failed, "The server has no way of logging in that this gateway knows"},
    {numeric::badchannel, Reason::not_permitted, "The server does not let anybody into that channel"},
};

static_assert(std::is_sorted(std::begin(kRefusals), std::end(kRefusals),
                             [](const Refusal& a, const Refusal& b) { return a.code < b.code; }));

// The server's words are theirs: bounded, and told apart from ours.
constexpr std::size_t kMaxQuoted = 400;

std::string quoted(std::string_view said) {
  return " (\"" + std::string(said.substr(0, prefix_within(said, kMaxQuoted))) + "\")";
}

bool says(const std::string& lower_case, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return lower_case.find(word) != std::string::npos; });
}

}  // namespace

std::optional<Failure> refusal(int code, std::string_view said) {
  const auto found =
      std::lower_bound(std::begin(kRefusals), std::end(kRefusals), code,
                       [](const Refusal& refusal, int wanted) { return refusal.code < wanted; });
  if (found == std::end(kRefusals) || found->code != code) return std::nullopt;
  Failure failure{found->reason, std::string(found->words)};
  if (found->quote && !said.empty()) failure.text += quoted(said);
  return failure;
}

std::optional<Failure> refusal(const Line& line, const std::string& encoding_in) {
  const std::string said = line.params.size() > 1 ? plain_from_wire(line.last(), encoding_in) : std::string();
  auto failure = refusal(line.numeric, said);
  // 470 <client> <channel> <where to> :words
  if (failure && line.numeric == numeric::linkchannel && line.params.size() > 3) {
    failure->text = "The channel sends you on to " + plain_from_wire(line.param(2), encoding_in);
    failure->text += quoted(said);
  }
  return failure;
}

Failure closing(std::string_view said) {
  const std::string lower = fold_ascii(said);
  // A throttle is no ban, though some servers word it with one ("Throttled: Reconnecting too fast").
  if (says(lower, {"throttl", "too fast", "too many connections", "too many host connections",
                   "session limit", "connection limit", "try again later"})) {
    return {Reason::rate_limited, "The server takes no more connections for now" + quoted(said)};
  }
  if (says(lower, {"banned", "k-line", "kline", "k:line", "g-line", "gline", "g:line", "z-line", "zline",
                   "z:line", "d-line", "dline", "akill", "autokill", "dnsbl", "blacklist", "not authorized",
                   "not authorised", "you are not welcome"})) {
    return {Reason::banned_by_server, "The server has banned this connection" + quoted(said)};
  }
  if (said.empty()) return {Reason::connection_lost, {}};
  return {Reason::connection_lost, "The server closed the connection" + quoted(said)};
}

}  // namespace dragoman::irc
