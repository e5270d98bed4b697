#include "component/identities.hpp"

#include <functional>
#include <utility>

namespace dragoman {

namespace {

constexpr std::size_t most_owners = 1000;

std::string rule(const Member& member) {
  return member.account.empty() ? "nick " + member.nick : "account " + member.account;
}

std::uint64_t trace_of(const Member& member) {
  return member.address.empty() ? 0 : std::hash<std::string>{}(member.address);
}

}  // namespace

std::string Identities::of(const Member& member) const {
  auto found = fixed_.find(member.nick);
  return found == fixed_.end() ? rule(member) : found->second;
}

void Identities::entered(const Member& member) {
  if (!member.account.empty() || owners_.empty()) return;
  auto owner = owners_.find(member.nick);
  if (owner == owners_.end() || (owner->second != 0 && owner->second == trace_of(member))) return;
  // A nick holds no space on any network we know, and a text with one more part is nobody's by rule.
  fixed_[member.nick] =
      rule(member) + ' ' + (member.address.empty() ? std::to_string(++strangers_) : member.address);
}

void Identities::updated(const Member& before, const Member& now) {
  if (before.account != now.account) fixed_.try_emplace(now.nick, rule(before));
}

void Identities::renamed(const Member& before, const std::string& new_nick) {
  std::string text = of(before);
  fixed_.erase(before.nick);
  freed(before, text, true);
  Member now = before;
  now.nick = new_nick;
  if (rule(now) != text) fixed_[new_nick] = std::move(text);
}

void Identities::left(const Member& before) {
  const std::string text = of(before);
  fixed_.erase(before.nick);
  freed(before, text, false);
}

void Identities::freed(const Member& before, const std::string& text, bool still_here) {
  constexpr std::string_view by_nick = "nick ";
  if (!text.starts_with(by_nick)) return;
  const std::string nick = text.substr(by_nick.size());
  if (nick.find(' ') != nick.npos) return;  // a text of its own, that nobody is given by rule
  if (owners_.insert_or_assign(nick, still_here ? 0 : trace_of(before)).second) {
    owners_in_order_.push_back(nick);
    if (owners_in_order_.size() > most_owners) {
      owners_.erase(owners_in_order_.front());
      owners_in_order_.pop_front();
    }
  }
}

}  // namespace dragoman
