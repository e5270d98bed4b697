// A connection to a mail server, as libcurl sets it up: name lookup, TLS at once or by STARTTLS (RFC 3207),
// EHLO, login (RFC 4954). From then on it is lines in and bytes out (CURLOPT_CONNECT_ONLY): libcurl's own way
// to send a mail waits for the answer to its last dot with the whole loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/net/smtp_client.hpp"
#include "bridges/reason.hpp"

namespace dragoman::net {

struct SmtpPlace {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  bool tls = false;  // at once
};

// All callbacks but `said` come from the loop, never from within a call, and none after close(), finish() or
// `down`. The link must not be destroyed in any of them.
class SmtpLink {
 public:
  struct Callbacks {
    // A line of the server's while the connection is set up, without its end. It comes from within libcurl:
    // nothing of the link may be called. False: libcurl goes no further, and `down` follows.
    std::function<bool(std::string_view)> said;
    std::function<void()> up;
    std::function<void(std::string_view)> line;  // once it is up
    // Reason: invalid, dns_failed, not_permitted, connection_refused, certificate_invalid, tls_failed,
    // login_failed, timed_out, network_error (the server spoke out of turn) or connection_lost.
    std::function<void(Failure)> down;
    std::function<void()> drained;  // all that was to be written has left
  };

  // `server` says how; the set-up as a whole may take `limit`. What may not leave in clear does not.
  SmtpLink(boost::asio::io_context& loop, const SmtpServer& server, const SmtpPlace& place,
           std::chrono::milliseconds limit, Callbacks callbacks);
  SmtpLink(const SmtpLink&) = delete;
  SmtpLink& operator=(const SmtpLink&) = delete;
  ~SmtpLink();  // closes

  // Once it is up. All that one turn of the loop writes leaves together.
  void write(std::string_view bytes);
  void close();  // at once
  // Writes what waits and leaves when the server has, or after `limit`.
  void finish(std::chrono::milliseconds limit);

 private:
  friend std::shared_ptr<CurlMulti> make_smtp_pool(boost::asio::io_context&);
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

// Whether a login has to wait for TLS: a password in clear goes no further than this machine.
bool needs_tls(const SmtpServer& server, const SmtpPlace& place);

}  // namespace dragoman::net
