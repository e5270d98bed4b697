#include "component/questions.hpp"

#include <algorithm>
#include <utility>

namespace dragoman {

namespace {

constexpr auto patience = std::chrono::minutes(5);
constexpr std::size_t most_iqs = 100'000;

template <class Entry>
bool is_over(Entry& entry, Time now) {
  if (entry.seen == Time{}) entry.seen = now;
  return now - entry.seen >= patience;
}

}  // namespace

void Questions::expect_iq(const std::string& id, const std::string& from, OnIq done) {
  if (iqs_.size() < most_iqs) iqs_[id] = {from, std::move(done), {}};
}

void Questions::tick(Time now) {
  for (auto iq = iqs_.begin(); iq != iqs_.end();)
    iq = is_over(iq->second, now) ? iqs_.erase(iq) : std::next(iq);
  std::vector<std::string> over;
  for (auto& [token, open] : network_) {
    if (is_over(open, now)) over.push_back(token);
  }
  for (const std::string& token : over) answer(token, Failed{token, {Reason::timed_out, {}}});
}

void Questions::ask_for(const std::string& token, const std::string& what, OnReply done) {
  by_what_[what].push_back(token);
  network_[token] = {std::move(done), what, {}};
}

bool Questions::answer(const std::string& token, const Reply& reply) {
  auto found = network_.extract(token);
  if (found.empty()) return false;
  const Open& open = found.mapped();
  if (auto asked = by_what_.find(open.what); asked != by_what_.end()) {
    std::erase(asked->second, token);
    if (asked->second.empty()) by_what_.erase(asked);
  }
  open.done(reply);
  return true;
}

bool Questions::answer_for(const std::string& what, const Reply& reply) {
  auto found = by_what_.find(what);
  if (found == by_what_.end()) return false;
  const std::string oldest = found->second.front();
  return answer(oldest, reply);
}

void Questions::fail_all(const Failure& why) {
  auto all = std::exchange(network_, {});
  by_what_.clear();
  for (auto& [token, open] : all) open.done(Failed{token, why});
}

bool Questions::on_iq_answer(const Stanza& stanza) {
  auto found = iqs_.find(stanza.id);
  if (found == iqs_.end() || found->second.from != stanza.from.str()) return false;
  OnIq done = std::move(found->second.done);
  iqs_.erase(found);
  done(stanza);
  return true;
}

}  // namespace dragoman
