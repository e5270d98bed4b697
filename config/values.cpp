#include "config/values.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include <sys/un.h>

#include "config/syntax.hpp"

namespace dragoman::config {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::size_t longest_path = sizeof(sockaddr_un::sun_path) - 1;

bool is_any_address(const std::string& address) { return address == "0.0.0.0" || address == "::"; }

void take_place(Section& section, const std::string& key, const std::string& text, std::string& address,
                std::uint16_t& port) {
  if (auto place = address_and_port(text)) {
    address = std::move(place->first);
    port = place->second;
    return;
  }
  const std::string shown = std::to_string(port);
  section.wrong(key, "\"" + text + "\" is no address with a port: write it like 127.0.0.1:" + shown +
                         " or \"[::1]:" + shown + "\"");
}

}  // namespace

void assign_url(Section& section, const std::string& key, std::string& target, const char* example) {
  const auto text = section.text(key);
  if (!text) return;
  if (!is_http_url(*text)) {
    section.wrong(key, "\"" + *text + "\" is no address of a web server: write it like " + example);
    return;
  }
  target = *text;
  while (target.back() == '/') target.pop_back();
}

void assign_listen(Section& section, const std::string& key, std::string& address, std::uint16_t& port) {
  if (const auto text = section.text(key)) take_place(section, key, *text, address, port);
}

void assign_listen_or_path(Section& section, const std::string& key, std::string& address,
                           std::uint16_t& port) {
  const auto text = section.text(key);
  if (!text) return;
  if (text->compare(0, unix_prefix.size(), unix_prefix) != 0) {
    take_place(section, key, *text, address, port);
    return;
  }
  const std::string path = text->substr(unix_prefix.size());
  if (path.empty() || path.front() != '/' || path.back() == '/' || path.find('\0') != std::string::npos) {
    section.wrong(key, "\"" + *text + "\" is no path of a socket: write it like unix:/run/dragoman/lmtp");
  } else if (path.size() > longest_path) {
    section.wrong(key, "the path of a socket is at most " + std::to_string(longest_path) +
                           " characters long: take a shorter one, like /run/dragoman/lmtp");
  } else {
    address = *text;
    port = 0;
  }
}

void assign_ca_file(Section& section, std::string& target) {
  assign_text(section, "ca_file", target);
  if (!target.empty()) check_readable(section, "ca_file", target);
}

void read_people(Section& section, Report& report, const std::string& key, std::vector<std::string>& people) {
  for (const auto& [text, line] : section.texts(key).value_or(std::vector<std::pair<std::string, int>>{})) {
    if (text == "*" || is_bare_jid(text) || is_host_name(text)) {
      people.push_back(lower(text));
    } else {
      report.add(line, section.path_of(key) + ": \"" + text +
                           "\" is no bare JID, no domain and no \"*\": write it like juliet@example.org, "
                           "example.org or \"*\"");
    }
  }
}

std::string Listener::str() const {
  if (port == 0) return address;  // a path
  const bool v6 = address.find(':') != std::string::npos;
  return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool clash(const Listener& a, const Listener& b) {
  return a.port == b.port && (a.address == b.address ||
                              (a.port != 0 && (is_any_address(a.address) || is_any_address(b.address))));
}

}  // namespace dragoman::config
