#include "bridges/email/hub.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "bridges/allow.hpp"
#include "bridges/email/account_forms.hpp"
#include "bridges/email/address.hpp"
#include "mapping/digest.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view own_scope = "gateway key";
constexpr std::size_t key_bytes = 32;
constexpr std::string_view room_word = "room ", user_word = "user ";

constexpr std::array<std::string_view, 3> welcomes{"asked", "contacts", "verified"};

}  // namespace

std::string gateway_key(Store& store, const NetworkId& network) {
  SettingMap own = store.settings().load(network, PersonId{}, std::string(own_scope));
  std::string& hex = own["key"].value;
  if (hex.size() != key_bytes) {
    hex = random_hex(key_bytes / 2);
    own["key"].secret = true;
    store.settings().save(network, PersonId{}, std::string(own_scope), own);
  }
  return hex;
}

Hub::Hub(const NetworkContext& context)
    : loop(context.loop),
      sink(context.sink),
      store(context.store),
      file_host(context.file_host),
      settings(context.settings),
      network(context.settings.domain),
      key(gateway_key(context.store, network)),
      aliases(context.store, network, context.settings.email.address),
      bounces(aliases.domain(), key),
      probes(context.store, network, aliases.domain(), key),
      accounts(context.store, network),
      now([] { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }) {}

bool Hub::may_use(const PersonId& person) const { return is_allowed(email().allow, person); }

bool Hub::may_log_in(const PersonId& person) const {
  return !email().accounts.servers.empty() && is_allowed(email().allow_login, person);
}

bool Hub::is_public_only(const std::string& host) const {
  return permit_of(email().accounts, host) != Permit::anywhere;
}

bool Hub::is_registered(const PersonId& person) const {
  return store.settings().is_registered(network, person);
}

Preferences Hub::preferences(const PersonId& person) const {
  SettingMap saved = store.settings().load(network, person, {});
  Preferences out;
  out.coalesce = std::chrono::seconds(email().coalesce_seconds);
  const auto text = [&](const char* name) {
    auto found = saved.find(name);
    return found == saved.end() ? std::string() : found->second.value;
  };
  const auto welcome = std::find(welcomes.begin(), welcomes.end(), text("welcome"));
  if (welcome != welcomes.end()) out.welcome = static_cast<Preferences::Welcome>(welcome - welcomes.begin());
  if (const std::string seconds = text("coalesce"); !seconds.empty()) {
    int number = 0;
    std::from_chars(seconds.data(), seconds.data() + seconds.size(), number);
    out.coalesce = std::chrono::seconds(number);
  }
  out.name = text("name");
  out.signature = text("signature");
  out.from = text("from");
  out.own_address = text("own-address");
  out.answers_there = text("answers-there") == "1";
  out.reactions = text("reactions") == "1";
  out.read_marks = text("read-marks") == "1";
  return out;
}

bool Hub::save(const PersonId& person, const Preferences& wanted) {
  SettingMap saved = store.settings().load(network, person, {});
  saved["welcome"].value = welcomes[static_cast<std::size_t>(wanted.welcome)];
  saved["coalesce"].value = std::to_string(wanted.coalesce.count());
  saved["name"].value = wanted.name;
  saved["signature"].value = wanted.signature;
  saved["from"].value = wanted.from;
  saved["own-address"].value = wanted.own_address;
  saved["answers-there"].value = wanted.answers_there ? "1" : "0";
  saved["reactions"].value = wanted.reactions ? "1" : "0";
  saved["read-marks"].value = wanted.read_marks ? "1" : "0";
  return store.settings().save(network, person, {}, saved);
}

Mailbox Hub::from_of(const PersonId& person) {
  const Preferences wanted = preferences(person);
  std::string name = wanted.name;
  if (name.empty()) name = store.notes().get(network, "own name", person.value()).value_or(std::string());
  if (name.empty()) name = person.value().substr(0, person.value().find('@'));
  const std::string* own = accounts.address_of(person);
  if (own == nullptr && !wanted.from.empty() && aliases.person(wanted.from) == person)
    return {std::move(name), wanted.from + '@' + aliases.domain()};
  return {std::move(name), own != nullptr ? *own : aliases.of(person)};
}

bool Hub::is_own(const PersonId& person, const Preferences& preferences, std::string_view address) const {
  if (domain_part(address) == aliases.domain()) return aliases.person(local_part(address)) == person;
  const std::string* own = accounts.address_of(person);
  if (own != nullptr && folded(*own) == folded(address)) return true;
  return !preferences.own_address.empty() && folded(preferences.own_address) == folded(address);
}

std::string mail_id_of(const MessageId& id) {
  const std::string& all = id.value();
  const std::size_t at = all.rfind('@');
  return all.substr(0, all.find('/', at == std::string::npos ? 0 : at));
}

std::string name_of(const Conversation& where) {
  if (const auto* room = std::get_if<RoomId>(&where)) return std::string(room_word) + room->value();
  if (const auto* user = std::get_if<UserId>(&where)) return std::string(user_word) + user->value();
  return {};
}

std::optional<Conversation> conversation_of(std::string_view name) {
  if (name.starts_with(room_word)) return RoomId{std::string(name.substr(room_word.size()))};
  if (name.starts_with(user_word)) return UserId{std::string(name.substr(user_word.size()))};
  return std::nullopt;
}

}  // namespace dragoman::email
