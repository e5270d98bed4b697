#include "bridges/email/doctor_accounts.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include "bridges/email/account_book.hpp"
#include "bridges/email/account_forms.hpp"
#include "bridges/email/account_token.hpp"
#include "bridges/email/doctor_talk.hpp"
#include "bridges/net/line_stream.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto server_patience = 10s;
constexpr std::size_t longest_excerpt = 100;

net::Target target_of(const MailServer& server, const config::Email::Accounts& rules) {
  net::Target target;
  target.host = server.host;
  target.port = server.port;
  target.tls = server.tls_at_once;
  target.public_only = permit_of(rules, server.host) != Permit::anywhere;
  target.timeout = server_patience;
  return target;
}

// As far as TLS, in IMAP.
class ImapKnock {
 public:
  ImapKnock(const MailServer& server, const config::Email::Accounts& rules)
      : limit_(loop_),
        stream_(loop_, std::make_shared<net::TlsContext>(rules.ca_file)),
        begins_secured_(server.tls_at_once) {
    net::LineStream::Callbacks on;
    on.reached = [](const net::Connected&) {};
    on.up = [this](const net::Connected&) {
      if (asked_) end({});
    };
    on.line = [this](std::string_view line) { on_line(line); };
    on.down = [this](const Failure& why) {
      end(why.text.empty() ? std::string("the connection was cut") : why.text);
    };
    on.drained = [] {};
    stream_.connect(target_of(server, rules), std::move(on));
  }

  std::string trouble() {
    limit_.after(server_patience, [this] { end("there was no answer"); });
    while (!trouble_ && loop_.run_one() > 0) {
    }
    return trouble_.value_or("the connection was cut");
  }

 private:
  void on_line(std::string_view line) {
    if (asked_) {
      if (line.starts_with("* ")) return;
      if (line.starts_with("d1 OK")) return stream_.start_tls({}, server_patience);
      return end("it offers no TLS (STARTTLS)");
    }
    if (!line.starts_with("* OK"))
      return end("that is no IMAP: " + std::string(line.substr(0, longest_excerpt)));
    if (begins_secured_) return end({});
    asked_ = true;
    stream_.write_line("d1 STARTTLS");
  }
  void end(std::string trouble) {
    if (!trouble_) trouble_ = std::move(trouble);
  }

  boost::asio::io_context loop_{1};
  net::Timer limit_;
  net::LineStream stream_;
  bool begins_secured_, asked_ = false;
  std::optional<std::string> trouble_;
};

std::string smtp_trouble(const MailServer& server, const config::Email::Accounts& rules) {
  Talk talk(target_of(server, rules), rules.ca_file);
  if (const Answered greeting = talk.greeting(); !greeting.good()) return greeting.words();
  if (const Answered hello = talk.say("EHLO localhost"); !hello.good()) return hello.words();
  if (!server.tls_at_once) {
    if (const Answered secured = talk.start_tls({}); !secured.good())
      return "it offers no TLS that is right (STARTTLS): " + secured.words();
  }
  talk.send("QUIT");
  return {};
}

std::string host_and_port(const MailServer& server) { return fmt::format("{}:{}", server.host, server.port); }

std::string count_of_people(std::size_t count) {
  return count == 1 ? "1 person" : fmt::format("{} people", count);
}

// How it is with the accounts that are in use; the hosts of their servers.
std::set<std::string> look_at_used(const config::Email::Accounts& rules, Store& store,
                                   const NetworkId& network, std::vector<Finding>& out) {
  using Mark = Finding::Mark;
  const AccountBook book(store, network);
  struct Used {
    MailServer server;
    MailProtocol protocol;
    std::size_t count = 0;
  };
  std::map<std::string, Used> servers;
  std::map<std::pair<std::string, std::string>, std::size_t> failing;  // by server and reason
  std::set<std::string> hosts;
  std::size_t connected = 0, unreadable = 0;
  for (const PersonId& person : book.people()) {
    const auto account = book.load(person);
    if (!account) {
      ++unreadable;
      continue;
    }
    for (const auto& [server, protocol] :
         {std::pair(account->imap, MailProtocol::imap), std::pair(account->smtp, MailProtocol::smtp)}) {
      auto& used = servers.try_emplace(host_and_port(server), Used{server, protocol}).first->second;
      ++used.count;
      hosts.insert(server.host);
    }
    if (account->renewal.given()) hosts.insert(endpoint_host(account->renewal.url).value_or(std::string()));
    const std::string trouble = book.trouble(person);
    trouble.empty() ? ++connected : ++failing[{account->imap.host, trouble}];
  }
  const std::size_t all = book.people().size();
  if (all == 0) {
    out.push_back({Mark::note, "nobody uses a mail account of their own yet"});
    return hosts;
  }
  out.push_back(
      {connected == all ? Mark::ok : Mark::note,
       fmt::format("{} with a mail account of their own, {} of them connected when dragoman last looked",
                   count_of_people(all), connected)});
  for (const auto& [what, count] : failing)
    out.push_back({Mark::note, fmt::format("{} at {}: {}", count_of_people(count), what.first, what.second)});
  if (unreadable > 0)
    out.push_back(
        {Mark::wrong, fmt::format("{}: the password can't be read any more: is store.key_file the one "
                                  "that it was written with?",
                                  count_of_people(unreadable))});
  for (const auto& [place, used] : servers) {
    const std::string trouble = trouble_of(used.server, used.protocol, rules);
    const char* kind = used.protocol == MailProtocol::imap ? "IMAP" : "SMTP";
    out.push_back(trouble.empty()
                      ? Finding{Mark::ok, fmt::format("{} at {} answers, with TLS", kind, place)}
                      : Finding{Mark::wrong, fmt::format("{} at {}, of {}, can't be used: {}", kind, place,
                                                         count_of_people(used.count), trouble)});
  }
  return hosts;
}

// A server that was named, and that nobody uses yet.
Finding look_at_named(const std::string& host, const config::Email::Accounts& rules) {
  static constexpr std::array<std::tuple<MailProtocol, std::uint16_t, bool>, 4> usual{
      {{MailProtocol::imap, 993, true},
       {MailProtocol::imap, 143, false},
       {MailProtocol::smtp, 465, true},
       {MailProtocol::smtp, 587, false}}};
  std::string first;
  for (const auto& [protocol, port, at_once] : usual) {
    const std::string trouble = trouble_of({host, port, at_once}, protocol, rules);
    if (trouble.empty()) return {Finding::Mark::ok, fmt::format("{} answers at {}, with TLS", host, port)};
    if (first.empty()) first = trouble;
  }
  return {Finding::Mark::note,
          fmt::format(
              "{} of accounts.servers answers neither as IMAP (993, 143) nor as SMTP (465, 587): {}. It can "
              "only be used with another port, or as a token endpoint",
              host, first)};
}

}  // namespace

std::string trouble_of(const MailServer& server, MailProtocol protocol,
                       const config::Email::Accounts& rules) {
  if (permit_of(rules, server.host) == Permit::no) return "accounts.servers does not name it any more";
  return protocol == MailProtocol::imap ? ImapKnock(server, rules).trouble() : smtp_trouble(server, rules);
}

std::vector<Finding> look_at_accounts(const config::Email& settings, Store& store, const NetworkId& network) {
  std::vector<Finding> out;
  const auto& rules = settings.accounts;
  if (rules.servers.empty()) return out;
  const auto used = look_at_used(rules, store, network, out);
  for (const std::string& host : rules.servers)
    if (host != "*" && !used.contains(host)) out.push_back(look_at_named(host, rules));
  return out;
}

}  // namespace dragoman::email
