#include "bridges/email/mailbox_watcher.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include <sodium.h>

#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::email {
namespace {

using namespace std::chrono_literals;

constexpr auto first_retry = 5s;
constexpr auto longest_retry = 10min;
constexpr auto after_refusal = 1h;  // servers lock out who knocks too often
constexpr auto after_full_house = 30s;
constexpr auto clocks_differ = 10min;  // between the mail server and us
constexpr std::size_t most_at_once = 1000;
constexpr std::uint32_t most_failures = 3;  // at one mail, until it is passed by
constexpr std::size_t response_overhead = std::size_t{64} * 1024;

// RFC 3501 9: "1-Feb-1994".
std::string imap_date(Time time) {
  static constexpr std::array<const char*, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(time));
  return std::to_string(static_cast<unsigned>(date.day())) + '-' +
         names[static_cast<unsigned>(date.month()) - 1] + '-' + std::to_string(static_cast<int>(date.year()));
}

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
       MailboxMark m, Options o, Callbacks on)
      : loop(io),
        account(std::move(a)),
        public_only(is_public),
        context(std::move(c)),
        mark(m),
        options(o),
        callbacks(std::move(on)),
        timer(io),
        pause(io) {}

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

  void on_ended(const ImapTrouble& why) {
    // A refusal says nothing about those who come later.
    if (std::exchange(fetching, false) && why.failure.reason == Reason::network_error) {
      failures = hard == looking_at ? failures + 1 : 1;
      hard = looking_at;
    }
    const auto delay =
        why.refused ? std::chrono::milliseconds(after_refusal) : retry.next(randombytes_random());
    reset();
    timer.after(delay, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->connect();
    });
    callbacks.down(why);
  }

  void reset() {
    connection.reset();
    pause.cancel();
    validity = next_uid = 0;
    is_open = busy = idle = changed = was_ended = false;
    found.clear();
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

  void open() { ask("SELECT INBOX", &Impl::on_open); }

  void on_open(const ImapResponse& response) {
    if (!response.ok() || validity == 0) return give_up(response);
    is_open = true;
    callbacks.up();
    if (!is_open) return;
    anew = mark.validity != 0 && mark.validity != validity;
    if (mark.validity == 0) return begin();
    changed = true;
    next();
  }

  // What is there already is nobody's news.
  void begin() {
    if (next_uid > 0) return begin_after(next_uid - 1);
    ask("UID SEARCH ALL", &Impl::on_all);
  }
  void on_all(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    begin_after(found.empty() ? 0 : *found.rbegin());
  }
  void begin_after(std::uint32_t uid) {
    found.clear();
    move_to(uid);
    next();
  }

  void move_to(std::uint32_t uid) {
    mark.validity = validity;
    mark.last = uid;
    mark.looked = wall_clock();
    callbacks.moved(mark);
  }

  void on_told(ImapResponse& response) {
    if (response.name == "EXISTS") {
      changed = true;
      end_idle();
    } else if (response.code == "UIDVALIDITY") {
      std::from_chars(response.code_argument.data(),
                      response.code_argument.data() + response.code_argument.size(), validity);
    } else if (response.code == "UIDNEXT") {
      std::from_chars(response.code_argument.data(),
                      response.code_argument.data() + response.code_argument.size(), next_uid);
    } else if (response.name == "SEARCH") {
      for (const ImapValue& value : response.values)
        if (const auto uid = value.number()) found.insert(*uid);
    } else if (response.name == "FETCH") {
      auto message = message_in(response);
      if (message && message->uid == looking_at && message->bytes) fetched = std::move(message);
    }
  }

  // What is to be done next; nothing is under way.
  void next() {
    if (busy || !is_open || idle) return;
    if (!to_mark.empty()) return store_seen();
    if (!held && !full) {
      if (!found.empty()) return fetch();
      if (changed) return search();
    }
    rest();
  }

  void search() {
    changed = false;
    // Whole days, in the server's own time.
    Time since = mark.since;
    if (anew) since = std::max(since, mark.looked);
    ask("UID SEARCH UID " + std::to_string(first()) + ":* SINCE " + imap_date(since - 24h), &Impl::on_found);
  }
  std::uint32_t first() const { return anew ? 1 : mark.last + 1; }

  void on_found(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    // "9:*" is also the last one there is, whatever its number.
    while (!found.empty() && *found.begin() < first()) found.erase(found.begin());
    while (found.size() > most_at_once && anew) found.erase(found.begin());
    if (anew && found.empty()) {
      anew = false;
      move_to(next_uid > 0 ? next_uid - 1 : 0);
    }
    next();
  }

  void fetch() {
    looking_at = *found.begin();
    fetched.reset();
    if (looking_at == hard && failures >= most_failures) {
      // Without any bytes: somebody has to be told that it is there.
      Arrived mail;
      mail.uid = looking_at;
      mail.validity = validity;
      mail.truncated = true;
      return tell(std::move(mail));
    }
    fetching = true;
    const std::string uid = std::to_string(looking_at);
    if (anew)
      return ask("UID FETCH " + uid + " (UID INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])",
                 &Impl::on_header);
    ask_for_all();
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
    if (fetched && !known && !is_old(*fetched)) return ask_for_all();
    done_with_it();
  }

  bool is_old(const ImapMessage& message) const {
    return message.arrived && *message.arrived < mark.since - clocks_differ;
  }

  void on_fetched(const ImapResponse& response) {
    if (!response.ok()) return give_up(response);
    fetching = false;
    // Somebody may have taken it away meanwhile.
    if (!fetched || is_old(*fetched)) return done_with_it();
    Arrived mail;
    mail.uid = looking_at;
    mail.validity = validity;
    mail.bytes = std::move(*fetched->bytes);
    mail.seen = fetched->seen.value_or(false);
    mail.truncated = mail.bytes.size() > options.max_mail_bytes;
    fetched.reset();
    tell(std::move(mail));
  }

  void tell(Arrived mail) {
    auto then = mark;
    if (!anew || found.size() == 1) {
      then.validity = validity;
      then.last = looking_at;
      then.looked = wall_clock();
    }
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
    mark = then;
    found.erase(looking_at);
    if (found.empty()) anew = false;
    next();
  }

  void done_with_it() {
    found.erase(looking_at);
    if (!anew || found.empty()) move_to(looking_at);
    if (found.empty()) anew = false;
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
    callbacks.marked(validity, std::exchange(marking, {}));
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
  const Account account;
  const bool public_only;
  std::shared_ptr<const net::TlsContext> context;
  MailboxMark mark;
  const Options options;
  Callbacks callbacks;
  net::Timer timer;  // until the next attempt, or look
  net::Timer pause;  // until a mail that could not be taken is told again
  net::Backoff retry{first_retry, longest_retry};
  std::unique_ptr<ImapConnection> connection;
  std::uint32_t validity = 0, next_uid = 0;
  bool is_open = false, busy = false, idle = false;
  bool changed = false;                // there may be something new
  bool anew = false;                   // the server has numbered its mails anew
  bool held = false, full = false;     // nothing may be told now
  bool no_idle = false;                // the server says so, whatever it offers
  bool was_ended = false;              // IDLE, by us
  std::set<std::uint32_t> found;       // to be fetched
  std::uint32_t looking_at = 0;        // of those
  std::optional<ImapMessage> fetched;  // its answer
  bool fetching = false;
  std::uint32_t hard = 0, failures = 0;  // one that the connection broke at, and how often
  std::deque<std::uint32_t> to_mark;
  std::vector<std::uint32_t> marking;
};

MailboxWatcher::MailboxWatcher(boost::asio::io_context& loop, Account account, bool public_only,
                               std::shared_ptr<const net::TlsContext> context, MailboxMark mark,
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

bool MailboxWatcher::is_up() const { return impl_->is_open; }
std::uint32_t MailboxWatcher::validity() const { return impl_->is_open ? impl_->validity : 0; }

}  // namespace dragoman::email
