// The email network: everybody's session, the LMTP server that mail comes in by, and what leaves.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/email/accounts.hpp"
#include "bridges/email/drafts.hpp"
#include "bridges/email/forgetting.hpp"
#include "bridges/email/incoming.hpp"
#include "bridges/email/links.hpp"
#include "bridges/email/lmtp_server.hpp"
#include "bridges/email/procedures.hpp"
#include "bridges/email/quota.hpp"
#include "bridges/email/session.hpp"
#include "bridges/net/timer.hpp"
#include "bridges/network.hpp"

namespace dragoman::email {

class Network final : public dragoman::Network {
 public:
  explicit Network(const NetworkContext& context);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network() override;

  std::string title() const override { return "Email gateway"; }
  std::string_view kind() const override { return "smtp"; }  // XMPP registrar, "gateway" category
  std::optional<Conversation> resolve(std::string_view node) const override;
  std::string node_of(const Conversation& what) const override;
  UserId user_of(const RoomId& room, std::string_view nick) const override;
  std::string nick_of(const UserId& user) const override;
  std::string display_name(const Conversation& what) const override;
  std::string address_hint() const override;
  std::optional<std::string> node_from_prompt(std::string_view typed) const override;
  PersonId viewer_of(const PersonId& person, const RoomId&) const override { return person; }
  MemberTable::Fold nick_fold() const override { return nullptr; }

  dragoman::Session& session_for(const PersonId& person, const Conversation& where) override;
  dragoman::Session* find_session(const PersonId& person, const Conversation& where) override;
  std::vector<dragoman::Session*> sessions() override;
  void disconnect(dragoman::Session& session, const std::string& message) override;

  RoomPreferences preferences(const PersonId& person, const RoomId& room) override;
  std::vector<Procedure> procedures(const Conversation& target) const override;
  dragoman::Outcome run(const PersonId& person, bool admin, const Conversation& target,
                        const std::string& node, const Answers& answers, bool submitted) override;

  void hold(bool held) override;
  void reachable(bool there) override;
  bool accountable() const override { return true; }
  void reload(const config::Bridge& settings) override;
  void stop(const std::string& message, std::function<void()> done) override;

 private:
  Session& session_of(const PersonId& person);
  void listen();
  void prune();

  Hub hub_;
  Conversations conversations_;
  Consent consent_;
  Wing wing_;
  std::unordered_map<PersonId, std::unique_ptr<Session>> sessions_;
  Links links_;
  std::unique_ptr<Drafts> drafts_;
  Quota quota_;
  Forgetting forgetting_;
  std::unique_ptr<Incoming> incoming_;
  std::unique_ptr<Accounts> accounts_;
  std::unique_ptr<Procedures> procedures_;
  std::unique_ptr<LmtpServer> lmtp_;
  net::Timer prune_timer_, start_timer_;
};

// For the registry.
NetworkEntry entry();

}  // namespace dragoman::email
