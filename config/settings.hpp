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

struct Matrix {
  struct Homeserver {
    std::string url;          // of its client-server API: "http://127.0.0.1:8008"
    std::string server_name;  // what stands behind the colon of its users' ids
    std::string ca_file;      // empty: the system's
  } homeserver;
  struct Appservice {
    std::string id = "dragoman";
    std::string address = "127.0.0.1";  // listen: "127.0.0.1:29318"
    std::uint16_t port = 29318;
    std::string url;                        // how the homeserver reaches us; empty: http://address:port
    std::string sender_localpart = "xmpp";  // of the bridge's own user
  } appservice;
  std::string ghost_prefix = "_xmpp_";  // of the ids of XMPP users
  std::string public_url;               // under which XMPP users reach our HTTP server; empty: no media links
  std::vector<std::string> allow;       // who may use the bridge: bare JIDs, domains, or "*"; empty: all
  std::vector<std::string> allow_login;  // who may log in to an account of their own, the same way
  std::uint64_t max_file_bytes = 50'000'000;
  std::uint32_t leave_after_seconds = 600;  // a room that anybody may enter, once the last client has left
  bool fetch_private_addresses = false;     // files of XMPP users may lie in private networks
};

struct Email {
  struct Lmtp {
    std::string address = "127.0.0.1";  // listen: "127.0.0.1:2400", or "unix:/run/dragoman/lmtp"
    std::uint16_t port = 2400;
  } lmtp;
  struct Smtp {
    std::string url = "smtp://127.0.0.1:25";  // the server that takes our mail: smtp:// or smtps://
    std::string username, password;
    Tls tls = Tls::preferred;  // STARTTLS of smtp://
    std::string ca_file;       // empty: the system's
  } smtp;
  struct Files {
    std::string address = "127.0.0.1";  // listen: "127.0.0.1:29319"
    std::uint16_t port = 29319;
  } files;
  // People's own mail accounts.
  struct Accounts {
    // Host names of the servers that they may be on, in lower case; "*": any on the public Internet. Those
    // that are named may lie in private networks. Empty: nobody has one here.
    std::vector<std::string> servers;
    std::string ca_file;  // empty: the system's
  } accounts;
  std::string address;  // of our people: "{local}={host}@mail.example.org"; the default ends with the domain
  std::string authserv_id;  // whose Authentication-Results count; empty: nobody's, all senders are unverified
  std::string public_url;   // under which XMPP users reach our HTTP server; empty: no files from mail
  std::vector<std::string> allow;        // who may use the bridge: bare JIDs, domains, or "*"; empty: all
  std::vector<std::string> allow_login;  // who may use an account of their own here, the same way
  std::vector<std::string> uploads;      // hosts whose files are fetched and attached; others stay links
  std::uint32_t aliases_per_person = 0;  // addresses that people may choose for themselves
  std::uint32_t coalesce_seconds = 30;
  std::uint64_t max_mail_bytes = 25'000'000;  // in and out
  std::uint64_t max_file_bytes = 10'000'000;  // attached; a larger one stays a link
  std::uint32_t mails_per_hour = 60;          // of one person; 0: no limit
  std::uint32_t mails_per_minute_and_domain = 60;
  std::uint32_t keep_days = 365;                    // of mails as they came: files and originals; 0: for ever
  std::uint64_t max_mailbox_bytes = 1'000'000'000;  // of what is kept for one person; 0: no limit
  bool fetch_private_addresses = false;             // hosts of `uploads` may lie in private networks
};

// The service that files are put on for XMPP users to fetch (XEP-0363).
struct UploadTo {
  std::string service;  // its JID, a domain in lower case; empty: none
  std::string ca_file;  // for the HTTP servers that it names; empty: the system's
};

struct Bridge {
  std::string network;  // "irc", "matrix", "email", "echo"
  std::string domain;   // of the component
  std::string secret;
  Irc irc;        // where network is irc
  Matrix matrix;  // where network is matrix
  Email email;    // where network is email
  UploadTo upload_to;
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
