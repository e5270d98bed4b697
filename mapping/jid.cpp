#include "mapping/jid.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <idna.h>
#include <stringprep.h>

#include "mapping/utf8.hpp"

namespace dragoman {
namespace {

constexpr std::size_t max_part = 1023;  // bytes, RFC 6122 section 2.1
constexpr std::size_t max_label = 63;   // RFC 1034 section 3.1

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

bool allowed_in_ascii_node(unsigned char c) {
  switch (c) {
    case ' ':
    case '"':
    case '&':
    case '\'':
    case '/':
    case ':':
    case '<':
    case '>':
    case '@': return false;
    default: return !is_control(c);
  }
}

// Unassigned code points are let through: the tables are those of Unicode 3.2, which knows no emoji.
std::optional<std::string> stringprep_by(std::string_view text, const Stringprep_profile* profile) {
  // Preparing may shrink a text (characters mapped to nothing), though not without limit here.
  std::array<char, 4 * (max_part + 1)> buffer;
  if (text.size() >= buffer.size() || text.find('\0') != std::string_view::npos || !is_utf8(text)) return {};
  std::memcpy(buffer.data(), text.data(), text.size());
  buffer[text.size()] = '\0';
  if (stringprep(buffer.data(), buffer.size(), Stringprep_profile_flags{}, profile) != STRINGPREP_OK)
    return {};
  std::string prepared = buffer.data();
  if (prepared.empty() || prepared.size() > max_part) return {};
  return prepared;
}

std::optional<std::string> prepare_node(std::string_view text) {
  if (!is_ascii(text)) return stringprep_by(text, stringprep_xmpp_nodeprep);
  if (text.empty() || text.size() > max_part) return {};
  if (!std::all_of(text.begin(), text.end(), allowed_in_ascii_node)) return {};
  return ascii_lower(text);
}

// RFC 1123 host names, and the underscore that is seen in the wild. Bytes beyond ASCII were judged before.
bool is_host_name(std::string_view name) {
  std::size_t label = 0;
  char last = '.';
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '.') {
      if (label == 0 || last == '-') return false;
      label = 0;
    } else {
      const bool letter = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
      if (!letter && (c != '-' || label == 0)) return false;
      if (++label > max_label && byte < 0x80) return false;
    }
    last = c;
  }
  return label != 0 && last != '-';
}

bool is_ip6_literal(std::string_view text) {
  if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
  const std::string inner(text.substr(1, text.size() - 2));
  in6_addr address;
  return inner.find('\0') == std::string::npos && inet_pton(AF_INET6, inner.c_str(), &address) == 1;
}

// RFC 6122 section 2.2: each label of the prepared name must be fit for ToASCII.
bool has_ascii_form(const std::string& domain) {
  char* ascii = nullptr;
  const int result = idna_to_ascii_8z(domain.c_str(), &ascii, IDNA_ALLOW_UNASSIGNED);
  std::free(ascii);
  return result == IDNA_SUCCESS;
}

std::optional<std::string> prepare_domain(std::string_view text) {
  std::string domain;
  if (is_ascii(text)) {
    if (text.size() > max_part + 1) return {};
    domain = ascii_lower(text);
  } else {
    auto prepared = stringprep_by(text, stringprep_nameprep);
    if (!prepared || !has_ascii_form(*prepared)) return {};
    domain = std::move(*prepared);
  }
  if (!domain.empty() && domain.back() == '.') domain.pop_back();  // RFC 7622 section 3.2: the root's dot
  if (domain.size() > max_part) return {};
  if (!is_host_name(domain) && !is_ip6_literal(domain)) return {};
  return domain;
}

}  // namespace

std::optional<std::string> prepare_resource(std::string_view text) {
  if (!is_ascii(text)) return stringprep_by(text, stringprep_xmpp_resourceprep);
  if (text.empty() || text.size() > max_part) return {};
  if (std::any_of(text.begin(), text.end(), is_control)) return {};
  return std::string(text);
}

std::optional<Jid> Jid::parse(std::string_view text) {
  Jid jid;
  const auto slash = text.find('/');
  if (slash != std::string_view::npos) {
    auto resource = prepare_resource(text.substr(slash + 1));
    if (!resource) return {};
    jid.resource = std::move(*resource);
    text = text.substr(0, slash);
  }
  const auto at = text.find('@');
  if (at != std::string_view::npos) {
    auto local = prepare_node(text.substr(0, at));
    if (!local) return {};
    jid.local = std::move(*local);
    text = text.substr(at + 1);
  }
  auto domain = prepare_domain(text);
  if (!domain) return {};
  jid.domain = std::move(*domain);
  return jid;
}

std::string Jid::str() const {
  std::string text;
  text.reserve(local.size() + domain.size() + resource.size() + 2);
  if (!local.empty()) {
    text += local;
    text += '@';
  }
  text += domain;
  if (!resource.empty()) {
    text += '/';
    text += resource;
  }
  return text;
}

}  // namespace dragoman
