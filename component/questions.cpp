#include "component/questions.hpp"

#include <utility>

namespace dragoman {

void Questions::ask_for(const std::string& token, const std::string& what, OnReply done) {
  by_what_[what].push_back(token);
  network_[token] = std::move(done);
}

bool Questions::answer(const std::string& token, const Reply& reply) {
  auto found = network_.find(token);
  if (found == network_.end()) return false;
  OnReply done = std::move(found->second);
  network_.erase(found);
  done(reply);
  return true;
}

bool Questions::answer_for(const std::string& what, const Reply& reply) {
  auto found = by_what_.find(what);
  while (found != by_what_.end() && !found->second.empty()) {
    std::string token = std::move(found->second.front());
    found->second.erase(found->second.begin());
    if (found->second.empty()) by_what_.erase(found);
    if (answer(token, reply)) return true;
    found = by_what_.find(what);
  }
  return false;
}

void Questions::fail_all(const Failure& why) {
  auto all = std::exchange(network_, {});
  by_what_.clear();
  for (auto& [token, done] : all) done(Failed{token, why});
}

bool Questions::on_iq_answer(const Stanza& stanza) {
  auto found = iqs_.find(stanza.id);
  if (found == iqs_.end()) return false;
  OnIq done = std::move(found->second);
  iqs_.erase(found);
  done(stanza);
  return true;
}

}  // namespace dragoman
