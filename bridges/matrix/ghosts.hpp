// The homeserver's users that stand for people on XMPP: registered when they are first needed, named once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bridges/matrix/hub.hpp"

namespace dragoman::matrix {

class Ghosts {
 public:
  explicit Ghosts(Hub& hub);
  Ghosts(const Ghosts&) = delete;
  Ghosts& operator=(const Ghosts&) = delete;
  ~Ghosts();

  // "@_xmpp_juliet=40example.org:server"; nothing where the address is too long for one.
  std::optional<std::string> id_of(const PersonId& person) const;
  // Whose ghost it is; nothing: nobody's of ours.
  std::optional<PersonId> person_of(std::string_view user_id) const;
  // A ghost or the bridge itself.
  bool is_ours(std::string_view user_id) const;

  // Client-server API "Registration" with m.login.application_service and inhibit_login: one that exists is
  // as good as one that was made. `done` is told nothing when it exists; at once where that is known.
  using Done = std::function<void(const std::optional<Failure>&)>;
  void ensure(const PersonId& person, Done done);

  // Sets what differs from what was set last. A name is only proposed: one that the person chose stays.
  void propose_name(const PersonId& person, const std::string& name);
  void set_profile(const PersonId& person, const SetProfile& profile, Done done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
