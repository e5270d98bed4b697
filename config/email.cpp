#include "config/email.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "config/syntax.hpp"
#include "config/values.hpp"

namespace dragoman::config {
namespace {

constexpr std::uint16_t smtp_port = 25;
constexpr std::int64_t smallest_mail = 65536;                 // RFC 5321 4.5.3.1.7: every server takes 64K
constexpr std::int64_t largest_mail = std::int64_t{1} << 30;  // bytes
constexpr std::int64_t longest_quiet = 3600;                  // seconds: a chat that waits longer is none
constexpr std::int64_t most_mails = 1'000'000;
constexpr std::int64_t longest_kept = 36500;  // days
constexpr std::int64_t most_aliases = 100;
constexpr std::int64_t largest_mailbox = std::int64_t{1} << 50;  // bytes
constexpr std::size_t longest_authserv_id = 255;

constexpr std::string_view local_mark = "{local}", host_mark = "{host}";

// In Base64 with its line ends a file takes 78 bytes for each 57 of its own (RFC 2045 6.8).
std::uint64_t in_a_mail(std::uint64_t file) { return file / 57 * 78 + 78; }
std::uint64_t file_within(std::uint64_t mail) { return mail / 78 * 57 - 57; }

void read_lmtp(Section section, Email::Lmtp& lmtp) {
  if (!section.valid()) return;
  assign_listen_or_path(section, "listen", lmtp.address, lmtp.port);
  if (lmtp.port == smtp_port) {
    section.wrong(
        "listen",
        "LMTP must not be on port 25, where servers expect SMTP (RFC 2033): take another, like 2400");
  }
  section.finish();
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.substr(0, 4) == "127." && is_ip_address(std::string(host)));
}

struct SmtpUrl {
  bool tls_at_once = false;  // smtps
  std::string host;          // as it stands there
};

// smtp://host, smtps://host:port: nothing behind it but a slash.
std::optional<SmtpUrl> smtp_url(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return {};
  const std::string scheme = lower(text.substr(0, colon));
  if (scheme != "smtp" && scheme != "smtps") return {};
  std::string_view rest = text.substr(colon + 3);
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  if (rest.find('/') != std::string_view::npos || !is_http_url("http://" + std::string(rest))) return {};
  const auto end = rest.substr(0, 1) == "[" ? rest.find(']') + 1 : rest.find(':');
  return SmtpUrl{scheme == "smtps", lower(rest.substr(0, end))};
}

// What a password needs: nobody between us and the server reads it.
void check_password(const Section& section, const Email::Smtp& smtp, const SmtpUrl& url) {
  if (smtp.username.empty() != smtp.password.empty()) {
    const bool name = smtp.username.empty();
    section.wrong(name ? "username" : "password",
                  std::string("is missing: the server asks for ") +
                      (name ? "it beside a password"
                            : "one beside a user name; ${NAME} stands for the "
                              "environment variable that holds it"));
  }
  if (!smtp.username.empty() && !url.tls_at_once && smtp.tls != Tls::required && !is_loopback(url.host)) {
    section.wrong(
        "tls", "the password could be read on its way to " + url.host + ": say tls: required, or smtps://");
  }
}

void read_smtp(Section section, Email::Smtp& smtp) {
  if (!section.valid()) return;
  auto url = smtp_url(smtp.url);
  if (const auto text = section.text("url")) {
    url = smtp_url(*text);
    if (url) {
      smtp.url = *text;
      while (smtp.url.back() == '/') smtp.url.pop_back();
    } else {
      section.wrong("url", "\"" + *text +
                               "\" is no address of a mail server: write it like smtp://127.0.0.1:25 or "
                               "smtps://mail.example.org:465");
    }
  }
  assign_text(section, "username", smtp.username);
  if (const auto secret = section.secret("password")) {
    if (secret->empty()) {
      section.wrong("password", "is empty: give it, or leave username and password out");
    } else {
      smtp.password = *secret;
    }
  }
  assign(smtp.tls, section.choice("tls", {"required", "preferred", "off"}));
  if (url && url->tls_at_once && smtp.tls == Tls::off) {
    section.wrong("tls", "smtps:// is TLS: write smtp:// in url, or leave this key out");
  }
  assign_ca_file(section, smtp.ca_file);
  // Where something else is wrong already, only that is told.
  if (url && !(section.has("username") && smtp.username.empty()) &&
      !(section.has("password") && smtp.password.empty())) {
    check_password(section, smtp, *url);
  }
  section.finish();
}

// Characters of an address before the @ (atext and the dot, RFC 5322 3.2.3), without those that mean
// something to servers: "+" begins what they leave out, "%" and "!" are routes.
bool is_plain_local(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(".-_=#$&'*/?^`|~").find(c) != std::string_view::npos;
  });
}

// What may not stand in a host name ends what stands before it.
bool separates(std::string_view between) {
  return std::any_of(between.begin(), between.end(), [](char c) {
    return std::string_view("_=#$&'*/?^`|~").find(c) != std::string_view::npos;
  });
}

// What is wrong with the rule for our people's addresses; empty: nothing.
std::string trouble_of_rule(std::string_view rule) {
  const auto at = rule.rfind('@');
  if (at == std::string_view::npos || !is_host_name(rule.substr(at + 1)))
    return "needs the domain of the addresses after the @";
  const std::string_view local = rule.substr(0, at);
  const auto first = local.find(local_mark), second = local.find(host_mark);
  const auto once = [&](std::string_view mark, std::size_t found) {
    return found != std::string_view::npos && local.find(mark, found + 1) == std::string_view::npos;
  };
  if (!once(local_mark, first) || !once(host_mark, second) || second < first)
    return "needs {local} once and after it {host} once, both before the @";
  const auto between = local.substr(first + local_mark.size(), second - first - local_mark.size());
  const auto before = local.substr(0, first), after = local.substr(second + host_mark.size());
  for (const std::string_view part : {before, between, after}) {
    if (!is_plain_local(part))
      return "may have only letters, digits and - . _ = / and the like around {local} and {host}";
  }
  if (!separates(between)) return "needs a sign that no host name has between {local} and {host}, like =";
  if (local.substr(0, 1) == "." || local.substr(local.size() - 1) == "." || between.back() == '.' ||
      rule.find("..") != std::string_view::npos)
    return "has a dot where an address can't have one";
  return {};
}

void read_address(Section& section, const std::string& domain, std::string& address) {
  address = std::string(local_mark) + "=" + std::string(host_mark) + "@" + domain;
  const auto text = section.text("address");
  if (!text) return;
  if (const std::string trouble = trouble_of_rule(*text); !trouble.empty()) {
    section.wrong("address",
                  "\"" + *text + "\" " + trouble + ": write it like \"{local}={host}@mail.example.org\"");
    return;
  }
  const auto at = text->rfind('@');
  address = text->substr(0, at) + lower(std::string_view(*text).substr(at));
}

// RFC 8601 2.3: a word by which a server calls itself.
void read_authserv_id(Section& section, std::string& id) {
  const auto text = section.text("authserv_id");
  if (!text) return;
  const bool word = std::all_of(text->begin(), text->end(), [](unsigned char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("()<>@,;\\\"[]?=").find(static_cast<char>(c)) == std::string_view::npos;
  });
  if (text->empty() || text->size() > longest_authserv_id || !word) {
    section.wrong(
        "authserv_id",
        "the name that stands first in your mail server's Authentication-Results belongs here, like "
        "mail.example.org");
  } else {
    id = lower(*text);
  }
}

void read_uploads(Section& section, Report& report, std::vector<std::string>& hosts) {
  for (const auto& [text, line] :
       section.texts("uploads").value_or(std::vector<std::pair<std::string, int>>{})) {
    if (is_host_name(text)) {
      hosts.push_back(lower(text));
    } else {
      report.add(line, section.path_of("uploads") + ": \"" + text +
                           "\" is no host: write it like upload.example.org, without https:// and port");
    }
  }
}

void read_upload_to(Section section, UploadTo& upload_to) {
  if (!section.valid()) return;
  if (const auto service = section.text("service"); service && is_host_name(*service)) {
    upload_to.service = lower(*service);
  } else {
    section.wrong("service",
                  "the JID of your XMPP server's upload service (XEP-0363) belongs here, like "
                  "upload.example.org");
  }
  assign_ca_file(section, upload_to.ca_file);
  section.finish();
}

void read_accounts(Section section, Report& report, Email::Accounts& accounts) {
  if (!section.valid()) return;
  for (const auto& [text, line] :
       section.texts("servers").value_or(std::vector<std::pair<std::string, int>>{})) {
    if (text == "*" || is_host_name(text) || is_ip_address(text)) {
      accounts.servers.push_back(lower(text));
    } else {
      report.add(line, section.path_of("servers") + ": \"" + text +
                           "\" is no host: write it like imap.example.org, without a port, or \"*\" for all "
                           "that are on the public Internet");
    }
  }
  assign_ca_file(section, accounts.ca_file);
  section.finish();
}

void read_sizes(Section& section, Email& email) {
  if (const auto most = section.number("max_mailbox_bytes", 0, largest_mailbox))
    email.max_mailbox_bytes = static_cast<std::uint64_t>(*most);
  assign(email.max_mail_bytes, section.number("max_mail_bytes", smallest_mail, largest_mail));
  const auto file = section.number("max_file_bytes", 1, largest_mail);
  if (!file) {
    email.max_file_bytes = std::min(email.max_file_bytes, file_within(email.max_mail_bytes));
    return;
  }
  email.max_file_bytes = static_cast<std::uint64_t>(*file);
  if (in_a_mail(email.max_file_bytes) > email.max_mail_bytes) {
    section.wrong("max_file_bytes",
                  "no mail of max_mail_bytes, " + std::to_string(email.max_mail_bytes) +
                      ", has room for it, since files grow by more than a third in a mail: at "
                      "most " +
                      std::to_string(file_within(email.max_mail_bytes)) + " fit");
  }
}

}  // namespace

void read_email(Section& section, Report& report, const std::string& domain, Email& email,
                UploadTo& upload_to) {
  if (auto lmtp = section.map("lmtp")) read_lmtp(std::move(*lmtp), email.lmtp);
  if (auto smtp = section.map("smtp")) read_smtp(std::move(*smtp), email.smtp);
  if (auto files = section.map("files"); files && files->valid()) {
    assign_listen(*files, "listen", email.files.address, email.files.port);
    files->finish();
  }
  const Listener lmtp{"lmtp", email.lmtp.address, email.lmtp.port};
  const Listener files{"files", email.files.address, email.files.port};
  if (clash(lmtp, files)) {
    section.wrong(section.has("files") ? "files" : "lmtp",
                  "LMTP and files both listen at " + files.str() + ": give one of them another port");
  }
  read_address(section, domain, email.address);
  read_authserv_id(section, email.authserv_id);
  assign_url(section, "public_url", email.public_url, "https://mail.example.net");
  read_people(section, report, "allow", email.allow);
  read_people(section, report, "allow_login", email.allow_login);
  if (auto accounts = section.map("accounts")) read_accounts(std::move(*accounts), report, email.accounts);
  read_uploads(section, report, email.uploads);
  if (auto service = section.map("upload_to")) read_upload_to(std::move(*service), upload_to);
  assign(email.aliases_per_person, section.number("aliases_per_person", 0, most_aliases));
  assign(email.coalesce_seconds, section.number("coalesce_seconds", 0, longest_quiet));
  read_sizes(section, email);
  assign(email.mails_per_hour, section.number("mails_per_hour", 0, most_mails));
  assign(email.mails_per_minute_and_domain, section.number("mails_per_minute_and_domain", 1, most_mails));
  assign(email.keep_days, section.number("keep_days", 0, longest_kept));
  assign(email.fetch_private_addresses, section.boolean("fetch_private_addresses"));
}

}  // namespace dragoman::config
