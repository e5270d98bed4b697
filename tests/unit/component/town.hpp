// A network whose rooms all see alike, as far as a test needs one: everybody who speaks has a session of
// their own, the town's own session tells what concerns all.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridges/network.hpp"

namespace dragoman::test {

class Town;

class TownSession final : public Session {
 public:
  TownSession(Town& town, PersonId person) : town_(town), person_(std::move(person)) {}
  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return Link::up; }
  std::string nick() const override { return person_.value(); }
  void perform(Command command) override;
  Features features(const Conversation& where) const override;

 private:
  Town& town_;
  PersonId person_;
  PlaceId place_;
};

class Town final : public Network {
 public:
  explicit Town(const NetworkContext& context) : sink(context.sink), own(*this, PersonId{}) { last = this; }
  static std::unique_ptr<Network> make(const NetworkContext& context) {
    return std::make_unique<Town>(context);
  }

  struct Asked {
    TownSession* by;
    Command command;
  };
  struct Told {  // of the town's past
    Time time{};
    MessageId id;
    std::string nick;
    What what;
  };

  void emit(TownSession& from, What what, Sender sender = {}, MessageId id = {}, Time time = {},
            bool old = false) {
    sink.on_event(from, {room, std::move(sender), std::move(id), time, old, std::move(what)});
  }
  void says(const std::string& nick, What what, const std::string& id) {
    emit(own, std::move(what), {.nick = nick, .account = nick + "'s"}, MessageId{id});
  }
  TownSession& of(const std::string& person) {
    auto& session = sessions_[PersonId{person}];
    if (!session) session = std::make_unique<TownSession>(*this, PersonId{person});
    return *session;
  }
  // What was asked of it and is not answered yet: the oldest.
  Asked take() {
    Asked first = std::move(open.at(0));
    open.erase(open.begin());
    return first;
  }
  void deliver(const std::string& id) {
    const Asked asked = take();
    emit(*asked.by, Delivered{asked.command.token}, {}, MessageId{id});
  }
  void refuse(Failure why) {
    const Asked asked = take();
    emit(*asked.by, Failed{asked.command.token, std::move(why)});
  }
  std::vector<Member> members() const {
    std::vector<Member> all{
        {.nick = "mayor", .address = "@mayor", .account = "@mayor", .standing = Standing::owner}};
    for (const auto& [person, nick] : voices) all.push_back({.nick = nick});
    return all;
  }
  void tell_past(std::size_t count) {
    const std::size_t begin = past.size() - std::min(past.size(), told + count);
    for (std::size_t i = begin; i < past.size() - told; ++i)
      emit(own, past[i].what, {.nick = past[i].nick}, past[i].id, past[i].time, true);
    told = past.size() - begin;
  }
  HistoryTold horizon(std::string token) const {
    const Time time = told == 0 ? now : past[past.size() - told].time;
    return {std::move(token), time, told == past.size()};
  }

  std::string title() const override { return "Town"; }
  std::string_view kind() const override { return "town"; }
  std::optional<Conversation> resolve(std::string_view node) const override {
    if (node.empty()) return PlaceId{};
    if (node.front() == '#') return RoomId{std::string(node)};
    return UserId{std::string(node)};
  }
  std::string node_of(const Conversation& what) const override {
    return std::visit([](const auto& id) { return id.value(); }, what);
  }
  UserId user_of(const RoomId&, std::string_view nick) const override {
    return UserId{"@" + std::string(nick)};
  }
  std::string nick_of(const UserId& user) const override { return user.value(); }
  std::string display_name(const Conversation& what) const override { return node_of(what); }
  std::string address_hint() const override { return {}; }
  std::optional<std::string> node_from_prompt(std::string_view) const override { return std::nullopt; }
  PersonId viewer_of(const PersonId& person, const RoomId&) const override {
    return std::find(alone.begin(), alone.end(), person.value()) == alone.end() ? PersonId{} : person;
  }
  MemberTable::Fold nick_fold() const override { return nullptr; }
  Session& session_for(const PersonId& person, const Conversation&) override {
    if (person.empty()) return own;
    return of(person.value());
  }
  Session* find_session(const PersonId& person, const Conversation&) override {
    if (person.empty()) return &own;
    auto found = sessions_.find(person);
    return found == sessions_.end() ? nullptr : found->second.get();
  }
  std::vector<Session*> sessions() override { return {&own}; }
  void disconnect(Session& session, const std::string&) override {
    const PersonId person = session.person();
    voices.erase(person);
    sink.on_session_end(session);
    sessions_.erase(person);
  }
  RoomPreferences preferences(const PersonId&, const RoomId&) override { return wanted; }
  std::vector<Procedure> procedures(const Conversation&) const override { return {}; }
  Outcome run(const PersonId&, bool, const Conversation&, const std::string&, const Answers&, bool) override {
    return Failure{Reason::unsupported, {}};
  }
  void hold(bool) override {}
  void reload(const config::Bridge&) override {}
  void stop(const std::string&, std::function<void()> done) override { done(); }

  inline static Town* last = nullptr;                  // the newest
  inline static RoomPreferences wanted = {};           // of everybody
  inline static std::vector<std::string> alone = {};   // persons with a view of their own
  inline static std::vector<std::string> barred = {};  // persons who may not come
  inline static RoomTraits settable = {};              // of its rooms
  inline static bool open_house = false;               // people and rooms can be looked at

  const RoomId room{"#room"};
  Sink& sink;
  TownSession own;
  std::map<PersonId, std::string> voices;  // nicks
  std::vector<Asked> open;
  std::vector<Told> past;
  std::size_t told = 0;    // of the past, from its end
  std::size_t recent = 0;  // so many are told at a join
  bool deaf = false;       // answers no question for its past
  bool slow = false;       // lets nobody in yet
  std::size_t fetches = 0, leaves = 0;
  Time now{};

 private:
  std::map<PersonId, std::unique_ptr<TownSession>> sessions_;
};

inline Features TownSession::features(const Conversation&) const {
  if (std::find(Town::barred.begin(), Town::barred.end(), person_.value()) != Town::barred.end()) return {};
  return {.edits = true,
          .replies = true,
          .reactions = true,
          .retractions = true,
          .moderation = true,
          .typing = true,
          .read_marks = true,
          .threads = true,
          .files = true,
          .multiline = true,
          .stable_ids = true,
          .history = true,
          .can_set = Town::settable,
          .profiles = Town::open_house,
          .directory = Town::open_house};
}

inline void TownSession::perform(Command command) {
  if (std::find(Town::barred.begin(), Town::barred.end(), person_.value()) != Town::barred.end())
    return town_.emit(*this, Failed{command.token, {Reason::not_permitted, {}}});
  if (const auto* join = std::get_if<Join>(&command.what)) {
    if (town_.slow) {
      town_.open.push_back({this, std::move(command)});
      return;
    }
    for (const auto& [person, nick] : town_.voices) {
      if (nick == join->nick && person != person_)
        return town_.emit(*this, Failed{command.token, {Reason::nick_in_use, {}}});
    }
    town_.voices[person_] = join->nick;
    if (town_.recent > town_.told) town_.tell_past(town_.recent - town_.told);
    town_.emit(*this, Entered{join->nick, town_.members(), false});
    town_.emit(town_.own, MemberJoined{{.nick = join->nick}});  // the town hears of it too
    town_.emit(*this, Subject{Text("welcome")});
  } else if (std::holds_alternative<Leave>(command.what)) {
    ++town_.leaves;
    const auto voice = town_.voices.extract(person_);
    if (voice.empty()) return;
    town_.emit(town_.own, MemberLeft{.nick = voice.mapped()});
    town_.emit(*this, Exited{});
  } else if (const auto* nick = std::get_if<SetNick>(&command.what)) {
    const std::string before = std::exchange(town_.voices[person_], nick->nick);
    town_.emit(town_.own, MemberRenamed{before, nick->nick});
    town_.emit(*this, Delivered{command.token});
  } else if (const auto* more = std::get_if<FetchHistory>(&command.what)) {
    ++town_.fetches;
    if (town_.deaf) {
      town_.open.push_back({this, std::move(command)});
    } else {
      town_.tell_past(more->count);
      town_.emit(*this, town_.horizon(command.token));
    }
  } else if (!command.token.empty()) {
    town_.open.push_back({this, std::move(command)});
  }
}

}  // namespace dragoman::test
