#include "bridges/email/consent.hpp"

#include <algorithm>
#include <charconv>

#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

// JIDs and addresses have no space in them.
std::string key_of(const PersonId& person, std::string_view address) {
  return person.value() + " " + std::string(address);
}

}  // namespace

Consent::Answer Consent::of(const PersonId& person, std::string_view address, bool verified) const {
  if (is_blocked(person, address)) return Answer::refused;
  if (hub_.store.notes().get(hub_.network, "known", key_of(person, address))) return Answer::welcome;
  switch (hub_.preferences(person).welcome) {
    case Preferences::Welcome::asked: return Answer::ask;
    case Preferences::Welcome::contacts: return Answer::refused;
    case Preferences::Welcome::verified: return verified ? Answer::welcome : Answer::ask;
  }
  return Answer::ask;
}

bool Consent::is_blocked(const PersonId& person, std::string_view address) const {
  return hub_.store.notes().get(hub_.network, "blocked", key_of(person, address)).has_value();
}

void Consent::know(const PersonId& person, std::string_view address) {
  const std::string key = key_of(person, address);
  if (!hub_.store.notes().get(hub_.network, "known", key))
    hub_.store.notes().put(hub_.network, "known", key, {});
}

void Consent::block(const PersonId& person, std::string_view address) {
  hub_.store.notes().put(hub_.network, "blocked", key_of(person, address), {});
  hub_.store.notes().erase(hub_.network, "known", key_of(person, address));
}

bool Consent::unblock(const PersonId& person, std::string_view address) {
  if (!is_blocked(person, address)) return false;
  return hub_.store.notes().erase(hub_.network, "blocked", key_of(person, address));
}

std::vector<std::string> Consent::blocked(const PersonId& person) const {
  std::vector<std::string> out;
  const std::string prefix = person.value() + " ";
  for (auto& [key, value] : hub_.store.notes().all(hub_.network, "blocked", prefix))
    out.push_back(key.substr(prefix.size()));
  return out;
}

bool Consent::hold(const PersonId& person, std::string_view address, MailKey mail) {
  return hub_.store.notes().put(hub_.network, "held", key_of(person, address) + " " + std::to_string(mail),
                                {});
}

std::vector<MailKey> Consent::held(const PersonId& person, std::string_view address) const {
  std::vector<MailKey> out;
  const std::string prefix = key_of(person, address) + " ";
  for (auto& [key, value] : hub_.store.notes().all(hub_.network, "held", prefix)) {
    MailKey mail = 0;
    std::from_chars(key.data() + prefix.size(), key.data() + key.size(), mail);
    if (mail != 0) out.push_back(mail);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t Consent::held(const PersonId& person) const {
  return hub_.store.notes().all(hub_.network, "held", person.value() + " ").size();
}

void Consent::release(const PersonId& person, std::string_view address, MailKey mail) {
  hub_.store.notes().erase(hub_.network, "held", key_of(person, address) + " " + std::to_string(mail));
}

}  // namespace dragoman::email
