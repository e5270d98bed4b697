#include "component/questions.hpp"

#include <algorithm>
#include <utility>

namespace dragoman {

void Questions::ask_for(const std::string& token, const std::string& what, OnReply done) {
  by_what_[what].push_back(token);
  network_[token] = {std::move(done), what};
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
