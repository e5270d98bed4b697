#include "bridges/net/smtp_connection.hpp"

#include <algorithm>
#include <utility>

#include "mapping/utf8.hpp"

namespace dragoman::net {

using namespace std::chrono_literals;

namespace {

constexpr auto set_up_limit = 60s;
constexpr auto longest_idle = 20s;
constexpr std::size_t piece = std::size_t{64} * 1024;
constexpr int login_refused = 535;  // RFC 4954 6

SmtpResult trouble(std::string words, const SmtpReply& reply = {}) {
  if (reply.code != 0) {
    words += ": " + std::to_string(reply.code) + ' ' + reply.words;
  }
  return {SmtpResult::What::later, reply.code, reply.status, std::move(words), false};
}

// About whoever asks, not about the mail (RFC 4954 6).
bool is_about_us(int code) { return code == 421 || code == 530 || code == 534 || code == 535 || code == 538; }

// RFC 6531: in the envelope, or in the mail's header.
bool needs_utf8(const SmtpMail& mail) {
  const auto beyond_ascii = [](std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  };
  const std::string_view bytes(*mail.bytes);
  return beyond_ascii(mail.from) || beyond_ascii(mail.recipient) ||
         beyond_ascii(bytes.substr(0, bytes.find("\r\n\r\n")));
}

bool is_8bit(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

}  // namespace

SmtpConnection::SmtpConnection(boost::asio::io_context& loop, const SmtpServer& server,
                               const SmtpPlace& place, Callbacks callbacks)
    : server_(server),
      place_(place),
      callbacks_(std::move(callbacks)),
      timer_(loop),
      tls_(place.tls),
      link_(
          loop, server_, place_, set_up_limit,
          {.said = [this](std::string_view line) { return on_said(line); },
           .up = [this] { on_up(); },
           .line = [this](std::string_view line) { on_line(line); },
           .down = [this](const Failure& why) { set_up_ ? fail(trouble(why.text)) : on_set_up_failed(why); },
           .drained =
               [this] {
                 if (state_ == State::body && !body_ended_) write_body();
               }}) {}

// --------------------------------------------------------------------------------------------------------------
// The set-up is libcurl's. What the server says meanwhile is looked at for three reasons: what EHLO offers,
// words that help, and that libcurl goes no further where we would not.

bool SmtpConnection::on_said(std::string_view line) {
  switch (reader_.take(line)) {
    case SmtpReplyReader::Step::more: return true;
    case SmtpReplyReader::Step::broken: return give_up("The server's answer is none of SMTP");
    case SmtpReplyReader::Step::whole: return may_go_on(reader_.reply());
  }
  return false;
}

bool SmtpConnection::may_go_on(const SmtpReply& reply) {
  switch (state_) {
    case State::greeting:
      if (reply.kind() != 2) return give_up("The mail server takes no mail", reply);
      state_ = State::hello;
      return true;
    case State::hello:
      if (reply.kind() != 2) return give_up("The mail server refused our greeting", reply);
      return on_hello(reply);
    case State::start_tls:
      if (reply.code == 220) {
        tls_ = true;
        state_ = State::hello;
        return true;
      }
      return server_.require_tls ? give_up("The mail server refused TLS", reply) : may_log_in();
    case State::auth:
      logged_in_ = reply.kind() == 2;
      return logged_in_ || reply.kind() == 3 || give_up("The mail server refused our login", reply);
    case State::idle:
    case State::mail:
    case State::recipient:
    case State::data:
    case State::body:
    case State::reset:
    case State::closed: return false;  // no longer libcurl's
  }
  return false;
}

// TLS and logins are what libcurl takes for them: in capitals.
bool SmtpConnection::on_hello(const SmtpReply& reply) {
  offers_tls_ = offers_size_ = offers_8bit_ = offers_utf8_ = offers_password_ = offers_token_ = false;
  for (const auto& given : reply.lines) {
    const auto line = ascii_lower(given) + ' ';
    if (given.starts_with("STARTTLS")) offers_tls_ = true;
    if (line.starts_with("size ")) offers_size_ = true;
    if (line == "8bitmime ") offers_8bit_ = true;
    if (line == "smtputf8 ") offers_utf8_ = true;
    if (!given.starts_with("AUTH ")) continue;
    const auto has = [mechanisms = given + ' '](const char* one) {
      return mechanisms.find(one) != std::string::npos;
    };
    offers_password_ = has(" PLAIN ") || has(" LOGIN ");
    offers_token_ = has(" OAUTHBEARER ") || has(" XOAUTH2 ");
  }
  if (tls_ || server_.no_tls) return may_log_in();
  if (offers_tls_) {
    state_ = State::start_tls;
    return true;
  }
  return server_.require_tls ? give_up("The mail server offers no TLS") : may_log_in();
}

bool SmtpConnection::may_log_in() {
  state_ = State::auth;
  if (!wants_login()) return true;
  if (!tls_ && needs_tls(server_, place_))
    return give_up("The mail server offers no TLS, and a password does not leave in clear");
  if (!server_.bearer.empty())
    return offers_token_ || give_up("The mail server offers no login by OAUTHBEARER or XOAUTH2");
  if (!offers_password_) return give_up("The mail server offers no login by PLAIN or LOGIN");
  return !server_.password.empty() || give_up("There is no password or access token for it now");
}

bool SmtpConnection::give_up(std::string words, const SmtpReply& reply) {
  refusal_ = trouble(std::move(words), reply);
  return false;
}

void SmtpConnection::on_up() {
  if (wants_login() && !logged_in_) return fail(trouble("The mail server offers no login that we know"));
  be_ready();
}

void SmtpConnection::on_set_up_failed(const Failure& why) {
  if (refusal_) return fail(*refusal_);
  auto result = trouble(why.text);
  if (why.reason == Reason::login_failed) {
    // It went on asking; by XOAUTH2 it says so why the token is none, and libcurl leaves it at that.
    result.code = login_refused;
    if (!server_.bearer.empty()) result.words += ": it does not take the access token";
  } else if (state_ == State::hello && tls_ && !place_.tls && why.reason == Reason::network_error) {
    result.words = "The mail server spoke on before TLS";
  }
  fail(std::move(result));
}

// --------------------------------------------------------------------------------------------------------------
// from here on the connection is ours

void SmtpConnection::say(std::string_view line) {
  link_.write(std::string(line) + "\r\n");
  wait();
}

void SmtpConnection::wait() {
  timer_.after(timeout_, [this] { fail(trouble("The mail server did not answer in time")); });
}

void SmtpConnection::on_line(std::string_view line) {
  switch (reader_.take(line)) {
    case SmtpReplyReader::Step::more: return;
    case SmtpReplyReader::Step::broken: return fail(trouble("The server's answer is none of SMTP"));
    case SmtpReplyReader::Step::whole: return on_reply(reader_.reply());
  }
}

void SmtpConnection::on_reply(const SmtpReply& reply) {
  switch (state_) {
    case State::greeting:
    case State::hello:
    case State::start_tls:
    case State::auth: return;  // libcurl's
    case State::idle:          // nobody asked: it says goodbye
      return fail(trouble("The mail server ended the connection", reply));
    case State::mail:
    case State::recipient:
    case State::data:
    case State::body: return on_transaction(reply);
    case State::reset:
      if (reply.kind() != 2) return fail(trouble("The mail server ended the connection", reply));
      return be_ready();
    case State::closed: return;
  }
}

void SmtpConnection::be_ready() {
  set_up_ = true;
  state_ = State::idle;
  timer_.after(longest_idle, [this] {
    link_.write("QUIT\r\n");
    fail(trouble("The connection to the mail server was not needed any more"));
  });
  callbacks_.ready();
}

std::optional<SmtpResult> SmtpConnection::send(const SmtpMail& mail, std::chrono::milliseconds timeout) {
  const bool utf8 = needs_utf8(mail);
  if (utf8 && !offers_utf8_) {
    return SmtpResult{SmtpResult::What::refused, 0, "5.6.7",
                      "The mail server takes no addresses beyond ASCII (it has no SMTPUTF8)", true};
  }
  ++sent_;
  timeout_ = timeout;
  recipient_ = mail.recipient;
  bytes_ = mail.bytes;
  written_ = 0;
  body_ended_ = answered_ = false;
  state_ = State::mail;
  std::string line = "MAIL FROM:<" + mail.from + '>';
  if (offers_size_) line += " SIZE=" + std::to_string(bytes_->size());
  if (offers_8bit_ && is_8bit(*bytes_)) line += " BODY=8BITMIME";
  if (utf8) line += " SMTPUTF8";
  say(line);
  return {};
}

void SmtpConnection::on_transaction(const SmtpReply& reply) {
  answered_ = answered_ || !is_about_us(reply.code);
  const auto was = state_;
  if (was == State::mail && reply.kind() == 2) {
    state_ = State::recipient;
    return say("RCPT TO:<" + recipient_ + '>');
  }
  if (was == State::recipient && reply.kind() == 2) {
    state_ = State::data;
    return say("DATA");
  }
  if (was == State::data && reply.kind() == 3) {
    state_ = State::body;
    return write_body();
  }
  bytes_.reset();
  const bool over = was != State::body || body_ended_;  // else it does not wait for what we say
  const bool accepted = was == State::body && body_ended_ && reply.kind() == 2;
  state_ = State::reset;
  tell(reply, accepted);
  if (reply.code == 421 || !over || (!accepted && reply.kind() < 4))
    return fail(trouble("The mail server ended the connection", reply));
  if (accepted) return be_ready();
  say("RSET");
}

void SmtpConnection::tell(const SmtpReply& reply, bool accepted) {
  SmtpResult result;
  result.code = reply.code;
  result.status = reply.status;
  result.words = reply.words;
  result.reached = !is_about_us(reply.code);
  if (accepted) {
    result.what = SmtpResult::What::accepted;
  } else if (reply.kind() == 5 && result.reached) {
    result.what = SmtpResult::What::refused;
  }
  callbacks_.result(std::move(result));
}

// RFC 5321 4.5.2: a dot at the beginning of a line is doubled.
void SmtpConnection::write_body() {
  const std::string_view bytes(*bytes_);
  std::string out;
  out.reserve(std::min(piece, bytes.size() - written_) + 2048);
  while (written_ < bytes.size() && out.size() < piece) {
    const auto end = std::min(bytes.find('\n', written_), bytes.size() - 1) + 1;
    if (bytes[written_] == '.') out += '.';
    out.append(bytes.substr(written_, end - written_));
    written_ = end;
  }
  if (written_ == bytes.size()) {
    if (!bytes.empty() && !bytes.ends_with("\r\n")) out += "\r\n";
    out += ".\r\n";
    body_ended_ = true;
  }
  link_.write(out);
  wait();
}

void SmtpConnection::fail(SmtpResult why) {
  if (state_ == State::closed) return;
  const bool cut_off = in_transaction();
  state_ = State::closed;
  timer_.cancel();
  // What was written last ("QUIT") may leave.
  link_.finish(2s);
  bytes_.reset();
  if (cut_off) {
    auto result = why;
    // Not where a connection that had been idle turned out to be dead.
    result.reached = answered_ || sent_ == 1;
    callbacks_.result(std::move(result));
  }
  callbacks_.ended(std::move(why));
}

void SmtpConnection::quit() {
  if (state_ == State::closed) return;
  if (state_ == State::idle) link_.write("QUIT\r\n");
  state_ = State::closed;
  timer_.cancel();
  link_.finish(2s);
}

void SmtpConnection::close() {
  state_ = State::closed;
  timer_.cancel();
  link_.close();
}

}  // namespace dragoman::net
