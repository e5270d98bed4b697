#include "bridges/email/incoming.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "bridges/email/address.hpp"
#include "bridges/email/quota.hpp"
#include "bridges/email/reading.hpp"
#include "mapping/digest.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr unsigned most_hops = 50;             // RFC 5321 6.3
constexpr std::size_t most_held = 50;          // of one who asks
constexpr std::size_t most_held_of_all = 500;  // who ask the same person
constexpr const char* judge_note = "judge";    // of a mail that waits: whose word on its sender counts

const LmtpReply taken{250, "2.0.0 Taken"};
const LmtpReply no_such_user{550, "5.1.1 There is nobody of this address here"};
const LmtpReply try_later{451, "4.3.0 The chat side can't take mail now, try again"};
const LmtpReply no_room{452, "4.3.1 There is no room for mail now, try again"};
const LmtpReply not_ours{550, "5.7.1 That report is about no mail that was sent from here"};
const LmtpReply mailbox_full{452, "4.2.2 The mailbox of the recipient is full"};
const LmtpReply enough_held{452, "4.2.2 The recipient has not yet said whether they want this mail"};

// Who asks to be heard: a list is one, whoever speaks on it.
Mailbox asker_of(const Mail& mail) {
  if (is_of_list(mail) && !mail.list->post.empty())
    return {mail.list->name.empty() ? mail.list->id : mail.list->name, mail.list->post};
  return mail.from.front();
}

// RFC 5322 3.6.4: a mail that names only what it answers refers to that.
std::string references_of(const Mail& mail) {
  if (mail.references.empty()) return mail.in_reply_to;
  std::string out;
  for (const std::string& id : mail.references) out += (out.empty() ? "" : " ") + id;
  return out;
}

}  // namespace

Incoming::Incoming(Wing& wing, Links& links, Quota& quota, Drafts::SessionOf session_of)
    : wing_(wing),
      quota_(quota),
      session_of_(std::move(session_of)),
      telling_(wing, links),
      untold_(wing, telling_, session_of_) {}

LmtpReply Incoming::may_accept() {
  return held_ || away_ || !wing_.hub.store.healthy() ? trouble() : LmtpReply{250, "2.0.0 ok"};
}

LmtpReply Incoming::trouble() const { return wing_.hub.store.full() ? no_room : try_later; }

LmtpReply Incoming::on_recipient(std::string_view, std::string_view recipient) {
  const auto address = valid_address(recipient);
  if (!address) return {553, "5.1.3 That is no mail address"};
  const Hub& hub = wing_.hub;
  if (domain_part(*address) != hub.aliases.domain())
    return {550, "5.7.1 Mail of that domain does not come here"};
  const std::string_view local = local_part(*address);
  if (hub.bounces.mail(local)) return {250, "2.1.5 ok"};
  if (BounceAddresses::looks_like_one(local)) return no_such_user;
  if (Probes::looks_like_one(local))
    return hub.probes.name(local) ? LmtpReply{250, "2.1.5 ok"} : no_such_user;
  const auto person = hub.aliases.person(local);
  if (!person || !hub.is_registered(*person)) return no_such_user;
  if (!hub.may_use(*person)) return {550, "5.2.1 This user may not use the gateway"};
  if (!quota_.has_room(*person, 1)) {
    tell_full(session_of_(*person));
    return mailbox_full;
  }
  return {250, "2.1.5 ok"};
}

std::vector<LmtpReply> Incoming::on_mail(const Envelope& envelope, std::string bytes) {
  const bool first = std::exchange(settled_, false);
  if (first) losses_before_ = wing_.hub.store.losses();
  auto replies = replies_to(envelope, bytes);
  // Nobody waits for settle() where nothing was taken; then what is lost meanwhile is not the next mail's.
  const bool any =
      std::any_of(replies.begin(), replies.end(), [](const LmtpReply& r) { return r.code == 250; });
  if (first && !any) settled_ = true;
  return replies;
}

std::vector<LmtpReply> Incoming::replies_to(const Envelope& envelope, const std::string& bytes) {
  const Hub& hub = wing_.hub;
  const auto all = [&](const LmtpReply& reply) {
    return std::vector<LmtpReply>(envelope.recipients.size(), reply);
  };
  auto parsed = read(bytes, nullptr);
  if (const auto* reply = std::get_if<LmtpReply>(&parsed)) return all(*reply);
  const Mail& mail = std::get<Mail>(parsed);
  if (mail.hops > most_hops) return all({554, "5.4.6 This mail goes round in circles"});
  const std::string digest = keyed_digest(hub.key, mail.message_id + "\n" + bytes);

  std::vector<LmtpReply> replies;
  std::set<std::string> done;  // who had it from this very mail
  for (const std::string& recipient : envelope.recipients) {
    const auto address = valid_address(recipient);
    const std::string_view local = address ? local_part(*address) : std::string_view();
    if (const auto bounced = hub.bounces.mail(local)) {
      // Only a report says something about a mail; whatever else comes there is nobody's.
      if (mail.report) wing_.drafts->on_report(*bounced, *mail.report);
      replies.push_back(taken);
      continue;
    }
    if (const auto probe = wing_.hub.probes.name(local)) {
      const bool kept = wing_.hub.probes.came(*probe, mail.report ? mail.report->words : std::string());
      replies.push_back(kept ? taken : try_later);
      continue;
    }
    const auto person = address ? hub.aliases.person(local) : std::nullopt;
    if (!person || !hub.is_registered(*person)) {
      replies.push_back(no_such_user);
    } else if (mail.from.empty()) {
      replies.push_back({554, "5.6.0 The mail does not say who it is from"});
    } else if (!done.insert(person->value()).second) {
      replies.push_back(taken);
    } else {
      replies.push_back(deliver(*person, mail, bytes, digest, nullptr));
    }
  }
  return replies;
}

std::variant<Mail, LmtpReply> Incoming::read(const std::string& bytes, const std::string* provider) const {
  auto parsed = read_mail(wing_.hub, bytes, provider);
  if (const auto* words = std::get_if<std::string>(&parsed)) return LmtpReply{554, "5.6.0 " + *words};
  return std::get<Mail>(std::move(parsed));
}

Incoming::Taken Incoming::on_own_mail(const PersonId& person, const std::string& bytes,
                                      const std::string& authserv_id) {
  const Hub& hub = wing_.hub;
  auto parsed = read(bytes, &authserv_id);
  if (const auto* reply = std::get_if<LmtpReply>(&parsed)) return {*reply, {}};
  const Mail& mail = std::get<Mail>(parsed);
  if (mail.from.empty()) return {{554, "5.6.0 The mail does not say who it is from"}, {}};
  if (hub.store.mails().find(hub.network, person, mail.message_id)) return {taken, mail.message_id};
  const std::string digest = keyed_digest(hub.key, mail.message_id + "\n" + bytes);
  return {deliver(person, mail, bytes, digest, &authserv_id), mail.message_id};
}

Incoming::Taken Incoming::on_sent_mail(const PersonId& person, const std::string& bytes) {
  Hub& hub = wing_.hub;
  const std::string no_judge;
  auto parsed = read(bytes, &no_judge);
  if (const auto* reply = std::get_if<LmtpReply>(&parsed)) return {*reply, {}};
  const Mail& mail = std::get<Mail>(parsed);
  if (mail.from.empty()) return {{554, "5.6.0 The mail does not say who it is from"}, {}};
  if (hub.store.mails().find(hub.network, person, mail.message_id)) return {taken, mail.message_id};
  // What a program has sent by itself nobody has said.
  if (mail.report || mail.automatic) return {taken, mail.message_id};
  const auto place = wing_.conversations.place_of_sent(person, mail);
  Session& session = session_of_(person);
  if (!quota_.has_room(person, bytes.size())) {
    tell_full(session);
    return {mailbox_full, mail.message_id};
  }
  // Whom they have written to is known, and heard before what answers them.
  for (const auto* boxes : {&mail.to, &mail.cc}) {
    for (const Mailbox& box : *boxes) {
      const UserId user{folded(box.address)};
      wing_.consent.know(person, user.value());
      if (!wing_.consent.held(person, user.value()).empty()) let_in(session, user);
    }
  }
  MailRow row;
  row.person = person;
  row.message_id = mail.message_id;
  row.subject = mail.subject;
  row.references = references_of(mail);
  row.digest = keyed_digest(hub.key, mail.message_id + "\n" + bytes);
  row.time = hub.now();
  row.outgoing = true;
  if (!keep_and_tell(session, mail, std::move(row), bytes, 0, place, &no_judge))
    return {trouble(), mail.message_id};
  quota_.taken(person, bytes.size());
  return {taken, mail.message_id};
}

// Others may have ended the group since: what it lost counts as well.
bool Incoming::settle() {
  settled_ = true;
  return wing_.hub.store.durable() && wing_.hub.store.losses() == losses_before_;
}

LmtpReply Incoming::deliver(const PersonId& person, const Mail& mail, const std::string& bytes,
                            const std::string& digest, const std::string* provider) {
  Hub& hub = wing_.hub;
  MailsTable& mails = hub.store.mails();
  if (mails.by_digest(hub.network, person, digest)) return taken;  // its 250 was lost
  // Their own, come back to them; or, to whom mail comes by two ways, the same by the other one.
  if (const auto known = mails.find(hub.network, person, mail.message_id);
      known && (known->outgoing || hub.accounts.address_of(person) != nullptr))
    return taken;
  if (mail.report && !mail.report->original_id.empty()) {
    if (const auto sent = wing_.drafts->mail_of(person, mail.report->original_id)) {
      wing_.drafts->on_report(*sent, *mail.report);
      return taken;
    }
    // Of mail that others sent in their name: it comes in thousands.
    // In their own account they may be about what they sent by another program.
    if (provider == nullptr &&
        (mail.report->outcome == Outcome::failed || mail.report->outcome == Outcome::delayed))
      return not_ours;
  }
  // Who answers a mail of theirs was written to.
  const auto answered =
      mail.in_reply_to.empty() ? std::nullopt : mails.find(hub.network, person, mail.in_reply_to);
  Consent::Answer answer = wing_.consent.of(person, folded(asker_of(mail).address), mail.verified);
  if (answer == Consent::Answer::ask && answered && answered->outgoing) answer = Consent::Answer::welcome;
  if (answer == Consent::Answer::refused ||
      wing_.consent.is_blocked(person, folded(mail.from.front().address)))
    return {550, "5.7.1 The recipient does not accept mail from this sender"};

  if (!quota_.has_room(person, bytes.size())) {
    tell_full(session_of_(person));
    return mailbox_full;
  }
  quota_.taken(person, bytes.size());

  MailRow row;
  row.person = person;
  row.message_id = mail.message_id;
  row.subject = mail.subject;
  row.references = references_of(mail);
  row.digest = digest;
  row.time = hub.now();
  Session& session = session_of_(person);
  if (answer == Consent::Answer::ask) return ask(session, mail, std::move(row), bytes, provider);
  return take(session, mail, std::move(row), bytes, 0, provider) ? taken : trouble();
}

// Where they can do something about it.
void Incoming::tell_full(Session& session) {
  if (!quota_.is_news(session.person())) return;
  session.tell(PlaceId{},
               Message{Text("Your mailbox is full: no more mail comes in, and its senders are told after a "
                            "while. The command \"What is kept of my mails\" makes room.")});
}

bool Incoming::take(Session& session, const Mail& mail, MailRow row, std::string_view bytes, MailKey same_as,
                    const std::string* provider) {
  const PersonId person = row.person;
  if (!keep_and_tell(session, mail, std::move(row), bytes, same_as,
                     wing_.conversations.place_of(person, mail), provider))
    return false;
  // RFC 8098 2.1: a receipt that goes to somebody else than the writer is not given without a question.
  if (!mail.receipt_to.empty() && !mail.automatic && !is_of_list(mail) &&
      folded(mail.receipt_to) == folded(mail.from.front().address))
    wing_.hub.store.notes().put(wing_.hub.network, "receipt", person.value() + " " + mail.message_id,
                                mail.receipt_to);
  return true;
}

bool Incoming::keep_and_tell(Session& session, const Mail& mail, MailRow row, std::string_view bytes,
                             MailKey same_as, const std::optional<Conversations::Place>& place,
                             const std::string* provider) {
  Hub& hub = wing_.hub;
  MailsTable& mails = hub.store.mails();
  const auto answered =
      mail.in_reply_to.empty() ? std::nullopt : mails.find(hub.network, row.person, mail.in_reply_to);
  if (place) row.conversation = name_of(place->where);
  row.thread = answered && !answered->thread.empty() ? answered->thread
               : !mail.references.empty()            ? mail.references.front()
               : !mail.in_reply_to.empty()           ? mail.in_reply_to
                                                     : mail.message_id;
  auto last = mails.last(hub.network, row.person, row.conversation);
  row.key = mails.put(hub.network, row, bytes, same_as);
  if (row.key == 0) return false;
  return !place || untold_.tell(session, mail, {std::move(row), *place, std::move(last)}, provider);
}

// Somebody new: who they are and what it is about, before anything is told.
LmtpReply Incoming::ask(Session& session, const Mail& mail, MailRow row, const std::string& bytes,
                        const std::string* provider) {
  const Mailbox sender = asker_of(mail);
  const UserId user{folded(sender.address)};
  const std::size_t before = wing_.consent.held(session.person(), user.value()).size();
  if (before >= most_held || wing_.consent.held(session.person()) >= most_held_of_all) return enough_held;
  // In no conversation: nothing that is said answers it.
  row.conversation = "asks " + user.value();
  const MailKey key = wing_.hub.store.mails().put(wing_.hub.network, row, bytes);
  if (key == 0 || !wing_.consent.hold(session.person(), user.value(), key)) return trouble();
  if (provider != nullptr)
    wing_.hub.store.notes().put(wing_.hub.network, judge_note, std::to_string(key), *provider);
  wing_.conversations.note_person(sender,
                                  mail.verified && mail.judge == Mail::Judge::ours && !is_of_list(mail));
  if (before > 0) return taken;
  std::string reason = sender.address + " writes: " + (mail.subject.empty() ? "(no subject)" : mail.subject);
  if (!mail.verified && mail.judge != Mail::Judge::nobody) reason += " (the sender could not be verified)";
  session.tell(user, Invited{sender.name.empty() ? sender.address : sender.name, std::move(reason), {}});
  return taken;
}

void Incoming::let_in(Session& session, const UserId& user) {
  Hub& hub = wing_.hub;
  for (const MailKey key : wing_.consent.held(session.person(), user.value())) {
    const auto row = hub.store.mails().get(hub.network, key);
    const auto bytes = row ? hub.store.mails().bytes(hub.network, key) : std::nullopt;
    if (bytes) {
      const auto judge = hub.store.notes().get(hub.network, judge_note, std::to_string(key));
      const std::string* provider = judge ? &*judge : nullptr;
      auto parsed = read(*bytes, provider);
      if (const auto* mail = std::get_if<Mail>(&parsed); mail != nullptr && !mail->from.empty()) {
        // It was put down before it was known where it belongs. On trouble it waits on.
        if (!take(session, *mail, *row, {}, key, provider)) return;
      }
    }
    hub.store.mails().erase(hub.network, key);
    hub.store.notes().erase(hub.network, judge_note, std::to_string(key));
    wing_.consent.release(session.person(), user.value(), key);
  }
}

void Incoming::turn_away(Session& session, const UserId& user) {
  for (const MailKey key : wing_.consent.held(session.person(), user.value())) {
    wing_.hub.store.mails().erase(wing_.hub.network, key);
    wing_.hub.store.notes().erase(wing_.hub.network, judge_note, std::to_string(key));
    wing_.consent.release(session.person(), user.value(), key);
  }
}

}  // namespace dragoman::email
