#include "bridges/email/delivery.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <sodium.h>
#include <spdlog/spdlog.h>

#include "bridges/email/address.hpp"
#include "bridges/email/delivery_queue.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/smtp_client.hpp"
#include "bridges/net/timer.hpp"
#include "config/settings.hpp"
#include "mapping/mails_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::email {

using namespace std::chrono_literals;
using net::SmtpResult;

namespace {

constexpr std::size_t connections = 8;  // to the smarthost
constexpr std::size_t at_once_a_domain = 4;
constexpr auto first_pause =
    10min;  // until a mail is tried again; RFC 5321 4.5.4.1 has half an hour later on
constexpr auto longest_pause = 4h;
constexpr auto late_after = 4h;
constexpr auto expires_after = 5 * 24h;
constexpr auto first_look = 5s;  // whether the smarthost is back
constexpr auto longest_look = 5min;
constexpr auto answer_within = 10min;  // RFC 5321 4.5.3.2.6
constexpr auto drain_within = 10s;
constexpr std::size_t most_bytes_out = 32'000'000;  // bytes of mails on their way: then no other begins
constexpr std::size_t max_resumed = 1'000'000;

QueuedMail::Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

net::SmtpServer server_of(const config::Email& settings, const NetworkId& network) {
  const auto& smtp = settings.smtp;
  net::SmtpServer server;
  server.url = smtp.url;
  server.username = smtp.username;
  server.password = smtp.password;
  server.require_tls = smtp.tls == config::Tls::required;
  server.no_tls = smtp.tls == config::Tls::off;
  // TLS that may as well be none keeps out those who only listen: any certificate does (RFC 7435), unless a
  // password is to be sent.
  server.verify =
      server.require_tls || smtp.url.starts_with("smtps") || !smtp.username.empty() || !smtp.ca_file.empty();
  server.ca_file = smtp.ca_file;
  server.host = network.value();
  return server;
}

bool same(const config::Email::Smtp& a, const config::Email::Smtp& b) {
  return a.url == b.url && a.username == b.username && a.password == b.password && a.tls == b.tls &&
         a.ca_file == b.ca_file;
}

std::string in_words(const SmtpResult& result) {
  if (!result.reached) return result.words;
  std::string words;
  if (result.code != 0) words = std::to_string(result.code) + ' ';
  if (!result.status.empty()) words += result.status + ' ';
  return words + result.words;
}

// RFC 3463.
Reason reason_of(const SmtpResult& result) {
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

std::chrono::milliseconds pause_after(std::uint32_t attempts) {
  net::Backoff backoff(first_pause, longest_pause);
  auto pause = backoff.next(randombytes_random());
  for (std::uint32_t i = 1; i < std::min(attempts, 20U); ++i) pause = backoff.next(randombytes_random());
  return pause;
}

}  // namespace

struct Delivery::Impl : std::enable_shared_from_this<Delivery::Impl> {
  Impl(boost::asio::io_context& io, Store& kept, NetworkId id, const config::Email& settings, Callbacks told)
      : loop(io),
        store(kept),
        network(std::move(id)),
        smtp(settings.smtp),
        callbacks(std::move(told)),
        queue(at_once_a_domain, settings.mails_per_minute_and_domain),
        timer(io),
        drain(io) {
    connect();
  }

  boost::asio::io_context& loop;
  Store& store;
  NetworkId network;
  config::Email::Smtp smtp;
  Callbacks callbacks;
  DeliveryQueue queue;
  // When something is to be said of a mail, whether it is tried meanwhile or not: that it is late, that its
  // time is up.
  std::set<std::pair<QueuedMail::Time, std::int64_t>> deadlines;
  std::unordered_map<std::int64_t, QueuedMail::Time> deadline_of;
  std::shared_ptr<net::SmtpClient> client;
  std::vector<std::shared_ptr<net::SmtpClient>> retired;  // until what they were given is answered
  std::size_t held = 0;                                   // bytes
  net::Timer timer, drain;
  net::Backoff look{first_look, longest_look};
  std::string trouble;
  QueuedMail::Time next_look{};
  bool looking = false;  // one mail is on its way to see whether the smarthost is back
  bool posted = false, stopping = false;
  std::function<void()> drained;

  void connect() {
    client = std::make_shared<net::SmtpClient>(
        loop, server_of(config_of(), network), connections,
        // What a mail says is kept before it leaves, or a power cut would have it said by nobody.
        [&kept = store] { kept.durable(); });
  }
  config::Email config_of() const {
    config::Email settings;
    settings.smtp = smtp;
    return settings;
  }

  // -------------------------------------------------------------------------------------------------------
  // what waits

  void add(const QueuedMail& mail) {
    queue.add(mail.key, std::string(domain_part(mail.recipient)), mail.recipient, mail.due);
    const auto deadline = mail.taken + (mail.late_told ? std::chrono::milliseconds(expires_after)
                                                       : std::chrono::milliseconds(late_after));
    deadlines.erase({deadline_of[mail.key], mail.key});
    deadlines.emplace(deadline, mail.key);
    deadline_of[mail.key] = deadline;
  }

  void forget(std::int64_t key) {
    queue.remove(key);
    const auto node = deadline_of.extract(key);
    if (!node.empty()) deadlines.erase({node.mapped(), key});
  }

  void soon() {
    if (std::exchange(posted, true)) return;
    net::post(loop, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      self->posted = false;
      self->turn();
    });
  }

  void turn() {
    std::erase_if(retired, [](const auto& one) { return one->open() == 0; });
    if (stopping) return;
    const auto time = now();
    look_at_deadlines(time);
    if (stopping) return;
    send_what_is_due(time);
    arm(time);
  }

  void arm(QueuedMail::Time time) {
    std::optional<QueuedMail::Time> next;
    const auto consider = [&](QueuedMail::Time when) { next = next ? std::min(*next, when) : when; };
    if (!deadlines.empty()) consider(deadlines.begin()->first);
    if (!trouble.empty()) {
      if (queue.on_their_way() == 0 && queue.size() > 0) consider(next_look);
    } else if (const auto turn_of = queue.next(); turn_of && may_begin()) {
      consider(*turn_of);
    }
    if (!next) return timer.cancel();
    timer.after(std::max(*next - time, std::chrono::milliseconds(0)), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->turn();
    });
  }

  // -----------------------------------------------------------------------------------------------------------
  // sending

  bool may_begin() const { return queue.on_their_way() < connections && held < most_bytes_out; }

  void send_what_is_due(QueuedMail::Time time) {
    if (!trouble.empty()) {
      if (queue.on_their_way() > 0 || time < next_look) return;
      if (const auto key = queue.take_any()) {
        looking = true;
        send(*key);
      }
      return;
    }
    while (may_begin()) {
      const auto key = queue.take(time);
      if (!key) return;
      send(*key);
    }
  }

  void send(std::int64_t key) {
    auto mail = store.mail_queue().get(network, key);
    // A disk that can't be read now may be tomorrow; a row that is not there was given up.
    if (!mail) return store.healthy() ? forget(key) : put_off(key);
    auto bytes = store.mails().bytes(network, mail->mail);
    if (!bytes && !store.healthy()) return put_off(key);
    if (!bytes) return fail(*mail, {Reason::storage_failed, "The mail itself is not there any more"});
    net::SmtpMail out;
    out.from = mail->envelope_from;
    out.recipient = mail->recipient;
    out.bytes = std::make_shared<const std::string>(std::move(*bytes));
    const auto size = out.bytes->size();
    held += size;
    client->send(std::move(out), answer_within,
                 [weak = weak_from_this(), key, size](const SmtpResult& result) {
                   const auto self = weak.lock();
                   if (!self) return;
                   self->held -= size;
                   self->on_result(key, result);
                 });
  }

  void put_off(std::int64_t key) {
    const auto found = deadline_of.find(key);
    if (found == deadline_of.end()) return;
    queue.wait_until(key, now() + 1min);
  }

  void on_result(std::int64_t key, const SmtpResult& result) {
    const auto mail = store.mail_queue().get(network, key);
    if (result.reached) over_trouble();
    if (!mail) {
      if (store.healthy() || result.what != SmtpResult::What::later) {
        forget(key);
      } else {
        put_off(key);
      }
    } else if (result.what == SmtpResult::What::accepted) {
      end(*mail);
      callbacks.accepted(*mail);
    } else if (result.what == SmtpResult::What::refused) {
      fail(*mail, {reason_of(result),
                   "The mail server refused the mail to " + mail->recipient + ": " + in_words(result)});
    } else {
      try_later(*mail, result);
    }
    if (stopping && queue.on_their_way() == 0) finish();
    soon();
  }

  void try_later(QueuedMail mail, const SmtpResult& result) {
    mail.last_words = in_words(result);
    if (result.reached) {
      ++mail.attempts;
      mail.due = now() + pause_after(mail.attempts);
    } else {
      in_trouble(mail.last_words);
      // Another one looks next where it may have been this one's fault: else the order is kept.
      if (result.code != 0) mail.due = std::max(mail.due, now());
    }
    store.mail_queue().update(network, mail);
    add(mail);
  }

  void in_trouble(const std::string& words) {
    // Those that were on their way together fail together, and count as one look.
    const bool counts = trouble.empty() || std::exchange(looking, false);
    if (trouble.empty()) spdlog::warn("{}: no mail can be sent: {}", network.value(), words);
    trouble = words;
    if (counts) next_look = now() + look.next(randombytes_random());
  }

  void over_trouble() {
    if (trouble.empty()) return;
    trouble.clear();
    looking = false;
    look.reset();
    spdlog::info("{}: mail can be sent again", network.value());
  }

  // --------------------------------------------------------------------------------------------------------
  // endings

  void end(const QueuedMail& mail) {
    forget(mail.key);
    store.mail_queue().done(network, mail.key);
  }

  void fail(const QueuedMail& mail, const Failure& why) {
    end(mail);
    callbacks.failed(mail, why);
  }

  void look_at_deadlines(QueuedMail::Time time) {
    while (!stopping && !deadlines.empty() && deadlines.begin()->first <= time) {
      const auto key = deadlines.begin()->second;
      auto mail = store.mail_queue().get(network, key);
      if (!mail) {
        if (store.healthy()) {
          forget(key);
          continue;
        }
        return set_deadline(key, time + 1min);
      }
      const auto expiry = mail->taken + std::chrono::milliseconds(expires_after);
      if (time < expiry) {
        set_deadline(key, expiry);
        if (mail->late_told) continue;
        mail->late_told = true;
        store.mail_queue().update(network, *mail);
        callbacks.late(*mail, "The mail to " + mail->recipient +
                                  " has not been taken yet; it is tried for five days" + because(*mail));
      } else if (!queue.waits(key)) {
        set_deadline(key, time + 1min);  // its last try is on its way
      } else {
        fail(*mail, {Reason::timed_out, "The mail to " + mail->recipient +
                                            " could not be delivered within five days" + because(*mail)});
      }
    }
  }

  void set_deadline(std::int64_t key, QueuedMail::Time when) {
    auto& deadline = deadline_of.at(key);
    deadlines.erase({deadline, key});
    deadlines.emplace(when, key);
    deadline = when;
  }

  std::string because(const QueuedMail& mail) const {
    const auto& words = trouble.empty() ? mail.last_words : trouble;
    return words.empty() ? "" : ": " + words;
  }

  void finish() {
    drain.cancel();
    if (auto done = std::exchange(drained, nullptr)) net::post(loop, std::move(done));
  }
};

Delivery::Delivery(boost::asio::io_context& loop, Store& store, NetworkId network,
                   const config::Email& settings, Callbacks callbacks)
    : impl_(std::make_shared<Impl>(loop, store, std::move(network), settings, std::move(callbacks))) {}

Delivery::~Delivery() {
  impl_->stopping = true;
  impl_->timer.cancel();
  impl_->drain.cancel();
  impl_->client.reset();
  impl_->retired.clear();
}

std::int64_t Delivery::push(QueuedMail mail) {
  if (mail.taken == QueuedMail::Time{}) mail.taken = now();
  if (mail.due == QueuedMail::Time{}) mail.due = mail.taken;
  mail.key = impl_->store.mail_queue().put(impl_->network, mail);
  if (mail.key == 0) return 0;
  impl_->add(mail);
  impl_->soon();
  return mail.key;
}

std::vector<QueuedMail> Delivery::waiting(const PersonId& person) {
  return impl_->store.mail_queue().of(impl_->network, person);
}

bool Delivery::cancel(std::int64_t key) {
  if (!impl_->queue.waits(key)) return false;
  impl_->forget(key);
  return impl_->store.mail_queue().done(impl_->network, key);
}

void Delivery::resume() {
  for (const auto& mail :
       impl_->store.mail_queue().due(impl_->network, QueuedMail::Time::max(), max_resumed)) {
    if (!impl_->queue.knows(mail.key)) impl_->add(mail);
  }
  impl_->soon();
}

void Delivery::reload(const config::Email& settings) {
  impl_->queue.limit(settings.mails_per_minute_and_domain);
  if (!same(impl_->smtp, settings.smtp)) {
    impl_->smtp = settings.smtp;
    impl_->retired.push_back(std::move(impl_->client));
    impl_->connect();
  }
  impl_->next_look = {};
  impl_->soon();
}

const std::string& Delivery::trouble() const { return impl_->trouble; }

void Delivery::stop(std::function<void()> done) {
  impl_->stopping = true;
  impl_->timer.cancel();
  impl_->drained = std::move(done);
  if (impl_->queue.on_their_way() == 0) return impl_->finish();
  impl_->drain.after(drain_within, [impl = impl_.get()] { impl->finish(); });
}

}  // namespace dragoman::email
