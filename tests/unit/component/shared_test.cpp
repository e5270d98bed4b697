// Rooms that all persons see as one: the echo network, seen so.
#include "tests/unit/component/world.hpp"

namespace dragoman::test {
namespace {

class Shared final : public Network {
 public:
  explicit Shared(std::unique_ptr<Network> inner) : inner_(std::move(inner)) {}
  PersonId viewer_of(const PersonId&, const RoomId&) const override { return {}; }

  std::string title() const override { return inner_->title(); }
  std::string_view kind() const override { return inner_->kind(); }
  std::optional<Conversation> resolve(std::string_view node) const override { return inner_->resolve(node); }
  std::string node_of(const Conversation& what) const override { return inner_->node_of(what); }
  UserId user_of(const RoomId& room, std::string_view nick) const override {
    return inner_->user_of(room, nick);
  }
  std::string nick_of(const UserId& user) const override { return inner_->nick_of(user); }
  std::string display_name(const Conversation& what) const override { return inner_->display_name(what); }
  std::string address_hint() const override { return inner_->address_hint(); }
  std::optional<std::string> node_from_prompt(std::string_view typed) const override {
    return inner_->node_from_prompt(typed);
  }
  MemberTable::Fold nick_fold() const override { return inner_->nick_fold(); }
  Session& session_for(const PersonId& person, const Conversation& where) override {
    return inner_->session_for(person, where);
  }
  Session* find_session(const PersonId& person, const Conversation& where) override {
    return inner_->find_session(person, where);
  }
  std::vector<Session*> sessions() override { return inner_->sessions(); }
  void disconnect(Session& session, const std::string& message) override {
    inner_->disconnect(session, message);
  }
  RoomPreferences preferences(const PersonId& person, const RoomId& room) override {
    return inner_->preferences(person, room);
  }
  std::vector<Procedure> procedures(const Conversation& target) const override {
    return inner_->procedures(target);
  }
  Outcome run(const PersonId& person, bool admin, const Conversation& target, const std::string& node,
              const Answers& answers, bool submitted) override {
    return inner_->run(person, admin, target, node, answers, submitted);
  }
  void hold(bool held) override { inner_->hold(held); }
  void reload(const config::Bridge& settings) override { inner_->reload(settings); }
  void stop(const std::string& message, std::function<void()> done) override {
    inner_->stop(message, std::move(done));
  }

 private:
  std::unique_ptr<Network> inner_;
};

TEST(SharedRooms, TheArchiveIsForThoseWhoAreThere) {
  World w;
  w.make_network = [](const NetworkContext& context) -> std::unique_ptr<Network> {
    return std::make_unique<Shared>(echo::make_network(context));
  };
  w.open();
  const auto ask = [&](const std::string& who, const std::string& type, const std::string& what) {
    w.in("<iq type='" + type + "' id='a' from='" + who + "' to='#room@echo.example'><" + what +
         " xmlns='urn:xmpp:mam:2'/></iq>");
  };
  const std::string juliet = "juliet@example.org/balcony", romeo = "romeo@example.org/garden";
  w.join();
  w.in("<message type='groupchat' id='m1' from='" + juliet +
       "' to='#room@echo.example'><body>for us</body></message>");
  ask(romeo, "set", "query");
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
  EXPECT_EQ(w.sent.size(), 1U) << w.all();
  ask(romeo, "get", "metadata");
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
  ask(juliet, "set", "query");
  EXPECT_EQ(w.count({"for us"}), 2U) << w.all();
  w.in("<presence type='unavailable' from='" + juliet + "' to='#room@echo.example/juliet'/>");
  ask(juliet, "set", "query");
  EXPECT_EQ(w.count({"forbidden"}), 1U) << w.all();
}

}  // namespace
}  // namespace dragoman::test
