// The IRC network: a session a person and server.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bridges/irc/session.hpp"
#include "bridges/net/identd.hpp"
#include "bridges/network.hpp"

namespace dragoman::irc {

class Network final : public dragoman::Network {
 public:
  explicit Network(const NetworkContext& context, Patience patience = {});
  ~Network() override;

  std::string title() const override { return "IRC gateway"; }
  std::string_view kind() const override { return "irc"; }
  std::optional<Conversation> resolve(std::string_view node) const override;
  std::string node_of(const Conversation& what) const override;
  UserId user_of(const RoomId& room, std::string_view nick) const override;
  std::string nick_of(const UserId& user) const override { return hub_.addresses.nick_of(user); }
  std::string display_name(const Conversation& what) const override;
  std::string address_hint() const override;
  std::optional<std::string> node_from_prompt(std::string_view typed) const override;
  PersonId viewer_of(const PersonId& person, const RoomId&) const override { return person; }
  MemberTable::Fold nick_fold() const override;

  dragoman::Session& session_for(const PersonId& person, const Conversation& where) override;
  dragoman::Session* find_session(const PersonId& person, const Conversation& where) override;
  std::vector<dragoman::Session*> sessions() override;
  void disconnect(dragoman::Session& session, const std::string& message) override;

  RoomPreferences preferences(const PersonId& person, const RoomId& room) override;
  std::vector<Procedure> procedures(const Conversation& target) const override;
  Outcome run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
              const Answers& answers, bool submitted) override;

  void hold(bool held) override;
  void reload(const config::Bridge& settings) override;
  void stop(const std::string& message, std::function<void()> done) override;

 private:
  Session* find(const PersonId& person, const PlaceId& place) const;
  void load_authorities();
  void start_identd();
  void ended(Session& session);

  // procedures.cpp
  bool is_gateway(const Conversation& target) const;
  Outcome configure_gateway(const PersonId& person, const Answers& answers, bool submitted);
  Outcome configure_server(const PersonId& person, const PlaceId& place, const Answers& answers,
                           bool submitted);
  Outcome configure_room(const PersonId& person, const RoomId& room, const Answers& answers, bool submitted);
  Outcome disconnect_servers(const PersonId& person, bool admin, const Answers& answers);
  Outcome connection_info(const PersonId& person, const PlaceId& place) const;

  Hub hub_;
  std::unique_ptr<net::Identd> identd_;
  std::unordered_map<std::string, std::unique_ptr<Session>> sessions_;  // by person and place
  // Ended sessions: they may still be at work further up the stack. Gone in the loop's next turn.
  std::shared_ptr<std::vector<std::unique_ptr<Session>>> leaving_ =
      std::make_shared<std::vector<std::unique_ptr<Session>>>();
};

// For the registry.
std::unique_ptr<dragoman::Network> make_network(const NetworkContext& context);
NetworkEntry entry();

}  // namespace dragoman::irc
