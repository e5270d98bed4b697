// What a word in the file must look like. Simple forms: the component prepares addresses exactly later.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dragoman::config {

bool is_host_name(std::string_view text);  // RFC 1123, also non-ASCII letters and '_'
bool is_ip_address(const std::string& text);
bool is_bare_jid(std::string_view text);
bool is_http_url(std::string_view text);     // http or https, a host, maybe a port and a path: nothing else
bool is_server_name(std::string_view text);  // of Matrix: a host name or an address, and maybe a port
// "127.0.0.1:80", "[::1]:80"; nothing where either is missing.
std::optional<std::pair<std::string, std::uint16_t>> address_and_port(std::string_view text);
std::string lower(std::string_view text);  // ASCII

// The known word nearest to `word`; empty if none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);
std::string joined(const std::vector<std::string>& words, const std::string& separator);

}  // namespace dragoman::config
