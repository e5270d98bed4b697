#include "bridges/email/mime_in.hpp"

#include "bridges/email/address.hpp"
#include "bridges/email/authentication.hpp"
#include "bridges/email/body.hpp"
#include "bridges/email/gmime.hpp"
#include "bridges/email/headers.hpp"
#include "bridges/email/quote_words.hpp"
#include "bridges/email/quotes.hpp"
#include "bridges/email/reaction.hpp"
#include "bridges/email/report.hpp"
#include "bridges/email/signed_list.hpp"
#include "bridges/email/wrapped.hpp"

namespace dragoman::email {

std::variant<Mail, std::string> parse_mail(std::string_view bytes, const std::string& authserv_id,
                                           const MimeLimits& limits) {
  if (std::string why = beyond_limits(bytes, limits); !why.empty()) return why;
  const ParsedMail parsed(bytes);
  if (!parsed.ok()) return std::string("that is no mail: its header can't be read");
  Mail mail;
  read_headers(parsed.message(), limits, mail);
  mail.verified = is_verified(parsed.message(), authserv_id);
  if (mail.list && mail.list->one_click)
    mail.list->one_click = is_one_click_signed(parsed.message(), authserv_id);
  mail.reaction = reaction_in(parsed);
  if (mail.reaction && !mail.in_reply_to.empty()) return mail;
  mail.reaction.reset();
  Body body = read_body(parsed, limits, mail.subject,
                        mail.from.empty() ? std::string() : folded(mail.from.front().address));
  mail.report = report_in(parsed, mail, body.text.plain);
  mail.files = std::move(body.files);
  mail.sealed = body.sealed;
  mail.picture = std::move(body.picture);
  Folded folded = fold_quotes(body.text, is_forward_subject(mail.subject));
  mail.said = std::move(folded.said);
  mail.rest = std::move(folded.rest);
  if (body.wrapped) unwrap(mail.said);
  for (const std::string& note : body.notes) {
    if (!mail.said.empty()) mail.said.plain += "\n\n";
    mail.said.plain += note;
  }
  return mail;
}

bool write_part(std::string_view bytes, std::size_t part, const std::function<bool(std::string_view)>& take) {
  if (part == 0) {
    take(bytes);
    return true;
  }
  const ParsedMail parsed(bytes);
  if (!parsed.ok() || part > parsed.leaves().size()) return false;
  parsed.decode(parsed.leaves()[part - 1], take);
  return true;
}

}  // namespace dragoman::email
