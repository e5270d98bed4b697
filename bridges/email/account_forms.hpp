// The forms by which people take a mail account of their own into use and out of it. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "bridges/email/account.hpp"
#include "bridges/event.hpp"
#include "bridges/form.hpp"
#include "config/settings.hpp"

namespace dragoman::email {

inline constexpr const char* login_node = "own-account";
inline constexpr const char* logout_node = "own-account-out";

Form login_form(const std::string& address_now);  // empty: they have no account here yet
Form logout_form(const std::string& address_now);

// What the form was answered with: the servers in the order in which they are to be tried, the rest as it is
// in `account`.
struct Wanted {
  Account account;
  std::vector<MailServer> imap, smtp;
};
std::variant<Wanted, Failure> wanted_in(const Answers& answers);

// Whether a server may be used at all, and whether it may lie in a private network.
enum class Permit : std::uint8_t { no, if_public, anywhere };
Permit permit_of(const config::Email::Accounts& rules, const std::string& host);

}  // namespace dragoman::email
