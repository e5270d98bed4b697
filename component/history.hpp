// How far back a room's archive is whole, and the asking of its network for what was before: XEP-0313 is
// answered from the network's own history, where it has one (Features::history).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bridges/event.hpp"

namespace dragoman {

class Gateway;

class History {
 public:
  History(Gateway& gateway, const RoomId& room) : gateway_(gateway), room_(room) {}

  // Whether all that was said since then is in the archive.
  bool reaches(Time since) const { return whole_ || (horizon_ && *horizon_ <= since); }
  bool is_whole() const { return whole_; }
  // Nothing is sure any more (a voice came back, and may have missed something).
  void forget();

  using Enough = std::function<bool()>;
  using Done = std::function<void()>;
  // Asks for more, as this person's voice, until `enough` says so; then calls `done`, once: at once where it
  // is enough already, and also when the network has no more, refuses, or takes too long, where a good number
  // of rounds was not enough, or where very many ask already. All who ask at a time share what is fetched.
  void ask(const PersonId& as, Enough enough, Done done);

  void on_told(const HistoryTold& told);
  bool on_failed(const std::string& token);  // false: not a token of ours
  void tick(Time now);
  void give_up();  // everybody is done: the room closes

 private:
  struct Asker {
    PersonId as;
    Enough enough;
    Done done;
    Time since;
    int rounds = 0;
  };
  void go_on();
  template <class Which>
  void dismiss(const Which& which);
  void fetch();

  Gateway& gateway_;
  const RoomId& room_;
  std::optional<Time> horizon_;
  bool whole_ = false;
  std::vector<Asker> askers_;
  std::string token_;  // of what is under way
  Time asked_{};
  bool going_ = false;
};

}  // namespace dragoman
