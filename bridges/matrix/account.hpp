// People's own accounts: who is logged in, kept over restarts. A password is never kept; the access token is,
// as a secret of the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridges/matrix/network.hpp"

namespace dragoman::matrix {

class OwnAccounts final : public Accounts {
 public:
  // Who was logged in still is: their sessions are made at once, their /sync begins from the loop.
  explicit OwnAccounts(Hub& hub);
  OwnAccounts(const OwnAccounts&) = delete;
  OwnAccounts& operator=(const OwnAccounts&) = delete;
  ~OwnAccounts() override;

  // Accounts
  Session* session_of(const PersonId& person) override;
  std::vector<Session*> sessions() override;
  // The connection ends and the login stays: it is used again when the person does something.
  void disconnect(const PersonId& person, const std::string& message) override;
  void hold(bool held) override;
  void reload() override;
  void end_unwelcome() override;
  void stop(std::function<void()> done) override;

  // What people ask for with the gateway, and of a room.
  std::vector<Procedure> procedures(const Conversation& target) const override;
  Outcome run(const PersonId& person, const Conversation& target, const std::string& node,
              const Answers& answers, bool submitted) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace dragoman::matrix
