#include "bridges/email/account_forms.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "bridges/answers.hpp"
#include "bridges/email/account_token.hpp"
#include "bridges/email/address.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t longest_answer = 1024;  // bytes
constexpr std::size_t longest_token = 8192;

struct Ports {
  std::uint16_t tls_at_once, starttls;
};
constexpr Ports imap_ports{993, 143}, submission_ports{465, 587};  // RFC 8314

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':';
         });
}

// "imap.example.org", "imap.example.org:993", "[::1]:993": what is to be tried for it. Nothing: it is none.
std::optional<std::vector<MailServer>> servers_in(const std::string& text, Ports usual) {
  std::string_view rest = text, port;
  std::string host;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return {};
    host = ascii_lower(rest.substr(1, end - 1));
    port = rest.substr(end + 1);
  } else {
    const auto colon =
        rest.find(':') == rest.rfind(':') ? std::min(rest.find(':'), rest.size()) : rest.size();
    host = ascii_lower(rest.substr(0, colon));
    port = rest.substr(colon);
  }
  if (!is_host(host)) return {};
  if (port.empty())
    return std::vector<MailServer>{{host, usual.tls_at_once, true}, {host, usual.starttls, false}};
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (port.front() != ':' || error != std::errc() || end != port.data() + port.size() || number == 0)
    return {};
  if (number == usual.tls_at_once) return std::vector<MailServer>{{host, number, true}};
  if (number == usual.starttls || number == 25) return std::vector<MailServer>{{host, number, false}};
  return std::vector<MailServer>{{host, number, true}, {host, number, false}};
}

}  // namespace

Form login_form(const std::string& address_now) {
  Form form{"Use my own mail account",
            "Mail that arrives in the inbox of your account then comes here too, and what you write leaves "
            "from its "
            "address, by its own server. Give a password, or a token of OAuth 2: it is kept encrypted, "
            "until you "
            "log out. Many providers want a password made for one program alone.",
            {}};
  if (!address_now.empty()) {
    form.fields.push_back({.name = "now",
                           .type = FieldType::fixed,
                           .label = "",
                           .values = {"You use " + address_now + " now."}});
  }
  form.fields.push_back({.name = "address",
                         .label = "Mail address",
                         .help = "Like juliet@example.org",
                         .required = true,
                         .values = {address_now}});
  form.fields.push_back({.name = "user", .label = "User name", .help = "Where it is not the address"});
  form.fields.push_back({.name = "password", .type = FieldType::secret, .label = "Password"});
  form.fields.push_back({.name = "token",
                         .type = FieldType::secret,
                         .label = "OAuth 2 access token",
                         .help = "In place of a password; good until it ends"});
  form.fields.push_back({.name = "refresh-token",
                         .type = FieldType::secret,
                         .label = "OAuth 2 refresh token",
                         .help = "In place of both: access tokens are had by it"});
  form.fields.push_back({.name = "token-url",
                         .label = "Where access tokens are had",
                         .help = "Your provider's token endpoint, like https://login.example.org/token"});
  form.fields.push_back({.name = "client-id", .label = "Client id that the refresh token was given to"});
  form.fields.push_back({.name = "client-secret",
                         .type = FieldType::secret,
                         .label = "Client secret",
                         .help = "Where the client has one"});
  form.fields.push_back(
      {.name = "imap",
       .label = "IMAP server",
       .help = "Where it is not imap.example.org for juliet@example.org; with its port where it "
               "is neither 993 nor 143"});
  form.fields.push_back(
      {.name = "smtp",
       .label = "SMTP server",
       .help = "Where it is not smtp.example.org; with its port where it is neither 465 nor 587"});
  form.fields.push_back({.name = "authserv-id",
                         .label = "Name of the server that checks senders",
                         .help =
                             "What stands first in Authentication-Results of the mails you get. Without it "
                             "nothing is said about who is verified."});
  return form;
}

Form logout_form(const std::string& address_now) {
  return {
      "Do not use my own mail account any more",
      "You use " + address_now +
          ". Its password is forgotten, what still waits to leave by its server is not sent, and you write "
          "from your address here again. The mails stay in your account.",
      {}};
}

std::variant<Wanted, Failure> wanted_in(const Answers& answers) {
  Wanted out;
  Account& account = out.account;
  const std::string given = trimmed_answer(answers, "address");
  account.user = trimmed_answer(answers, "user");
  account.password = first_answer(answers, "password");
  account.token = trimmed_answer(answers, "token");
  Renewal& renewal = account.renewal;
  renewal.refresh_token = trimmed_answer(answers, "refresh-token");
  renewal.url = trimmed_answer(answers, "token-url");
  renewal.client_id = trimmed_answer(answers, "client-id");
  renewal.client_secret = trimmed_answer(answers, "client-secret");
  account.authserv_id = ascii_lower(trimmed_answer(answers, "authserv-id"));
  const std::string imap = trimmed_answer(answers, "imap"), smtp = trimmed_answer(answers, "smtp");
  for (const std::string* text : std::initializer_list<const std::string*>{
           &given, &account.user, &account.password, &account.token, &renewal.refresh_token, &renewal.url,
           &renewal.client_id, &renewal.client_secret, &account.authserv_id, &imap, &smtp}) {
    const bool is_token = text == &account.token || text == &renewal.refresh_token;
    if (text->size() > (is_token ? longest_token : longest_answer))
      return Failure{Reason::too_large, "One of the answers is too long."};
    if (std::any_of(text->begin(), text->end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return Failure{Reason::invalid, "There is a control character in an answer."};
  }
  const auto address = valid_address(given);
  if (!address) return Failure{Reason::invalid, "Give your mail address, like juliet@example.org."};
  account.address = *address;
  if (account.user.empty()) account.user = *address;
  const auto given_secrets = static_cast<int>(!account.password.empty()) +
                             static_cast<int>(!account.token.empty()) + static_cast<int>(renewal.given());
  if (given_secrets != 1)
    return Failure{Reason::invalid, "Give either a password, an access token or a refresh token."};
  if (!renewal.given()) {
    renewal = {};
  } else if (!endpoint_host(renewal.url)) {
    return Failure{Reason::invalid,
                   "Give the token endpoint of your provider with the refresh token, like "
                   "https://login.example.org/token."};
  }
  const std::string domain(domain_part(*address));
  const auto imap_servers = servers_in(imap.empty() ? "imap." + domain : imap, imap_ports);
  const auto smtp_servers = servers_in(smtp.empty() ? "smtp." + domain : smtp, submission_ports);
  if (!imap_servers || !smtp_servers) {
    return Failure{Reason::invalid,
                   "\"" + display_clean(imap_servers ? smtp : imap) +
                       "\" is no mail server: write it like mail.example.org, or with a port "
                       "like mail.example.org:993."};
  }
  out.imap = *imap_servers;
  out.smtp = *smtp_servers;
  return out;
}

Permit permit_of(const config::Email::Accounts& rules, const std::string& host) {
  const auto has = [&](std::string_view text) {
    return std::find(rules.servers.begin(), rules.servers.end(), text) != rules.servers.end();
  };
  return has(host) ? Permit::anywhere : has("*") ? Permit::if_public : Permit::no;
}

}  // namespace dragoman::email
