#include "bridges/email/address.hpp"

#include <algorithm>
#include <memory>

#include <glib.h>
#include <idn2.h>

#include "mapping/address.hpp"
#include "mapping/jid.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t max_local_part = 64;    // octets, RFC 5321 4.5.3.1.1
constexpr std::size_t longest_address = 254;  // octets, RFC 5321 4.5.3.1.3 without its brackets
constexpr std::size_t longest_label = 63;     // octets, RFC 1035 2.3.4

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool digit(char c) { return c >= '0' && c <= '9'; }
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// RFC 5322 3.2.3, with RFC 6531 3.3.
bool is_atext(char c) {
  return letter(c) || digit(c) || is_beyond_ascii(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

bool is_dot_string(std::string_view text) {
  char last = '.';
  for (const char c : text) {
    if (c == '.' ? last == '.' : !is_atext(c)) return false;
    last = c;
  }
  return last != '.';
}

// Characters beyond ASCII that show: neither spaces, controls, bidi controls nor compatibility characters,
// which look like others and which XMPP servers would make those others.
bool is_plain(std::string_view text) {
  if (is_ascii_only(text)) return true;
  if (!is_utf8(text)) return false;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
    const auto character = text.substr(at, end - at);
    if (display_clean(character) != character) return false;
    at = end;
  }
  const auto form = [&](GNormalizeMode mode) {
    const std::unique_ptr<char, decltype(&g_free)> normal(
        g_utf8_normalize(text.data(), static_cast<gssize>(text.size()), mode), &g_free);
    return std::string(normal ? normal.get() : "");
  };
  return form(G_NORMALIZE_NFC) == form(G_NORMALIZE_NFKC);
}

// A quoted string (RFC 5321 4.1.2) says nothing more than a dot-string but where the dots stand; anything
// else in one is understood differently by each server on the way.
std::optional<std::string> valid_local(std::string_view local) {
  if (local.empty() || local.size() > max_local_part || !is_plain(local)) return {};
  if (is_dot_string(local)) return std::string(local);
  if (local.size() < 3 || local.front() != '"' || local.back() != '"') return {};
  const auto inner = local.substr(1, local.size() - 2);
  if (is_dot_string(inner)) return std::string(inner);
  if (!std::all_of(inner.begin(), inner.end(), [](char c) { return c == '.' || is_atext(c); })) return {};
  return std::string(local);
}

// RFC 5321 4.1.2, and the underscore that is seen in the wild.
bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= longest_label && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return (letter(c) || digit(c) || c == '-' || c == '_'); });
}

// At least two labels, the last of which is no number: what looks like an IP address is none of a domain.
bool is_domain(std::string_view domain) {
  std::size_t labels = 0;
  std::string_view label;
  for (std::size_t at = 0; at <= domain.size(); ++labels) {
    const auto dot = std::min(domain.find('.', at), domain.size());
    label = domain.substr(at, dot - at);
    if (!is_label(label)) return false;
    at = dot + 1;
  }
  return labels >= 2 && std::any_of(label.begin(), label.end(), [](char c) { return !digit(c); });
}

std::optional<std::string> valid_domain(std::string_view domain) {
  if (domain.size() > longest_address || domain.find('\0') != std::string_view::npos) return {};
  if (is_ascii_only(domain) && domain.find("--") == std::string_view::npos) {
    if (!is_domain(domain)) return {};
    return ascii_lower(domain);
  }
  if (!is_utf8(domain)) return {};
  const std::string given(domain);
  char* found = nullptr;
  const int result = idn2_to_ascii_8z(given.c_str(), &found,
                                      IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES);
  if (result != IDN2_OK) return {};
  const std::unique_ptr<char, decltype(&idn2_free)> labels(found, &idn2_free);
  if (!is_domain(labels.get())) return {};
  return ascii_lower(labels.get());
}

}  // namespace

bool is_ascii_only(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_beyond_ascii(c); });
}

std::optional<std::string> valid_address(std::string_view given) {
  const auto at = given.rfind('@');
  if (at == std::string_view::npos || given.size() > 4 * longest_address) return {};
  auto local = valid_local(given.substr(0, at));
  const auto domain = valid_domain(given.substr(at + 1));
  if (!local || !domain || local->size() + 1 + domain->size() > longest_address) return {};
  return std::move(*local) + '@' + *domain;
}

std::string folded(std::string_view valid) {
  if (!is_ascii_only(valid)) {
    // As XMPP servers fold the local part of a JID, so that the contact's JID leads back here.
    if (auto jid = Jid::parse(escape_node(valid) + "@x")) return unescape_node(jid->local);
  }
  return ascii_lower(valid);
}

std::string_view local_part(std::string_view valid) { return valid.substr(0, valid.rfind('@')); }

std::string_view domain_part(std::string_view valid) {
  const auto at = valid.rfind('@');
  return at == std::string_view::npos ? std::string_view() : valid.substr(at + 1);
}

std::optional<std::string> address_of_node(std::string_view node) {
  std::string address(node);
  if (node.find('@') == std::string_view::npos) {
    const auto percent = node.rfind('%');
    if (percent == std::string_view::npos) return {};
    address[percent] = '@';
  }
  // Postfix takes "bob%example.org@here" for a mail to be relayed, unless told otherwise.
  if (local_part(address).find('%') != std::string_view::npos) return {};
  return valid_address(address);
}

}  // namespace dragoman::email
