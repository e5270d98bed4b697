// The forms by which people log in to their own account and out, and what is said to them. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "bridges/event.hpp"
#include "bridges/form.hpp"
#include "bridges/matrix/login.hpp"

namespace dragoman::matrix {

class Session;

inline constexpr const char* login_node = "login";
inline constexpr const char* logout_node = "logout";
inline constexpr const char* who_node = "my-account";
inline constexpr const char* leave_node = "leave-for-good";

// Of the gateway itself, and of a room.
std::vector<Procedure> account_procedures(const Conversation& target);

// `sign_on`: where the bridge's own homeserver lets people begin a single sign-on; empty: it has none.
Form login_form(const std::string& logged_in_as, const std::string& sign_on = {});
Form logout_form(const std::string& user_id);
Form leave_form(const std::string& room);
// What the login form was answered with; or what is missing or too much in it.
std::variant<Credentials, Failure> credentials_in(const Answers& answers);

Note who_note(Session& account);
Note guest_note(const std::string& ghost_id);

}  // namespace dragoman::matrix
