#include "bridges/irc/pending.hpp"

#include <algorithm>

#include "bridges/irc/refusals.hpp"

namespace dragoman::irc {
namespace {

bool named(const Pending& pending, std::span<const std::string> names) {
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return !name.empty() && (name == pending.target || name == pending.object);
  });
}

// What a numeric is about where its parameters alone don't tell: a 404 never answers a KICK.
bool fits(int code, Awaited what) {
  switch (code) {
    case numeric::cannotsendtochan:
    case numeric::toomanytargets:
    case numeric::notexttosend: return what == Awaited::message;
    case numeric::erroneusnickname:
    case numeric::nicknameinuse:
    case numeric::nickcollision:
    case numeric::nicktoofast:
    case numeric::nonicknamegiven: return what == Awaited::nick;
    case numeric::usernotinchannel: return what == Awaited::kick || what == Awaited::mode;
    case numeric::useronchannel: return what == Awaited::invite;
    case numeric::unknownmode:
    case numeric::banlistfull: return what == Awaited::mode;
    default: return true;
  }
}

// Refusals that don't repeat whom they are about.
bool nameless(int code) {
  return code == numeric::nicktoofast || code == numeric::unknownmode || code == numeric::notexttosend ||
         code == numeric::nonicknamegiven || code == numeric::nicknameinuse ||
         code == numeric::erroneusnickname || code == numeric::nickcollision;
}

}  // namespace

template <class Test>
std::optional<Pending> PendingList::take_first(Test test) {
  auto found = std::find_if(list_.begin(), list_.end(), test);
  if (found == list_.end()) return std::nullopt;
  auto taken = std::move(*found);
  list_.erase(found);
  return taken;
}

std::optional<Pending> PendingList::take_label(std::string_view label) {
  if (label.empty()) return std::nullopt;
  return take_first([&](const Pending& pending) { return pending.label == label; });
}

std::optional<Pending> PendingList::take(Awaited what, std::string_view target, std::string_view object) {
  return take_first([&](const Pending& pending) {
    return pending.what == what && (target.empty() || pending.target == target) &&
           (object.empty() || pending.object == object);
  });
}

std::optional<Pending> PendingList::take_refused(int code, std::span<const std::string> names) {
  return take_first([&](const Pending& pending) {
    return fits(code, pending.what) && (nameless(code) || named(pending, names));
  });
}

std::optional<Pending> PendingList::take_refused_newest(int code, std::span<const std::string> names,
                                                        std::chrono::steady_clock::time_point not_before) {
  auto found = std::find_if(list_.rbegin(), list_.rend(), [&](const Pending& pending) {
    return pending.since >= not_before && fits(code, pending.what) && named(pending, names);
  });
  if (found == list_.rend()) return std::nullopt;
  auto taken = std::move(*found);
  list_.erase(std::next(found).base());
  return taken;
}

std::optional<Pending> PendingList::take_named(Awaited what, std::span<const std::string> names) {
  return take_first([&](const Pending& pending) {
    return pending.what == what && (names.empty() || named(pending, names));
  });
}

const Pending* PendingList::find(Awaited what, std::string_view target) const {
  auto found = std::find_if(list_.begin(), list_.end(), [&](const Pending& p) {
    return p.what == what && (target.empty() || p.target == target);
  });
  return found == list_.end() ? nullptr : &*found;
}

void PendingList::touch(Awaited what, std::chrono::steady_clock::time_point now) {
  for (auto& pending : list_) {
    if (pending.what == what) pending.since = std::max(pending.since, now);
  }
}

template <class Test>
std::vector<Pending> PendingList::take_where(Test test) {
  std::vector<Pending> taken;
  std::erase_if(list_, [&](Pending& pending) {
    if (!test(pending)) return false;
    taken.push_back(std::move(pending));
    return true;
  });
  return taken;
}

// Not only from the front: what waits for its turn to be sent is younger than its place says.
std::vector<Pending> PendingList::take_older(std::chrono::steady_clock::time_point than) {
  return take_where([&](const Pending& pending) { return pending.since < than; });
}

std::vector<Pending> PendingList::take_older(Awaited what, std::chrono::steady_clock::time_point than) {
  return take_where([&](const Pending& pending) { return pending.what == what && pending.since < than; });
}

std::vector<Pending> PendingList::take_all() {
  std::vector<Pending> all(std::make_move_iterator(list_.begin()), std::make_move_iterator(list_.end()));
  list_.clear();
  return all;
}

}  // namespace dragoman::irc
