#include "config/syntax.hpp"

#include <algorithm>
#include <array>
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
