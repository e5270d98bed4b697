#include "bridges/irc/session.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/irc/casemap.hpp"
#include "bridges/irc/convert.hpp"
#include "bridges/irc/secrets.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::irc {
namespace {

constexpr std::size_t most_queued_lines = 1000;
constexpr std::size_t most_talks = 1000;
constexpr std::size_t most_written = 32;

}  // namespace

Session::Session(Hub& hub, PersonId person, PlaceId place)
    : hub_(hub),
      person_(std::move(person)),
      place_(std::move(place)),
      backoff_(hub.patience.first_retry, hub.patience.last_retry),
      retry_timer_(hub.loop),
      tick_timer_(hub.loop),
      queue_(
          hub.loop, [this](const std::string& line) { return write_now(line); },
          [this](std::uint64_t number) { on_sent(number); }),
      unused_since_(Clock::now()) {
  schedule_tick();
}

Session::~Session() = default;

// -------------------------------------------------------------------------------------------------------------
// start

void Session::start() {
  if (phase_ != Phase::idle && phase_ != Phase::retrying) return;
  settings_ =
      server_settings(hub_.settings.irc, place_.value(),
                      hub_.store.settings().load(hub_.network, person_, server_scope(place_.value())));
  // The nick of the settings is instead of the one that a room is entered with; later changes stay.
  if (!settings_.nick.empty() && !was_up_) wanted_nick_ = settings_.nick;
  queue_.configure(settings_.throttle_limit, most_queued_lines);
  Failure none;
  attempts_ = attempts(settings_, hub_.settings.irc.tls, none);
  attempt_ = 0;
  first_failure_.reset();
  last_words_.reset();
  phase_ = Phase::connecting;
  phase_since_ = Clock::now();
  tell_link(Link::connecting);
  if (attempts_.empty()) {
    // From the loop: whoever asked for the connection is still at it.
    never_again_ = true;
    retry_timer_.after(std::chrono::milliseconds(0), [this, none] { on_down(none); });
    return;
  }
  connect_next();
  schedule_tick();
}

void Session::connect_next() {
  const auto& attempt = attempts_[attempt_];
  if (attempt.fallback && !attempts_[attempt_ - 1].fallback) {
    tell_place(settings_.address + " can't be reached by TLS (" +
               (first_failure_ ? first_failure_->text : "") +
               "): going on in plain text, without sending passwords.");
  }
  net::Target target;
  target.host = settings_.address;
  target.port = attempt.port;
  target.tls = attempt.tls;
  target.tls_options = {settings_.verify_cert, settings_.fingerprint};
  target.bind_address = hub_.settings.irc.outgoing_bind;
  auto left = hub_.patience.connect -
              std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - phase_since_);
  auto attempts_left = static_cast<std::int64_t>(attempts_.size() - attempt_);
  target.timeout = std::max(left / attempts_left, std::chrono::milliseconds(100));
  if (target.tls && !hub_.tls) hub_.tls = std::make_shared<net::TlsContext>(hub_.settings.irc.ca_file);
  stream_ = std::make_unique<net::LineStream>(hub_.loop, hub_.tls);
  if (hub_.held) stream_->hold(true);
  net::LineStream::Callbacks callbacks;
  callbacks.reached = [this](const net::Connected& info) { reached_ = info; };
  callbacks.up = [this](const net::Connected& info) { on_up(info); };
  callbacks.line = [this](std::string_view bytes) { on_line(bytes); };
  callbacks.down = [this](Failure why) { on_down(std::move(why)); };
  stream_->connect(std::move(target), std::move(callbacks));
}

void Session::on_up(const net::Connected& info) {
  connection_ = info;
  phase_ = Phase::registering;
  phase_since_ = Clock::now();
  spdlog::info("irc: {} connected to {} ({} port {}, {})", person_.value(), place_.value(),
               info.remote_address, info.remote_port, info.tls.empty() ? "plain text" : info.tls);
  begin_registration();
}

// ---------------------------------------------------------------------------------------------------------------
// end

void Session::on_down(Failure why) {
  spdlog::info("irc: {} at {}: {}", person_.value(), place_.value(), why.text);
  if (phase_ == Phase::connecting) {
    if (!first_failure_ || why.reason == Reason::certificate_invalid) first_failure_ = why;
    // Another port does not help where the name is unknown, and must not where the certificate is wrong.
    bool another = why.reason != Reason::dns_failed && why.reason != Reason::certificate_invalid;
    if (another && attempt_ + 1 < attempts_.size()) {
      ++attempt_;
      return connect_next();
    }
    why = *first_failure_;
  } else if (last_words_) {
    why = *last_words_;
  }
  lost(std::move(why));
}

void Session::close_stream() {
  queue_.clear();
  at_write_.clear();
  written_.take_all();
  connection_.reset();
  reached_.reset();
  if (stream_) stream_->close();
}

void Session::lost(Failure why) {
  if (phase_ == Phase::ended) return;
  // What was queued and not written, and what was written and not confirmed, is not said again by itself: its
  // author is told, and decides.
  for (auto& [number, whom] : std::exchange(at_write_, {})) failed(whom.in, whom.token, why);
  for (auto& pending : pending_.take_all()) failed(pending.in, pending.token, why);
  close_stream();
  // What the person has left already is left, whether the server could say so or not.
  std::vector<RoomId> left;
  for (const auto& channel : channels_) {
    if (channel->leaving) left.push_back(channel->room);
  }
  for (const auto& room : left) {
    if (auto* channel = find_channel(room)) exited(*channel, Departure::lost, {}, {});
  }
  bool rejoin =
      was_up_ && std::any_of(channels_.begin(), channels_.end(), [](const auto& c) { return c->was_in; });
  if (never_again_ || !(rejoin || has_patient()) || why.reason == Reason::banned_by_server ||
      why.reason == Reason::login_failed || why.reason == Reason::certificate_invalid) {
    return give_up(std::move(why));
  }
  for (auto& channel : channels_) {
    channel->state = Channel::State::wanted;
    channel->part_due = false;
    channel->names.clear();
  }
  phase_ = Phase::retrying;
  // Whoever is there to see a first connection fail is told at once.
  if (!was_up_) fail_joins(why, false);
  tell_link(Link::lost, std::move(why));
  if (phase_ == Phase::retrying) retry_later();
}

void Session::retry_later() {
  retry_timer_.after(backoff_.next(static_cast<std::uint32_t>(hub_.random())), [this] { knock(); });
  schedule_tick();
}

// A turn is taken when it is needed: one that lies ahead would hold up all who come before it.
void Session::knock() {
  auto [spacing, made] =
      hub_.reconnections.try_emplace(settings_.address, net::Spacing(std::chrono::milliseconds(250)));
  auto now = Clock::now();
  auto at = spacing->second.reserve(now);
  if (at <= now) return start();
  retry_timer_.after(std::chrono::ceil<std::chrono::milliseconds>(at - now), [this] { start(); });
}

void Session::give_up(Failure why) {
  if (phase_ == Phase::ended) return;
  phase_ = Phase::ended;
  fail_joins(why);
  fail_waiting(why);
  for (auto& pending : pending_.take_all()) failed(pending.in, pending.token, why);
  while (!channels_.empty()) {
    auto channel = std::move(channels_.back());
    channels_.pop_back();
    if (channel->was_in) tell(channel->room, Exited{Departure::lost, {}, why.text});
  }
  tell_link(Link::closed, std::move(why));
  end();
}

void Session::end() {
  phase_ = Phase::ended;
  link_ = Link::closed;
  retry_timer_.cancel();
  tick_timer_.cancel();
  queue_.clear();
  hub_.ended(*this);
}

void Session::quit(const std::string& message) {
  if (phase_ == Phase::ended) return;
  bool connected = phase_ == Phase::up || phase_ == Phase::registering;
  Failure why{Reason::connection_lost, one_line(message)};
  phase_ = Phase::ended;
  fail_joins(why);
  fail_waiting(why);
  for (auto& [number, whom] : std::exchange(at_write_, {})) failed(whom.in, whom.token, why);
  for (auto& pending : pending_.take_all()) failed(pending.in, pending.token, why);
  auto leaving = std::exchange(channels_, {});
  for (auto& channel : leaving) {
    if (channel->was_in) tell(channel->room, Exited{Departure::left, {}, one_line(message)});
    delivered(channel->room, channel->leave_token);
  }
  queue_.clear();
  if (connected) {
    write_now(format_line("QUIT", to_wire_line(Text(message), settings_.encoding_out, 300)));
    stream_->finish(std::chrono::seconds(3), {});
  } else if (stream_) {
    stream_->close();
  }
  tell_link(Link::closed);
  end();
}

void Session::stop(const std::string& message, std::function<void()> done) {
  bool connected = phase_ == Phase::up || phase_ == Phase::registering;
  phase_ = Phase::ended;
  retry_timer_.cancel();
  tick_timer_.cancel();
  // Joins stay unanswered: their rooms come back with the gateway.
  Failure why{Reason::connection_lost, one_line(message)};
  fail_waiting(why);
  for (auto& [number, whom] : std::exchange(at_write_, {})) failed(whom.in, whom.token, why);
  for (auto& pending : pending_.take_all()) failed(pending.in, pending.token, why);
  queue_.clear();
  if (!stream_) return net::post(hub_.loop, std::move(done));
  if (connected) write_now(format_line("QUIT", to_wire_line(Text(message), settings_.encoding_out, 300)));
  stream_->finish(std::chrono::seconds(3), std::move(done));
}

void Session::hold(bool held) {
  if (stream_) stream_->hold(held);
}

bool Session::has_patient() const {
  return std::any_of(channels_.begin(), channels_.end(), [](const auto& c) { return c->patient; });
}

void Session::fail_joins(const Failure& why, bool also_patient) {
  // By index and by copies: whoever is told may join or leave from within.
  std::vector<std::pair<RoomId, std::string>> told;
  std::erase_if(channels_, [&](const auto& channel) {
    if (channel->patient && !also_patient) return false;
    for (auto& token : channel->tokens) told.emplace_back(channel->room, std::move(token));
    channel->tokens.clear();
    return !channel->was_in;
  });
  for (auto& [room, token] : told) failed(room, token, why);
}

void Session::fail_waiting(const Failure& why) {
  for (auto& waiting : std::exchange(waiting_, {})) failed(waiting.command.in, waiting.command.token, why);
}

// ----------------------------------------------------------------------------------------------------------
// in common

Session::Channel* Session::find_channel(std::string_view name) {
  for (auto& channel : channels_) {
    if (server_.same(channel->name, name)) return channel.get();
  }
  return nullptr;
}

Session::Channel* Session::find_channel(const RoomId& room) {
  for (auto& channel : channels_) {
    if (channel->room == room) return channel.get();
  }
  return nullptr;
}

void Session::forget_channel(const Channel& channel) {
  std::erase_if(channels_, [&](const auto& c) { return c.get() == &channel; });
  unused_since_ = Clock::now();
}

std::vector<std::string> Session::channel_names() const {
  std::vector<std::string> names;
  for (const auto& channel : channels_) names.push_back(channel->name);
  return names;
}

std::optional<Member> Session::member(const Channel& channel, std::string_view nick) const {
  const auto* table = hub_.sink.members(*this, channel.room);
  return table ? table->find(nick) : std::nullopt;
}

std::string Session::plain(std::string_view bytes) const {
  return plain_from_wire(bytes, settings_.encoding_in);
}

const std::string& Session::encoding_in(const Channel* channel) const {
  return channel && !channel->encoding_in.empty() ? channel->encoding_in : settings_.encoding_in;
}

void Session::tell(Conversation in, What what, Sender sender) {
  Event event;
  event.in = std::move(in);
  event.sender = std::move(sender);
  event.what = std::move(what);
  hub_.sink.on_event(*this, std::move(event));
}

void Session::tell_place(std::string text, MessageKind kind) {
  if (text.empty()) return;
  Message message;
  message.text = Text(std::move(text));
  message.kind = kind;
  tell(place_, std::move(message));
}

void Session::tell_link(Link link, Failure why) {
  link_ = link;
  tell(place_, LinkState{link, std::move(why)});
}

void Session::delivered(const Conversation& in, const std::string& token, MessageId id) {
  if (token.empty()) return;
  Event event;
  event.in = in;
  event.id = std::move(id);
  event.what = Delivered{token};
  hub_.sink.on_event(*this, std::move(event));
}

void Session::failed(const Conversation& in, const std::string& token, Failure why) {
  if (!token.empty()) tell(in, Failed{token, std::move(why)});
}

void Session::remember_talk(std::string_view nick) {
  if (talks_.size() >= most_talks) talks_.clear();
  talks_.insert(server_.folded(nick));
  last_talk_ = Clock::now();
}

bool Session::write_now(const std::string& line) {
  if (line.empty() || !stream_) return false;
  if (spdlog::should_log(spdlog::level::debug)) {
    spdlog::debug("irc: {} > {}: {}", person_.value(), place_.value(), without_secrets(line));
  }
  return stream_->write_line(line);
}

bool Session::enqueue(std::string line, std::uint64_t number) {
  return !line.empty() && queue_.push(std::move(line), number);
}

void Session::on_sent(std::uint64_t number) {
  auto found = at_write_.find(number);
  if (found == at_write_.end()) return;
  auto pending = std::move(found->second);
  at_write_.erase(found);
  pending.since = Clock::now();
  if (written_.size() >= most_written) written_.drop_oldest();
  const auto& kept = written_.add(std::move(pending));
  delivered(kept.in, kept.token);
}

}  // namespace dragoman::irc
