// One connection to a server of SMTP: set up once, then a mail at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/net/smtp_client.hpp"
#include "bridges/net/smtp_link.hpp"
#include "bridges/net/smtp_reply.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::net {

// All callbacks come from the loop, and none after `ended`. The connection must not be destroyed in any of
// them.
class SmtpConnection {
 public:
  struct Callbacks {
    std::function<void()> ready;             // a mail may be sent
    std::function<void(SmtpResult)> result;  // of the mail; `ready` or `ended` follows
    // Whatever was on its way has had its result: `words` say why, for the mails that wait.
    std::function<void(SmtpResult)> ended;
  };
  // `server` must outlive it; where to is in `place`, not in its URL.
  SmtpConnection(boost::asio::io_context& loop, const SmtpServer& server, const SmtpPlace& place,
                 Callbacks callbacks);
  SmtpConnection(const SmtpConnection&) = delete;
  SmtpConnection& operator=(const SmtpConnection&) = delete;

  // Only when ready. Nothing: it is on its way; else why it can't be, and the connection is as it was.
  std::optional<SmtpResult> send(const SmtpMail& mail, std::chrono::milliseconds timeout);
  bool ready() const { return state_ == State::idle; }
  bool set_up() const { return set_up_; }     // it has been ready once
  std::size_t sent() const { return sent_; }  // mails that were begun
  void quit();                                // politely, without a callback
  void close();                               // the same, at once

 private:
  enum class State : std::uint8_t {
    // libcurl's, which is followed by what the server says
    greeting,
    hello,
    start_tls,
    auth,
    // ours
    idle,
    mail,
    recipient,
    data,
    body,
    reset,
    closed
  };
  bool on_said(std::string_view line);
  bool may_go_on(const SmtpReply& reply);
  bool on_hello(const SmtpReply& reply);
  bool may_log_in();
  bool give_up(std::string words, const SmtpReply& reply = {});
  void on_up();
  void on_set_up_failed(const Failure& why);
  void on_line(std::string_view line);
  void on_reply(const SmtpReply& reply);
  void on_transaction(const SmtpReply& reply);
  void be_ready();
  void say(std::string_view line);
  void write_body();
  void wait();
  void tell(const SmtpReply& reply, bool accepted);
  // Ends all: a mail that is on its way has this result.
  void fail(SmtpResult why);
  bool wants_login() const { return !server_.username.empty() || !server_.bearer.empty(); }
  bool in_transaction() const { return state_ >= State::mail && state_ <= State::body; }

  const SmtpServer& server_;
  const SmtpPlace place_;
  Callbacks callbacks_;
  State state_ = State::greeting;
  SmtpReplyReader reader_;
  Timer timer_;
  std::chrono::milliseconds timeout_{60'000};

  bool tls_;
  bool logged_in_ = false;
  std::optional<SmtpResult> refusal_;  // why libcurl was told to go no further
  // What EHLO told.
  bool offers_tls_ = false, offers_size_ = false, offers_8bit_ = false, offers_utf8_ = false;
  bool offers_password_ = false, offers_token_ = false;

  std::string recipient_;
  std::shared_ptr<const std::string> bytes_;
  std::size_t written_ = 0;
  bool body_ended_ = false;
  bool answered_ = false;  // the server said something about this mail
  bool set_up_ = false;
  std::size_t sent_ = 0;
  SmtpLink link_;  // last: it calls what is above
};

}  // namespace dragoman::net
