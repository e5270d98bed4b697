// IRCv3 capability negotiation (CAP LS 302): what the server offers, what we ask for, what is on. Pure: lines
// in, lines out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bridges/irc/line.hpp"

namespace dragoman::irc {

enum class Cap : std::uint32_t {
  message_tags = 1U << 0,
  server_time = 1U << 1,
  multi_prefix = 1U << 2,
  userhost_in_names = 1U << 3,
  echo_message = 1U << 4,
  away_notify = 1U << 5,
  account_notify = 1U << 6,
  extended_join = 1U << 7,
  account_tag = 1U << 8,
  chghost = 1U << 9,
  setname = 1U << 10,
  invite_notify = 1U << 11,
  batch = 1U << 12,
  labeled_response = 1U << 13,
  cap_notify = 1U << 14,
  sasl = 1U << 15,
};

class Capabilities {
 public:
  // `want_sasl`: only then is "sasl" asked for.
  explicit Capabilities(bool want_sasl = false) : want_sasl_(want_sasl) {}

  static std::string first_line() { return "CAP LS 302"; }
  // A CAP line from the server; what to send back, without CR LF.
  std::vector<std::string> on_line(const Line& line);

  // The server has told its list, and every request was answered: CAP END may be sent.
  bool settled() const { return listed_ && asked_ == 0; }
  bool has(Cap cap) const { return (enabled_ & static_cast<std::uint32_t>(cap)) != 0; }
  // Whether a SASL mechanism is among those that the server names (it needn't name any).
  bool offers_mechanism(std::string_view name) const;

 private:
  void offer(std::string_view list);
  std::vector<std::string> request();
  void enable(std::string_view list);

  bool want_sasl_;
  bool listed_ = false;
  int asked_ = 0;                           // requests without an answer
  std::uint32_t enabled_ = 0, wanted_ = 0;  // wanted: offered and not yet asked for
  std::string mechanisms_;
};

}  // namespace dragoman::irc
