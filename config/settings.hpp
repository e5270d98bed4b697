// The typed settings, read from YAML. Every error names file:line, what is wrong and what would be right; all
// are told at once. A setting that is left out has the value that stands here.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dragoman::config {

enum class Tls : std::uint8_t { required, preferred, off };
enum class LogFormat : std::uint8_t { text, json };
enum class LogLevel : std::uint8_t { trace, debug, info, warning, error };

struct Xmpp {
  std::string server = "127.0.0.1";
  std::uint16_t port = 5347;
  std::vector<std::string> admins;  // bare JIDs
  std::size_t max_stanza_bytes = 1 << 20;
};

struct StoreSettings {
  std::string path = "/var/lib/dragoman/dragoman.db";
  std::string key_file = "/var/lib/dragoman/key";
  std::uint32_t retention_days = 0;  // of the archive; 0: kept for ever
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
};

// An admin's defaults for one IRC server; a user's own settings win.
struct IrcServer {
  std::optional<std::string> address;
  std::optional<std::vector<std::uint16_t>> ports;
  std::optional<std::vector<std::uint16_t>> tls_ports;
  std::optional<bool> verify_cert;
};

struct Irc {
  Tls tls = Tls::required;
  std::string fixed_server;
  std::uint16_t identd_port = 0;
  std::string outgoing_bind;
  bool persistent_by_default = false;
  bool realname_from_jid = false;
  std::string ca_file;                       // empty: the system's
  std::map<std::string, IrcServer> servers;  // by lower-case name
};

struct Bridge {
  std::string network;  // "irc", "echo"
  std::string domain;   // of the component
  std::string secret;
  Irc irc;  // where network is irc
};

struct Settings {
  Xmpp xmpp;
  StoreSettings store;
  Log log;
  std::vector<Bridge> bridges;
};

struct Problem {
  std::string file;
  int line = 0;  // 1-based; 0: the file as a whole
  std::string text;
  std::string str() const;  // "file:line: text"
};

struct Loaded {
  Settings settings;              // usable only if there are no problems
  std::vector<Problem> problems;  // in the order of their lines
};

// `known_networks`: the kinds this binary was built with. Reads the environment for ${NAME}. Never throws.
Loaded load(const std::string& path, const std::vector<std::string>& known_networks);
Loaded parse(const std::string& yaml, const std::string& file_name,
             const std::vector<std::string>& known_networks);

}  // namespace dragoman::config
