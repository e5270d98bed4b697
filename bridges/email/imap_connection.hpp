// A client's connection to a server of IMAP4rev1 (RFC 3501): TLS at once or by STARTTLS, never without it;
// log-in by PLAIN (RFC 4616, 4959), LOGIN, OAUTHBEARER (RFC 7628) or XOAUTH2; then a command at a time; IDLE
// (RFC 2177).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bridges/email/account.hpp"
#include "bridges/email/imap_response.hpp"
#include "bridges/net/tls.hpp"
#include "bridges/reason.hpp"

namespace boost::asio {
class io_context;
}

namespace dragoman::email {

struct ImapTrouble {
  Failure failure;  // with words for a person
  // The server does not take these credentials: trying again does not help.
  bool refused = false;
};

class ImapConnection {
 public:
  // From the loop, never from within a call; none after `ended`. Each may destroy the connection.
  struct Callbacks {
    std::function<void()> ready;              // logged in
    std::function<void(ImapResponse&)> told;  // untagged, from then on
    std::function<void(const ImapTrouble&)> ended;
  };
  // The tagged response: OK, NO or BAD. Not told of commands that the end of the connection overtook.
  using Answer = std::function<void(const ImapResponse&)>;

  // `most_bytes`: of what one response may bring.
  ImapConnection(boost::asio::io_context& loop, const Account& account, bool public_only,
                 std::shared_ptr<const net::TlsContext> context, std::size_t most_bytes, Callbacks callbacks);
  ImapConnection(const ImapConnection&) = delete;
  ImapConnection& operator=(const ImapConnection&) = delete;
  ~ImapConnection();  // at once

  bool has(std::string_view capability) const;   // in upper case
  void ask(std::string command, Answer answer);  // one line, without tag and CRLF; it waits for its turn
  // RFC 3501 6.3.11; `mailbox` quoted.
  void append(const std::string& mailbox, std::shared_ptr<const std::string> bytes, Answer answer);
  // Until end_idle(): `answer` then.
  void idle(Answer answer);
  void end_idle();
  void log_out();  // politely; no callback comes any more

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::email
