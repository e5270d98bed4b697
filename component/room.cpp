#include "component/room.hpp"

#include <utility>

namespace dragoman {

namespace {

// Takes an event into a room's state; what needs no state says so by its empty body.
struct Apply {
  Room::State& state;
  MemberTable& members;
  std::string& nick;
  std::optional<RoomInfo>& info;
  Room::Topic& topic;
  const Event& event;
  Change& change;

  void operator()(const Entered& entered) const {
    change.first = state != Room::State::in && state != Room::State::interrupted;
    if (!change.first) change.nick_before = nick;
    change.difference = members.replace(entered.members);
    nick = entered.nick;
    state = Room::State::in;
  }
  void operator()(const MemberJoined& joined) const { members.put(joined.member); }
  void operator()(const MemberLeft& left) const {
    change.before = members.find(left.nick);
    members.erase(left.nick);
  }
  void operator()(const MemberRenamed& renamed) const {
    change.before = members.find(renamed.nick);
    members.rename(renamed.nick, renamed.new_nick);
    if (renamed.nick == nick) nick = renamed.new_nick;
  }
  void operator()(const MemberUpdated& updated) const {
    change.before = members.find(updated.member.nick);
    members.put(updated.member);
  }
  void operator()(const RoomInfo& now) const {
    change.info_changed = info && *info != now;
    info = now;
  }
  void operator()(const Subject& subject) const {
    change.topic_changed = topic.text != subject.text;
    topic = {subject.text, event.sender.nick, event.time};
  }
  void operator()(const Exited&) const {
    state = Room::State::out;
    change.before = members.find(nick);
    members.clear();
    topic = {};
  }
  void operator()(const LinkState& link) const {
    if (link.link == Link::lost && state == Room::State::in) state = Room::State::interrupted;
  }

  void operator()(const Message&) const {}
  void operator()(const Edit&) const {}
  void operator()(const Retraction&) const {}
  void operator()(const Reactions&) const {}
  void operator()(const Typing&) const {}
  void operator()(const ReadMark&) const {}
  void operator()(const Invited&) const {}
  void operator()(const Profile&) const {}
  void operator()(const Presence&) const {}
  void operator()(const Listing&) const {}
  void operator()(const OwnPlaces&) const {}
  void operator()(const StandingList&) const {}
  void operator()(const Delivered&) const {}
  void operator()(const Failed&) const {}
  void operator()(const HistoryTold&) const {}
  void operator()(const Answered&) const {}
  void operator()(const FeaturesChanged&) const {}
};

}  // namespace

Room::Room(RoomId id, PersonId viewer, MemberTable::Fold fold)
    : id_(std::move(id)), viewer_(std::move(viewer)), members_(fold) {}

void Room::on_event(const Event& event) {
  Change change = apply(event);
  for (RoomListener* listener : listeners_) listener->on_room_event(*this, event, change);
}

Change Room::apply(const Event& event) {
  Change change;
  std::visit(Apply{state_, members_, nick_, info_, topic_, event, change}, event.what);
  return change;
}

}  // namespace dragoman
