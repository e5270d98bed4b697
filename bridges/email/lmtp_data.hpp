// The bytes between DATA and the dot (RFC 5321 4.1.1.4, 4.5.2): the stuffed dots taken out, CRLF kept. They
// end at CRLF.CRLF alone; whatever another server might take for the end makes the mail a refused one, once
// all of it was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/email/lmtp.hpp"

namespace dragoman::email {

class LmtpData {
 public:
  explicit LmtpData(const LmtpLimits& limits)
      : mail_bytes_(limits.mail_bytes), line_bytes_(limits.text_line_bytes) {}

  void begin(std::size_t expected);          // makes room for so many bytes, and is ready for the next mail
  std::size_t take(std::string_view bytes);  // how many of them belonged to the mail
  bool ended() const { return state_ == State::ended; }
  // Once it has ended: why it is refused; nothing: it is not.
  std::optional<LmtpReply> verdict() const;
  std::string bytes() { return std::move(mail_); }
  std::size_t held() const { return mail_.capacity(); }

 private:
  // Where in a line the next byte stands: after CRLF, after that and a dot, after that and a dot and CR, …
  enum class State : std::uint8_t { line_start, dot, dot_cr, in_line, in_line_cr, ended };

  const char* take_line(const char* at, const char* end);
  void keep(const char* from, const char* to);

  std::size_t mail_bytes_, line_bytes_;
  std::string mail_;
  std::size_t size_ = 0;  // of the mail, also where it is not kept
  std::size_t line_ = 0;  // of the line, without a stuffed dot
  State state_ = State::ended;
  bool bare_ = false;  // a CR or LF stood alone
  bool long_line_ = false;
};

}  // namespace dragoman::email
