#include "component/room.hpp"

#include <algorithm>
#include <utility>

namespace dragoman {

// Takes an event into a room's state; what needs no state says so by its empty body.
struct Room::Apply {
  Room& room;
  const Event& event;
  const PersonId& from;
  Change& change;

  void operator()(const Entered& entered) const {
    const bool shared = room.is_shared();
    if (shared && from.empty()) {  // the network's own voice is nobody's
      change.concerns_voice = false;
      return;
    }
    change.opened = !room.is_in();
    Voice& voice = room.voices_[from];
    change.first = voice.state < State::interrupted;
    if (!change.first) change.nick_before = voice.nick;
    std::vector<Member> others = other_voices();
    change.difference = room.members_.replace(entered.members);
    room.call(voice, from, entered.nick);
    voice.state = State::in;
    room.find_state();
    // The list is the one voice's. What it does not say of another is not that one's leaving: Exited is.
    std::erase_if(change.difference.left, [&](const std::string& nick) {
      auto other =
          std::find_if(others.begin(), others.end(), [&](const Member& m) { return m.nick == nick; });
      if (other == others.end()) return false;
      room.members_.put(*other);
      return true;
    });
  }
  std::vector<Member> other_voices() const {
    std::vector<Member> members;
    for (const auto& [person, voice] : room.voices_) {
      if (person == from || voice.nick.empty()) continue;
      if (auto member = room.members_.find(voice.nick)) members.push_back(std::move(*member));
    }
    return members;
  }
  void operator()(const MemberJoined& joined) const {
    if (room.is_shared()) change.before = room.members_.find(joined.member.nick);
    room.members_.put(joined.member);
  }
  void operator()(const MemberLeft& left) const {
    change.before = room.members_.find(left.nick);
    room.members_.erase(left.nick);
  }
  void operator()(const MemberRenamed& renamed) const {
    change.before = room.members_.find(renamed.nick);
    room.members_.rename(renamed.nick, renamed.new_nick);
    const PersonId person = room.voice_called(renamed.nick);
    if (!person.empty()) room.call(room.voices_[person], person, renamed.new_nick);
  }
  void operator()(const MemberUpdated& updated) const {
    change.before = room.members_.find(updated.member.nick);
    room.members_.put(updated.member);
  }
  void operator()(const RoomInfo& now) const {
    // How many are there changes all the time.
    if (room.info_) {
      room.info_->headcount = now.headcount;
      change.info_changed = *room.info_ != now;
    }
    room.info_ = now;
  }
  void operator()(const Subject& subject) const {
    change.topic_changed = room.topic_.text != subject.text;
    room.topic_ = {subject.text, event.sender.nick, event.time};
  }
  void operator()(const Exited& exited) const {
    const State before = room.state(from);
    // Of one who asked to leave and to come again: the answer to the first.
    const bool stale = room.is_shared() && before == State::entering && exited.how == Departure::left;
    if (room.is_shared() && (before == State::out || stale)) {
      change.concerns_voice = false;
      return;
    }
    change.nick_before = room.nick(from);
    change.before = room.drop_voice(from);
  }
  void operator()(const LinkState& link) const {
    auto voice = room.voices_.find(from);
    change.concerns_voice =
        link.link == Link::lost && voice != room.voices_.end() && voice->second.state >= State::interrupted;
    if (!change.concerns_voice) return;
    voice->second.state = State::interrupted;
    room.find_state();
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

Room::Room(RoomId id, PersonId viewer, MemberTable::Fold fold)
    : id_(std::move(id)), viewer_(std::move(viewer)), members_(fold) {}

void Room::on_event(const Event& event, const PersonId& from) {
  Change change;
  std::visit(Apply{*this, event, from, change}, event.what);
  for (RoomListener* listener : listeners_) listener->on_room_event(*this, event, change, from);
}

Room::State Room::state(const PersonId& person) const {
  auto found = voices_.find(person);
  return found == voices_.end() ? State::out : found->second.state;
}

const std::string& Room::nick(const PersonId& person) const {
  static const std::string none;
  auto found = voices_.find(person);
  return found == voices_.end() ? none : found->second.nick;
}

const PersonId& Room::voice_called(const std::string& nick) const {
  static const PersonId nobody;
  auto found = by_nick_.find(nick);
  return found == by_nick_.end() ? nobody : found->second;
}

void Room::for_each_voice(const std::function<void(const PersonId&)>& visit) const {
  for (const auto& [person, voice] : voices_) visit(person);
}

void Room::set_entering(const PersonId& person) {
  voices_[person].state = State::entering;
  find_state();
}

std::optional<Member> Room::drop_voice(const PersonId& person) {
  auto voice = voices_.extract(person);
  if (voice.empty()) return std::nullopt;
  const std::string& nick = voice.mapped().nick;
  if (voice_called(nick) == person) by_nick_.erase(nick);
  find_state();
  std::optional<Member> member;
  if (!nick.empty()) {
    member = members_.find(nick);
    members_.erase(nick);
  }
  if (!is_in()) {
    members_.clear();
    topic_ = {};
  }
  return member;
}

void Room::call(Voice& voice, const PersonId& person, const std::string& nick) {
  if (voice.nick != nick && voice_called(voice.nick) == person) by_nick_.erase(voice.nick);
  voice.nick = nick;
  by_nick_[nick] = person;
}

void Room::find_state() {
  state_ = State::out;
  for (const auto& [person, voice] : voices_) {
    state_ = std::max(state_, voice.state);
    if (state_ == State::in) return;
  }
}

}  // namespace dragoman
