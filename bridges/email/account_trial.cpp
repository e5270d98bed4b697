#include "bridges/email/account_trial.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include "bridges/email/account_token.hpp"
#include "bridges/email/delivery_result.hpp"
#include "bridges/email/imap_connection.hpp"
#include "bridges/net/smtp_connection.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {
namespace {

constexpr std::size_t small_answers = 100'000;  // bytes

// The next way to the same server may do better: nobody is there, or they do not speak TLS from the
// beginning.
bool tries_on(Reason reason) {
  return reason == Reason::connection_refused || reason == Reason::timed_out ||
         reason == Reason::tls_failed || reason == Reason::connection_lost;
}

}  // namespace

struct AccountTrial::Impl : std::enable_shared_from_this<AccountTrial::Impl> {
  Impl(boost::asio::io_context& io, Wanted w, config::Email::Accounts r, std::string name,
       std::shared_ptr<const net::TlsContext> c, std::function<void(const Result&)> d)
      : loop(io),
        wanted(std::move(w)),
        rules(std::move(r)),
        own_name(std::move(name)),
        context(std::move(c)),
        done(std::move(d)) {}

  void start() {
    std::vector<std::string> hosts{wanted.imap.front().host, wanted.smtp.front().host};
    const Renewal& renewal = wanted.account.renewal;
    if (renewal.given()) hosts.push_back(endpoint_host(renewal.url).value_or(std::string()));
    for (const std::string& host : hosts) {
      if (permit_of(rules, host) != Permit::no) continue;
      return fail({Reason::not_permitted,
                   "The administrator of this gateway does not let mail accounts of " + host + " be used"});
    }
    renewal.given() ? get_token(hosts.back()) : try_imap();
  }

  void get_token(const std::string& host) {
    token = std::make_unique<TokenRefresh>(loop, wanted.account.renewal, public_only(host), rules.ca_file,
                                           [weak = weak_from_this()](const TokenResult& result) {
                                             if (const auto self = weak.lock()) self->on_token(result);
                                           });
  }
  void on_token(const TokenResult& result) {
    token.reset();
    if (const auto* trouble = std::get_if<TokenTrouble>(&result)) return fail(trouble->failure);
    use(wanted.account, std::get<FreshToken>(result),
        std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
    try_imap();
  }

  bool public_only(const std::string& host) const { return permit_of(rules, host) != Permit::anywhere; }

  void try_imap() {
    wanted.account.imap = wanted.imap[tried];
    const auto weak = weak_from_this();
    ImapConnection::Callbacks on;
    on.ready = [weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->imap->log_out();
      self->leave_imap();
      self->tried = 0;
      self->first_failure.reset();
      self->try_smtp();
    };
    on.told = [](ImapResponse&) {};
    on.ended = [weak](const ImapTrouble& why) {
      if (const auto self = weak.lock()) self->on_imap(why);
    };
    imap = std::make_shared<ImapConnection>(loop, wanted.account, public_only(wanted.account.imap.host),
                                            context, small_answers, std::move(on));
  }
  void leave_imap() {
    // It is up the stack.
    net::post(loop, [gone = std::exchange(imap, nullptr)] {});
  }
  void on_imap(const ImapTrouble& why) {
    leave_imap();
    if (!first_failure) first_failure = why.failure;
    if (tries_on(why.failure.reason) && ++tried < wanted.imap.size()) return try_imap();
    const auto reason = why.failure.reason;
    const bool says_nothing = reason == Reason::connection_refused || reason == Reason::timed_out ||
                              reason == Reason::connection_lost;
    fail(says_nothing ? *first_failure : why.failure);
  }

  void try_smtp() {
    wanted.account.smtp = wanted.smtp[tried];
    const MailServer& server = wanted.account.smtp;
    submission = submission_of(wanted.account, public_only(server.host), own_name, rules.ca_file, nullptr);
    const auto weak = weak_from_this();
    net::SmtpConnection::Callbacks on;
    on.ready = [weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->smtp->quit();
      self->leave_smtp();
      self->finish(self->wanted.account);
    };
    on.result = [](const net::SmtpResult&) {};
    on.ended = [weak](const net::SmtpResult& why) {
      if (const auto self = weak.lock()) self->on_smtp(why);
    };
    smtp = std::make_shared<net::SmtpConnection>(
        loop, submission, net::SmtpPlace{server.host, server.port, server.tls_at_once}, std::move(on));
  }
  void leave_smtp() {
    // It must not be destroyed in a callback of its own, and looks at what it is to enter.
    net::post(loop, [gone = std::exchange(smtp, nullptr), self = shared_from_this()] {});
  }
  void on_smtp(const net::SmtpResult& why) {
    leave_smtp();
    const Failure failure{is_login_refused(why) ? Reason::login_failed : Reason::network_error,
                          "Mail can be read, but not sent (" + wanted.account.smtp.host + "): " + why.words};
    if (!first_failure) first_failure = failure;
    // An answer of the server's own counts; else the first way is the usual one.
    if (why.code == 0 && ++tried < wanted.smtp.size()) {
      const auto self = shared_from_this();
      return net::post(loop, [weak = weak_from_this()] {
        if (const auto living = weak.lock(); living && living->done) living->try_smtp();
      });
    }
    fail(why.code == 0 ? *first_failure : failure);
  }

  void fail(const Failure& why) { finish(why); }
  void finish(const Result& result) {
    net::post(loop, [weak = weak_from_this(), result] {
      const auto self = weak.lock();
      if (!self) return;
      if (const auto told = std::exchange(self->done, nullptr)) told(result);
    });
  }

  boost::asio::io_context& loop;
  Wanted wanted;
  const config::Email::Accounts rules;
  const std::string own_name;
  std::shared_ptr<const net::TlsContext> context;
  std::function<void(const Result&)> done;
  std::size_t tried = 0;
  std::optional<Failure> first_failure;
  std::unique_ptr<TokenRefresh> token;
  std::shared_ptr<ImapConnection> imap;
  net::SmtpServer submission;
  std::shared_ptr<net::SmtpConnection> smtp;
};

AccountTrial::AccountTrial(boost::asio::io_context& loop, Wanted wanted, const config::Email::Accounts& rules,
                           std::string own_name, std::shared_ptr<const net::TlsContext> context,
                           std::function<void(const Result&)> done)
    : impl_(std::make_shared<Impl>(loop, std::move(wanted), rules, std::move(own_name), std::move(context),
                                   std::move(done))) {
  impl_->start();
}

AccountTrial::~AccountTrial() {
  impl_->done = nullptr;
  impl_->token.reset();
  impl_->imap.reset();
  if (impl_->smtp) impl_->smtp->close();
}

}  // namespace dragoman::email
