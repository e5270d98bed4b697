// What was asked of a server and is not answered yet: echoes, confirmations and refusals find their command
// here. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman::irc {

enum class Awaited : std::uint8_t {
  message,
  topic,
  nick,
  mode,
  kick,
  invite,
  away,
  version,
  ping,
  whois,
  bans,
  list
};

struct Page {
  std::size_t offset = 0, count = 0;
};

struct Pending {
  std::string token;  // empty: nobody waits, but the answer is ours all the same
  Awaited what = Awaited::message;
  std::string target;  // folded: the channel or nick it was for
  std::string object;  // folded: who is kicked, invited, given a rank
  std::string label;   // labeled-response
  Conversation in;
  std::chrono::steady_clock::time_point since{};  // when it was on the wire
  Page page{};                                    // of a list
};

class PendingList {
 public:
  const Pending& add(Pending pending) { return list_.emplace_back(std::move(pending)); }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }

  std::optional<Pending> take_label(std::string_view label);
  // The oldest of its kind; an empty target or object fits any.
  std::optional<Pending> take(Awaited what, std::string_view target = {}, std::string_view object = {});
  // The oldest that the refusal `code` can be about: `names` are the folded parameters of its line.
  std::optional<Pending> take_refused(int code, std::span<const std::string> names);
  // The newest such one that is not older than that.
  std::optional<Pending> take_refused_newest(int code, std::span<const std::string> names,
                                             std::chrono::steady_clock::time_point not_before);
  void drop_oldest() { list_.pop_front(); }
  // The oldest of that kind that one of the names is about; without names any of the kind.
  std::optional<Pending> take_named(Awaited what, std::span<const std::string> names);
  const Pending* find(Awaited what, std::string_view target = {}) const;
  // An answer goes on: its time begins again.
  void touch(Awaited what, std::chrono::steady_clock::time_point now);

  std::vector<Pending> take_older(std::chrono::steady_clock::time_point than);
  std::vector<Pending> take_older(Awaited what, std::chrono::steady_clock::time_point than);
  std::vector<Pending> take_all();

 private:
  template <class Test>
  std::optional<Pending> take_first(Test test);
  template <class Test>
  std::vector<Pending> take_where(Test test);

  std::deque<Pending> list_;
};

}  // namespace dragoman::irc
