#include "bridges/email/delivery_result.hpp"

namespace dragoman::email {

std::string in_words(const net::SmtpResult& result) {
  if (!result.reached) return result.words;
  std::string words;
  if (result.code != 0) words = std::to_string(result.code) + ' ';
  if (!result.status.empty()) words += result.status + ' ';
  return words + result.words;
}

Reason reason_of(const net::SmtpResult& result) {
  const auto& status = result.status;
  if (status.starts_with("5.1.1") || status.starts_with("5.1.2") || status.starts_with("5.1.3") ||
      status.starts_with("5.1.10"))
    return Reason::no_such_user;
  if (status == "5.2.3" || status == "5.3.4" || (status.empty() && result.code == 552))
    return Reason::too_large;
  if (status.starts_with("5.7.")) return Reason::not_permitted;
  if (status == "5.6.7") return Reason::unsupported;
  return Reason::network_error;
}

bool is_login_refused(const net::SmtpResult& result) {
  return !result.reached &&
         (result.code == 530 || result.code == 534 || result.code == 535 || result.code == 538);
}

}  // namespace dragoman::email
