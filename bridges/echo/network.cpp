#include "bridges/echo/network.hpp"

namespace dragoman::echo {

// One function for each thing that can be asked: what this network lacks is refused, in words.
struct Perform {
  EchoSession& session;
  const Conversation& in;
  const std::string& token;

  void done(MessageId id = {}) const {
    if (!token.empty()) session.emit(in, Delivered{token}, {}, std::move(id));
  }
  void no() const {
    if (!token.empty()) session.emit(in, Failed{token, {Reason::unsupported, {}}});
  }
  void said(What what) const {
    done(MessageId{"own-" + std::to_string(++session.messages_)});
    session.emit(in, std::move(what), "echo", MessageId{"echo-" + std::to_string(session.messages_)});
  }

  void operator()(const Message& m) const {
    if (m.addressed.empty()) return said(m);
    // A room named for those who are in it.
    std::set<std::string> names;
    for (const Addressee& one : m.addressed) names.insert(one.user.value());
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : " & ") + name;
    session.emit(RoomId{"#" + all}, Invited{{}, all, {}});
    done();
  }
  void operator()(const Edit& e) const { said(e); }
  void operator()(const Retraction& r) const { said(r); }
  void operator()(const Reactions& r) const { said(r); }
  void operator()(const Typing& t) const { session.emit(in, t, "echo"); }
  void operator()(const ReadMark&) const {
    done();
    if (std::holds_alternative<UserId>(in))
      session.emit(in, ReadMark{MessageId{"own-" + std::to_string(session.messages_)}}, "echo");
  }
  void operator()(const Subject& s) const {
    done();
    session.emit(in, s, session.nick_);
  }
  void operator()(const Join& join) const {
    const auto* room = std::get_if<RoomId>(&in);
    if (room == nullptr) return no();
    if (join.nick == "echo") return session.emit(in, Failed{token, {Reason::nick_in_use, {}}});
    session.nick_ = join.nick;
    session.rooms_.insert(*room);
    Entered entered{join.nick, {{.nick = join.nick}, {.nick = "echo", .standing = Standing::owner}}, false};
    session.emit(in, std::move(entered));
    session.emit(in, Subject{});
  }
  void operator()(const Leave& leave) const {
    const auto* room = std::get_if<RoomId>(&in);
    if (room != nullptr && session.rooms_.erase(*room) > 0)
      session.emit(in, Exited{Departure::left, {}, leave.reason});
    done();
  }
  void operator()(const SetNick& now) const {
    const std::string before = std::exchange(session.nick_, now.nick);
    for (const RoomId& room : std::set<RoomId>(session.rooms_))
      session.emit(room, MemberRenamed{before, now.nick});
    done();
  }
  void operator()(const Ping&) const { done(); }
  void operator()(const FetchVersion&) const { session.emit(in, Answered{token, "echo"}); }
  void operator()(const FetchProfile& f) const {
    session.emit(in, Profile{.nick = f.nick, .full_name = "Echo", .picture = session.looks_.picture});
    done();
  }
  void operator()(const Search&) const {
    session.emit(in, Listing{{{RoomId{"#echo"}, "#echo", 1, {}}}, 1});
    done();
  }
  void tell_blocked() const {
    StandingList list;
    for (const UserId& user : session.blocked_)
      list.users.push_back({user.value(), Standing::banned, {}, {}});
    session.emit(PlaceId{}, std::move(list));
  }
  void operator()(const ListStandings&) const {
    if (std::holds_alternative<PlaceId>(in)) {
      tell_blocked();
    } else {
      session.emit(in, StandingList{});
    }
    done();
  }
  // In a chat: whether they are heard at all.
  void operator()(const SetStanding& set) const {
    const auto* user = std::get_if<UserId>(&in);
    if (user == nullptr) return no();
    const bool changed = set.standing == Standing::banned ? session.blocked_.insert(*user).second
                                                          : session.blocked_.erase(*user) > 0;
    if (changed) tell_blocked();
    done();
  }
  // It looks as those do who talk to it.
  void operator()(const SetAvailability& now) const {
    done();
    if (std::holds_alternative<PlaceId>(in))
      session.emit(UserId{"echo"}, Presence{now.online, now.availability, now.status});
  }
  void operator()(const SetProfile& profile) const {
    session.looks_ = profile;
    done();
    session.emit(UserId{"echo"}, Profile{.nick = profile.name, .picture = profile.picture});
  }
  void operator()(const FetchRoomInfo&) const { done(); }
  void operator()(const SetRoomInfo&) const { no(); }
  void operator()(const Invite&) const { no(); }
  void operator()(const Remove&) const { no(); }
  void operator()(const FetchHistory&) const { no(); }
};

void EchoSession::perform(Command command) {
  std::visit(Perform{*this, command.in, command.token}, command.what);
}

Features EchoSession::features(const Conversation&) const {
  return {.edits = true,
          .replies = true,
          .reactions = true,
          .retractions = true,
          .typing = true,
          .read_marks = true,
          .threads = true,
          .mentions = true,
          .files = true,
          .multiline = true,
          .stable_ids = true,
          .profiles = true,
          .presence = true,
          .blocking = true,
          .addressing = true,
          .directory = true};
}

void EchoSession::emit(const Conversation& in, What what, std::string from, MessageId id) {
  sink_.on_event(*this, {in, {.nick = std::move(from)}, std::move(id), {}, false, std::move(what)});
}

void EchoSession::leave_all(const std::string& reason) {
  for (const RoomId& room : std::exchange(rooms_, {})) emit(room, Exited{Departure::quit, {}, reason});
}

std::optional<Conversation> EchoNetwork::resolve(std::string_view node) const {
  if (node.empty()) return PlaceId{};
  if (node.front() == '#') return RoomId{std::string(node)};
  return UserId{std::string(node)};
}

std::string EchoNetwork::node_of(const Conversation& what) const {
  return std::visit([](const auto& id) { return id.value(); }, what);
}

UserId EchoNetwork::user_of(const RoomId&, std::string_view nick) const { return UserId{std::string(nick)}; }

std::optional<std::string> EchoNetwork::node_from_prompt(std::string_view typed) const {
  if (typed.empty() || typed.size() > 100) return std::nullopt;
  return std::string(typed);
}

Session& EchoNetwork::session_for(const PersonId& person, const Conversation&) {
  auto& session = sessions_[person];
  if (!session) session = std::make_unique<EchoSession>(sink_, person);
  return *session;
}

Session* EchoNetwork::find_session(const PersonId& person, const Conversation&) {
  auto found = sessions_.find(person);
  return found == sessions_.end() ? nullptr : found->second.get();
}

std::vector<Session*> EchoNetwork::sessions() {
  std::vector<Session*> all;
  for (auto& [person, session] : sessions_) all.push_back(session.get());
  return all;
}

void EchoNetwork::disconnect(Session& session, const std::string& message) {
  static_cast<EchoSession&>(session).leave_all(message);
  sink_.on_session_end(session);
  sessions_.erase(PersonId{session.person()});
}

std::vector<Procedure> EchoNetwork::procedures(const Conversation&) const { return {}; }

Outcome EchoNetwork::run(const PersonId&, bool, const Conversation&, const std::string&, const Answers&,
                         bool) {
  return Failure{Reason::unsupported, {}};
}

void EchoNetwork::hold(bool) {}
void EchoNetwork::reload(const config::Bridge&) {}
void EchoNetwork::stop(const std::string&, std::function<void()> done) { done(); }

std::unique_ptr<Network> make_network(const NetworkContext& context) {
  return std::make_unique<EchoNetwork>(context);
}

NetworkEntry entry() { return {"echo", make_network}; }

}  // namespace dragoman::echo
