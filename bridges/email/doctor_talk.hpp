// One talk in SMTP or LMTP that is waited for, as the doctor holds it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/net/line_stream.hpp"

namespace dragoman::email {

struct Answered {
  int code = 0;                    // 0: there was none
  std::vector<std::string> lines;  // without code and separator; with code 0 what went wrong
  bool good() const { return code >= 200 && code < 400; }
  std::string words() const;                           // "550 5.1.1 nobody", one line
  bool offers(std::string_view word) const;            // an EHLO keyword, in upper case
  bool offers_auth(std::string_view mechanism) const;  // in upper case
};

class Talk {
 public:
  Talk(net::Target target, const std::string& ca_file);
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;
  ~Talk();

  Answered greeting();
  Answered say(std::string_view line);
  void send(std::string_view line);                    // no answer comes to it
  Answered start_tls(const net::TlsOptions& options);  // 220 and TLS set up, or 0

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman::email
