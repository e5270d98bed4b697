// LMTP as a server (RFC 2033, 5321, 1870, 2920, 2034, 6152, 6531), without sockets: bytes in, replies out.
// Data ends at CRLF.CRLF alone; bare CR and LF are refused; whatever comes is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman::email {

struct LmtpReply {
  int code = 250;
  std::string text;  // with its enhanced status code: "2.1.5 ok"; one line of ASCII
};

struct Envelope {
  std::string from;                     // empty: the null sender
  std::vector<std::string> recipients;  // those that were accepted, in order, repeated ones too
  bool utf8 = false;                    // SMTPUTF8
};

class LmtpHandler {
 public:
  virtual ~LmtpHandler() = default;
  // Whether mail may come in now; anything but 250 is the answer to MAIL and to all that waits.
  virtual LmtpReply may_accept() = 0;
  // Without any effect: MTAs probe with it. `from` may be empty.
  virtual LmtpReply on_recipient(std::string_view from, std::string_view recipient) = 0;
  // One reply for each recipient, in order. A 250 is sent once settle() has said true.
  virtual std::vector<LmtpReply> on_mail(const Envelope& envelope, std::string bytes) = 0;
  // All that was accepted since the last call is on the disk. Called once for the mails of many connections.
  virtual bool settle() = 0;
};

struct LmtpLimits {
  std::string host = "localhost";  // how we call ourselves
  std::size_t mail_bytes = 25'000'000;
  std::size_t recipients = 1000;
  std::size_t line_bytes = 2048;       // of a command
  std::size_t text_line_bytes = 1000;  // of the mail, with its CRLF
  std::size_t bad_commands = 20;       // then 421
};

// One connection's side of the talk.
class LmtpDialogue {
 public:
  LmtpDialogue(LmtpHandler& handler, const LmtpLimits& limits);
  LmtpDialogue(const LmtpDialogue&) = delete;
  LmtpDialogue& operator=(const LmtpDialogue&) = delete;
  ~LmtpDialogue();

  std::string greeting() const;
  // Takes what has come and appends what is to be answered. Stops after a mail (see waiting) and keeps the
  // rest.
  void on_bytes(std::string_view bytes, std::string& out);
  // A mail was taken and waits for settle(); nothing more is read until settled().
  bool waiting() const;
  // `kept`: what settle() said. Goes on with what came meanwhile.
  void settled(bool kept, std::string& out);
  bool closed() const;                       // after QUIT, or too many bad commands: once `out` is written
  std::string goodbye(bool shutdown) const;  // 421, idle or shutdown
  std::size_t held() const;                  // bytes in memory

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::email
