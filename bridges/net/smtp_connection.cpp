#include "bridges/net/smtp_connection.hpp"

#include <algorithm>
#include <utility>

#include "bridges/net/base64.hpp"
#include "bridges/net/sasl.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::net {

using namespace std::chrono_literals;

namespace {

constexpr auto set_up_step = 60s;  // longest that a step of the set-up may take
constexpr auto longest_idle = 20s;
constexpr std::size_t piece = std::size_t{64} * 1024;

SmtpResult trouble(std::string words, const SmtpReply& reply = {}) {
  if (reply.code != 0) {
    words += ": " + std::to_string(reply.code) + ' ' + reply.words;
  }
  return {SmtpResult::What::later, reply.code, reply.status, std::move(words), false};
}

// About whoever asks, not about the mail (RFC 4954 6).
bool is_about_us(int code) { return code == 421 || code == 530 || code == 534 || code == 535 || code == 538; }

bool is_loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

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

SmtpConnection::SmtpConnection(boost::asio::io_context& loop, const SmtpServer& server, std::string host,
                               std::uint16_t port, bool tls, std::shared_ptr<const TlsContext> context,
                               Callbacks callbacks)
    : server_(server),
      host_(host),
      port_(port),
      tls_(tls),
      callbacks_(std::move(callbacks)),
      timer_(loop),
      stream_(loop, std::move(context)) {
  Target target;
  target.host = std::move(host);
  target.port = port;
  target.tls = tls;
  target.tls_options.verify = server.verify;
  target.public_only = server.public_only;
  LineStream::Callbacks on;
  on.up = [this](const Connected& connected) { on_up(connected); };
  on.line = [this](std::string_view line) { on_line(line); };
  on.down = [this](const Failure& why) { fail(trouble(why.text)); };
  on.drained = [this] {
    if (state_ == State::body && !body_ended_) write_body();
  };
  stream_.connect(std::move(target), std::move(on));
}

void SmtpConnection::on_up(const Connected& connected) {
  loopback_ = is_loopback(connected.remote_address);
  if (state_ != State::start_tls) return wait(set_up_step);
  tls_ = true;
  state_ = State::hello;
  say("EHLO " + server_.host);
}

void SmtpConnection::say(std::string_view line) {
  stream_.write_line(line);
  wait(set_up_ ? timeout_ : std::chrono::milliseconds(set_up_step));
}

void SmtpConnection::wait(std::chrono::milliseconds limit) {
  timer_.after(limit, [this] { fail(trouble("The mail server did not answer in time")); });
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
      if (reply.kind() != 2) return fail(trouble("The mail server takes no mail", reply));
      state_ = State::hello;
      return say("EHLO " + server_.host);
    case State::hello:
      if (reply.kind() != 2) return fail(trouble("The mail server refused our greeting", reply));
      return on_hello(reply);
    case State::start_tls:
      if (reply.kind() == 2) {
        timer_.cancel();
        return stream_.start_tls({.verify = server_.verify, .fingerprint = {}}, 30s);
      }
      if (server_.require_tls) return fail(trouble("The mail server refused TLS", reply));
      return log_in();
    case State::auth: return on_auth(reply);
    case State::idle:  // nobody asked: it says goodbye
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

void SmtpConnection::on_hello(const SmtpReply& reply) {
  offers_tls_ = offers_size_ = offers_8bit_ = offers_utf8_ = false;
  offers_plain_ = offers_login_ = offers_xoauth2_ = offers_oauthbearer_ = false;
  for (const auto& given : reply.lines) {
    const auto line = ascii_lower(given) + ' ';
    if (line == "starttls ") offers_tls_ = true;
    if (line.starts_with("size ")) offers_size_ = true;
    if (line == "8bitmime ") offers_8bit_ = true;
    if (line == "smtputf8 ") offers_utf8_ = true;
    if (!line.starts_with("auth ")) continue;
    offers_plain_ = line.find(" plain ") != std::string::npos;
    offers_login_ = line.find(" login ") != std::string::npos;
    offers_xoauth2_ = line.find(" xoauth2 ") != std::string::npos;
    offers_oauthbearer_ = line.find(" oauthbearer ") != std::string::npos;
  }
  if (tls_ || server_.no_tls) return log_in();
  if (offers_tls_) {
    state_ = State::start_tls;
    return say("STARTTLS");
  }
  if (server_.require_tls) return fail(trouble("The mail server offers no TLS"));
  log_in();
}

void SmtpConnection::log_in() {
  if (server_.username.empty() && server_.bearer.empty()) return be_ready();
  if (!tls_ && !server_.no_tls && !loopback_)
    return fail(trouble("The mail server offers no TLS, and a password does not leave in clear"));
  state_ = State::auth;
  auth_step_ = 0;
  if (!server_.bearer.empty()) {
    if (offers_oauthbearer_)
      return say("AUTH OAUTHBEARER " + sasl::oauthbearer(server_.username, host_, port_, server_.bearer));
    if (!offers_xoauth2_) return fail(trouble("The mail server offers no login by OAUTHBEARER or XOAUTH2"));
    return say("AUTH XOAUTH2 " + sasl::xoauth2(server_.username, server_.bearer));
  }
  if (!offers_plain_ && !offers_login_)
    return fail(trouble("The mail server offers no login by PLAIN or LOGIN"));
  if (server_.password.empty()) return fail(trouble("There is no password or access token for it now"));
  if (offers_plain_) return say("AUTH PLAIN " + sasl::plain(server_.username, server_.password));
  say("AUTH LOGIN");
}

void SmtpConnection::on_auth(const SmtpReply& reply) {
  if (reply.kind() == 2) return be_ready();
  if (reply.kind() != 3 || auth_step_ == 2) return fail(trouble("The mail server refused our login", reply));
  ++auth_step_;
  if (!server_.bearer.empty())
    return say(offers_oauthbearer_ ? sasl::after_oauthbearer : sasl::after_xoauth2);
  if (offers_plain_) return fail(trouble("The mail server did not understand our login", reply));
  say(base64(auth_step_ == 1 ? server_.username : server_.password));
}

void SmtpConnection::be_ready() {
  set_up_ = true;
  state_ = State::idle;
  timer_.after(longest_idle, [this] {
    stream_.write_line("QUIT");
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
  stream_.write(out);
  wait(timeout_);
}

void SmtpConnection::fail(SmtpResult why) {
  if (state_ == State::closed) return;
  const bool cut_off = in_transaction();
  state_ = State::closed;
  timer_.cancel();
  // What was written last ("QUIT") may leave.
  stream_.finish(2s, {});
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
  if (state_ == State::idle) stream_.write_line("QUIT");
  state_ = State::closed;
  timer_.cancel();
  stream_.finish(2s, {});
}

void SmtpConnection::close() {
  state_ = State::closed;
  timer_.cancel();
  stream_.close();
}

}  // namespace dragoman::net
