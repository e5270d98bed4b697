// Which mail is next: by domain, so that one domain's many mails are neither in the others' way nor in its
// own server's; and of those to one recipient one after the other, in the order in which they are due. Pure:
// time is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "bridges/net/backoff.hpp"
#include "mapping/mail_queue_table.hpp"

namespace dragoman::email {

class DeliveryQueue {
 public:
  using Time = QueuedMail::Time;

  // `per_minute`: mails of one domain; 0: no limit.
  DeliveryQueue(std::size_t at_once, std::uint32_t per_minute) : at_once_(at_once), per_minute_(per_minute) {}

  void limit(std::uint32_t per_minute);
  // What waits; or waits again, after take().
  void add(std::int64_t key, std::string domain, std::string recipient, Time due);
  void remove(std::int64_t key);       // waiting or on its way
  bool waits(std::int64_t key) const;  // false: on its way, or unknown
  bool knows(std::int64_t key) const { return mails_.contains(key); }
  void wait_until(std::int64_t key, Time due);  // the same for one that is known
  // One that is due now and may go: it is on its way from then on.
  std::optional<std::int64_t> take(Time now);
  // One that looks whether the server is there: the first by due time, whatever the limits.
  std::optional<std::int64_t> take_any();
  std::optional<Time> next() const;  // when take() may have something
  std::size_t on_their_way() const { return on_their_way_; }
  std::size_t size() const { return mails_.size(); }

 private:
  using Waiting = std::set<std::pair<Time, std::int64_t>>;
  struct Line {  // to one recipient
    Waiting waiting;
    bool on_its_way = false;
  };
  struct Lane {
    explicit Lane(net::TokenBucket b) : bucket(b) {}
    std::unordered_map<std::string, Line> lines;
    Waiting waiting;  // the first of each line that may go
    std::size_t on_their_way = 0;
    net::TokenBucket bucket;
    Time last{};                 // something left
    std::optional<Time> agenda;  // its place in agenda_
  };
  struct Mail {
    std::string domain, recipient;
    Time due;
    bool waits = true;
  };
  net::TokenBucket bucket() const;
  void place(const std::string& domain, Lane& lane);
  // Changes a mail's line, with what that means for its lane.
  template <class Change>
  void change(const Mail& mail, Change of);
  void go(std::int64_t key, Lane& lane, Time now);

  std::size_t at_once_;
  std::uint32_t per_minute_;
  std::unordered_map<std::int64_t, Mail> mails_;
  std::unordered_map<std::string, Lane> lanes_;
  std::set<std::pair<Time, std::string>> agenda_;  // lanes that have something and may
  Waiting by_due_;                                 // all that waits
  std::size_t on_their_way_ = 0;
};

}  // namespace dragoman::email
