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
  // as good as one that was made. A new one is called `name`, until its person says what it wants to be
  // called (empty: as its address begins). `done` is told nothing when it exists; at once where that is
  // known. With `insist`, a homeserver that is away or busy is waited for.
  using Done = std::function<void(const std::optional<Failure>&)>;
  void ensure(const PersonId& person, const std::string& name, Done done, bool insist = false);
  // The bridge's own user.
  void ensure_own(Done done);

  // Of one that exists: sets what differs from what was set last.
  void set_profile(const PersonId& person, const SetProfile& profile, const Done& done);
  // What the ghost is called where no room calls it otherwise, and its picture (an mxc); empty: not known.
  std::string name_of(const PersonId& person) const;
  std::string avatar_of(const PersonId& person) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
