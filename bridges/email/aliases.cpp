#include "bridges/email/aliases.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <sodium.h>

#include "mapping/address.hpp"
#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

// Notes: the person of a made name, and the made name of a person.
constexpr std::string_view person_of_name = "alias";
constexpr std::string_view name_of_person = "alias of";
// A name that a person has chosen: "PERSON NAME". One that they gave up stays theirs, with a mark in front.
constexpr std::string_view chosen_name = "own alias";
constexpr std::string_view made_prefix = "x-";
constexpr char given_up = ' ';  // no JID begins so
constexpr std::size_t shortest_chosen = 3, longest_chosen = 40;

constexpr std::size_t longest_alias = 64;  // octets, RFC 5321 4.5.3.1.1
constexpr std::string_view bounce_prefix = "b+";
constexpr std::size_t mac_digits = 20;  // 80 bits, in hex

// atext that mail servers let through as they are installed: Exim refuses "#", "%", "/", "?", "`", "|", "!"
// and
// "&"; "+" begins a detail.
bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         std::string_view("-._='~").find(c) != std::string_view::npos;
}

// What others take to mean something: SRS, BATV in its three spellings, and the addresses that each domain
// has (RFC 2142, RFC 5321 4.5.1). "b" and "doctor" too:
// with a detail they would look like an address for bounces, or of a probe.
bool is_taken(std::string_view local) {
  constexpr std::array<std::string_view, 7> prefixes{"srs0=", "srs0-", "srs1=",   "srs1-",
                                                     "prvs=", "btv1=", "msprvs1="};
  constexpr std::array<std::string_view, 6> names{"b",     "doctor",        "postmaster",
                                                  "abuse", "mailer-daemon", "hostmaster"};
  return std::any_of(prefixes.begin(), prefixes.end(), [&](auto p) { return local.starts_with(p); }) ||
         std::find(names.begin(), names.end(), local) != names.end();
}

bool is_usable(std::string_view local) {
  return !local.empty() && local.size() <= longest_alias && local.front() != '.' && local.back() != '.' &&
         local.front() != '-' && local.find("..") == std::string_view::npos &&
         std::all_of(local.begin(), local.end(), is_safe) && !is_taken(local);
}

// RFC 2142, and what certificate authorities and people take for the word of the domain itself.
bool is_of_the_house(std::string_view name) {
  constexpr std::array<std::string_view, 30> names{
      "admin",    "administrator", "bounce",  "bounces", "contact",   "ftp",        "help",     "info",
      "it",       "list",          "lists",   "mail",    "news",      "newsletter", "no-reply", "noc",
      "noreply",  "office",        "owner",   "root",    "sales",     "security",   "service",  "smtp",
      "ssladmin", "sslmaster",     "support", "usenet",  "webmaster", "www"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.ends_with("-request") ||
         name.ends_with("-owner") || name.starts_with("owner-");
}

std::string mac_of(std::string_view key, std::string_view number) {
  return keyed_digest(key, "bounces of " + std::string(number)).substr(0, mac_digits);
}

}  // namespace

Aliases::Aliases(Store& store, NetworkId network, const std::string& rule)
    : store_(store), network_(std::move(network)) {
  constexpr std::string_view local = "{local}", host = "{host}";
  const auto at = rule.rfind('@');
  domain_ = ascii_lower(rule.substr(at + 1));
  const auto name = ascii_lower(rule.substr(0, at));
  const auto first = name.find(local);
  const auto second = name.find(host);
  // Then each has a made name.
  if (first == std::string::npos || second == std::string::npos || second <= first + local.size()) return;
  before_ = name.substr(0, first);
  between_ = name.substr(first + local.size(), second - first - local.size());
  after_ = name.substr(second + host.size());
}

std::string Aliases::by_rule(const PersonId& of) const {
  const auto at = of.value().find('@');
  if (at == std::string::npos || at == 0 || between_.empty()) return {};
  auto local =
      before_ + unescape_node(of.value().substr(0, at)) + between_ + of.value().substr(at + 1) + after_;
  return is_usable(local) && person(local) == of ? local : std::string();
}

std::string Aliases::of(const PersonId& person) {
  if (auto local = by_rule(person); !local.empty()) return local + '@' + domain_;
  if (auto made = store_.notes().get(network_, name_of_person, person.value())) return *made + '@' + domain_;
  // Without the rule's separator in it, and too long to be hit upon.
  const std::string name = std::string(made_prefix) + random_hex(10);
  if (!store_.notes().put(network_, person_of_name, name, person.value()) ||
      !store_.notes().put(network_, name_of_person, person.value(), name)) {
    return {};
  }
  return name + '@' + domain_;
}

std::optional<PersonId> Aliases::person(std::string_view local_part) const {
  const auto lower = ascii_lower(local_part.substr(0, local_part.find('+')));
  if (!is_usable(lower)) return {};
  if (auto made = store_.notes().get(network_, person_of_name, lower)) {
    if (made->starts_with(given_up)) return std::nullopt;
    return PersonId(*made);
  }
  std::string_view rest = lower;
  if (between_.empty() || rest.size() < before_.size() + after_.size() || !rest.starts_with(before_) ||
      !rest.ends_with(after_))
    return {};
  rest = rest.substr(before_.size(), rest.size() - before_.size() - after_.size());
  const auto split = rest.rfind(between_);
  if (split == std::string_view::npos) return {};
  const auto local = rest.substr(0, split), host = rest.substr(split + between_.size());
  if (local.empty() || host.empty()) return {};
  return PersonId(escape_node(local) + '@' + std::string(host));
}

Aliases::Choice Aliases::choose(const PersonId& person, std::string_view wanted) {
  const std::string name = ascii_lower(wanted);
  if (!is_usable(name) || name.size() < shortest_chosen || name.size() > longest_chosen ||
      name.starts_with(made_prefix) || is_of_the_house(name))
    return Choice::unusable;
  NotesTable& notes = store_.notes();
  const auto known = notes.get(network_, person_of_name, name);
  if (known && *known != person.value() && *known != given_up + person.value()) return Choice::taken;
  // What the rule makes of somebody is theirs, whether they are here or not.
  if (!known && this->person(name)) return Choice::unusable;
  const bool kept = notes.put(network_, person_of_name, name, person.value()) &&
                    notes.put(network_, chosen_name, person.value() + " " + name, {});
  return kept ? Choice::done : Choice::trouble;
}

bool Aliases::give_up(const PersonId& person, std::string_view name) {
  NotesTable& notes = store_.notes();
  const std::string key = person.value() + " " + std::string(name);
  if (!notes.get(network_, chosen_name, key)) return false;
  return notes.put(network_, person_of_name, name, given_up + person.value()) &&
         notes.erase(network_, chosen_name, key);
}

std::vector<std::string> Aliases::chosen(const PersonId& person) const {
  std::vector<std::string> out;
  const std::string prefix = person.value() + " ";
  for (auto& [key, value] : store_.notes().all(network_, chosen_name, prefix))
    out.push_back(key.substr(prefix.size()));
  return out;
}

void Aliases::forget(const PersonId& person) {
  for (const std::string& name : chosen(person)) give_up(person, name);
}

BounceAddresses::BounceAddresses(std::string domain, std::string secret_key)
    : domain_(std::move(domain)), key_(std::move(secret_key)) {}

std::string BounceAddresses::of(std::int64_t mail) const {
  const auto number = std::to_string(mail);
  return std::string(bounce_prefix) + number + '.' + mac_of(key_, number) + '@' + domain_;
}

std::optional<std::int64_t> BounceAddresses::mail(std::string_view local_part) const {
  const auto lower = ascii_lower(local_part);
  if (!looks_like_one(lower)) return {};
  const auto dot = lower.rfind('.');
  const auto number = std::string_view(lower).substr(bounce_prefix.size(), dot - bounce_prefix.size());
  const auto expected = mac_of(key_, number);
  if (sodium_memcmp(expected.data(), lower.data() + dot + 1, mac_digits) != 0) return {};
  std::int64_t mail = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), mail);
  if (error != std::errc() || end != number.data() + number.size() || mail <= 0) return {};
  return mail;
}

bool BounceAddresses::looks_like_one(std::string_view local_part) {
  const auto dot = local_part.rfind('.');
  return dot != std::string_view::npos && dot > bounce_prefix.size() && dot <= bounce_prefix.size() + 19 &&
         local_part.size() - dot - 1 == mac_digits &&
         ascii_lower(local_part.substr(0, bounce_prefix.size())) == bounce_prefix;
}

}  // namespace dragoman::email
