#include "bridges/email/reading.hpp"

#include "bridges/email/conversations.hpp"
#include "bridges/email/mime_in.hpp"
#include "mapping/digest.hpp"

namespace dragoman::email {

std::variant<Mail, std::string> read_mail(const Hub& hub, const std::string& bytes,
                                          const std::string* provider) {
  if (std::string words = beyond_limits(bytes, {}); !words.empty()) return words;
  const std::string& judge = provider != nullptr ? *provider : hub.email().authserv_id;
  auto parsed = parse_mail(bytes, judge);
  if (auto* mail = std::get_if<Mail>(&parsed)) {
    mail->judge = judge.empty()         ? Mail::Judge::nobody
                  : provider == nullptr ? Mail::Judge::ours
                                        : Mail::Judge::readers;
    if (mail->message_id.empty())
      mail->message_id = keyed_digest(hub.key, bytes) + "@" + hub.aliases.domain();
  }
  return parsed;
}

bool is_of_list(const Mail& mail) { return mail.list && is_list_id(mail.list->id); }

}  // namespace dragoman::email
