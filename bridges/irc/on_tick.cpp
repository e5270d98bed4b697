// What happens because nothing did: silence, late answers, rooms and conversations that nobody uses.
#include <algorithm>
#include <utility>

#include "bridges/irc/session.hpp"

namespace dragoman::irc {

bool Session::busy() const {
  return phase_ == Phase::connecting || phase_ == Phase::registering || !pending_.empty() ||
         !waiting_.empty() || std::any_of(channels_.begin(), channels_.end(), [](const auto& c) {
           return c->state == Channel::State::asked || c->state == Channel::State::naming || c->leaving ||
                  (!c->tokens.empty() && !c->patient);
         });
}

// One coarse timer a session: short while something is awaited, long while it idles.
void Session::schedule_tick() {
  auto length = busy() ? hub_.patience.busy_tick : hub_.patience.tick;
  if (tick_timer_.pending() && tick_length_ <= length) return;
  tick_length_ = length;
  tick_timer_.after(length, [this] { on_tick(); });
}

void Session::on_tick() {
  auto now = Clock::now();
  const auto& patience = hub_.patience;
  if (phase_ == Phase::registering) {
    auto limit = nick_conflict_ ? patience.nick_conflict : patience.registration;
    if (now - phase_since_ > limit) {
      if (nick_conflict_ && !was_up_ && !has_patient()) return quit("No other nick was chosen");
      if (nick_conflict_) return lost({Reason::nick_in_use, "The nick " + wanted_nick_ + " is still taken"});
      return lost({Reason::timed_out, place_.value() + " did not finish the registration in time"});
    }
  }
  if (hub_.held) {
    // What has come since is unread: nobody is late.
    heard_ = true;
  } else if (phase_ == Phase::up) {
    silent_for_ = std::exchange(heard_, false) ? std::chrono::milliseconds(0) : silent_for_ + tick_length_;
    if (silent_for_.count() == 0) pinged_ = false;
    if (!pinged_ && silent_for_ >= patience.silence) {
      pinged_ = true;
      write_now("PING :dragoman");
    } else if (pinged_ && silent_for_ >= patience.silence + patience.pong) {
      return lost({Reason::timed_out, place_.value() + " answers no more"});
    }
    for (auto& pending : pending_.take_older(Awaited::mode, now - patience.no_change))
      delivered(pending.in, pending.token);
    for (auto& pending : pending_.take_older(now - patience.answer))
      failed(pending.in, pending.token, {Reason::timed_out, place_.value() + " did not answer"});
    std::vector<std::string> late_joins;
    for (const auto& channel : channels_) {
      bool waits = channel->state != Channel::State::in || channel->leaving;
      if (waits && now - channel->asked_at > patience.join) late_joins.push_back(channel->name);
    }
    for (const auto& name : late_joins) {
      auto* channel = find_channel(name);
      if (!channel) continue;
      if (channel->leaving)
        exited(*channel, Departure::left, {}, {});
      else if (channel->state == Channel::State::naming)
        entered(*channel);
      else
        exited(*channel, Departure::lost, {}, place_.value() + " did not answer the join in time");
    }
  }
  fail_late_joins(now);
  if (listed_at_ != Clock::time_point{} && now - listed_at_ > patience.listing) {
    listed_ = {};
    listed_at_ = {};
  }
  std::vector<Command> late;
  while (!waiting_.empty() && now - waiting_.front().since > patience.waiting) {
    late.push_back(std::move(waiting_.front().command));
    waiting_.pop_front();
  }
  for (auto& command : late) {
    failed(command.in, command.token,
           {Reason::timed_out, place_.value() + " could not be reached for too long"});
  }
  end_if_unused();
  if (phase_ != Phase::ended) schedule_tick();
}

// Asked for while the connection is lost: those who wait are told, and may ask again.
void Session::fail_late_joins(Clock::time_point now) {
  if ((phase_ != Phase::retrying && phase_ != Phase::connecting) || backoff_.attempts() == 0) return;
  std::vector<std::pair<RoomId, std::string>> told;
  std::erase_if(channels_, [&](const auto& channel) {
    bool late = !channel->was_in && !channel->patient && now - channel->wanted_at > hub_.patience.join;
    if (!late) return false;
    for (auto& token : channel->tokens) told.emplace_back(channel->room, std::move(token));
    return true;
  });
  for (auto& [room, token] : told)
    failed(room, token, {Reason::timed_out, place_.value() + " can't be reached now"});
}

void Session::end_if_unused() {
  if (phase_ == Phase::ended || phase_ == Phase::connecting || phase_ == Phase::registering) return;
  if (!channels_.empty() || !waiting_.empty()) {
    unused_since_ = Clock::now();
    return;
  }
  auto since = std::max(unused_since_, last_talk_);
  auto limit = talks_.empty() ? hub_.patience.linger_unused : hub_.patience.linger;
  if (Clock::now() - since > limit) quit("Not used any more");
}

}  // namespace dragoman::irc
