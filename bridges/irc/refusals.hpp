// The numerics that we know by name, and what each refusal means to a person.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "bridges/irc/line.hpp"
#include "bridges/reason.hpp"

namespace dragoman::irc {

namespace numeric {
inline constexpr int welcome = 1, yourhost = 2, created = 3, myinfo = 4, isupport = 5, bounce = 10;
inline constexpr int umodeis = 221, try_again = 263;
inline constexpr int away = 301, unaway = 305, nowaway = 306;
inline constexpr int whoisuser = 311, whoisserver = 312, whoisoperator = 313, whowasuser = 314,
                     endofwho = 315, whoisidle = 317, endofwhois = 318, whoischannels = 319, liststart = 321,
                     list = 322, listend = 323, channelmodeis = 324, creationtime = 329, whoisaccount = 330,
                     notopic = 331, topic = 332, topicwhotime = 333, whoisbot = 335, whoisactually = 338,
                     inviting = 341, invitelist = 346, endofinvitelist = 347, exceptlist = 348,
                     endofexceptlist = 349, version = 351, whoreply = 352, namreply = 353, whospcrpl = 354,
                     whoiscertfp = 276, whoisregnick = 307, whoisspecial = 320, whoishost = 378,
                     whoismodes = 379, endofnames = 366, banlist = 367, endofbanlist = 368, endofwhowas = 369,
                     motd = 372, motdstart = 375, endofmotd = 376, youreoper = 381, time = 391,
                     hosthidden = 396;
inline constexpr int unknownerror = 400, nosuchnick = 401, nosuchserver = 402, nosuchchannel = 403,
                     cannotsendtochan = 404, toomanychannels = 405, wasnosuchnick = 406, toomanytargets = 407,
                     norecipient = 411, notexttosend = 412, inputtoolong = 417, unknowncommand = 421,
                     nomotd = 422, nonicknamegiven = 431, erroneusnickname = 432, nicknameinuse = 433,
                     nickcollision = 436, unavailresource = 437, nicktoofast = 438, usernotinchannel = 441,
                     notonchannel = 442, useronchannel = 443, notregistered = 451, needmoreparams = 461,
                     alreadyregistered = 462, nopermforhost = 463, passwdmismatch = 464,
                     yourebannedcreep = 465, linkchannel = 470, channelisfull = 471, unknownmode = 472,
                     inviteonlychan = 473, bannedfromchan = 474, badchannelkey = 475, badchanmask = 476,
                     needreggednick = 477, banlistfull = 478, throttle = 480, noprivileges = 481,
                     chanoprivsneeded = 482, cantkillserver = 483, restricted = 484, secureonly = 489,
                     umodeunknownflag = 501, usersdontmatch = 502, operonly = 520;
inline constexpr int starttls = 670, whoissecure = 671, starttls_failed = 691;
inline constexpr int mononline = 730, monoffline = 731, monlist = 732, endofmonlist = 733, monlistfull = 734;
inline constexpr int loggedin = 900, loggedout = 901, nicklocked = 902, saslsuccess = 903, saslfail = 904,
                     sasltoolong = 905, saslaborted = 906, saslalready = 907, saslmechs = 908;
inline constexpr int badchannel = 926;
}  // namespace numeric

// What a refusal says to the person who asked: the reason, words that help, and the server's own text where
// it adds to them. `said` is valid UTF-8. Nothing where the numeric is no refusal that we know.
std::optional<Failure> refusal(int code, std::string_view said);
// Of a line (its last parameter is what the server said); for 470 the channel it forwards to is named.
std::optional<Failure> refusal(const Line& line, const std::string& encoding_in = {});

// The words of an ERROR line, or of a refused connection: banned_by_server where it tells of a ban (K-line,
// G-line, Z-line, "banned", DNSBL), rate_limited for throttling, else connection_lost. A ban must not be
// tried again.
Failure closing(std::string_view said);

}  // namespace dragoman::irc
