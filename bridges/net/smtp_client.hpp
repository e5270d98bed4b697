// Mail out, one recipient a transaction (RFC 5321): libcurl makes the connections with STARTTLS (RFC 3207)
// and AUTH (RFC 4954), and they are kept; SIZE, 8BITMIME, SMTPUTF8 (RFC 6531). What would end a line of the
// dialogue is refused here, in the envelope and, as bare CR and LF, in the mail.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio {
class io_context;
}

namespace dragoman::net {

class CurlMulti;

struct SmtpServer {
  std::string url;  // "smtp://127.0.0.1:25", "smtps://…"
  std::string username, password;
  bool require_tls = false;  // of smtp://: STARTTLS must succeed; otherwise it is used where it is offered
  bool no_tls = false;       // of smtp://: not even tried; a password then leaves in clear
  bool verify = true;
  std::string ca_file;                   // empty: the system's
  std::string host;                      // how we call ourselves (EHLO)
  std::string bearer;                    // an access token of OAuth 2 in place of the password; empty: none
  bool public_only = false;              // see Target
  std::shared_ptr<CurlMulti> pool = {};  // of make_smtp_pool(); null: one of the client's own
};

// Of connections that share the certificates they trust, which are costly to read.
std::shared_ptr<CurlMulti> make_smtp_pool(boost::asio::io_context& loop);

struct SmtpMail {
  std::string from;  // empty: the null sender
  std::string recipient;
  std::shared_ptr<const std::string> bytes;  // lines end with CRLF
};

struct SmtpResult {
  enum class What : std::uint8_t {
    accepted,
    refused,  // for good: 5xx, or it can't be said in SMTP
    later     // 4xx, or there was no answer: it may be tried again
  } what = What::later;
  int code = 0;        // the server's last reply; 0: there was none
  std::string status;  // RFC 3463, where the reply has one
  std::string words;   // the reply's text or what went wrong, one line
  // It is about this mail. Else the server did not answer, did not let us in, or went away: all mails fare
  // the same.
  bool reached = false;
};

class SmtpClient {
 public:
  using Id = std::uint64_t;
  // `before_write`: called before a mail leaves.
  SmtpClient(boost::asio::io_context& loop, SmtpServer server, std::size_t max_connections,
             std::function<void()> before_write = {});
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;
  ~SmtpClient();

  // `timeout`: of each step of the server's, once the mail's turn has come; of a connection's set-up at most
  // a minute. `done` comes from the loop, never from within the call; not after cancel() or the end of the
  // client. More mails than connections wait their turn.
  Id send(SmtpMail mail, std::chrono::milliseconds timeout, std::function<void(SmtpResult)> done);
  void cancel(Id id);
  std::size_t open() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::net
