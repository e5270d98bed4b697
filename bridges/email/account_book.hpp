// Who uses a mail account of their own, and its particulars; kept in the store, the password or token
// encrypted there.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bridges/email/account.hpp"
#include "mapping/ids.hpp"

namespace dragoman {
class Store;
}

namespace dragoman::email {

class AccountBook {
 public:
  AccountBook(Store& store, NetworkId network);

  // The address that somebody writes from by their own account; null: they have none here.
  const std::string* address_of(const PersonId& person) const;
  // With its password: read anew each time. Nothing where there is none, or it can't be read any more.
  std::optional<Account> load(const PersonId& person) const;
  bool save(const PersonId& person, const Account& account);
  void forget(const PersonId& person);
  std::vector<PersonId> people() const;
  // Why an account could not be entered when it was last tried; empty: it could. Kept for the doctor.
  void note_trouble(const PersonId& person, const std::string& trouble);
  std::string trouble(const PersonId& person) const;

 private:
  Store& store_;
  NetworkId network_;
  std::map<PersonId, std::string> addresses_;
};

}  // namespace dragoman::email
