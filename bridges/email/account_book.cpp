#include "bridges/email/account_book.hpp"

#include <charconv>
#include <utility>

#include "mapping/notes_table.hpp"
#include "mapping/settings_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr const char* account_note = "account";  // the address, by person
constexpr const char* trouble_note = "account trouble";
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
  out.renewal = {kept["refresh-token"].value, kept["token-url"].value, kept["client-id"].value,
                 kept["client-secret"].value};
  std::int64_t ends = 0;
  const std::string& text = kept["token-ends"].value;
  std::from_chars(text.data(), text.data() + text.size(), ends);
  out.token_ends = Time(std::chrono::milliseconds(ends));
  if (out.address.empty() || out.imap.port == 0 || out.smtp.port == 0 ||
      (out.password.empty() && out.token.empty() && !out.renewal.given()))
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
  if (account.renewal.given()) {
    values["refresh-token"] = {account.renewal.refresh_token, true};
    values["token-url"].value = account.renewal.url;
    values["client-id"].value = account.renewal.client_id;
    if (!account.renewal.client_secret.empty())
      values["client-secret"] = {account.renewal.client_secret, true};
    values["token-ends"].value = std::to_string(account.token_ends.time_since_epoch().count());
  }
  if (!store_.settings().save(network_, person, account_scope, values) ||
      !store_.notes().put(network_, account_note, person.value(), account.address) || !store_.durable())
    return false;
  addresses_[person] = account.address;
  return true;
}

void AccountBook::forget(const PersonId& person) {
  store_.settings().erase(network_, person, account_scope);
  for (const char* note : {account_note, trouble_note}) store_.notes().erase(network_, note, person.value());
  store_.durable();
  addresses_.erase(person);
}

void AccountBook::note_trouble(const PersonId& person, const std::string& trouble) {
  if (this->trouble(person) == trouble) return;
  if (trouble.empty()) {
    store_.notes().erase(network_, trouble_note, person.value());
  } else {
    store_.notes().put(network_, trouble_note, person.value(), trouble);
  }
}

std::string AccountBook::trouble(const PersonId& person) const {
  return store_.notes().get(network_, trouble_note, person.value()).value_or(std::string());
}

std::vector<PersonId> AccountBook::people() const {
  std::vector<PersonId> out;
  for (const auto& [person, address] : addresses_) out.push_back(person);
  return out;
}

}  // namespace dragoman::email
