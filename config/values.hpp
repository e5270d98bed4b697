// Values that more than one network has. Each reads one key of a section; what is wrong is reported there,
// with what would be right, and the target keeps its default.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/section.hpp"

namespace dragoman::config {

// The address of a web server, without slashes at its end; `example` is how one looks.
void assign_url(Section& section, const std::string& key, std::string& target, const char* example);
// "127.0.0.1:80", "[::1]:80".
void assign_listen(Section& section, const std::string& key, std::string& address, std::uint16_t& port);
// The same, or "unix:/path"; the port is 0 then.
void assign_listen_or_path(Section& section, const std::string& key, std::string& address,
                           std::uint16_t& port);
// A file of certificates that can be read.
void assign_ca_file(Section& section, std::string& target);
// Bare JIDs, domains, or "*" for everybody, in lower case.
void read_people(Section& section, Report& report, const std::string& key, std::vector<std::string>& people);

// Where somebody listens, and the key that says so.
struct Listener {
  std::string key;      // "appservice"
  std::string address;  // IP, or "unix:/path"
  std::uint16_t port = 0;
  std::string str() const;  // "127.0.0.1:80"
};
bool clash(const Listener& a, const Listener& b);

}  // namespace dragoman::config
