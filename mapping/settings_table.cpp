#include "mapping/settings_table.hpp"

#include <spdlog/spdlog.h>

#include "mapping/statement.hpp"
#include "mapping/store_impl.hpp"

namespace dragoman {

struct SettingsTable::Statements {
  explicit Statements(Store::Impl& store)
      : load(store, "SELECT name, value, secret FROM settings WHERE network=? AND person=? AND scope=?"),
        put(store, "INSERT INTO settings(network, person, scope, name, value, secret) VALUES(?,?,?,?,?,?)"),
        erase(store, "DELETE FROM settings WHERE network=? AND person=? AND scope=?"),
        erase_all(store, "DELETE FROM settings WHERE network=? AND person=?"),
        add_person(store, "INSERT OR IGNORE INTO registrations(network, person) VALUES(?,?)"),
        remove_person(store, "DELETE FROM registrations WHERE network=? AND person=?"),
        find_person(store, "SELECT 1 FROM registrations WHERE network=? AND person=?"),
        subscribe(store, "INSERT OR IGNORE INTO subscriptions(network, person, node) VALUES(?,?,?)"),
        unsubscribe(store, "DELETE FROM subscriptions WHERE network=? AND person=? AND node=?"),
        subscriptions(store, "SELECT person, node FROM subscriptions WHERE network=? ORDER BY person, node") {
  }
  Statement load, put, erase, erase_all, add_person, remove_person, find_person, subscribe, unsubscribe,
      subscriptions;
};

SettingsTable::SettingsTable(Store::Impl& store) : store_(store), sql_(std::make_unique<Statements>(store)) {}
SettingsTable::~SettingsTable() = default;

SettingMap SettingsTable::load(const NetworkId& network, const PersonId& person, const std::string& scope) {
  SettingMap values;
  const auto take = [&](const Statement::Row& row) {
    const std::string name = row.text(0);
    const bool secret = row.number(2) != 0;
    if (!secret) {
      values[name] = {row.text(1), false};
    } else if (auto plain = store_.secrets().open(row.text(1))) {
      values[name] = {std::move(*plain), true};
    } else {
      spdlog::warn("the setting {} of {} ({}) was sealed with another key: it counts as unset", name,
                   person.value(), scope);
    }
  };
  sql_->load.read(take, network.value(), person.value(), scope);
  return values;
}

bool SettingsTable::save(const NetworkId& network, const PersonId& person, const std::string& scope,
                         const SettingMap& values) {
  return store_.atomically([&] {
    if (!sql_->erase.change(network.value(), person.value(), scope)) return false;
    for (const auto& [name, setting] : values) {
      const std::string sealed = setting.secret ? store_.secrets().seal(setting.value) : std::string();
      const Blob value{setting.secret ? sealed : setting.value};
      if (!sql_->put.change(network.value(), person.value(), scope, name, value,
                            static_cast<std::int64_t>(setting.secret))) {
        return false;
      }
    }
    return true;
  });
}

bool SettingsTable::erase(const NetworkId& network, const PersonId& person, const std::string& scope) {
  return sql_->erase.change(network.value(), person.value(), scope).has_value();
}

bool SettingsTable::register_person(const NetworkId& network, const PersonId& person) {
  return sql_->add_person.change(network.value(), person.value()).has_value();
}

bool SettingsTable::unregister_person(const NetworkId& network, const PersonId& person) {
  return store_.atomically([&] {
    return sql_->remove_person.change(network.value(), person.value()) &&
           sql_->erase_all.change(network.value(), person.value());
  });
}

bool SettingsTable::is_registered(const NetworkId& network, const PersonId& person) {
  bool found = false;
  sql_->find_person.read([&](const Statement::Row&) { found = true; }, network.value(), person.value());
  return found;
}

bool SettingsTable::subscribe(const NetworkId& network, const PersonId& person, const std::string& node) {
  return sql_->subscribe.change(network.value(), person.value(), node).has_value();
}

bool SettingsTable::unsubscribe(const NetworkId& network, const PersonId& person, const std::string& node) {
  return sql_->unsubscribe.change(network.value(), person.value(), node).has_value();
}

std::vector<std::pair<PersonId, std::string>> SettingsTable::subscriptions(const NetworkId& network) {
  std::vector<std::pair<PersonId, std::string>> all;
  sql_->subscriptions.read(
      [&](const Statement::Row& row) { all.emplace_back(PersonId(row.text(0)), row.text(1)); },
      network.value());
  return all;
}

}  // namespace dragoman
