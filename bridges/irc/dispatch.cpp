// Which handler a line goes to, and how many parameters it must have for that.
#include <unordered_map>

#include <spdlog/spdlog.h>

#include "bridges/irc/refusals.hpp"
#include "bridges/irc/secrets.hpp"
#include "bridges/irc/session.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {

const Session::Handler* Session::handler_of(const Line& line) {
  static const std::unordered_map<std::string_view, Handler> commands = {
      {"PRIVMSG", {2, &Session::on_privmsg}},
      {"NOTICE", {2, &Session::on_notice}},
      {"PING", {1, &Session::on_ping}},
      {"PONG", {0, &Session::ignore}},
      {"JOIN", {1, &Session::on_join}},
      {"PART", {1, &Session::on_part}},
      {"QUIT", {0, &Session::on_quit}},
      {"NICK", {1, &Session::on_nick}},
      {"KICK", {2, &Session::on_kick}},
      {"MODE", {2, &Session::on_mode}},
      {"TOPIC", {2, &Session::on_topic}},
      {"INVITE", {2, &Session::on_invite}},
      {"AWAY", {0, &Session::on_away}},
      {"ACCOUNT", {1, &Session::on_account}},
      {"CHGHOST", {2, &Session::on_chghost}},
      {"SETNAME", {1, &Session::ignore}},
      {"CAP", {3, &Session::on_cap}},
      {"AUTHENTICATE", {1, &Session::on_authenticate}},
      {"BATCH", {1, &Session::on_batch}},
      {"ERROR", {1, &Session::on_error}},
      {"FAIL", {3, &Session::on_fail}},
      {"WARN", {3, &Session::on_standard_note}},
      {"NOTE", {3, &Session::on_standard_note}},
      {"WALLOPS", {1, &Session::on_standard_note}},
      {"ACK", {0, &Session::on_ack}},
  };
  static const std::unordered_map<int, Handler> numerics = {
      {numeric::welcome, {1, &Session::on_welcome}},
      {numeric::isupport, {2, &Session::on_isupport}},
      {numeric::motdstart, {1, &Session::on_motd_begin}},
      {numeric::motd, {2, &Session::on_motd_line}},
      {numeric::endofmotd, {1, &Session::on_motd_end}},
      {numeric::nomotd, {1, &Session::on_motd_end}},
      {numeric::namreply, {4, &Session::on_names}},
      {numeric::endofnames, {2, &Session::on_end_of_names}},
      {numeric::topic, {3, &Session::on_topic_is}},
      {numeric::notopic, {2, &Session::ignore}},
      {numeric::topicwhotime, {4, &Session::on_topic_who}},
      {numeric::channelmodeis, {3, &Session::on_modes_are}},
      {numeric::creationtime, {2, &Session::ignore}},
      {numeric::away, {3, &Session::on_away_reply}},
      {numeric::unaway, {1, &Session::on_away_done}},
      {numeric::nowaway, {1, &Session::on_away_done}},
      {numeric::inviting, {3, &Session::on_inviting}},
      {numeric::banlist, {3, &Session::on_ban}},
      {numeric::endofbanlist, {2, &Session::on_end_of_bans}},
      {numeric::whoisuser, {6, &Session::on_whois}},
      {numeric::whoisaccount, {4, &Session::on_whois}},
      {numeric::whoiscertfp, {3, &Session::on_whois}},
      {numeric::whoisregnick, {3, &Session::on_whois}},
      {numeric::whoisserver, {3, &Session::on_whois}},
      {numeric::whoisoperator, {3, &Session::on_whois}},
      {numeric::whoisidle, {3, &Session::on_whois}},
      {numeric::whoischannels, {3, &Session::on_whois}},
      {numeric::whoisspecial, {3, &Session::on_whois}},
      {numeric::whoisbot, {3, &Session::on_whois}},
      {numeric::whoisactually, {3, &Session::on_whois}},
      {numeric::whoishost, {3, &Session::on_whois}},
      {numeric::whoismodes, {3, &Session::on_whois}},
      {numeric::whoissecure, {3, &Session::on_whois}},
      {numeric::try_again, {2, &Session::on_try_again}},
      {numeric::badchannel, {2, &Session::on_refusal}},
      {numeric::endofwhois, {2, &Session::on_end_of_whois}},
      {numeric::liststart, {1, &Session::ignore}},
      {numeric::list, {3, &Session::on_list}},
      {numeric::listend, {1, &Session::on_list_end}},
      {numeric::unknowncommand, {2, &Session::on_unknown_command}},
      {numeric::hosthidden, {2, &Session::on_host_hidden}},
      {numeric::nonicknamegiven, {1, &Session::on_nick_refused}},
      {numeric::erroneusnickname, {1, &Session::on_nick_refused}},
      {numeric::nicknameinuse, {1, &Session::on_nick_refused}},
      {numeric::nickcollision, {1, &Session::on_nick_refused}},
      {numeric::unavailresource, {2, &Session::on_nick_refused}},
      {numeric::nicktoofast, {1, &Session::on_nick_refused}},
      {numeric::nopermforhost, {1, &Session::on_refused_entry}},
      {numeric::passwdmismatch, {1, &Session::on_refused_entry}},
      {numeric::yourebannedcreep, {1, &Session::on_refused_entry}},
      {numeric::loggedin, {1, &Session::ignore}},
      {numeric::loggedout, {1, &Session::ignore}},
      {numeric::nicklocked, {1, &Session::on_sasl_failure}},
      {numeric::saslsuccess, {1, &Session::on_sasl_success}},
      {numeric::saslfail, {1, &Session::on_sasl_failure}},
      {numeric::sasltoolong, {1, &Session::on_sasl_failure}},
      {numeric::saslaborted, {1, &Session::on_sasl_failure}},
      {numeric::saslalready, {1, &Session::on_sasl_success}},
      {numeric::saslmechs, {1, &Session::ignore}},
  };
  static const Handler refused{0, &Session::on_refusal};
  static const Handler other{0, &Session::on_other};
  if (line.numeric != 0) {
    if (auto found = numerics.find(line.numeric); found != numerics.end()) return &found->second;
    return line.numeric >= 400 && line.numeric < 600 ? &refused : &other;
  }
  if (auto found = commands.find(line.command); found != commands.end()) return &found->second;
  for (const auto& [name, handler] : commands) {
    if (line.is(name)) return &handler;
  }
  return &other;
}

void Session::on_line(std::string_view bytes) {
  heard_ = true;
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("irc: {} < {}: {}", person_.value(), place_.value(), without_secrets(to_utf8(bytes)));
  }
  auto line = parse_line(bytes);
  if (!line) return;
  const auto* handler = handler_of(*line);
  if (line->params.size() < handler->params) return;
  (this->*handler->handle)(*line);
}

}  // namespace dragoman::irc
