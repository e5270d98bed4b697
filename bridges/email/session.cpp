#include "bridges/email/session.hpp"

#include <algorithm>

#include "bridges/email/accounts.hpp"
#include "bridges/email/address.hpp"
#include "bridges/email/drafts.hpp"
#include "bridges/email/incoming.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/store.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::email {
namespace {

std::string name_of_room(std::string name) {
  constexpr std::size_t longest_name = 60;
  if (name.size() <= longest_name) return name;
  name.resize(prefix_within(name, longest_name));
  return name + "…";
}

}  // namespace

// One function for each act, so that a forgotten one does not compile.
struct Perform {
  Session& session;
  Command& command;

  Wing& wing() const { return session.wing_; }
  const UserId* user() const { return std::get_if<UserId>(&command.in); }
  const RoomId* room() const { return std::get_if<RoomId>(&command.in); }
  void done(MessageId id = {}) const { session.delivered(command.in, command.token, std::move(id)); }
  void no(std::string words, Reason reason = Reason::unsupported) const {
    session.failed(command.in, command.token, {reason, std::move(words)});
  }
  void block(const UserId& whom) const {
    wing().consent.block(session.person_, whom.value());
    wing().incoming->turn_away(session, whom);
    session.tell_blocked();
  }
  // What becomes a mail, at once or in a while.
  bool may_be_mail() const {
    if (std::holds_alternative<PlaceId>(command.in)) {
      no("Nobody reads here. Write to an address, like bob\\40example.org@" + wing().hub.network.value() +
         ".");
      return false;
    }
    if (auto failure = session.may_write()) {
      session.failed(command.in, command.token, std::move(*failure));
      return false;
    }
    if (user() != nullptr && wing().consent.is_blocked(session.person_, user()->value())) {
      no("You have blocked this address. Unblock it to write to it.", Reason::blocked_by_self);
      return false;
    }
    if (room() == nullptr) return true;
    const auto known = wing().conversations.room(session.person_, *room());
    if (!known) {
      no("There is no such conversation. It begins with a mail to several people.", Reason::no_such_room);
    } else if (known->list && known->post_address.empty()) {
      no("This list takes no mail from its readers.", Reason::cannot_speak);
    } else if (!known->list && known->people.empty()) {
      no("Nobody is left here who would read it.", Reason::no_such_user);
    } else {
      return true;
    }
    return false;
  }

  // To several: a room with them begins, or goes on.
  void to_several(Message& message) const {
    if (auto failure = session.may_write())
      return session.failed(command.in, command.token, std::move(*failure));
    const Preferences preferences = wing().hub.preferences(session.person_);
    std::vector<std::pair<Mailbox, bool>> others;
    for (const Addressee& one : std::exchange(message.addressed, {})) {
      if (wing().hub.is_own(session.person_, preferences, one.user.value())) continue;
      if (wing().consent.is_blocked(session.person_, one.user.value()))
        return no("You have blocked " + one.user.value() + ".", Reason::blocked_by_self);
      others.push_back({{one.name, wing().conversations.spelling(one.user)}, one.copied});
    }
    if (others.empty()) return no("Nobody but you would read it.", Reason::invalid);
    if (others.size() == 1) {
      command.in = UserId{folded(others.front().first.address)};
      return (*this)(message);
    }
    const std::string name =
        display_clean(message.subject.empty() ? message.text.plain.substr(0, message.text.plain.find('\n'))
                                              : message.subject);
    const auto id = wing().conversations.with(session.person_, others, name_of_room(name));
    const auto known = id ? wing().conversations.room(session.person_, *id) : std::nullopt;
    if (!known) return no({}, Reason::storage_failed);
    const bool was_in = session.is_in(*id);
    if (!was_in) session.enter(*id, *known);
    command.in = *id;
    const Message said = message;
    const std::string token = command.token;
    const MessageId line = wing().drafts->add(session, std::move(command));
    if (line.empty()) return;
    // No room of theirs has said it: they are told. Entering asks them in by itself.
    session.tell(*id, said, session.own(*id), line);
    if (was_in) session.tell(*id, Invited{{}, said.subject, {}});
  }
  void operator()(Message& message) const {
    if (!message.addressed.empty()) return to_several(message);
    if (!may_be_mail()) return;
    if (message.kind == MessageKind::notice) return wing().drafts->notify(session, std::move(command));
    // Whom they write to may write to them: what waited for that is heard first.
    if (user() != nullptr && !wing().consent.held(session.person_, user()->value()).empty()) {
      wing().consent.know(session.person_, user()->value());
      wing().incoming->let_in(session, *user());
    }
    wing().drafts->add(session, std::move(command));
  }
  void operator()(Edit&) const {
    if (may_be_mail()) wing().drafts->edit(session, std::move(command));
  }
  void operator()(Retraction& retraction) const {
    if (retraction.moderation) return no("A mail belongs to those who received it.");
    if (wing().drafts->retract(session, command.in, retraction.target)) return done();
    no("It has been sent: a mail can't be taken back.");
  }
  void operator()(Reactions& reactions) const {
    if (!wing().hub.preferences(session.person_).reactions) {
      return no(
          "Reactions are not sent, since many mail programs show each as a mail of its own. You can turn "
          "them on in the settings (a command of " +
          wing().hub.network.value() + ").");
    }
    if (reactions.emoji.empty()) return done();  // mail has no way to take one back
    if (may_be_mail()) wing().drafts->react(session, std::move(command));
  }
  void operator()(Typing& typing) const {
    wing().drafts->typing(session.person_, command.in, typing.state);
    done();
  }
  void operator()(ReadMark& mark) const {
    if (mark.displayed) wing().drafts->read(session, mark.up_to);
    if (mark.displayed && wing().accounts != nullptr)
      wing().accounts->read(session.person_, command.in, mark.up_to);
    done();
  }
  void operator()(Subject& subject) const {
    if (room() == nullptr) return no("A subject belongs to a message here: write both.");
    auto known = wing().conversations.room(session.person_, *room());
    if (!known) return no({}, Reason::no_such_room);
    wing().drafts->flush(session.person_, command.in);
    known->name = display_clean(one_line(subject.text.plain));
    wing().conversations.save(session.person_, *room(), *known);
    done();
    session.tell(command.in, Subject{Text(known->name)}, session.own(*room()));
  }
  // In a room: they come back to it. With somebody: whoever asked may write.
  void operator()(Join& join) const {
    if (user() != nullptr) {
      if (wing().consent.unblock(session.person_, user()->value())) session.tell_blocked();
      wing().consent.know(session.person_, user()->value());
      wing().incoming->let_in(session, *user());
      return done();
    }
    if (room() == nullptr) return no({});
    const auto known = wing().conversations.room(session.person_, *room());
    if (!known) {
      return session.failed(
          command.in, command.token,
          {Reason::no_such_room, is_list(*room())
                                     ? "No mail of this list has come yet. Subscribe to it with your "
                                       "address, " +
                                           wing().hub.aliases.of(session.person_) + "."
                                     : "There is no such conversation."});
    }
    if (!join.nick.empty()) session.nick_ = join.nick;
    session.enter(*room(), *known);
  }
  void operator()(Leave& leave) const {
    if (user() != nullptr) {
      block(*user());
      return done();
    }
    if (room() != nullptr) session.leave(*room(), Departure::left, leave.reason);
    done();
  }
  void operator()(Invite& invite) const {
    auto known = room() == nullptr ? std::nullopt : wing().conversations.room(session.person_, *room());
    const auto address = valid_address(invite.who);
    if (!known || known->list) return no("Only to a conversation of several people somebody can be added.");
    if (!address) return no("\"" + display_clean(invite.who) + "\" is no mail address.", Reason::invalid);
    const auto fresh = wing().conversations.add(session.person_, *room(), {{}, *address});
    if (fresh) session.make_way(*room(), fresh->nick);
    if (fresh)
      session.tell(command.in, MemberJoined{{.nick = fresh->nick, .address = fresh->address}},
                   session.own(*room()));
    done();
  }
  void operator()(Remove& remove) const {
    auto known = room() == nullptr ? std::nullopt : wing().conversations.room(session.person_, *room());
    if (!known || known->list) return no("Nobody can be removed from here.");
    const auto gone = std::find_if(known->people.begin(), known->people.end(),
                                   [&](const Participant& p) { return p.nick == remove.nick; });
    if (gone == known->people.end()) return no({}, Reason::no_such_user);
    if (known->people.size() == 1) return no("Nobody would be left.", Reason::not_permitted);
    known->people.erase(gone);
    wing().conversations.save(session.person_, *room(), *known);
    done();
    const Sender own = session.own(*room());
    session.tell(command.in, MemberLeft{remove.nick, Departure::kicked, own.nick, remove.reason}, own);
  }
  // With somebody: below participant they may not write.
  void operator()(SetStanding& standing) const {
    if (user() == nullptr) return no("Mail knows no ranks.");
    if (auto failure = session.may_write())
      return session.failed(command.in, command.token, std::move(*failure));
    if (standing.standing == Standing::banned) {
      block(*user());
    } else if (wing().consent.unblock(session.person_, user()->value())) {
      session.tell_blocked();
    }
    done();
  }
  void operator()(SetNick& now) const {
    if (room() != nullptr) {
      const auto known = wing().conversations.room(session.person_, *room());
      if (!known || !session.is_in(*room())) return no({}, Reason::not_joined);
      if (session.free_nick(now.nick, *known) != now.nick) return no({}, Reason::nick_in_use);
      const Sender before = session.own(*room());
      session.rooms_[*room()] = now.nick;
      session.tell(command.in, MemberRenamed{before.nick, now.nick}, before);
    }
    session.nick_ = now.nick;
    done();
  }
  void operator()(SetProfile& profile) const {
    wing().hub.store.notes().put(wing().hub.network, "own name", session.person_.value(),
                                 display_clean(profile.name));
    done();
  }
  void operator()(FetchProfile& fetch) const {
    if (fetch.nick.empty()) return no({});
    UserId who = user() != nullptr ? *user() : UserId{};
    if (room() != nullptr) {
      const auto address = wing().conversations.address_of(*room(), fetch.nick);
      if (!address) return no({}, Reason::no_such_user);
      who = UserId{folded(*address)};
    }
    session.tell(command.in, wing().conversations.profile(who));
    done();
  }
  void operator()(SetAvailability&) const { done(); }
  void operator()(ListStandings& list) const {
    if (list.standing != Standing::banned) return no({});
    if (std::holds_alternative<PlaceId>(command.in)) {
      session.tell_blocked();
    } else {
      session.tell(command.in, StandingList{});
    }
    done();
  }
  void operator()(Ping&) const { done(); }
  void operator()(FetchHistory&) const { no({}); }
  void operator()(FetchRoomInfo&) const { done(); }
  void operator()(SetRoomInfo&) const { no({}); }
  void operator()(FetchVersion&) const { no("Mail does not tell which program somebody uses."); }
  void operator()(Search&) const { no("There is no directory of mail addresses."); }
};

void Session::perform(Command command) {
  std::visit([&](auto& act) { Perform{*this, command}(act); }, command.what);
}

std::optional<Failure> Session::may_write() const {
  if (!wing_.hub.may_use(person_))
    return Failure{Reason::not_permitted, "You may not use this gateway. Its administrator decides who may."};
  if (!wing_.hub.is_registered(person_)) {
    return Failure{Reason::registration_required,
                   "Register with the gateway " + wing_.hub.network.value() +
                       " first: then you have a mail address to write from, and answers find you."};
  }
  return std::nullopt;
}

std::string Session::nick() const {
  return nick_.empty() ? person_.value().substr(0, person_.value().find('@')) : nick_;
}

Features Session::features(const Conversation& where) const {
  return {.edits = true,
          .replies = true,
          .reactions = true,
          .retractions = true,
          .typing = true,
          .read_marks = std::holds_alternative<UserId>(where),
          .threads = true,
          .subjects = true,
          .files = true,
          .multiline = true,
          .actions = false,
          .stable_ids = true,
          .profiles = true,
          .consent = true,
          .blocking = true,
          .always_there = true,
          .addressing = true};
}

void Session::tell(Conversation in, What what, Sender sender, MessageId id, Time time) {
  wing_.hub.sink.on_event(*this,
                          {std::move(in), std::move(sender), std::move(id), time, false, std::move(what)});
}

void Session::delivered(const Conversation& in, const std::string& token, MessageId id) {
  if (!token.empty()) tell(in, Delivered{token}, {}, std::move(id));
}

void Session::failed(const Conversation& in, const std::string& token, Failure why) {
  if (!token.empty()) tell(in, Failed{token, std::move(why)});
}

void Session::enter(const RoomId& id, const Room& room) {
  const std::string own = free_nick(nick(), room);
  rooms_[id] = own;
  Entered entered{
      own,
      {{.nick = own, .address = wing_.hub.from_of(person_).address, .standing = Standing::member}},
      false};
  for (const Participant& one : room.people)
    entered.members.push_back({.nick = one.nick, .address = one.address});
  tell(id, std::move(entered));
  tell(id, RoomInfo{.kind = room.list ? RoomKind::list : RoomKind::group,
                    .name = room.name,
                    .members_only = true,
                    .hidden = true});
  tell(id, Subject{Text(room.name)});
}

std::string Session::nick_in(const RoomId& room) const {
  const auto found = rooms_.find(room);
  return found == rooms_.end() ? nick() : found->second;
}

std::string Session::free_nick(std::string wanted, const Room& room) const {
  const auto taken = [&] {
    return std::any_of(room.people.begin(), room.people.end(),
                       [&](const Participant& p) { return p.nick == wanted; });
  };
  while (taken()) wanted += "_";
  return wanted;
}

void Session::tell_blocked() {
  StandingList list;
  for (std::string& address : wing_.consent.blocked(person_))
    list.users.push_back({std::move(address), Standing::banned, {}, {}});
  tell(PlaceId{}, std::move(list));
}

void Session::make_way(const RoomId& room, const std::string& nick) {
  const auto found = rooms_.find(room);
  const auto known = wing_.conversations.room(person_, room);
  if (found == rooms_.end() || found->second != nick || !known) return;
  const Sender before = own(room);
  found->second = free_nick(nick, *known);
  tell(room, MemberRenamed{before.nick, found->second}, before);
}

void Session::leave(const RoomId& id, Departure how, const std::string& reason) {
  if (rooms_.erase(id) > 0) tell(id, Exited{how, {}, reason});
}

void Session::leave_all(const std::string& reason) {
  for (const auto& [room, nick] : std::exchange(rooms_, {})) tell(room, Exited{Departure::quit, {}, reason});
}

}  // namespace dragoman::email
