// Replies of a server of SMTP (RFC 5321 4.2), line by line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dragoman::net {

struct SmtpReply {
  int code = 0;
  std::string status;              // RFC 3463 and 2034: "5.1.1"; may be empty
  std::string words;               // without the status, the lines in a row; clean, at most 500 bytes
  std::vector<std::string> lines;  // as they are, for EHLO; at most a hundred
  int kind() const { return code / 100; }
};

class SmtpReplyReader {
 public:
  enum class Step { more, whole, broken };
  Step take(std::string_view line);
  // After `whole`.
  const SmtpReply& reply() const { return reply_; }

 private:
  SmtpReply reply_;
  bool open_ = false;
};

}  // namespace dragoman::net
