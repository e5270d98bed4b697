// What persons have set for themselves, by scope. Values are strings only their owner reads; secrets are
// encrypted at rest with the store's key and decrypted here alone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman {

struct Setting {
  std::string value;  // several lines where it holds a list
  bool secret = false;
  bool operator==(const Setting&) const = default;
};
using SettingMap = std::map<std::string, Setting>;

class SettingsTable {
 public:
  explicit SettingsTable(Store::Impl& store);
  ~SettingsTable();
  // `scope` says what is configured: "server irc.libera.chat", "room #chan%irc.libera.chat", "" for the
  // person as such.
  SettingMap load(const NetworkId& network, const PersonId& person, const std::string& scope);
  bool save(const NetworkId& network, const PersonId& person, const std::string& scope,
            const SettingMap& values);
  bool erase(const NetworkId& network, const PersonId& person, const std::string& scope);
  // Registered users of a bridge (XEP-0077).
  bool register_person(const NetworkId& network, const PersonId& person);
  bool unregister_person(const NetworkId& network, const PersonId& person);  // with all their settings
  bool is_registered(const NetworkId& network, const PersonId& person);
  // Presence subscriptions to an address of the bridge: who asked for `node`'s presence.
  bool subscribe(const NetworkId& network, const PersonId& person, const std::string& node);
  bool unsubscribe(const NetworkId& network, const PersonId& person, const std::string& node);
  std::vector<std::pair<PersonId, std::string>> subscriptions(const NetworkId& network);

 private:
  struct Statements;
  Store::Impl& store_;
  std::unique_ptr<Statements> sql_;
};

}  // namespace dragoman
