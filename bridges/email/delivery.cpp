#include "bridges/email/delivery.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <sodium.h>
#include <spdlog/spdlog.h>

#include "bridges/email/deadlines.hpp"
#include "bridges/email/delivery_result.hpp"
#include "bridges/email/delivery_routes.hpp"
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

constexpr auto first_pause =
    10min;  // until a mail is tried again; RFC 5321 4.5.4.1 has half an hour later on
constexpr auto longest_pause = 4h;
constexpr auto late_after = 4h;
constexpr auto expires_after = 5 * 24h;
constexpr auto answer_within = 10min;  // RFC 5321 4.5.3.2.6
constexpr auto drain_within = 10s;
constexpr std::size_t most_bytes_out = 32'000'000;  // bytes of mails on their way: then no other begins
constexpr std::size_t max_resumed = 1'000'000;

QueuedMail::Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
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
        routes(
            io, settings.mails_per_minute_and_domain,
            [this](const std::string& route) { return server_of(route); },
            // What a mail says is kept before it leaves, or a power cut would have it said by nobody.
            [&kept] { kept.durable(); }),
        timer(io),
        drain(io) {
    routes.of(std::string());
  }

  boost::asio::io_context& loop;
  Store& store;
  NetworkId network;
  config::Email::Smtp smtp;
  Callbacks callbacks;
  DeliveryRoutes routes;
  // When something is to be said of a mail, whether it is tried meanwhile or not: that it is late, that its
  // time is up.
  Deadlines deadlines;
  std::size_t held = 0;  // bytes
  net::Timer timer, drain;
  bool posted = false, stopping = false;
  std::function<void()> drained;

  // -------------------------------------------------------------------------------------------------------
  // what waits

  std::optional<net::SmtpServer> server_of(const std::string& route) const {
    if (route.empty()) return smarthost_of(smtp, network.value());
    return callbacks.server_of ? callbacks.server_of(route) : std::nullopt;
  }

  void add(const QueuedMail& mail) {
    routes.add(mail);
    deadlines.set(mail.key, mail.taken + (mail.late_told ? std::chrono::milliseconds(expires_after)
                                                         : std::chrono::milliseconds(late_after)));
  }

  void forget(std::int64_t key) {
    if (routes.forget(key)) deadlines.erase(key);
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
    for (auto& [name, route] : routes.all()) route.forget_retired();
    if (stopping) return;
    const auto time = now();
    look_at_deadlines(time);
    if (stopping) return;
    send_what_is_due(time);
    routes.drop_idle();
    arm(time);
  }

  void arm(QueuedMail::Time time) {
    std::optional<QueuedMail::Time> next;
    const auto consider = [&](QueuedMail::Time when) { next = next ? std::min(*next, when) : when; };
    if (const auto first = deadlines.next()) consider(*first);
    if (held < most_bytes_out) {
      for (const auto& [name, route] : routes.all())
        if (const auto turn_of = route.next()) consider(*turn_of);
    }
    if (!next) return timer.cancel();
    timer.after(std::max(*next - time, std::chrono::milliseconds(0)), [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->turn();
    });
  }

  // -----------------------------------------------------------------------------------------------------------
  // sending

  void send_what_is_due(QueuedMail::Time time) {
    for (auto& [name, route] : routes.all()) {
      while (held < most_bytes_out) {
        const auto key = route.take(time);
        if (!key) break;
        send(route, *key);
      }
    }
  }

  void send(DeliveryRoute& route, std::int64_t key) {
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
    route.client().send(std::move(out), answer_within,
                        [weak = weak_from_this(), key, size](const SmtpResult& result) {
                          const auto self = weak.lock();
                          if (!self) return;
                          self->held -= size;
                          self->on_result(key, result);
                        });
  }

  void put_off(std::int64_t key) {
    if (auto* route = routes.of(key)) route->queue().wait_until(key, now() + 1min);
  }

  void on_result(std::int64_t key, const SmtpResult& result) {
    const auto mail = store.mail_queue().get(network, key);
    if (auto* route = routes.of(key); route != nullptr && result.reached) over_trouble(*route);
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
    if (stopping && routes.on_their_way() == 0) finish();
    soon();
  }

  void try_later(QueuedMail mail, const SmtpResult& result) {
    mail.last_words = in_words(result);
    if (result.reached) {
      ++mail.attempts;
      mail.due = now() + pause_after(mail.attempts);
    } else {
      // Another one looks next where it may have been this one's fault: else the order is kept.
      if (result.code != 0) mail.due = std::max(mail.due, now());
    }
    store.mail_queue().update(network, mail);
    add(mail);
    if (!result.reached) in_trouble(routes.of(mail.route), mail.last_words, is_login_refused(result));
  }

  void in_trouble(DeliveryRoute& route, const std::string& words, bool refused) {
    const bool is_smarthost = route.name().empty();
    const bool fresh = route.in_trouble(words, refused && !is_smarthost, now());
    if (fresh && is_smarthost) spdlog::warn("{}: no mail can be sent: {}", network.value(), words);
    if (!fresh || !refused || is_smarthost) return;
    for (const auto& mail : store.mail_queue().of(network, PersonId(route.name()))) tell_parked(route, mail);
  }

  // To whom it is their own password that is wrong, nobody else says so.
  void tell_parked(const DeliveryRoute& route, QueuedMail mail) {
    if (mail.route != route.name() || mail.late_told) return;
    mail.late_told = true;
    store.mail_queue().update(network, mail);
    if (routes.knows(mail.key))
      deadlines.set(mail.key, mail.taken + std::chrono::milliseconds(expires_after));
    callbacks.late(mail, "The mail to " + mail.recipient + " waits: " + route.trouble());
  }

  void over_trouble(DeliveryRoute& route) {
    if (route.over_trouble() && route.name().empty())
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

  void close_route(const std::string& name, const Failure& why) {
    for (const auto key : routes.mails_of(name)) {
      // What is on its way is answered by the server that has it.
      if (!routes.waits(key)) continue;
      if (const auto mail = store.mail_queue().get(network, key)) fail(*mail, why);
    }
    soon();
  }

  void look_at_deadlines(QueuedMail::Time time) {
    while (const auto due = stopping ? std::nullopt : deadlines.due(time)) {
      const auto key = *due;
      auto mail = store.mail_queue().get(network, key);
      if (!mail) {
        if (store.healthy()) {
          forget(key);
          continue;
        }
        return deadlines.set(key, time + 1min);
      }
      const auto expiry = mail->taken + std::chrono::milliseconds(expires_after);
      if (time < expiry) {
        deadlines.set(key, expiry);
        if (mail->late_told) continue;
        mail->late_told = true;
        store.mail_queue().update(network, *mail);
        callbacks.late(*mail, "The mail to " + mail->recipient +
                                  " has not been taken yet; it is tried for five days" + because(*mail));
      } else if (!routes.waits(key)) {
        deadlines.set(key, time + 1min);  // its last try is on its way
      } else {
        fail(*mail, {Reason::timed_out, "The mail to " + mail->recipient +
                                            " could not be delivered within five days" + because(*mail)});
      }
    }
  }

  std::string because(const QueuedMail& mail) {
    const auto& trouble = routes.of(mail.route).trouble();
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
  impl_->routes.close();
}

std::int64_t Delivery::push(QueuedMail mail) {
  if (mail.taken == QueuedMail::Time{}) mail.taken = now();
  if (mail.due == QueuedMail::Time{}) mail.due = mail.taken;
  mail.key = impl_->store.mail_queue().put(impl_->network, mail);
  if (mail.key == 0) return 0;
  impl_->add(mail);
  if (impl_->routes.of(mail.route).refused()) {
    net::post(impl_->loop, [weak = std::weak_ptr(impl_), key = mail.key] {
      const auto self = weak.lock();
      const auto kept = self ? self->store.mail_queue().get(self->network, key) : std::nullopt;
      if (kept && !self->stopping) self->tell_parked(self->routes.of(kept->route), *kept);
    });
  }
  impl_->soon();
  return mail.key;
}

std::vector<QueuedMail> Delivery::waiting(const PersonId& person) {
  return impl_->store.mail_queue().of(impl_->network, person);
}

bool Delivery::cancel(std::int64_t key) {
  if (!impl_->routes.waits(key)) return false;
  impl_->forget(key);
  return impl_->store.mail_queue().done(impl_->network, key);
}

void Delivery::resume() {
  for (const auto& mail :
       impl_->store.mail_queue().due(impl_->network, QueuedMail::Time::max(), max_resumed)) {
    if (!impl_->routes.knows(mail.key)) impl_->add(mail);
  }
  for (const auto& name : impl_->routes.lost())
    impl_->close_route(name, {Reason::not_connected, "The mail account that it was to leave by is gone"});
  impl_->soon();
}

void Delivery::reload(const config::Email& settings) {
  impl_->routes.limit(settings.mails_per_minute_and_domain);
  const bool unchanged = same_server(impl_->smtp, settings.smtp);
  impl_->smtp = settings.smtp;
  auto& smarthost = impl_->routes.of(std::string());
  if (!unchanged) impl_->routes.lead(smarthost);
  smarthost.look_now();
  impl_->soon();
}

void Delivery::renew(const std::string& route) {
  auto* const found = impl_->routes.find(route);
  if (found == nullptr) return;  // it is made when it is wanted
  impl_->routes.lead(*found);
  impl_->soon();
}

void Delivery::close(const std::string& route, const Failure& why) { impl_->close_route(route, why); }

const std::string& Delivery::trouble() const { return impl_->routes.of(std::string()).trouble(); }

void Delivery::stop(std::function<void()> done) {
  impl_->stopping = true;
  impl_->timer.cancel();
  impl_->drained = std::move(done);
  if (impl_->routes.on_their_way() == 0) return impl_->finish();
  impl_->drain.after(drain_within, [impl = impl_.get()] { impl->finish(); });
}

}  // namespace dragoman::email
