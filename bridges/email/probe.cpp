#include "bridges/email/probe.hpp"

#include <chrono>
#include <utility>

#include <sodium.h>

#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view kind = "probe";
constexpr std::string_view prefix = "doctor+";
constexpr std::size_t mac_digits = 20;  // 80 bits, in hex
constexpr std::size_t most_pruned = 100;

}  // namespace

Probes::Probes(Store& store, NetworkId network, std::string domain, std::string secret_key)
    : store_(store), network_(std::move(network)), domain_(std::move(domain)), key_(std::move(secret_key)) {}

std::string Probes::mac(std::string_view name) const {
  return keyed_digest(key_, "probe " + std::string(name)).substr(0, mac_digits);
}

bool Probes::looks_like_one(std::string_view local_part) {
  return ascii_lower(local_part.substr(0, prefix.size())) == prefix;
}

std::string Probes::address(const std::string& name) const {
  return std::string(prefix) + name + '.' + mac(name) + '@' + domain_;
}

std::optional<std::string> Probes::name(std::string_view local_part) const {
  if (!looks_like_one(local_part)) return {};
  const std::string lower = ascii_lower(local_part);
  const auto dot = lower.find('.');
  if (dot == std::string::npos || lower.size() - dot - 1 != mac_digits) return {};
  const std::string name = lower.substr(prefix.size(), dot - prefix.size());
  if (sodium_memcmp(mac(name).data(), lower.data() + dot + 1, mac_digits) != 0) return {};
  return name;
}

bool Probes::came(const std::string& name, const std::string& trouble) {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  store_.notes().prune(network_, kind, now - std::chrono::days(1), most_pruned);
  return store_.notes().put(network_, kind, name, trouble);
}

std::optional<std::string> Probes::result(const std::string& name) const {
  return store_.notes().get(network_, kind, name);
}

void Probes::forget(const std::string& name) { store_.notes().erase(network_, kind, name); }

}  // namespace dragoman::email
