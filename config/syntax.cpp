#include "config/syntax.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include <arpa/inet.h>

namespace dragoman::config {
namespace {

constexpr std::size_t max_host_name = 253;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_jid_part = 1023;

// Levenshtein's distance.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return {};
  return port;
}

struct Authority {
  std::string_view host;
  bool bracketed = false;
  std::optional<std::string_view> port;
};

// "host", "host:port", "[v6]:port"; whether the parts are any good is not asked.
std::optional<Authority> authority(std::string_view text) {
  Authority parts;
  std::string_view rest;
  if (text.substr(0, 1) == "[") {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return {};
    parts.host = text.substr(1, end - 1);
    parts.bracketed = true;
    rest = text.substr(end + 1);
  } else {
    parts.host = text.substr(0, text.find(':'));
    rest = text.substr(parts.host.size());
  }
  if (rest.empty()) return parts;
  if (rest[0] != ':') return {};
  parts.port = rest.substr(1);
  return parts;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return result;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > max_host_name) return false;
  std::size_t label = 0;
  char last = '.';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_';
    if (c == '.') {
      if (label == 0 || last == '-') return false;
      label = 0;
    } else if (letter || (c == '-' && label > 0)) {
      if (++label > max_label) return false;
    } else {
      return false;
    }
    last = c;
  }
  return label > 0 && last != '-';
}

bool is_ip_address(const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> address;
  return text.find('\0') == std::string::npos && (inet_pton(AF_INET, text.c_str(), address.data()) == 1 ||
                                                  inet_pton(AF_INET6, text.c_str(), address.data()) == 1);
}

bool is_bare_jid(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > max_jid_part) return false;
  const bool forbidden =
      std::any_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), [](unsigned char c) {
        return c <= ' ' || c == 0x7f ||
               std::string_view("\"&'/:<>").find(static_cast<char>(c)) != std::string_view::npos;
      });
  return !forbidden && is_host_name(text.substr(at + 1));
}

bool is_server_name(std::string_view text) {
  const auto parts = authority(text);
  if (!parts || (parts->port && !port_in(*parts->port))) return false;
  const std::string host(parts->host);
  if (parts->bracketed) return host.find(':') != std::string::npos && is_ip_address(host);
  return is_host_name(host) &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) { return c < 0x80 && c != '_'; });
}

bool is_http_url(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (lower(text.substr(0, scheme.size())) != scheme) continue;
    const std::string_view rest = text.substr(scheme.size());
    const auto slash = rest.find('/');
    const auto parts = authority(rest.substr(0, slash));
    if (!parts || (parts->port && !port_in(*parts->port))) return false;
    const std::string host(parts->host);
    const std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash);
    return (parts->bracketed ? host.find(':') != std::string::npos && is_ip_address(host)
                             : is_host_name(host)) &&
           std::all_of(path.begin(), path.end(), [](unsigned char c) {
             return c > ' ' && c < 0x7f &&
                    std::string_view("?#\"<>\\^`{|}").find(static_cast<char>(c)) == std::string_view::npos;
           });
  }
  return false;
}

std::optional<std::pair<std::string, std::uint16_t>> address_and_port(std::string_view text) {
  const auto parts = authority(text);
  if (!parts || !parts->port) return {};
  const auto port = port_in(*parts->port);
  std::string address(parts->host);
  const bool v6 = address.find(':') != std::string::npos;
  if (!port || !is_ip_address(address) || v6 != parts->bracketed) return {};
  return std::pair(std::move(address), *port);
}

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  std::string plain = lower(word);
  std::replace(plain.begin(), plain.end(), '-', '_');
  std::replace(plain.begin(), plain.end(), ' ', '_');
  std::string best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : known) {
    const std::size_t away = distance(plain, candidate);
    // Two letters swapped are two changes.
    const std::size_t allowed = std::max<std::size_t>(candidate.size() < 4 ? 1 : 2, candidate.size() / 3);
    if (away <= allowed && away < candidate.size() && (best.empty() || away < best_distance)) {
      best = candidate;
      best_distance = away;
    }
  }
  return best;
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += separator;
    text += word;
  }
  return text;
}

}  // namespace dragoman::config
