#include "bridges/irc/settings.hpp"

#include <algorithm>
#include <charconv>

namespace dragoman::irc {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  auto begin = text.find_first_not_of(blank);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

}  // namespace

std::string server_scope(const std::string& server) { return "server " + server; }
std::string room_scope(const std::string& room_node) { return "room " + room_node; }

std::vector<std::string> lines_of(const std::string& value) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin <= value.size()) {
    auto end = std::min(value.find('\n', begin), value.size());
    auto line = trimmed(std::string_view(value).substr(begin, end - begin));
    if (!line.empty()) lines.emplace_back(line);
    begin = end + 1;
  }
  return lines;
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

bool truth(const std::string& value, bool otherwise) {
  if (value == "true" || value == "1") return true;
  if (value == "false" || value == "0") return false;
  return otherwise;
}

int number(const std::string& value, int otherwise) {
  auto text = trimmed(value);
  int result = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result);
  return error == std::errc{} && end == text.data() + text.size() ? result : otherwise;
}

std::vector<std::uint16_t> port_list(const std::vector<std::string>& values) {
  std::vector<std::uint16_t> ports;
  for (const auto& value : values) {
    int port = number(value, 0);
    if (port > 0 && port < 65536) ports.push_back(static_cast<std::uint16_t>(port));
  }
  return ports;
}

ServerSettings server_settings(const config::Irc& config, const std::string& server, const SettingMap& own) {
  ServerSettings out;
  out.address = server;
  if (auto defaults = config.servers.find(server); defaults != config.servers.end()) {
    const auto& admin = defaults->second;
    if (admin.address) out.address = *admin.address;
    if (admin.ports) out.ports = *admin.ports;
    if (admin.tls_ports) out.tls_ports = *admin.tls_ports;
    if (admin.verify_cert) out.verify_cert = *admin.verify_cert;
  }
  auto text = [&own](const char* name, std::string& into) {
    if (auto found = own.find(name); found != own.end()) into = found->second.value;
  };
  // With a fixed server its address is the admin's alone: the form has no such field.
  if (config.fixed_server.empty()) {
    std::string address;
    text("address", address);
    if (!address.empty()) out.address = address;
  }
  if (auto ports = own.find("ports"); ports != own.end())
    out.ports = port_list(lines_of(ports->second.value));
  if (auto ports = own.find("tls_ports"); ports != own.end()) {
    out.tls_ports = port_list(lines_of(ports->second.value));
  }
  if (auto verify = own.find("verify_cert"); verify != own.end()) {
    out.verify_cert = truth(verify->second.value, out.verify_cert);
  }
  if (auto limit = own.find("throttle_limit"); limit != own.end()) {
    out.throttle_limit = number(limit->second.value, out.throttle_limit);
  }
  if (auto length = own.find("max_history_length"); length != own.end()) {
    out.max_history_length = number(length->second.value, out.max_history_length);
  }
  text("fingerprint", out.fingerprint);
  text("nick", out.nick);
  text("username", out.username);
  text("realname", out.realname);
  text("pass", out.pass);
  text("sasl_password", out.sasl_password);
  text("encoding_in", out.encoding_in);
  text("encoding_out", out.encoding_out);
  if (auto commands = own.find("after_connect_commands"); commands != own.end()) {
    out.after_connect_commands = lines_of(commands->second.value);
  }
  return out;
}

std::vector<Attempt> attempts(const ServerSettings& settings, config::Tls tls, Failure& why) {
  std::vector<Attempt> out;
  auto secure = [&] {
    for (auto port : settings.tls_ports) out.push_back({port, true, false});
  };
  auto plain = [&](bool fallback) {
    for (auto port : settings.ports) out.push_back({port, false, fallback});
  };
  switch (tls) {
    case config::Tls::required: secure(); break;
    case config::Tls::preferred:
      secure();
      plain(!settings.tls_ports.empty());
      break;
    case config::Tls::off:
      plain(false);
      if (out.empty()) secure();
      break;
  }
  if (out.empty()) {
    why = {Reason::tls_failed,
           settings.ports.empty()
               ? "No ports are configured for this server"
               : "This gateway connects by TLS only, and no TLS ports are configured for this "
                 "server: set tls_ports"};
  }
  return out;
}

}  // namespace dragoman::irc
