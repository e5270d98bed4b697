#include "bridges/email/outcomes.hpp"

#include "bridges/email/address.hpp"
#include "bridges/email/outgoing.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::string_view sent_kind = "sent", reported_kind = "reported";

}  // namespace

void Outcomes::keep(MailKey mail, const std::string& about) {
  hub_.store.notes().put(hub_.network, sent_kind, std::to_string(mail), about);
}

std::optional<Outcomes::Sent> Outcomes::sent(MailKey mail) const {
  const auto kept = hub_.store.notes().get(hub_.network, sent_kind, std::to_string(mail));
  const auto row = kept ? hub_.store.mails().get(hub_.network, mail) : std::nullopt;
  const auto in = row ? conversation_of(row->conversation) : std::nullopt;
  if (!in) return std::nullopt;
  Sent out{row->person, *in, Outgoing::said_in(*kept)};
  if (out.said.empty()) return std::nullopt;
  return out;
}

void Outcomes::accepted(MailKey mail) {
  const auto what = sent(mail);
  if (!what || !std::holds_alternative<UserId>(what->in)) return;
  for (const auto& [token, id] : what->said) session_of_(what->person).delivered(what->in, token, id);
}

void Outcomes::failed(MailKey mail, const std::string& recipient, Failure why) {
  const auto what = sent(mail);
  if (!what) return;
  if (std::holds_alternative<RoomId>(what->in) && why.text.find(recipient) == std::string::npos)
    why.text = recipient + ": " + why.text;
  Session& session = session_of_(what->person);
  for (const auto& [token, id] : what->said) session.failed(what->in, token, why);
}

void Outcomes::late(MailKey mail, std::string words) {
  const auto what = sent(mail);
  if (!what) return;
  Message note{Text(std::move(words)), MessageKind::notice};
  note.quote = Quote{what->said.front().second, {}, {}};
  session_of_(what->person).tell(what->in, std::move(note));
}

void Outcomes::reported(MailKey mail, const Report& report) {
  const auto what = sent(mail);
  if (!what || report.outcome == Outcome::delivered) return;
  // A report that comes again, by another way or because its 250 was lost, says nothing new.
  const std::string key = std::to_string(mail) + " " + std::to_string(static_cast<int>(report.outcome)) +
                          " " + folded(report.recipient);
  if (hub_.store.notes().get(hub_.network, reported_kind, key)) return;
  hub_.store.notes().put(hub_.network, reported_kind, key, {});
  switch (report.outcome) {
    case Outcome::failed: return failed(mail, report.recipient, {Reason::no_such_user, report.words});
    case Outcome::delayed:
      return late(mail, "Your message has not reached " +
                            (report.recipient.empty() ? std::string("its reader") : report.recipient) +
                            " yet, it is still being tried: " + report.words);
    case Outcome::delivered: return;
    case Outcome::displayed: {
      Sender reader;
      if (const auto* user = std::get_if<UserId>(&what->in)) reader = {user->value(), *user, {}, false};
      return session_of_(what->person).tell(what->in, ReadMark{what->said.back().second}, std::move(reader));
    }
  }
}

}  // namespace dragoman::email
