// XEP-0050: what can be done at an address, the network's own procedures and the gateway's.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/form.hpp"
#include "component/stanza.hpp"

namespace dragoman {

class Gateway;
struct Target;

class Commands {
 public:
  explicit Commands(Gateway& gateway);

  std::vector<Procedure> available(const Jid& who, const Target& target) const;
  std::string name_of(const Jid& who, const Target& target,
                      const std::string& node) const;  // empty: none such
  void on_command(const Stanza& iq, const Element& command, const Target& target);

 private:
  // A form that somebody has open. It ends after an hour, so that abandoned ones don't pile up.
  struct Dialogue {
    std::string jid, node, address;
    Answers answers;
    std::chrono::system_clock::time_point ends;
    std::uint64_t number = 0;  // in the order of their opening
  };
  Outcome run(const Stanza& iq, const Target& target, const std::string& node, const Answers& answers,
              bool submitted);
  Outcome run_own(const std::string& node, const Answers& answers, bool submitted);
  void answer(const Stanza& iq, const std::string& node, const std::string& session, const Outcome& outcome);
  void make_room(const Jid& person);  // for one more of theirs
  void forget_old();

  Gateway& gateway_;
  std::unordered_map<std::string, Dialogue> dialogues_;
  std::uint64_t opened_ = 0;
};

}  // namespace dragoman
