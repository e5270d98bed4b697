#include "bridges/answers.hpp"
#include "bridges/matrix/account_forms.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t longest_answer = 4096;  // bytes
constexpr std::size_t most_listed = 50;       // rooms in one answer

}  // namespace

std::vector<Procedure> account_procedures(const Conversation& target) {
  if (const auto* place = std::get_if<PlaceId>(&target); place && place->empty()) {
    return {{login_node, "Log in to your Matrix account"},
            {logout_node, "Log out of your Matrix account"},
            {who_node, "Who you are on Matrix"}};
  }
  if (std::holds_alternative<RoomId>(target)) return {{leave_node, "Leave this room for good"}};
  return {};
}

Form login_form(const std::string& logged_in_as, const std::string& sign_on) {
  Form form{
      "Log in to your Matrix account",
      "Your rooms and chats are then those of your own account, and nobody sees a guest of the gateway. "
      "Give a password, an access token, or neither to be told how your homeserver logs people in. The "
      "password is not kept.",
      {}};
  if (!logged_in_as.empty()) {
    form.fields.push_back({.name = "now",
                           .type = FieldType::fixed,
                           .label = "",
                           .values = {"You are logged in as " + logged_in_as + " now."}});
  }
  form.fields.push_back({.name = "user", .label = "Matrix id", .help = "Like @alice:example.org"});
  form.fields.push_back({.name = "homeserver",
                         .label = "Homeserver",
                         .help = "Its name or address, where it can't be found by the Matrix id: like "
                                 "https://matrix.example.org"});
  form.fields.push_back({.name = "password", .type = FieldType::secret, .label = "Password"});
  form.fields.push_back({.name = "token",
                         .type = FieldType::secret,
                         .label = "Access token",
                         .help = "In place of a password"});
  if (!sign_on.empty()) {
    form.fields.push_back({.name = "sign-on",
                           .type = FieldType::fixed,
                           .label = "",
                           .values = {"For a single sign-on open this link first and log in: " + sign_on,
                                      "Your browser then ends at a page that can't be shown. Copy its "
                                      "address to here:"}});
  }
  form.fields.push_back({.name = "login-token",
                         .type = FieldType::secret,
                         .label = "Address after a single sign-on",
                         .help = "Where your browser ended; it holds loginToken="});
  return form;
}

Form logout_form(const std::string& user_id) {
  return {"Log out of your Matrix account",
          "You are logged in as " + user_id +
              ". Once you are logged out, you are here as a guest of the gateway; your account stays in its "
              "rooms.",
          {}};
}

Form leave_form(const std::string& room) {
  return {
      "Leave this room for good",
      "You leave " + room + " on Matrix itself, and not only here. To come back you may have to be invited.",
      {}};
}

std::variant<Credentials, Failure> credentials_in(const Answers& answers) {
  Credentials given;
  given.user = trimmed_answer(answers, "user");
  given.homeserver = trimmed_answer(answers, "homeserver");
  given.password = first_answer(answers, "password");
  given.access_token = trimmed_answer(answers, "token");
  given.login_token = trimmed_answer(answers, "login-token");
  for (const std::string* text :
       {&given.user, &given.homeserver, &given.password, &given.access_token, &given.login_token}) {
    if (text->size() > longest_answer) return Failure{Reason::too_large, "One of the answers is too long"};
    for (const unsigned char c : *text) {
      if (c < 0x20 || c == 0x7f) return Failure{Reason::invalid, "There is a control character in an answer"};
    }
  }
  const int ways = (given.password.empty() ? 0 : 1) + (given.access_token.empty() ? 0 : 1) +
                   (given.login_token.empty() ? 0 : 1);
  if (ways > 1)
    return Failure{Reason::invalid, "Give one of password, access token and single sign-on alone"};
  if (given.user.empty() && given.homeserver.empty())
    return Failure{Reason::invalid, "Give your Matrix id, like @alice:example.org"};
  if (given.user.empty() && !given.password.empty())
    return Failure{Reason::invalid, "A password needs a Matrix id, like @alice:example.org"};
  return given;
}

Note who_note(Session& account) {
  std::string text = "You are logged in as " + account.user_id() + " at " + account.voice().homeserver + ".";
  if (account.link() != Link::up) text += " The homeserver can't be reached at the moment.";
  std::string rooms;
  std::size_t count = 0;
  for (const auto& [id, room] : account.stream().rooms()) {
    for (const Room::Occupant& occupant : room->occupants()) {
      if (occupant.session.get() == &account && ++count <= most_listed)
        rooms += (rooms.empty() ? "" : ", ") + occupant.address.value();
    }
  }
  if (count > 0) text += " Open here: " + rooms + (count > most_listed ? " and others" : "") + ".";
  return {text};
}

Note guest_note(const std::string& ghost_id) {
  if (ghost_id.empty()) {
    return {
        "Your address is too long for a Matrix id: you can't be seen on Matrix as a guest of this gateway.",
        true};
  }
  return {"You are here as a guest of the gateway: people on Matrix see you as " + ghost_id + "."};
}

}  // namespace dragoman::matrix
