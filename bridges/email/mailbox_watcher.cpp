#include "bridges/email/mailbox_watcher.hpp"

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <utility>

#include <sodium.h>

#include "bridges/email/mailbox_progress.hpp"
#include "bridges/email/sent_folder.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto first_retry = 5s;
constexpr auto longest_retry = 10min;
constexpr auto after_refusal = 1h;  // servers lock out who knocks too often
constexpr auto after_full_house = 30s;
constexpr auto after_no_mailbox = 10min;
constexpr std::size_t response_overhead = std::size_t{64} * 1024;

// "Message-ID: <x@y>" with whatever is around it.
std::string id_in_field(std::string_view field) {
  const auto begin = field.find('<');
  const auto end = begin == std::string_view::npos ? begin : field.find('>', begin);
  return end == std::string_view::npos ? std::string()
                                       : std::string(field.substr(begin + 1, end - begin - 1));
}

Time wall_clock() { return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()); }

std::string set_of(const std::vector<std::uint32_t>& uids) {
  std::string out;
  for (const auto uid : uids) out += (out.empty() ? "" : ",") + std::to_string(uid);
  return out;
}

}  // namespace

struct MailboxWatcher::Impl : std::enable_shared_from_this<MailboxWatcher::Impl> {
  Impl(boost::asio::io_context& io, Account a, bool is_public, std::shared_ptr<const net::TlsContext> c,
       const MailboxMark& mark, Options o, Callbacks on)
      : loop(io),
        account(std::move(a)),
        public_only(is_public),
        context(std::move(c)),
        options(o),
        callbacks(std::move(on)),
        timer(io),
        pause(io),
        progress(mark) {}

  // -------------------------------------------------------------------------------------------------------
  // the connection

  void connect() {
    const auto weak = weak_from_this();
    ImapConnection::Callbacks on;
    on.ready = [weak] {
      if (const auto self = weak.lock()) self->open();
    };
    on.told = [weak](ImapResponse& response) {
      if (const auto self = weak.lock()) self->on_told(response);
    };
    on.ended = [weak](const ImapTrouble& why) {
      if (const auto self = weak.lock()) self->on_ended(why);
    };
    connection = std::make_unique<ImapConnection>(loop, account, public_only, context,
                                                  options.max_mail_bytes + response_overhead, std::move(on));
  }

  void connect_after(std::chrono::milliseconds delay) {
    reset();
    timer.after(delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->connect();
    });
  }

  void on_ended(const ImapTrouble& why) {
    // A refusal says nothing about those who come later.
    if (std::exchange(fetching, false) && why.failure.reason == Reason::network_error) progress.broke();
    connect_after(why.refused ? std::chrono::milliseconds(after_refusal) : retry.next(randombytes_random()));
    callbacks.down(why);
  }

  void reset() {
    connection.reset();
    pause.cancel();
    progress.closed();
    is_open = busy = idle = changed = was_ended = false;
    sent = {};
    fetched.reset();
  }

  void ask(std::string command, void (Impl::*then)(const ImapResponse&)) {
    busy = true;
    connection->ask(std::move(command), [weak = weak_from_this(), then](const ImapResponse& response) {
      const auto self = weak.lock();
      if (!self) return;
      self->busy = false;
      ((*self).*then)(response);
    });
  }

  void give_up(const ImapResponse& response) {
    on_ended({{Reason::network_error, "The mail server refuses what is asked of it" +
                                          (response.text.empty() ? "" : ": " + response.text)},
              false});
  }

  // -------------------------------------------------------------------------------------------------------
  // the mailbox

  void open() {
    if (options.which == Which::inbox) return ask("SELECT INBOX", &Impl::on_open);
    ask(SentFolder::command(*connection), &Impl::on_listed);
  }
  void on_listed(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    const auto name = imap_quoted(sent.name());
    if (name && !sent.name().empty()) return ask("EXAMINE " + *name, &Impl::on_open);
    connection->log_out();
    connect_after(after_no_mailbox);
  }

  void on_open(const ImapResponse& response) {
    if (!response.ok() || !progress.opened()) return give_up(response);
    is_open = true;
    callbacks.up();
    if (!is_open) return;
    changed = !progress.is_first_look();
    if (changed) return next();
    if (progress.next_uid() > 0) return begin();
    ask("UID SEARCH ALL", &Impl::on_all);
  }
  void on_all(const ImapResponse& response) { response.ok() ? begin() : give_up(response); }
  void begin() {
    callbacks.moved(progress.begin(wall_clock()));
    next();
  }

  void on_told(ImapResponse& response) {
    const auto number = [&] {
      std::uint32_t out = 0;
      const std::string& text = response.code_argument;
      std::from_chars(text.data(), text.data() + text.size(), out);
      return out;
    };
    if (response.name == "EXISTS") {
      changed = true;
      end_idle();
    } else if (response.code == "UIDVALIDITY") {
      progress.told_validity(number());
    } else if (response.code == "UIDNEXT") {
      progress.told_next(number());
    } else if (response.name == "SEARCH") {
      for (const ImapValue& value : response.values)
        if (const auto uid = value.number()) progress.found(*uid);
    } else if (response.name == "FETCH") {
      auto message = message_in(response);
      if (message && message->uid == looking_at && message->bytes) fetched = std::move(message);
    } else {
      sent.told(response);
    }
  }

  // What is to be done next; nothing is under way.
  void next() {
    if (busy || !is_open || idle) return;
    if (!to_mark.empty()) return store_seen();
    if (!held && !full) {
      if (progress.has_next()) return fetch();
      if (changed) return search();
    }
    rest();
  }

  void search() {
    changed = false;
    ask("UID SEARCH " + progress.search(), &Impl::on_found);
  }
  void on_found(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    if (const auto mark = progress.sift(wall_clock())) callbacks.moved(*mark);
    next();
  }

  void fetch() {
    looking_at = progress.next();
    fetched.reset();
    if (progress.is_hopeless()) {
      // Without any bytes: somebody has to be told that it is there.
      Arrived mail;
      mail.uid = looking_at;
      mail.validity = progress.validity();
      mail.truncated = true;
      return tell(std::move(mail));
    }
    // What was told has been told by another number, or left by us.
    if (!progress.is_anew() && options.which == Which::inbox) return ask_for_all();
    fetching = true;
    ask("UID FETCH " + std::to_string(looking_at) +
            " (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])",
        &Impl::on_header);
  }
  void ask_for_all() {
    fetched.reset();
    fetching = true;
    ask("UID FETCH " + std::to_string(looking_at) + " (UID FLAGS INTERNALDATE BODY.PEEK[]<0." +
            std::to_string(options.max_mail_bytes + 1) + ">)",
        &Impl::on_fetched);
  }

  void on_header(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    fetching = false;
    const bool known = fetched && callbacks.is_known(id_in_field(*fetched->bytes));
    if (!connection) return;
    if (fetched && !known && !progress.is_old(*fetched)) return ask_for_all();
    pass_by();
  }

  void on_fetched(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    fetching = false;
    // Somebody may have taken it away meanwhile.
    if (!fetched || progress.is_old(*fetched)) return pass_by();
    Arrived mail;
    mail.uid = looking_at;
    mail.validity = progress.validity();
    mail.bytes = std::move(*fetched->bytes);
    mail.seen = fetched->seen.value_or(false);
    mail.truncated = mail.bytes.size() > options.max_mail_bytes;
    fetched.reset();
    tell(std::move(mail));
  }

  void tell(Arrived mail) {
    const auto then = progress.after_next(wall_clock());
    const bool taken = callbacks.mail(std::move(mail), then);
    if (!connection) return;
    if (!taken) {
      full = true;
      pause.after(after_full_house, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->full = false;
        self->wake();
      });
      return next();
    }
    progress.pass(then);
    next();
  }

  void pass_by() {
    const auto then = progress.after_next(wall_clock());
    if (then != progress.mark()) callbacks.moved(then);
    progress.pass(then);
    next();
  }

  void store_seen() {
    marking.assign(to_mark.begin(),
                   to_mark.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(to_mark.size(), 200)));
    to_mark.erase(to_mark.begin(), to_mark.begin() + static_cast<std::ptrdiff_t>(marking.size()));
    ask("UID STORE " + set_of(marking) + " +FLAGS.SILENT (\\Seen)", &Impl::on_marked);
  }
  void on_marked(const ImapResponse&) {
    // A mailbox that can't be written to stays as it is.
    callbacks.marked(progress.validity(), std::exchange(marking, {}));
    next();
  }

  // -------------------------------------------------------------------------------------------------------
  // resting

  void rest() {
    retry.reset();
    if (no_idle || !connection->has("IDLE")) {
      timer.after(options.poll, [weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self && self->is_open && !self->busy) self->ask("NOOP", &Impl::on_polled);
      });
      return;
    }
    idle = true;
    const auto begun = std::chrono::steady_clock::now();
    timer.after(options.renew, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->end_idle();
    });
    connection->idle([weak = weak_from_this(), begun](const ImapResponse& response) {
      const auto self = weak.lock();
      if (!self) return;
      self->idle = false;
      const bool at_once = std::chrono::steady_clock::now() - begun < 1s && !self->was_ended;
      self->no_idle = !response.ok() || at_once;
      self->was_ended = false;
      self->timer.cancel();
      self->next();
    });
  }
  void on_polled(const ImapResponse&) { next(); }

  void end_idle() {
    if (!idle) return;
    was_ended = true;
    connection->end_idle();
  }

  void wake() {
    if (!is_open) return;
    if (idle) return end_idle();
    if (busy) return;
    timer.cancel();
    next();
  }

  boost::asio::io_context& loop;
  Account account;
  const bool public_only;
  std::shared_ptr<const net::TlsContext> context;
  const Options options;
  Callbacks callbacks;
  net::Timer timer;  // until the next attempt, or look
  net::Timer pause;  // until a mail that could not be taken is told again
  net::Backoff retry{first_retry, longest_retry};
  std::unique_ptr<ImapConnection> connection;
  MailboxProgress progress;
  SentFolder sent;
  bool is_open = false, busy = false, idle = false;
  bool changed = false;                // there may be something new
  bool held = false, full = false;     // nothing may be told now
  bool no_idle = false;                // the server says so, whatever it offers
  bool was_ended = false;              // IDLE, by us
  std::uint32_t looking_at = 0;        // the next one of `progress`
  std::optional<ImapMessage> fetched;  // its answer
  bool fetching = false;
  std::deque<std::uint32_t> to_mark;
  std::vector<std::uint32_t> marking;
};

MailboxWatcher::MailboxWatcher(boost::asio::io_context& loop, Account account, bool public_only,
                               std::shared_ptr<const net::TlsContext> context, const MailboxMark& mark,
                               Options options, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, std::move(account), public_only, std::move(context), mark, options,
                                   std::move(callbacks))) {
  impl_->connect();
}

MailboxWatcher::~MailboxWatcher() {
  impl_->timer.cancel();
  if (impl_->connection) impl_->connection->log_out();
  impl_->reset();
}

void MailboxWatcher::mark_seen(const std::vector<std::uint32_t>& uids) {
  impl_->to_mark.insert(impl_->to_mark.end(), uids.begin(), uids.end());
  impl_->wake();
}

void MailboxWatcher::hold(bool held) {
  if (std::exchange(impl_->held, held) && !held) impl_->wake();
}

void MailboxWatcher::renew(const Account& account) {
  impl_->account = account;
  if (impl_->connection) return;
  impl_->timer.cancel();
  impl_->connect();
}

bool MailboxWatcher::is_up() const { return impl_->is_open; }
std::uint32_t MailboxWatcher::validity() const { return impl_->is_open ? impl_->progress.validity() : 0; }

}  // namespace dragoman::email
