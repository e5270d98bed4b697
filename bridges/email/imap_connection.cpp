#include "bridges/email/imap_connection.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "bridges/net/line_stream.hpp"
#include "bridges/net/sasl.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {

namespace {

using namespace std::chrono_literals;

constexpr auto imap_patience = 60s;  // of each command, since something was heard last
constexpr auto handshake_patience = 30s;
constexpr auto goodbye_patience = 2s;
constexpr std::size_t queue_beyond_mail = std::size_t{64} * 1024;

Failure in_its_words(Reason reason, const std::string& what, const ImapResponse& response) {
  return {reason, response.text.empty() ? what : what + ": " + response.text};
}

// RFC 5530: it is not about the credentials.
bool is_passing(const std::string& code) {
  return code == "UNAVAILABLE" || code == "INUSE" || code == "LIMIT";
}

}  // namespace

struct ImapConnection::Impl : std::enable_shared_from_this<ImapConnection::Impl> {
  struct Command {
    std::string line;
    Answer answer;
    std::function<void(const ImapResponse&)> go_on;  // the server wants the rest
    bool idle = false;
  };

  Impl(boost::asio::io_context& loop, Account a, std::shared_ptr<const net::TlsContext> context,
       std::size_t most, Callbacks on)
      : account(std::move(a)),
        limits{.literal_bytes = most},
        callbacks(std::move(on)),
        reader(limits),
        timer(loop),
        stream(loop, std::move(context)) {}

  // -------------------------------------------------------------------------------------------------------
  // the way there

  void connect(bool public_only) {
    net::Target target;
    target.host = account.imap.host;
    target.port = account.imap.port;
    target.tls = account.imap.tls_at_once;
    target.public_only = public_only;
    target.max_queue = limits.literal_bytes + queue_beyond_mail;
    net::LineStream::Callbacks on;
    on.up = [weak = weak_from_this()](const net::Connected&) {
      if (const auto self = weak.lock()) self->on_up();
    };
    on.bytes = [weak = weak_from_this()](std::string_view bytes) {
      if (const auto self = weak.lock()) self->on_bytes(bytes);
    };
    on.down = [weak = weak_from_this()](const Failure& why) {
      if (const auto self = weak.lock()) self->fail({why, false});
    };
    stream.connect(std::move(target), std::move(on));
  }

  void on_up() {
    if (!secured && !account.imap.tls_at_once && greeted) {
      secured = true;
      reader = ImapReader(limits);
      return ask_capabilities();
    }
    secured = account.imap.tls_at_once;
    wait();
  }

  void on_greeting(const ImapResponse& response) {
    greeted = true;
    if (response.kind != ImapResponse::Kind::untagged ||
        (response.name != "OK" && response.name != "PREAUTH"))
      return fail({in_its_words(Reason::banned_by_server,
                                "The mail server " + account.imap.host + " lets nobody in", response),
                   false});
    // Who speaks for the server before TLS would keep us from it by this (RFC 3501 6.2.1).
    if (response.name == "PREAUTH")
      return fail(
          {{Reason::login_failed, "The mail server " + account.imap.host + " wants no log-in"}, false});
    ask_capabilities();
  }

  void ask_capabilities() {
    capabilities.clear();
    push({"CAPABILITY", [this](const ImapResponse& response) {
            if (!response.ok())
              return fail(
                  {in_its_words(Reason::network_error, "This is no mail server that speaks IMAP", response)});
            secured ? log_in() : secure();
          }});
  }

  void secure() {
    if (!has("STARTTLS"))
      return fail(
          {{Reason::tls_failed, "The mail server " + account.imap.host + " port " +
                                    std::to_string(account.imap.port) + " offers no TLS (STARTTLS)"}});
    push({"STARTTLS", [this](const ImapResponse& response) {
            if (!response.ok())
              return fail({in_its_words(Reason::tls_failed, "The mail server refused TLS", response)});
            securing = true;
          }});
  }

  void log_in() {
    if (!account.token.empty()) {
      if (has("AUTH=OAUTHBEARER")) {
        return authenticate(
            "OAUTHBEARER",
            net::sasl::oauthbearer(account.user, account.imap.host, account.imap.port, account.token),
            net::sasl::after_oauthbearer);
      }
      if (!has("AUTH=XOAUTH2"))
        return fail({{Reason::login_failed, "The mail server " + account.imap.host +
                                                " takes no access token (OAUTHBEARER, XOAUTH2)"},
                     true});
      return authenticate("XOAUTH2", net::sasl::xoauth2(account.user, account.token),
                          net::sasl::after_xoauth2);
    }
    if (has("AUTH=PLAIN")) return authenticate("PLAIN", net::sasl::plain(account.user, account.password), {});
    const auto user = imap_quoted(account.user), password = imap_quoted(account.password);
    if (has("LOGINDISABLED") || !user || !password)
      return fail({{Reason::login_failed,
                    "The mail server " + account.imap.host + " takes no password (PLAIN, LOGIN)"},
                   true});
    push({"LOGIN " + *user + " " + *password,
          [this](const ImapResponse& response) { on_authenticated(response); }});
  }

  // `regret`: what is answered to why the credentials are wrong.
  void authenticate(const std::string& mechanism, const std::string& credentials, std::string_view regret) {
    const bool at_once = has("SASL-IR");
    auto begun = std::make_shared<bool>(at_once);
    push({"AUTHENTICATE " + mechanism + (at_once ? " " + credentials : ""),
          [this](const ImapResponse& response) { on_authenticated(response); },
          [this, begun, credentials, regret](const ImapResponse&) {
            stream.write_line(std::exchange(*begun, true) ? regret : credentials);
          }});
  }

  void on_authenticated(const ImapResponse& response) {
    if (!response.ok()) {
      if (is_passing(response.code))
        return fail(
            {in_its_words(Reason::login_failed, "The mail server lets nobody in now", response), false});
      return fail({in_its_words(Reason::login_failed,
                                account.token.empty() ? "The mail server " + account.imap.host +
                                                            " does not take this user name and password"
                                                      : "The mail server " + account.imap.host +
                                                            " does not take this access token",
                                response),
                   true});
    }
    account.password.clear();
    account.token.clear();
    auto told = capabilities_in(response);
    if (!told.empty()) {
      capabilities = std::move(told);
      return be_ready();
    }
    push({"CAPABILITY", [this](const ImapResponse&) { be_ready(); }});
  }

  void be_ready() {
    ready = true;
    callbacks.ready();
  }

  // -------------------------------------------------------------------------------------------------------
  // commands

  void push(Command command) {
    if (closed) return;
    waiting.push_back(std::move(command));
    pump();
  }

  void pump() {
    if (current || waiting.empty() || closed) return;
    current = std::move(waiting.front());
    waiting.pop_front();
    tag = "d" + std::to_string(++last_tag);
    idling = idle_over = false;
    stream.write_line(tag + ' ' + current->line);
    wait();
  }

  void wait() {
    timer.after(imap_patience, [weak = weak_from_this()] {
      if (const auto self = weak.lock())
        self->fail({{Reason::timed_out, "The mail server " + self->account.imap.host + " does not answer"}});
    });
  }

  void end_idle() {
    if (closed || !current || !current->idle || std::exchange(idle_over, true)) return;
    if (idling) say_done();
  }
  void say_done() {
    stream.write_line("DONE");
    wait();
  }

  // -------------------------------------------------------------------------------------------------------
  // what comes

  void on_bytes(std::string_view bytes) {
    if (closed) return;
    if (timer.pending()) wait();
    const auto trouble = reader.take(bytes, [this](ImapLine line) {
      if (!line.line.empty()) on_line(std::move(line));
      return !closed && !securing;
    });
    if (closed) return;
    if (!trouble.empty()) return fail({{Reason::network_error, trouble}});
    if (!std::exchange(securing, false)) return;
    if (reader.dropped())
      return fail({{Reason::tls_failed, "The mail server " + account.imap.host + " spoke on before TLS"}});
    timer.cancel();
    stream.start_tls({}, handshake_patience);
  }

  void on_line(ImapLine line) {
    auto response = parse_imap(std::move(line));
    if (!response) return fail({{Reason::network_error, "What " + account.imap.host + " says is no IMAP"}});
    if (!greeted) return on_greeting(*response);
    switch (response->kind) {
      case ImapResponse::Kind::go_on: {
        if (!current) return;
        if (current->idle) {
          idling = true;
          timer.cancel();
          if (idle_over) say_done();
        } else if (current->go_on) {
          current->go_on(*response);
        }
        return;
      }
      case ImapResponse::Kind::tagged: {
        if (!current || response->tag != tag) return;
        const Answer answer = std::move(current->answer);
        current.reset();
        timer.cancel();
        if (answer) answer(*response);
        return pump();
      }
      case ImapResponse::Kind::untagged: return on_untagged(*response);
    }
  }

  void on_untagged(ImapResponse& response) {
    if (response.name == "BYE")
      return fail({in_its_words(Reason::connection_lost, "The mail server ended the connection", response)});
    if (auto told = capabilities_in(response); !told.empty()) capabilities = std::move(told);
    if (ready) callbacks.told(response);
  }

  bool has(std::string_view capability) const {
    return std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
  }

  // -------------------------------------------------------------------------------------------------------
  // endings

  void fail(const ImapTrouble& why) {
    if (std::exchange(closed, true)) return;
    timer.cancel();
    stream.close();
    callbacks.ended(why);
  }

  void close(bool politely) {
    if (std::exchange(closed, true)) return;
    timer.cancel();
    if (!politely || !ready) return stream.close();
    if (idling) stream.write_line("DONE");
    stream.write_line("d0 LOGOUT");
    stream.finish(goodbye_patience, {});
  }

  Account account;
  ImapLimits limits;
  Callbacks callbacks;
  ImapReader reader;
  net::Timer timer;
  net::LineStream stream;
  std::vector<std::string> capabilities;
  std::deque<Command> waiting;
  std::optional<Command> current;
  std::string tag;
  std::uint64_t last_tag = 0;
  bool greeted = false, secured = false, securing = false, ready = false, closed = false;
  bool idling = false, idle_over = false;
};

ImapConnection::ImapConnection(boost::asio::io_context& loop, const Account& account, bool public_only,
                               std::shared_ptr<const net::TlsContext> context, std::size_t most_bytes,
                               Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, account, std::move(context), most_bytes, std::move(callbacks))) {
  impl_->connect(public_only);
}

ImapConnection::~ImapConnection() { impl_->close(false); }

bool ImapConnection::has(std::string_view capability) const { return impl_->has(capability); }

void ImapConnection::ask(std::string command, Answer answer) {
  impl_->push({std::move(command), std::move(answer), {}, false});
}

void ImapConnection::append(const std::string& mailbox, std::shared_ptr<const std::string> bytes,
                            Answer answer) {
  const auto size = std::to_string(bytes->size());
  impl_->push({"APPEND " + mailbox + " (\\Seen) {" + size + "}", std::move(answer),
               [impl = impl_.get(), bytes = std::move(bytes)](const ImapResponse&) {
                 impl->stream.write(*bytes);
                 impl->stream.write("\r\n");
                 impl->wait();
               },
               false});
}

void ImapConnection::idle(Answer answer) { impl_->push({"IDLE", std::move(answer), {}, true}); }

void ImapConnection::end_idle() { impl_->end_idle(); }

void ImapConnection::log_out() { impl_->close(true); }

}  // namespace dragoman::email
