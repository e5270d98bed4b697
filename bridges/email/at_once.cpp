#include "bridges/email/at_once.hpp"

#include "bridges/email/compose.hpp"
#include "bridges/email/mime_in.hpp"
#include "mapping/digest.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {

void send_reaction(Wing& wing, Posting& posting, Session& session, Command command) {
  Hub& hub = wing.hub;
  const auto& reactions = std::get<Reactions>(command.what);
  if (!hub.store.mails().find(hub.network, session.person(), mail_id_of(reactions.target))) {
    return session.failed(command.in, command.token,
                          {Reason::invalid, "The mail that this is about is not known, or not sent yet."});
  }
  if (!posting.may_begin(session.person()))
    return session.failed(command.in, command.token, {Reason::rate_limited, {}});
  OpenDraft draft;
  draft.person = session.person();
  draft.in = command.in;
  draft.base =
      message_id_of(command.token.empty() ? random_hex(16) : command.token, hub.key, hub.aliases.domain());
  Message message;
  message.quote = Quote{reactions.target, {}, {}};
  for (const std::string& emoji : reactions.emoji) message.text.plain += emoji;
  const MessageId id{draft.base};
  const std::string token = command.token;
  draft.lines.push_back({Command{command.in, token, std::move(message), {}}, id});
  Outgoing out = outgoing(wing, draft, {});
  out.draft.reaction = std::get<Message>(draft.lines.front().command.what).text.plain;
  out.draft.text = {};
  if (!posting.post(draft.person, draft.in, out))
    return session.failed(command.in, token, {Reason::storage_failed, {}});
  if (std::holds_alternative<RoomId>(command.in)) session.delivered(command.in, token, id);
}

void send_notice(Wing& wing, Posting& posting, Session& session, Command command) {
  Hub& hub = wing.hub;
  const Message& notice = std::get<Message>(command.what);
  const auto about =
      notice.quote ? hub.store.mails().find(hub.network, session.person(), mail_id_of(notice.quote->message))
                   : std::nullopt;
  const auto bytes =
      about && !about->outgoing ? hub.store.mails().bytes(hub.network, about->key) : std::nullopt;
  const auto parsed = parse_mail(bytes.value_or(std::string()), {});
  const auto* mail = std::get_if<Mail>(&parsed);
  // RFC 3834 2: nothing answers a program, or a list, by itself.
  if (!bytes || mail == nullptr || mail->automatic || mail->list || mail->report ||
      !posting.may_begin(session.person()))
    return session.failed(command.in, command.token, {Reason::unsupported, {}});
  OpenDraft draft;
  draft.person = session.person();
  draft.in = command.in;
  draft.base = message_id_of(random_hex(16), hub.key, hub.aliases.domain());
  draft.lines.push_back({std::move(command), MessageId{draft.base}});
  Outgoing out = outgoing(wing, draft, {});
  out.draft.automatic = true;
  if (!posting.post(draft.person, draft.in, out))
    session.failed(draft.in, draft.lines.front().command.token, {Reason::storage_failed, {}});
}

bool send_word(Wing& wing, Posting& posting, const PersonId& person, const std::string& to,
               const std::string& subject, Text words) {
  if (!posting.may_begin(person)) return false;
  Hub& hub = wing.hub;
  Draft draft;
  draft.from = {hub.network.value(), hub.aliases.of(person)};
  draft.to = {{{}, to}};
  draft.message_id = message_id_of(random_hex(16), hub.key, hub.aliases.domain());
  draft.date = hub.now();
  draft.subject = subject;
  draft.text = std::move(words);
  draft.automatic = true;
  MailRow row;
  row.person = person;
  row.message_id = draft.message_id;
  row.subject = subject;
  row.outgoing = true;
  row.time = hub.now();
  const MailKey kept = hub.store.mails().put(hub.network, row, compose(draft));
  if (kept == 0) return false;
  posting.send(kept, person, hub.bounces.of(kept), to);
  return true;
}

void send_receipt(Wing& wing, Posting& posting, Session& session, const MessageId& id) {
  Hub& hub = wing.hub;
  NotesTable& notes = hub.store.notes();
  const std::string mail = mail_id_of(id), key = session.person().value() + " " + mail;
  const auto wanted = notes.get(hub.network, "receipt", key);
  if (!wanted) return;
  notes.erase(hub.network, "receipt", key);
  if (!hub.preferences(session.person()).read_marks || session.may_write()) return;
  Draft frame;
  frame.from = hub.from_of(session.person());
  frame.to = {{{}, *wanted}};
  frame.message_id = message_id_of("read " + key, hub.key, hub.aliases.domain());
  frame.in_reply_to = mail;
  frame.date = hub.now();
  frame.subject = "Read";
  frame.automatic = true;
  MailRow row;
  row.person = session.person();
  row.message_id = frame.message_id;
  row.outgoing = true;
  row.time = hub.now();
  const MailKey kept = hub.store.mails().put(hub.network, row, compose_receipt(frame, frame.from, mail));
  if (kept != 0) posting.send(kept, session.person(), {}, *wanted, posting.route_of(session.person()));
}

}  // namespace dragoman::email
