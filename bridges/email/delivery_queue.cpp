#include "bridges/email/delivery_queue.hpp"

#include <algorithm>

namespace dragoman::email {
namespace {

constexpr std::size_t many_lanes = 4096;  // then those that are empty and rested are forgotten

// The bucket counts on a clock of its own kind: any will do that goes with ours.
net::TokenBucket::Clock::time_point clock_of(DeliveryQueue::Time now) {
  return net::TokenBucket::Clock::time_point(
      std::chrono::duration_cast<net::TokenBucket::Clock::duration>(now.time_since_epoch()));
}

}  // namespace

net::TokenBucket DeliveryQueue::bucket() const {
  if (per_minute_ == 0) return {0, std::chrono::milliseconds(0)};
  // A tenth of a minute's worth at once: people answer several at a time.
  return {std::max(per_minute_ / 10, 1U), std::chrono::milliseconds(60'000 / per_minute_)};
}

void DeliveryQueue::limit(std::uint32_t per_minute) {
  if (per_minute == per_minute_) return;
  per_minute_ = per_minute;
  for (auto& [domain, lane] : lanes_) {
    lane.bucket = bucket();
    place(domain, lane);
  }
}

template <class Change>
void DeliveryQueue::change(const Mail& mail, Change of) {
  Lane& lane = lanes_.at(mail.domain);
  Line& line = lane.lines[mail.recipient];
  if (!line.on_its_way && !line.waiting.empty()) lane.waiting.erase(*line.waiting.begin());
  of(lane, line);
  if (line.waiting.empty() && !line.on_its_way) {
    lane.lines.erase(mail.recipient);
  } else if (!line.on_its_way) {
    lane.waiting.insert(*line.waiting.begin());
  }
  place(mail.domain, lane);
}

void DeliveryQueue::add(std::int64_t key, std::string domain, std::string recipient, Time due) {
  remove(key);
  if (lanes_.size() >= many_lanes) {
    std::erase_if(lanes_, [&](const auto& one) {
      const auto& lane = one.second;
      return lane.lines.empty() && lane.last + std::chrono::minutes(1) <= due;
    });
  }
  lanes_.try_emplace(domain, bucket());
  const Mail& mail = mails_.emplace(key, Mail{std::move(domain), std::move(recipient), due}).first->second;
  by_due_.emplace(due, key);
  change(mail, [&](Lane&, Line& line) { line.waiting.emplace(due, key); });
}

void DeliveryQueue::wait_until(std::int64_t key, Time due) {
  const Mail mail = mails_.at(key);
  add(key, mail.domain, mail.recipient, due);
}

void DeliveryQueue::remove(std::int64_t key) {
  const auto node = mails_.extract(key);
  if (node.empty()) return;
  const Mail& mail = node.mapped();
  if (mail.waits) by_due_.erase({mail.due, key});
  change(mail, [&](Lane& lane, Line& line) {
    if (mail.waits) {
      line.waiting.erase({mail.due, key});
    } else {
      line.on_its_way = false;
      --lane.on_their_way;
      --on_their_way_;
    }
  });
}

bool DeliveryQueue::waits(std::int64_t key) const {
  const auto found = mails_.find(key);
  return found != mails_.end() && found->second.waits;
}

// A lane's turn comes when its first mail is due, when its rate allows, and behind those that waited longer.
void DeliveryQueue::place(const std::string& domain, Lane& lane) {
  if (lane.agenda) agenda_.erase({*lane.agenda, domain});
  lane.agenda.reset();
  if (lane.waiting.empty() || lane.on_their_way >= at_once_) return;
  auto turn = std::max(lane.waiting.begin()->first, lane.last);
  const auto pause = lane.bucket.wait(clock_of(turn));
  turn += std::chrono::ceil<std::chrono::milliseconds>(pause);
  lane.agenda = turn;
  agenda_.emplace(turn, domain);
}

void DeliveryQueue::go(std::int64_t key, Lane& lane, Time now) {
  Mail& mail = mails_.at(key);
  mail.waits = false;
  by_due_.erase({mail.due, key});
  lane.last = std::max(lane.last, now);
  change(mail, [&](Lane&, Line& line) {
    line.waiting.erase({mail.due, key});
    line.on_its_way = true;
    ++lane.on_their_way;
    ++on_their_way_;
  });
}

std::optional<std::int64_t> DeliveryQueue::take(Time now) {
  if (agenda_.empty() || agenda_.begin()->first > now) return {};
  auto& lane = lanes_.at(agenda_.begin()->second);
  const auto key = lane.waiting.begin()->second;
  lane.bucket.take(clock_of(now));
  go(key, lane, now);
  return key;
}

std::optional<std::int64_t> DeliveryQueue::take_any() {
  for (const auto& [due, key] : by_due_) {
    const Mail& mail = mails_.at(key);
    Lane& lane = lanes_.at(mail.domain);
    if (lane.lines.at(mail.recipient).on_its_way) continue;
    const std::int64_t taken = key;  // it is no more in what is gone through
    go(taken, lane, due);
    return taken;
  }
  return {};
}

std::optional<DeliveryQueue::Time> DeliveryQueue::next() const {
  if (agenda_.empty()) return {};
  return agenda_.begin()->first;
}

}  // namespace dragoman::email
