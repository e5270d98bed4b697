#include "bridges/email/posting.hpp"

#include "bridges/email/accounts.hpp"
#include "bridges/email/address.hpp"
#include "bridges/email/compose.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

constexpr std::chrono::milliseconds an_hour{3600'000};

}  // namespace

Posting::Posting(Wing& wing, Outcomes::SessionOf session_of)
    : wing_(wing),
      outcomes_(wing.hub, std::move(session_of)),
      delivery_(wing.hub.loop, wing.hub.store, wing.hub.network, wing.hub.email(),
                {[this](const QueuedMail& mail) {
                   outcomes_.accepted(mail.mail);
                   if (wing_.accounts != nullptr) wing_.accounts->accepted(mail);
                 },
                 [this](const QueuedMail& mail, const Failure& why) {
                   outcomes_.failed(mail.mail, mail.recipient, why);
                 },
                 [this](const QueuedMail& mail, const std::string& words) {
                   outcomes_.late(mail.mail, words + ".");
                 },
                 [this](const std::string& route) {
                   return wing_.accounts != nullptr ? wing_.accounts->server_of(route) : std::nullopt;
                 }}) {}

bool Posting::may_begin(const PersonId& person) {
  const std::uint32_t most = wing_.hub.email().mails_per_hour;
  if (most == 0) return true;
  return allowances_.try_emplace(person, net::TokenBucket(most, an_hour / most))
      .first->second.take(net::TokenBucket::Clock::now());
}

bool Posting::post(const PersonId& person, const Conversation& in, Outgoing& out, const std::string& draft) {
  Hub& hub = wing_.hub;
  const std::string bytes = compose(out.draft);
  out.row.person = person;
  out.row.conversation = name_of(in);
  out.row.outgoing = true;
  out.row.time = hub.now();
  const MailKey mail = hub.store.mails().put(hub.network, out.row, bytes);
  if (mail == 0) return false;
  const std::uint64_t losses = hub.store.losses();
  outcomes_.keep(mail, out.about());
  const std::string* own = hub.accounts.address_of(person);
  const std::string from = own != nullptr ? *own : hub.bounces.of(mail);
  std::vector<std::int64_t> queued;
  for (const Mailbox& to : out.recipients) {
    // RFC 3834 3.3: what nobody wrote by hand has nobody to come back to.
    if (!out.draft.automatic) wing_.consent.know(person, folded(to.address));
    queued.push_back(
        send(mail, person, out.draft.automatic ? std::string() : from, to.address, route_of(person)));
  }
  if (!draft.empty()) hub.store.notes().erase(hub.network, "draft", draft);
  if (hub.store.commit() && hub.store.losses() == losses) return true;
  for (const std::int64_t key : queued) delivery_.cancel(key);
  return false;
}

std::int64_t Posting::send(MailKey mail, const PersonId& person, const std::string& envelope_from,
                           const std::string& recipient, const std::string& route) {
  return delivery_.push({.person = person,
                         .mail = mail,
                         .envelope_from = envelope_from,
                         .recipient = recipient,
                         .route = route,
                         .taken = wing_.hub.now(),
                         .due = wing_.hub.now()});
}

std::string Posting::route_of(const PersonId& person) const {
  return wing_.hub.accounts.address_of(person) != nullptr ? person.value() : std::string();
}

bool Posting::cancel(const QueuedMail& mail) {
  if (!delivery_.cancel(mail.key)) return false;
  outcomes_.failed(mail.mail, mail.recipient, {Reason::invalid, "You cancelled it."});
  return true;
}

void Posting::reload() {
  allowances_.clear();
  delivery_.reload(wing_.hub.email());
}

void Posting::forget(const PersonId& person) {
  for (const QueuedMail& mail : delivery_.waiting(person)) delivery_.cancel(mail.key);
}

}  // namespace dragoman::email
