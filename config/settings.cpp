#include "config/settings.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

#include <yaml-cpp/yaml.h>

#include "config/email.hpp"
#include "config/matrix.hpp"
#include "config/section.hpp"
#include "config/syntax.hpp"
#include "config/values.hpp"

namespace dragoman::config {
namespace {

constexpr std::size_t max_file = 1 << 20;                // bytes: a config is written by hand
constexpr std::int64_t least_stanza_limit = 10000;       // RFC 6120 section 13.12
constexpr std::int64_t greatest_stanza_limit = 1 << 28;  // bytes
constexpr std::int64_t longest_retention = 36500;        // days

// A name or an address of a server.
void assign_host(Section& section, const std::string& key, std::string& target) {
  const auto text = section.text(key);
  if (!text) return;
  if (is_host_name(*text) || is_ip_address(*text)) {
    target = *text;
  } else {
    section.wrong(key, "a host name like irc.example.org or an IP address belongs here");
  }
}

void read_xmpp(Section section, Report& report, Xmpp& xmpp) {
  assign_host(section, "server", xmpp.server);
  assign(xmpp.port, section.number("port", 1, 65535));
  for (const auto& [text, line] :
       section.texts("admins").value_or(std::vector<std::pair<std::string, int>>{})) {
    if (is_bare_jid(text)) {
      xmpp.admins.push_back(lower(text));
    } else {
      const bool full = text.find('/') != std::string::npos;
      report.add(line, section.path_of("admins") + ": \"" + text +
                           "\" is no bare JID: write it like admin@example.org" +
                           (full ? ", without what begins with /" : ""));
    }
  }
  assign(xmpp.max_stanza_bytes,
         section.number("max_stanza_bytes", least_stanza_limit, greatest_stanza_limit));
  if (section.valid()) section.finish();
}

void read_store(Section section, StoreSettings& store) {
  assign_text(section, "path", store.path);
  assign_text(section, "key_file", store.key_file);
  assign(store.retention_days, section.number("retention_days", 0, longest_retention));
  if (store.path == store.key_file) {
    section.wrong("key_file", "is the same file as store.path: name another one");
  }
  if (section.valid()) section.finish();
}

void read_log(Section section, Log& log) {
  // In the order of the enumerations.
  assign(log.level, section.choice("level", {"trace", "debug", "info", "warning", "error"}));
  assign(log.format, section.choice("format", {"text", "json"}));
  if (section.valid()) section.finish();
}

IrcServer read_irc_server(Section& section) {
  IrcServer server;
  std::string address;
  assign_host(section, "address", address);
  if (!address.empty()) server.address = address;
  server.ports = section.ports("ports");
  server.tls_ports = section.ports("tls_ports");
  server.verify_cert = section.boolean("verify_cert");
  if (server.ports && server.ports->empty() && server.tls_ports && server.tls_ports->empty()) {
    section.wrong("ports", "neither ports nor tls_ports has a port: give one of them at least one");
  }
  if (section.valid()) section.finish();
  return server;
}

void read_irc(Section& section, Report& report, Irc& irc) {
  assign(irc.tls, section.choice("tls", {"required", "preferred", "off"}));
  assign_host(section, "fixed_server", irc.fixed_server);
  assign(irc.identd_port, section.number("identd_port", 0, 65535));
  if (const auto address = section.text("outgoing_bind")) {
    if (is_ip_address(*address)) {
      irc.outgoing_bind = *address;
    } else {
      section.wrong("outgoing_bind", "an IP address of this machine, like 192.0.2.7, belongs here");
    }
  }
  assign(irc.persistent_by_default, section.boolean("persistent_by_default"));
  assign(irc.realname_from_jid, section.boolean("realname_from_jid"));
  assign_ca_file(section, irc.ca_file);
  auto servers = section.map("servers");
  if (!servers) return;
  for (auto& [name, server] : servers->named_maps()) {
    if (!is_host_name(name) && !is_ip_address(name)) {
      report.add(server.line(),
                 server.name() + ": \"" + name + "\" is no name of a server: write it like irc.example.org");
    }
    const bool fresh = irc.servers.emplace(lower(name), read_irc_server(server)).second;
    if (!fresh) {
      report.add(server.line(), server.name() +
                                    ": this server stands here a second time (upper and lower case are the " +
                                    "same): remove one of them");
    }
  }
}

std::string read_network(Section& section, const std::vector<std::string>& known_networks) {
  if (!section.has("network")) {
    section.wrong("network", "is missing: say which network this bridge leads to (" +
                                 joined(known_networks, ", ") + ")");
  }
  const auto choice = section.choice("network", known_networks);
  return choice ? known_networks[*choice] : std::string();
}

void read_domain(Section& section, Bridge& bridge) {
  if (!section.has("domain")) {
    section.wrong("domain", "is missing: give the domain of the component, like irc.example.org");
  }
  const auto domain = section.text("domain");
  if (!domain) return;
  if (is_host_name(*domain)) {
    bridge.domain = lower(*domain);
  } else {
    section.wrong("domain", "\"" + *domain + "\" is no domain: write it like irc.example.org");
  }
}

void read_secret(Section& section, Bridge& bridge) {
  const auto secret = section.secret("secret");
  if (secret && !secret->empty()) {
    bridge.secret = *secret;
  } else if (secret || !section.has("secret")) {
    section.wrong("secret", std::string(secret ? "is empty" : "is missing") +
                                ": give the component's secret as the XMPP server has it, or ${NAME} for the "
                                "environment variable that holds it");
  }
}

Bridge read_bridge(Section& section, Report& report, const std::vector<std::string>& known_networks) {
  Bridge bridge;
  if (!section.valid()) return bridge;
  bridge.network = read_network(section, known_networks);
  read_domain(section, bridge);
  read_secret(section, bridge);
  // Where the network isn't known, a key of any network is none to complain of.
  if (bridge.network == "irc" || bridge.network.empty()) read_irc(section, report, bridge.irc);
  if (bridge.network == "matrix") read_matrix(section, report, bridge.matrix);
  if (bridge.network == "email") read_email(section, report, bridge.domain, bridge.email, bridge.upload_to);
  section.finish();
  return bridge;
}

std::vector<Listener> listeners(const Bridge& bridge) {
  if (bridge.network == "matrix") {
    return {{"appservice", bridge.matrix.appservice.address, bridge.matrix.appservice.port}};
  }
  if (bridge.network == "email") {
    return {{"lmtp", bridge.email.lmtp.address, bridge.email.lmtp.port},
            {"files", bridge.email.files.address, bridge.email.files.port}};
  }
  return {};
}

// Two bridges can't listen at one place.
void check_listeners(Section& section, const Bridge& bridge, const std::vector<Bridge>& before) {
  for (const Listener& own : listeners(bridge)) {
    for (const Bridge& other : before) {
      const auto theirs = listeners(other);
      if (std::none_of(theirs.begin(), theirs.end(), [&](const Listener& l) { return clash(l, own); }))
        continue;
      section.wrong(own.key, other.domain + " listens at " + own.str() +
                                 " already: give one of the two another " + own.key + ".listen");
      break;
    }
  }
}

void read_bridges(Section& root, Report& report, const std::vector<std::string>& known_networks,
                  std::vector<Bridge>& bridges) {
  auto sections = root.maps("bridges");
  if (!root.has("bridges") || (sections && sections->empty())) {
    root.wrong("bridges", "there is no bridge: give at least one, with network, domain and secret");
  }
  if (!sections) return;
  std::map<std::string, int> lines;  // of the domains
  for (Section& section : *sections) {
    Bridge bridge = read_bridge(section, report, known_networks);
    const int line = section.line_of("domain");
    if (!bridge.domain.empty()) {
      const auto [first, fresh] = lines.emplace(bridge.domain, line);
      if (!fresh) {
        section.wrong("domain", bridge.domain + " is the domain of another bridge already (line " +
                                    std::to_string(first->second) + "): each needs one of its own");
      }
    }
    check_listeners(section, bridge, bridges);
    bridges.push_back(std::move(bridge));
  }
}

void read_root(const YAML::Node& node, Report& report, const std::vector<std::string>& known_networks,
               Settings& settings) {
  Section root(report, "", node, 1);
  if (!root.valid()) return;
  if (auto section = root.map("xmpp")) read_xmpp(std::move(*section), report, settings.xmpp);
  if (auto section = root.map("store")) read_store(std::move(*section), settings.store);
  if (auto section = root.map("log")) read_log(std::move(*section), settings.log);
  read_bridges(root, report, known_networks, settings.bridges);
  root.finish();
}

}  // namespace

std::string Problem::str() const {
  return line > 0 ? file + ":" + std::to_string(line) + ": " + text : file + ": " + text;
}

Loaded parse(const std::string& yaml, const std::string& file_name,
             const std::vector<std::string>& known_networks) {
  Loaded loaded;
  Report report(file_name);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
    if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) {
      report.add(0, "the file is empty: config/example.yaml has every key");
    } else if (documents.size() > 1) {
      report.add(0, "there are " + std::to_string(documents.size()) +
                        " YAML documents in the file: keep one (no line ---)");
    } else {
      read_root(documents[0], report, known_networks, loaded.settings);
    }
  } catch (const YAML::Exception& e) {
    report.add(e.mark.is_null() ? 0 : e.mark.line + 1, "this is no YAML: " + e.msg);
  }
  loaded.problems = std::move(report).in_order();
  return loaded;
}

Loaded load(const std::string& path, const std::vector<std::string>& known_networks) {
  const auto failed = [&](const std::string& text) { return Loaded{{}, {{path, 0, text}}}; };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return failed("this is a folder: name a file");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return failed(std::string("can't be read (") + std::strerror(errno) +
                  "): mend its path or its permissions");
  std::string yaml(max_file + 1, '\0');
  file.read(yaml.data(), static_cast<std::streamsize>(yaml.size()));
  yaml.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad()) return failed("can't be read to its end");
  if (yaml.size() > max_file)
    return failed("is larger than a config can be (" + std::to_string(max_file) + " bytes)");
  return parse(yaml, path, known_networks);
}

}  // namespace dragoman::config
