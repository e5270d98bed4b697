#include "bridges/email/account_book.hpp"

#include <charconv>
#include <utility>

#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr const char* account_note = "account";   // the address, by person
constexpr const char* account_scope = "account";  // the settings of it

constexpr const char* at_once = "tls";
constexpr const char* by_starttls = "starttls";

void put_server(SettingMap& into, const std::string& name, const MailServer& server) {
  into[name + " host"].value = server.host;
  into[name + " port"].value = std::to_string(server.port);
  into[name + " security"].value = server.tls_at_once ? at_once : by_starttls;
}

MailServer server_in(SettingMap& from, const std::string& name) {
  MailServer out;
  out.host = from[name + " host"].value;
  const std::string& port = from[name + " port"].value;
  std::from_chars(port.data(), port.data() + port.size(), out.port);
  out.tls_at_once = from[name + " security"].value != by_starttls;
  return out;
}

}  // namespace

AccountBook::AccountBook(Store& store, NetworkId network) : store_(store), network_(std::move(network)) {
  for (auto& [person, address] : store_.notes().all(network_, account_note))
    addresses_.emplace(PersonId(person), address);
}

const std::string* AccountBook::address_of(const PersonId& person) const {
  const auto found = addresses_.find(person);
  return found == addresses_.end() ? nullptr : &found->second;
}

std::optional<Account> AccountBook::load(const PersonId& person) const {
  if (address_of(person) == nullptr) return {};
  SettingMap kept = store_.settings().load(network_, person, account_scope);
  Account out;
  out.address = kept["address"].value;
  out.imap = server_in(kept, "imap");
  out.smtp = server_in(kept, "smtp");
  out.user = kept["user"].value;
  out.password = kept["password"].value;
  out.token = kept["token"].value;
  out.authserv_id = kept["authserv-id"].value;
  if (out.address.empty() || out.imap.port == 0 || out.smtp.port == 0 ||
      (out.password.empty() && out.token.empty()))
    return {};
  return out;
}

bool AccountBook::save(const PersonId& person, const Account& account) {
  SettingMap values;
  values["address"].value = account.address;
  put_server(values, "imap", account.imap);
  put_server(values, "smtp", account.smtp);
  values["user"].value = account.user;
  values["authserv-id"].value = account.authserv_id;
  if (!account.password.empty()) values["password"] = {account.password, true};
  if (!account.token.empty()) values["token"] = {account.token, true};
  if (!store_.settings().save(network_, person, account_scope, values) ||
      !store_.notes().put(network_, account_note, person.value(), account.address) || !store_.durable())
    return false;
  addresses_[person] = account.address;
  return true;
}

void AccountBook::forget(const PersonId& person) {
  store_.settings().erase(network_, person, account_scope);
  store_.notes().erase(network_, account_note, person.value());
  store_.durable();
  addresses_.erase(person);
}

std::vector<PersonId> AccountBook::people() const {
  std::vector<PersonId> out;
  for (const auto& [person, address] : addresses_) out.push_back(person);
  return out;
}

}  // namespace dragoman::email
