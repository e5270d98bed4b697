#include "bridges/email/doctor.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "bridges/email/address.hpp"
#include "bridges/email/aliases.hpp"
#include "bridges/email/doctor_accounts.hpp"
#include "bridges/email/doctor_dns.hpp"
#include "bridges/email/doctor_talk.hpp"
#include "bridges/email/doctor_uploads.hpp"
#include "bridges/email/hub.hpp"
#include "bridges/email/probe.hpp"
#include "bridges/net/base64.hpp"
#include "bridges/net/http_client.hpp"
#include "bridges/net/http_server.hpp"
#include "bridges/net/timer.hpp"
#include "config/settings.hpp"
#include "mapping/digest.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 30s;
constexpr auto round_trip = 60s;  // a mail server takes its time
constexpr auto look_every = 200ms;
constexpr std::uint16_t smtp_port = 25, smtps_port = 465;
// Never registered: a node that no account may have, before a host that is nobody's (RFC 2606).
constexpr std::string_view nobody = "dragoman-doctor=invalid";
constexpr std::string_view somebody_outside = "postmaster@example.com";
constexpr std::string_view unix_prefix = "unix:";

// Names that DNS says nothing of (RFC 6761, RFC 2606), and those without a dot.
bool is_local_name(std::string_view domain) {
  const std::string_view last = domain.substr(domain.rfind('.') + 1);
  return domain.find('.') == std::string_view::npos || last == "localhost" || last == "test" ||
         last == "invalid" || last == "local" || last == "internal";
}

struct Submission {
  net::Target target;
  bool tls_at_once = false;
};

// As the configuration has let it pass.
Submission submission_of(std::string_view url) {
  Submission out;
  out.tls_at_once = url.starts_with("smtps");
  url.remove_prefix(url.find("//") + 2);
  url = url.substr(0, url.find('/'));
  out.target.port = out.tls_at_once ? smtps_port : smtp_port;
  const std::size_t colon = url.rfind(':');
  if (colon != std::string_view::npos && url.find(']', colon) == std::string_view::npos) {
    std::from_chars(url.data() + colon + 1, url.data() + url.size(), out.target.port);
    url = url.substr(0, colon);
  }
  if (url.starts_with('[') && url.ends_with(']')) url = url.substr(1, url.size() - 2);
  out.target.host = url;
  return out;
}

class Examination {
 public:
  Examination(const config::Bridge& bridge, Store& store, std::string domain, Probes probes, std::FILE* out)
      : bridge_(bridge),
        settings_(bridge.email),
        store_(store),
        network_(bridge.domain),
        domain_(std::move(domain)),
        probes_(std::move(probes)),
        out_(out),
        http_(loop_, {}) {}

  int run() {
    dns();
    lmtp();
    submission();
    trust();
    files();
    for (const Finding& one : look_at_uploads(bridge_, store_)) tell(one);
    for (const Finding& one : look_at_accounts(settings_, store_, network_)) tell(one);
    line("", wrong_ == 0 ? "all is well" : fmt::format("{} to mend", wrong_));
    return wrong_;
  }

 private:
  void line(std::string_view mark, const std::string& text) {
    const std::string whole = mark.empty() ? text + "\n" : fmt::format("{:<6} {}\n", mark, text);
    std::fwrite(whole.data(), 1, whole.size(), out_);
    std::fflush(out_);
  }
  void ok(const std::string& text) { line("ok", text); }
  void note(const std::string& text) { line("note", text); }
  void wrong(const std::string& text) {
    ++wrong_;
    line("wrong", text);
  }

  void tell(const Finding& one) {
    switch (one.mark) {
      case Finding::Mark::ok: return ok(one.text);
      case Finding::Mark::note: return note(one.text);
      case Finding::Mark::wrong: return wrong(one.text);
    }
  }

  void dns() {
    if (is_local_name(domain_))
      return note(fmt::format("{}: DNS was not checked, it is a local name", domain_));
    const DnsAnswer exchangers = mail_exchangers(domain_);
    if (!exchangers.known) return note("DNS does not answer: MX and SPF were not checked");
    if (exchangers.values.empty()) {
      wrong(fmt::format("{} has no MX in DNS: add one that names your mail server, else answers don't come",
                        domain_));
    } else if (exchangers.values.front().empty() || exchangers.values.front() == ".") {
      wrong(fmt::format("the MX of {} says that it takes no mail: let it name your mail server", domain_));
    } else {
      ok(fmt::format("mail to {} goes to {}", domain_, exchangers.values.front()));
    }
    const DnsAnswer records = texts(domain_);
    if (!records.known) return note("DNS does not answer: SPF was not checked");
    const auto policies = std::count_if(
        records.values.begin(), records.values.end(),
        [](const std::string& text) { return text == "v=spf1" || text.starts_with("v=spf1 "); });
    if (policies == 1) return ok(fmt::format("{} has an SPF record", domain_));
    wrong(policies == 0
              ? fmt::format("{} has no SPF record: add a TXT like \"v=spf1 mx -all\" that lets the server "
                            "which sends for it, else mails are taken for spam",
                            domain_)
              : fmt::format("{} has {} SPF records, which count as none: leave one", domain_, policies));
  }

  void lmtp() {
    const auto& place = settings_.lmtp;
    if (place.address.starts_with(unix_prefix))
      return note(
          fmt::format("{} was not tried; the mail server has to be let in by its mode", place.address));
    const std::string where = lmtp_place();
    Talk talk({.host = place.address, .port = place.port, .timeout = patience}, {});
    const Answered greeting = talk.greeting();
    if (greeting.code == 0)
      return not_running(fmt::format("nobody takes mail by LMTP at {} ({}): dragoman does while it runs",
                                     where, greeting.words()));
    const std::string other =
        fmt::format("somebody else listens at {} ({{}}): end it, or mend lmtp.listen", where);
    // Ours begins with the domain of the mail addresses.
    if (!greeting.good() || !greeting.lines.back().starts_with(domain_ + " "))
      return wrong(fmt::format(fmt::runtime(other), greeting.words()));
    const Answered hello = talk.say("LHLO " + domain_);
    if (!hello.good()) return wrong(fmt::format(fmt::runtime(other), hello.words()));
    const Answered mail = talk.say("MAIL FROM:<>");
    if (!mail.good())
      return wrong(fmt::format("LMTP at {} takes no mail now ({}): see dragoman's log", where, mail.words()));
    const Answered unknown = talk.say(fmt::format("RCPT TO:<{}@{}>", nobody, domain_));
    talk.say("RSET");
    talk.say("QUIT");
    if (unknown.code == 550)
      return ok(fmt::format("dragoman takes mail at {}, and refuses whom it does not know", where));
    wrong(fmt::format(fmt::runtime(other), "to an address that nobody has it said " + unknown.words()));
  }

  void not_running(const std::string& text) {
    is_running_ = false;
    note(text);
  }

  void submission() {
    const auto& smtp = settings_.smtp;
    Submission to = submission_of(smtp.url);
    to.target.timeout = patience;
    to.target.tls = to.tls_at_once;
    // As what is sent later is: by chance TLS is not proven, TLS that was asked for is.
    const net::TlsOptions options{.verify = smtp.tls == config::Tls::required || to.tls_at_once ||
                                            !smtp.username.empty() || !smtp.ca_file.empty()};
    to.target.tls_options = options;
    Talk talk(to.target, smtp.ca_file);
    const Answered greeting = talk.greeting();
    if (greeting.code == 0)
      return wrong(fmt::format("{} does not answer ({}): start the mail server, or mend smtp.url", smtp.url,
                               greeting.words()));
    if (!greeting.good()) return wrong(fmt::format("{} lets nobody in ({})", smtp.url, greeting.words()));
    const std::string hello_line = "EHLO " + domain_;
    Answered hello = talk.say(hello_line);
    if (!hello.good())
      return wrong(fmt::format("{} answers, but not as a mail server does ({}): mend smtp.url", smtp.url,
                               hello.words()));
    ok(fmt::format("{} is a mail server", smtp.url));
    if (!to.tls_at_once && smtp.tls != config::Tls::off) {
      if (!hello.offers("STARTTLS")) {
        if (smtp.tls == config::Tls::required)
          return wrong(
              "the mail server offers no STARTTLS, and smtp.tls is required: give it a certificate, or "
              "say tls: preferred where it is on this machine");
        note("the mail server offers no STARTTLS: mail goes to it in plain text");
      } else if (const Answered secured = talk.start_tls(options); !secured.good()) {
        return wrong(
            fmt::format("STARTTLS fails ({}): mend its certificate, or name who signed it in smtp.ca_file",
                        secured.words()));
      } else {
        ok("STARTTLS works");
        hello = talk.say(hello_line);
      }
    }
    if (!smtp.username.empty() && !log_in(talk, hello)) return;
    if (!hello.offers("SMTPUTF8"))
      note("the mail server knows no SMTPUTF8: addresses like dörte@example.org can't be had");
    const bool sent = envelope(talk) && probe(talk);
    talk.say("QUIT");
    if (sent) wait_for_probe();
  }

  bool log_in(Talk& talk, const Answered& hello) {
    const auto& smtp = settings_.smtp;
    if (!hello.offers_auth("PLAIN") && !hello.offers_auth("LOGIN")) {
      wrong(
          "the mail server lets nobody log in here by AUTH PLAIN or LOGIN: mend smtp.url (a submission "
          "port), or "
          "leave username and password out");
      return false;
    }
    Answered answer;
    if (hello.offers_auth("PLAIN")) {
      answer = talk.say("AUTH PLAIN " + net::base64(std::string(1, '\0') + smtp.username +
                                                    std::string(1, '\0') + smtp.password));
    } else {
      answer = talk.say("AUTH LOGIN");
      if (answer.code == 334) answer = talk.say(net::base64(smtp.username));
      if (answer.code == 334) answer = talk.say(net::base64(smtp.password));
    }
    if (answer.code != 235) {
      wrong(fmt::format("the mail server does not let us in ({}): mend smtp.username and smtp.password",
                        answer.words()));
      return false;
    }
    ok("we may log in");
    return true;
  }

  // Whom it would take mail from and for; no mail follows.
  bool envelope(Talk& talk) {
    const Answered mail = talk.say(fmt::format("MAIL FROM:<{}@{}>", nobody, domain_));
    if (!mail.good()) {
      wrong(fmt::format("the mail server takes no mail from {} ({}): let it", domain_, mail.words()));
      return false;
    }
    const Answered outside = talk.say(fmt::format("RCPT TO:<{}>", somebody_outside));
    talk.say("RSET");
    if (outside.code >= 500) {
      wrong(fmt::format("the mail server takes no mail for others ({}): let us relay (Postfix: mynetworks)",
                        outside.words()));
      return false;
    }
    if (outside.good()) {
      ok(fmt::format("the mail server takes mail from {} for others", domain_));
    } else {
      note(fmt::format("mail for others has to wait now ({})", outside.words()));
    }
    return true;
  }

  // The way round: a mail to ourselves. True: it was taken, and there is somebody whom it may reach.
  bool probe(Talk& talk) {
    if (!is_running_) {
      note("whether mail comes back was not tried: dragoman does not run");
      return false;
    }
    const std::string address = probes_.address(nonce_name_);
    const auto refused = [&](const Answered& answer) {
      wrong(fmt::format("the mail server takes no mail for {} ({}): let it hand that domain to LMTP at {}",
                        domain_, answer.words(), lmtp_place()));
      return false;
    };
    // A bounce comes back to the same address.
    if (const Answered mail = talk.say(fmt::format("MAIL FROM:<{}>", address)); !mail.good())
      return refused(mail);
    if (const Answered to = talk.say(fmt::format("RCPT TO:<{}>", address)); !to.good()) return refused(to);
    if (const Answered data = talk.say("DATA"); data.code != 354) return refused(data);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    talk.send(fmt::format("From: dragoman doctor <{}>", address));
    talk.send(fmt::format("To: <{}>", address));
    talk.send(fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} +0000", now));
    talk.send(fmt::format("Message-ID: <doctor.{}@{}>", nonce_name_, domain_));
    talk.send("Subject: Does mail come back?");
    talk.send("Auto-Submitted: auto-generated");
    talk.send("");
    talk.send("This is a mail of dragoman's doctor to dragoman itself.");
    const Answered taken = talk.say(".");
    return taken.good() || refused(taken);
  }

  void wait_for_probe() {
    note(fmt::format("waiting for a mail to come back (up to {} s)", round_trip / 1s));
    std::optional<std::string> result;
    net::Timer look(loop_);
    const auto last = std::chrono::steady_clock::now() + round_trip;
    while (!(result = probes_.result(nonce_name_)) && std::chrono::steady_clock::now() < last) {
      bool due = false;
      look.after(look_every, [&due] { due = true; });
      loop_.restart();
      while (!due) loop_.run_one();
    }
    probes_.forget(nonce_name_);
    if (!result)
      return wrong(fmt::format(
          "a mail to {} was taken by the mail server, and did not come within {} s: look into the "
          "mail server's log and queue, and let it hand that domain to LMTP at {}",
          domain_, round_trip / 1s, lmtp_place()));
    if (!result->empty())
      return wrong(
          fmt::format("a mail to {} came back as undeliverable ({}): let the mail server hand that "
                      "domain to LMTP at {}",
                      domain_, *result, lmtp_place()));
    ok("a mail that goes out by the mail server comes back to us by LMTP");
  }

  std::string lmtp_place() const {
    const auto& place = settings_.lmtp;
    return place.address.starts_with(unix_prefix) ? place.address
                                                  : fmt::format("{}:{}", place.address, place.port);
  }

  void trust() {
    if (!settings_.authserv_id.empty())
      return ok(fmt::format("who a sender is, {} says (authserv_id)", settings_.authserv_id));
    note("authserv_id is not set: all senders are taken for unverified, and no mail is marked as such");
  }

  void files() {
    if (settings_.public_url.empty()) return note("public_url is not set: there are no files from mail");
    const auto& place = settings_.files;
    net::HttpServer server(loop_, {.address = place.address, .port = place.port},
                           [this](net::ServedRequest&&, const std::shared_ptr<net::Answer>& answer) {
                             answer->send(200, {{"content-type", "text/plain"}}, nonce_);
                           });
    const bool is_ours = server.trouble().empty();
    std::optional<net::HttpResult> result;
    net::HttpRequest request{.url = settings_.public_url + "/mail/" + nonce_, .timeout = patience};
    http_.send(std::move(request), [&result](net::HttpResult answer) { result = std::move(answer); });
    loop_.restart();
    while (!result) loop_.run_one();
    const auto* response = std::get_if<net::HttpResponse>(&*result);
    if (response == nullptr) {
      const std::string& text = std::get<Failure>(*result).text;
      return wrong(fmt::format(
          "{} does not answer ({}): let the reverse proxy hand it to {}:{}, or mend public_url",
          settings_.public_url, text.empty() ? "there was no answer" : text, place.address, place.port));
    }
    // Where dragoman runs, it is that which refuses.
    const bool leads_here =
        is_ours ? response->body == nonce_
                : response->head.status == 404 && response->body.starts_with("This link was not made here");
    if (leads_here) return ok(fmt::format("{} leads to us", settings_.public_url));
    wrong(fmt::format(
        "{} leads to somebody else (status {}): let the reverse proxy hand it to {}:{}, or mend public_url",
        settings_.public_url, response->head.status, place.address, place.port));
  }

  const config::Bridge& bridge_;
  const config::Email& settings_;
  Store& store_;
  const NetworkId network_;
  const std::string domain_;
  Probes probes_;
  std::FILE* out_;
  int wrong_ = 0;
  bool is_running_ = true;  // as far as it could be seen
  boost::asio::io_context loop_{1};
  net::HttpClient http_;
  const std::string nonce_name_ = random_hex(8);
  const std::string nonce_ = "doctor-" + random_hex(16);
};

}  // namespace

int doctor(const config::Bridge& bridge, Store& store, std::FILE* out) {
  const NetworkId network{bridge.domain};
  const std::string domain = Aliases(store, network, bridge.email.address).domain();
  Probes probes(store, network, domain, gateway_key(store, network));
  return Examination(bridge, store, domain, std::move(probes), out).run();
}

}  // namespace dragoman::email
