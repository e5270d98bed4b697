// The smallest network there is, kept as the example: rooms "#name" where somebody called "echo" repeats what
// is said, and people "name" who do the same. It has no sockets: a real network has its own (bridges/net).
#pragma once

#include <map>
#include <memory>
#include <set>
#include <utility>

#include "bridges/network.hpp"

namespace dragoman::echo {

class EchoSession final : public Session {
 public:
  EchoSession(Sink& sink, PersonId person) : sink_(sink), person_(std::move(person)) {}

  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return Link::up; }
  std::string nick() const override { return nick_; }
  void perform(Command command) override;
  Features features(const Conversation& where) const override;
  void leave_all(const std::string& reason);

 private:
  friend struct Perform;
  void emit(const Conversation& in, What what, std::string from = {}, MessageId id = {});

  Sink& sink_;
  PersonId person_;
  PlaceId place_;
  std::string nick_;
  std::set<RoomId> rooms_;
  std::set<UserId> blocked_;
  unsigned messages_ = 0;
  SetProfile looks_;  // of its person
};

class EchoNetwork final : public Network {
 public:
  explicit EchoNetwork(const NetworkContext& context) : sink_(context.sink) {}

  std::string title() const override { return "Echo"; }
  std::string_view kind() const override { return "echo"; }
  std::optional<Conversation> resolve(std::string_view node) const override;
  std::string node_of(const Conversation& what) const override;
  UserId user_of(const RoomId& room, std::string_view nick) const override;
  std::string nick_of(const UserId& user) const override { return user.value(); }
  std::string display_name(const Conversation& what) const override { return node_of(what); }
  std::string address_hint() const override { return "Write to any name: it repeats what you say."; }
  std::optional<std::string> node_from_prompt(std::string_view typed) const override;
  PersonId viewer_of(const PersonId& person, const RoomId&) const override { return person; }
  MemberTable::Fold nick_fold() const override { return nullptr; }
  Session& session_for(const PersonId& person, const Conversation& where) override;
  Session* find_session(const PersonId& person, const Conversation& where) override;
  std::vector<Session*> sessions() override;
  void disconnect(Session& session, const std::string& message) override;
  RoomPreferences preferences(const PersonId&, const RoomId&) override { return {}; }
  std::vector<Procedure> procedures(const Conversation& target) const override;
  Outcome run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
              const Answers& answers, bool submitted) override;
  void hold(bool held) override;
  void reload(const config::Bridge& settings) override;
  void stop(const std::string& message, std::function<void()> done) override;

 private:
  Sink& sink_;
  std::map<PersonId, std::unique_ptr<EchoSession>> sessions_;
};

std::unique_ptr<Network> make_network(const NetworkContext& context);
NetworkEntry entry();

}  // namespace dragoman::echo
