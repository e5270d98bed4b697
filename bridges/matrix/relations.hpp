// Who has which reactions on which message, kept in the store: Matrix has an event for each and takes it back
// by that event's id, also after a restart; XMPP tells the whole set (XEP-0444).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mapping/ids.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

class ReactionNotes {
 public:
  static constexpr std::size_t most = 40;  // of one user on one message; more are not kept

  struct Reaction {
    std::string user, target;
  };
  struct Set {
    std::string user;
    std::vector<std::pair<std::string, std::string>> reactions;  // (key, event id), in the order they came
  };

  ReactionNotes(Store& store, NetworkId network);

  // False: it was there already, or there are too many.
  bool note(const std::string& user, const std::string& target, const std::string& key,
            const std::string& event_id);
  std::optional<Reaction> forget(const std::string& event_id);  // nothing: not a reaction that is known
  std::vector<std::pair<std::string, std::string>> of(const std::string& user,
                                                      const std::string& target) const;
  std::vector<Set> on(const std::string& target) const;
  void prune();  // those of long ago

 private:
  Store& store_;
  NetworkId network_;
};

}  // namespace dragoman::matrix
