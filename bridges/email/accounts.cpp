#include "bridges/email/accounts.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/email/account_forms.hpp"
#include "bridges/email/account_trial.hpp"
#include "bridges/email/incoming.hpp"
#include "bridges/email/mailbox_watcher.hpp"
#include "bridges/email/read_marks.hpp"
#include "bridges/email/sent_copies.hpp"
#include "bridges/email/stub.hpp"
#include "bridges/email/token_keeper.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {
namespace {

// How far somebody's have been told.
constexpr const char* mark_note = "mailbox";
constexpr const char* sent_mark_note = "sent mailbox";
constexpr const char* log_in_again =
    " Run the command \"Use my own mail account\" of this gateway again, with the password or "
    "token that is right now.";

}  // namespace

struct Accounts::Impl : std::enable_shared_from_this<Accounts::Impl> {
  Impl(Wing& w, Drafts::SessionOf of)
      : wing(w),
        hub(w.hub),
        session_of(std::move(of)),
        seen(hub),
        copies(hub, [this] { return certificates(); }),
        tokens(hub,
               {[this](const PersonId& person, const Account& account) { on_token(person, account); },
                [this](const PersonId& person, const TokenTrouble& why) { on_token_trouble(person, why); }}) {
  }

  // Costly to make, and of no use where nobody has an account.
  std::shared_ptr<const net::TlsContext> certificates() {
    const std::string& wanted = hub.email().accounts.ca_file;
    if (!context || ca_file != wanted) context = std::make_shared<net::TlsContext>(wanted);
    ca_file = wanted;
    return context;
  }

  std::shared_ptr<net::CurlMulti> submissions() {
    if (!pool) pool = net::make_smtp_pool(hub.loop);
    return pool;
  }

  // What runs for somebody who is logged in.
  struct Own {
    std::unique_ptr<MailboxWatcher> watcher;
    std::unique_ptr<MailboxWatcher> sent;  // what they send by other programs; while the first one is up
    std::string authserv_id;
    std::string trouble;        // why the account can't be entered; empty: it can, or nothing is known yet
    bool refusal_told = false;  // that its password is wrong
  };

  // -------------------------------------------------------------------------------------------------------
  // watching

  void start(const PersonId& person) {
    const auto account = hub.accounts.load(person);
    Own& own = owns[person];
    own = {};
    if (!account) {
      own.trouble = "its password can't be read any more";
      return tell(person, "Your mail account can't be used: " + own.trouble + "." + log_in_again);
    }
    own.authserv_id = account->authserv_id;
    copies.resume(person);
    if (tokens.begin(person, *account)) start_inbox(person, *account);
  }

  void start_inbox(const PersonId& person, const Account& account) {
    auto on = callbacks_of(person, mark_note);
    on.mail = [this, person](MailboxWatcher::Arrived mail, const MailboxMark& then) {
      return on_mail(person, std::move(mail), then);
    };
    on.up = [this, person] { on_up(person); };
    on.marked = [this, person](std::uint32_t validity, const std::vector<std::uint32_t>& uids) {
      seen.marked(person, validity, uids);
    };
    on.down = [this, person](const ImapTrouble& why) { on_down(person, why); };
    owns.at(person).watcher = watch(person, account, MailboxWatcher::Which::inbox, std::move(on));
  }

  void on_token(const PersonId& person, const Account& account) {
    Own& own = owns.at(person);
    wing.drafts->renew(person);
    if (!own.watcher) return start_inbox(person, account);
    own.watcher->renew(account);
    if (own.sent) own.sent->renew(account);
  }

  // What is connected stays so as long as its server bears it.
  void on_token_trouble(const PersonId& person, const TokenTrouble& why) {
    Own& own = owns.at(person);
    if (why.refused || !own.watcher) set_trouble(person, own, why.failure.text);
    spdlog::info("{}: the mail account of {}: {}", hub.network.value(), person.value(), why.failure.text);
    if (why.refused) tell_refusal(person, own);
  }

  // Whoever can't be let in twice is not told so: what matters comes by the first.
  void start_sent(const PersonId& person) {
    const auto account = hub.accounts.load(person);
    if (!account) return;
    auto on = callbacks_of(person, sent_mark_note);
    on.mail = [this, person](MailboxWatcher::Arrived mail, const MailboxMark& then) {
      return on_sent_mail(person, std::move(mail), then);
    };
    on.up = [] {};
    on.marked = [](std::uint32_t, const std::vector<std::uint32_t>&) {};
    on.down = [this, person](const ImapTrouble& why) {
      spdlog::debug("{}: the Sent mailbox of {}: {}", hub.network.value(), person.value(), why.failure.text);
    };
    owns.at(person).sent = watch(person, *account, MailboxWatcher::Which::sent, std::move(on));
  }

  MailboxWatcher::Callbacks callbacks_of(const PersonId& person, const char* note) {
    MailboxWatcher::Callbacks on;
    on.is_known = [this, person](const std::string& id) {
      return !id.empty() && hub.store.mails().find(hub.network, person, id).has_value();
    };
    on.moved = [this, person, note](const MailboxMark& then) { keep(person, note, then); };
    return on;
  }

  std::unique_ptr<MailboxWatcher> watch(const PersonId& person, const Account& account,
                                        MailboxWatcher::Which which, MailboxWatcher::Callbacks on) {
    const char* note = which == MailboxWatcher::Which::inbox ? mark_note : sent_mark_note;
    auto mark = unpacked_mark(hub.store.notes().get(hub.network, note, person.value()).value_or(""));
    if (mark.since == Time{}) mark.since = hub.now();
    MailboxWatcher::Options options;
    options.which = which;
    options.max_mail_bytes = hub.email().max_mail_bytes;
    auto out = std::make_unique<MailboxWatcher>(hub.loop, account, hub.is_public_only(account.imap.host),
                                                certificates(), mark, options, std::move(on));
    out->hold(held);
    return out;
  }

  bool keep(const PersonId& person, const char* note, const MailboxMark& mark) {
    return hub.store.notes().put(hub.network, note, person.value(), packed(mark));
  }

  // All of it in one group of the store: it is told once.
  bool on_mail(const PersonId& person, MailboxWatcher::Arrived mail, const MailboxMark& then) {
    if (!hub.is_registered(person) || !hub.store.healthy()) return false;
    const std::string authserv_id = owns.at(person).authserv_id;
    if (mail.bytes.empty()) {
      tell(person,
           "A mail in your account can't be fetched by this gateway. Look at it with another mail program.");
      return keep(person, mark_note, then) && hub.store.durable();
    }
    const auto taken = take(mail, [&](const std::string& bytes) {
      return wing.incoming->on_own_mail(person, bytes, authserv_id);
    });
    if (taken.reply.code == 451) return false;
    if (taken.reply.code == 250 && !mail.seen) seen.note(person, mail.validity, mail.uid, taken.message_id);
    return keep(person, mark_note, then) && hub.store.durable();
  }

  bool on_sent_mail(const PersonId& person, MailboxWatcher::Arrived mail, const MailboxMark& then) {
    if (!hub.is_registered(person) || !hub.store.healthy()) return false;
    if (!mail.bytes.empty()) {
      const auto taken =
          take(mail, [&](const std::string& bytes) { return wing.incoming->on_sent_mail(person, bytes); });
      if (taken.reply.code == 451) return false;
    }
    return keep(person, sent_mark_note, then) && hub.store.durable();
  }

  // What can't be shown is said in its place.
  static Incoming::Taken take(MailboxWatcher::Arrived& mail,
                              const std::function<Incoming::Taken(const std::string&)>& by) {
    if (mail.truncated)
      mail.bytes = stub_of(mail.bytes, "This mail is too large to be shown here. It is in your mailbox.");
    auto taken = by(mail.bytes);
    if (taken.reply.code != 554) return taken;
    return by(stub_of(mail.bytes, "This mail can't be shown here. It is in your mailbox."));
  }

  void on_up(const PersonId& person) {
    Own& own = owns.at(person);
    set_trouble(person, own, {});
    if (std::exchange(own.refusal_told, false)) tell(person, "Your mail account can be entered again.");
    own.watcher->mark_seen(seen.waiting(person, own.watcher->validity()));
    start_sent(person);
  }

  void on_down(const PersonId& person, const ImapTrouble& why) {
    Own& own = owns.at(person);
    own.sent.reset();
    if (why.refused && tokens.refused(person)) return;
    if (own.trouble.empty() || why.refused)
      spdlog::info("{}: the mail account of {}: {}", hub.network.value(), person.value(), why.failure.text);
    set_trouble(person, own, why.failure.text);
    if (why.refused) tell_refusal(person, own);
  }

  void set_trouble(const PersonId& person, Own& own, const std::string& words) {
    own.trouble = words;
    hub.accounts.note_trouble(person, words);
  }

  void tell_refusal(const PersonId& person, Own& own) {
    if (std::exchange(own.refusal_told, true)) return;
    tell(person, "Mail of your account does not come here any more: " + own.trouble + "." + log_in_again);
  }

  void tell(const PersonId& person, const std::string& words) {
    Message message;
    message.text = words;
    session_of(person).tell(PlaceId{}, std::move(message));
  }

  // -------------------------------------------------------------------------------------------------------
  // in and out

  void log_in(const PersonId& person, Wanted wanted) {
    trials.insert_or_assign(
        person, std::make_unique<AccountTrial>(
                    hub.loop, std::move(wanted), hub.email().accounts, hub.network.value(), certificates(),
                    [this, person](const AccountTrial::Result& result) { on_trial(person, result); }));
  }

  void on_trial(const PersonId& person, const AccountTrial::Result& result) {
    const auto trial = std::move(trials[person]);
    trials.erase(person);
    if (const auto* failure = std::get_if<Failure>(&result))
      return tell(person, "Your mail account can't be used: " + failure->text + ".");
    if (!hub.is_registered(person)) return;
    const auto& account = std::get<Account>(result);
    const std::string* before = hub.accounts.address_of(person);
    if (before != nullptr && *before != account.address)
      end(person, {Reason::not_connected, "You use another mail account now"});
    owns.erase(person);
    tokens.end(person);
    if (!hub.accounts.save(person, account))
      return tell(person, "Your mail account can't be used: what has to be remembered could not be stored.");
    wing.drafts->renew(person);
    spdlog::info("{}: {} uses a mail account at {}", hub.network.value(), person.value(), account.imap.host);
    tell(person, "You use your mail account " + account.address +
                     " now: what arrives there comes here, and you write from there.");
    start(person);
  }

  // Nothing of it is kept.
  void end(const PersonId& person, const Failure& why) {
    owns.erase(person);
    tokens.end(person);
    trials.erase(person);
    for (const char* note : {mark_note, sent_mark_note})
      hub.store.notes().erase(hub.network, note, person.value());
    seen.forget(person);
    copies.forget(person);
    hub.accounts.forget(person);
    wing.drafts->close_route(person, why);
  }

  void end_unwelcome() {
    const std::string words =
        "The administrator of this gateway does not let you use a mail account of your own here any more";
    for (const PersonId& person : hub.accounts.people()) {
      const auto account = hub.accounts.load(person);
      const auto allowed = [&](const std::string& host) {
        return permit_of(hub.email().accounts, host) != Permit::no;
      };
      const bool lawful =
          account && allowed(account->imap.host) && allowed(account->smtp.host) &&
          (!account->renewal.given() || allowed(endpoint_host(account->renewal.url).value_or("")));
      if (hub.may_use(person) && hub.may_log_in(person) && (lawful || !account)) continue;
      end(person, {Reason::not_permitted, words});
      tell(person, words + ".");
    }
  }

  Wing& wing;
  Hub& hub;
  Drafts::SessionOf session_of;
  std::shared_ptr<const net::TlsContext> context;
  std::string ca_file;  // that it was made of
  std::shared_ptr<net::CurlMulti> pool;
  ReadMarks seen;
  SentCopies copies;
  TokenKeeper tokens;
  std::map<PersonId, Own> owns;
  std::map<PersonId, std::unique_ptr<AccountTrial>> trials;
  bool held = false;
};

Accounts::Accounts(Wing& wing, Drafts::SessionOf session_of)
    : impl_(std::make_shared<Impl>(wing, std::move(session_of))) {}
Accounts::~Accounts() = default;

void Accounts::resume() {
  impl_->end_unwelcome();
  for (const PersonId& person : impl_->hub.accounts.people()) impl_->start(person);
}

std::vector<Procedure> Accounts::procedures() const {
  if (impl_->hub.email().accounts.servers.empty()) return {};
  return {{login_node, "Use my own mail account", false},
          {logout_node, "Do not use my own mail account any more", false}};
}

bool Accounts::runs(const std::string& node) const { return node == login_node || node == logout_node; }

dragoman::Outcome Accounts::run(const PersonId& person, const std::string& node, const Answers& answers,
                                bool submitted) {
  Hub& hub = impl_->hub;
  const std::string* now = hub.accounts.address_of(person);
  if (node == logout_node) {
    if (now == nullptr) return Note{"You use no mail account of your own here."};
    if (!submitted) return logout_form(*now);
    const std::string address = *now;
    impl_->end(person, {Reason::not_connected, "You have logged out of your mail account"});
    return Note{"You do not use " + address + " here any more. Your address is " + hub.aliases.of(person) +
                "."};
  }
  if (!hub.may_use(person) || !hub.may_log_in(person))
    return Failure{Reason::not_permitted, "Using a mail account of one's own is not open to you here."};
  if (!submitted) {
    Form form = login_form(now == nullptr ? std::string() : *now);
    const auto own = impl_->owns.find(person);
    if (own != impl_->owns.end() && !own->second.trouble.empty())
      form.instructions += " It can't be entered at the moment: " + own->second.trouble + ".";
    return form;
  }
  auto wanted = wanted_in(answers);
  if (auto* failure = std::get_if<Failure>(&wanted)) return *failure;
  impl_->log_in(person, std::move(std::get<Wanted>(wanted)));
  return Note{"Your account is being tried. A message from this gateway tells how it ended."};
}

std::optional<net::SmtpServer> Accounts::server_of(const std::string& route) {
  auto account = impl_->hub.accounts.load(PersonId(route));
  if (!account) return {};
  // An old one would be refused, as if somebody had to do something about it.
  if (account->renewal.given() && account->token_ends != Time{} && account->token_ends < impl_->hub.now())
    account->token.clear();
  return submission_of(*account, impl_->hub.is_public_only(account->smtp.host), impl_->hub.network.value(),
                       impl_->hub.email().accounts.ca_file, impl_->submissions());
}

void Accounts::accepted(const QueuedMail& mail) {
  // What nobody wrote by hand is nothing that they have sent.
  if (!mail.route.empty() && !mail.envelope_from.empty()) impl_->copies.add(mail.person, mail.mail);
}

void Accounts::read(const PersonId& person, const Conversation& in, const MessageId& mail) {
  const auto own = impl_->owns.find(person);
  if (own == impl_->owns.end()) return;
  impl_->seen.read(person, in, mail);
  if (own->second.watcher && own->second.watcher->is_up())
    own->second.watcher->mark_seen(impl_->seen.waiting(person, own->second.watcher->validity()));
}

void Accounts::hold(bool held) {
  impl_->held = held;
  for (const auto& [person, own] : impl_->owns) {
    if (own.watcher) own.watcher->hold(held);
    if (own.sent) own.sent->hold(held);
  }
}

void Accounts::reload() { impl_->end_unwelcome(); }

void Accounts::forget(const PersonId& person) {
  impl_->end(person, {Reason::registration_required, "You are not registered any more"});
}

void Accounts::stop() {
  impl_->trials.clear();
  impl_->owns.clear();
  impl_->tokens.stop();
  impl_->copies.stop();
}

}  // namespace dragoman::email
