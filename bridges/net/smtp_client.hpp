// Mail out, one recipient a transaction: libcurl's SMTP on the loop. STARTTLS, SASL and connections that are
// kept are libcurl's; what it would let through (CR and LF in an envelope, bare LF in data) is refused here.
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

struct SmtpServer {
  std::string url;  // "smtp://127.0.0.1:25", "smtps://…"
  std::string username, password;
  bool require_tls = false;  // of smtp://: STARTTLS must succeed; otherwise it is used where it is offered
  bool no_tls = false;       // of smtp://: not even tried
  bool verify = true;
  std::string ca_file;  // empty: the system's
  std::string host;     // how we call ourselves (EHLO)
  std::string bearer;   // XOAUTH2 in place of the password; empty: none
};

struct SmtpMail {
  std::string from;  // empty: the null sender
  std::string recipient;
  std::shared_ptr<const std::string> bytes;  // lines end with CRLF
};

struct SmtpResult {
  enum class What : std::uint8_t {
    accepted,
    refused,  // for good: 5xx
    later     // 4xx, or there was no answer: it may be tried again
  } what = What::later;
  int code = 0;          // the server's last reply; 0: there was none
  std::string status;    // RFC 3463, where the reply has one
  std::string words;     // the reply's text or what went wrong, one line
  bool reached = false;  // the server answered at all: otherwise all mails fare the same
};

class SmtpClient {
 public:
  using Id = std::uint64_t;
  SmtpClient(boost::asio::io_context& loop, SmtpServer server, std::size_t max_connections,
             std::function<void()> before_write = {});
  SmtpClient(const SmtpClient&) = delete;
  SmtpClient& operator=(const SmtpClient&) = delete;
  ~SmtpClient();

  // `done` comes from the loop, never from within the call; not after cancel() or the end of the client.
  Id send(SmtpMail mail, std::chrono::milliseconds timeout, std::function<void(SmtpResult)> done);
  void cancel(Id id);
  std::size_t open() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::net
