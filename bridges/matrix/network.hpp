// The Matrix network: its sessions, and the appservice that the homeserver tells what happens.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/matrix/appservice.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "bridges/net/timer.hpp"
#include "bridges/network.hpp"

namespace dragoman::matrix {

// People's own accounts; what the Network asks of them. Where somebody is logged in, they speak and see by
// their account.
class Accounts {
 public:
  virtual ~Accounts() = default;
  virtual Session* session_of(const PersonId& person) = 0;  // null: not logged in
  virtual std::vector<Session*> sessions() = 0;
  virtual void disconnect(const PersonId& person, const std::string& message) = 0;
  virtual void hold(bool held) = 0;
  // The homeserver is elsewhere now: their connections to it are made anew.
  virtual void reload() = 0;
  // Whom the configuration does not let log in (any more) is logged out, and told.
  virtual void end_unwelcome() = 0;
  // Nothing more is asked; `done` once what is on its way is answered or given up.
  virtual void stop(std::function<void()> done) = 0;
  virtual std::vector<Procedure> procedures(const Conversation& target) const = 0;
  virtual Outcome run(const PersonId& person, const Conversation& target, const std::string& node,
                      const Answers& answers, bool submitted) = 0;
};

class Network final : public dragoman::Network, public AppServiceHandler {
 public:
  explicit Network(const NetworkContext& context, Patience patience = {});
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network() override;

  std::string title() const override { return "Matrix gateway"; }
  std::string_view kind() const override { return "matrix"; }
  std::optional<Conversation> resolve(std::string_view node) const override;
  std::string node_of(const Conversation& what) const override;
  UserId user_of(const RoomId& room, std::string_view nick) const override;
  std::string nick_of(const UserId& user) const override;
  std::string display_name(const Conversation& what) const override;
  std::string address_hint() const override;
  std::optional<std::string> node_from_prompt(std::string_view typed) const override;
  PersonId viewer_of(const PersonId& person, const RoomId& room) const override;
  MemberTable::Fold nick_fold() const override { return nullptr; }

  dragoman::Session& session_for(const PersonId& person, const Conversation& where) override;
  dragoman::Session* find_session(const PersonId& person, const Conversation& where) override;
  std::vector<dragoman::Session*> sessions() override;
  void disconnect(dragoman::Session& session, const std::string& message) override;

  RoomPreferences preferences(const PersonId& person, const RoomId& room) override;
  std::vector<Procedure> procedures(const Conversation& target) const override;
  Outcome run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
              const Answers& answers, bool submitted) override;

  void hold(bool held) override;
  bool accountable() const override { return true; }
  void reload(const config::Bridge& settings) override;
  void stop(const std::string& message, std::function<void()> done) override;

  // For tests.
  std::uint16_t port() const { return appservice_->port(); }
  Hub& hub() { return *hub_; }
  Stream& stream() { return *stream_; }

  // AppServiceHandler
  void on_event(const json::object& event) override;
  void on_ephemeral(const json::object& edu) override;
  void on_user_query(const std::string& user_id, std::function<void(bool)> done) override;
  json::value on_protocol(std::string_view protocol) override;
  json::array on_third_party_users(std::string_view address_or_user_id, bool by_user_id) override;

 private:
  Session& ghost_session(const PersonId& person);
  Session* find_ghost_session(const PersonId& person) const;
  Room* find_room(const RoomId& room) const;
  void listen();
  void ensure_registered();
  void look_after_sessions();
  void refresh_presence();
  void let_idle_go();

  std::unique_ptr<Hub> hub_;
  std::unique_ptr<Stream> stream_;
  std::shared_ptr<Session> own_;
  std::unordered_map<PersonId, std::shared_ptr<Session>> ghosts_;
  std::unique_ptr<Accounts> accounts_;  // may be null
  std::unique_ptr<AppService> appservice_;
  std::size_t presence_part_ = 0;  // of its people, which are told of next
  net::Timer session_timer_, registration_timer_;
  std::string trouble_;  // why the homeserver could not be had, as the log has it
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// For the registry.
std::unique_ptr<dragoman::Network> make_network(const NetworkContext& context);
NetworkEntry entry();

}  // namespace dragoman::matrix
