// How one person connects to one server: what they set themselves, else the admin's defaults, else ours.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bridges/reason.hpp"
#include "config/settings.hpp"
#include "mapping/settings_table.hpp"

namespace dragoman::irc {

struct ServerSettings {
  std::string address;  // a host name or IP address
  std::vector<std::uint16_t> ports{6667};
  std::vector<std::uint16_t> tls_ports{6697, 6670};
  bool verify_cert = true;
  std::string fingerprint;
  std::string nick, username, realname;  // empty: made from the nick that is asked for
  std::string pass, sasl_password;
  int throttle_limit = 10;  // lines that may be sent at once; negative: no throttle
  int max_history_length = 20;
  std::string encoding_in, encoding_out;  // empty: UTF-8 (Windows-1252 for what is none)
  std::vector<std::string> after_connect_commands;
};

// The scopes of mapping/settings_table.hpp.
std::string server_scope(const std::string& server);
std::string room_scope(const std::string& room_node);

ServerSettings server_settings(const config::Irc& config, const std::string& server, const SettingMap& own);

// One way to reach a server, in the order to try them.
struct Attempt {
  std::uint16_t port = 0;
  bool tls = false;
  bool fallback = false;  // plain text after TLS failed: secrets are not sent
};
// Empty where the configuration leaves none: `why` then says so.
std::vector<Attempt> attempts(const ServerSettings& settings, config::Tls tls, Failure& why);

// Values as forms and the store have them.
std::vector<std::string> lines_of(const std::string& value);  // blank ones left out
std::string join_lines(const std::vector<std::string>& lines);
bool truth(const std::string& value, bool otherwise);
int number(const std::string& value, int otherwise);
std::vector<std::uint16_t> port_list(const std::vector<std::string>& values);  // what is no port is left out

}  // namespace dragoman::irc
