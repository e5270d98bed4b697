// When something is to be said of each of many.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "mapping/mail_queue_table.hpp"

namespace dragoman::email {

class Deadlines {
 public:
  using Time = QueuedMail::Time;

  void set(std::int64_t key, Time when) {  // in the place of what it had
    erase(key);
    order_.emplace(when, key);
    of_.emplace(key, when);
  }
  void erase(std::int64_t key) {
    if (const auto node = of_.extract(key)) order_.erase({node.mapped(), key});
  }
  std::optional<Time> next() const {
    return order_.empty() ? std::nullopt : std::optional(order_.begin()->first);
  }
  // The first whose time has come.
  std::optional<std::int64_t> due(Time now) const {
    return order_.empty() || order_.begin()->first > now ? std::nullopt
                                                         : std::optional(order_.begin()->second);
  }

 private:
  std::set<std::pair<Time, std::int64_t>> order_;
  std::unordered_map<std::int64_t, Time> of_;
};

}  // namespace dragoman::email
