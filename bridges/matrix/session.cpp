#include "bridges/matrix/session.hpp"

#include <algorithm>
#include <utility>

#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/stream.hpp"

namespace dragoman::matrix {

Session::Session(Hub& hub, Stream& stream, Kind kind, PersonId person, Voice voice)
    : hub_(hub),
      stream_(stream),
      kind_(kind),
      person_(std::move(person)),
      voice_(std::move(voice)),
      voice_user_(voice_.user_id) {}

Session::~Session() = default;

std::string Session::nick() const {
  if (!nick_.empty()) return nick_;
  if (kind_ == Kind::ghost) {
    if (std::string name = hub_.ghosts->name_of(person_); !name.empty()) return name;
  }
  return person_.value().substr(0, person_.value().find('@'));
}

void Session::set_link(Link link, Failure why) {
  if (std::exchange(link_, link) == link) return;
  tell(place_, LinkState{link, std::move(why)});
}

void Session::set_voice(Voice voice, std::string user_id) {
  voice_ = std::move(voice);
  voice_user_ = std::move(user_id);
}

Api::Call Session::request(const char* method, std::string path, json::object body) {
  Api::Call call;
  call.method = method;
  call.path = std::move(path);
  call.body = std::move(body);
  return call;
}

void Session::call(Api::Call call, std::function<void(const Reply&)> done) {
  const bool insist = call.patience == Api::Patience::insist && !call.still_wanted;
  ++calls_;
  auto answered = [weak = weak_from_this(), done = std::move(done)](const Reply& reply) {
    const auto self = weak.lock();
    if (!self) return;
    --self->calls_;
    done(reply);
  };
  auto send = [weak = weak_from_this(), call = std::move(call),
               answered = std::move(answered)](const std::optional<Failure>& failure) mutable {
    const auto self = weak.lock();
    if (!self) return;
    if (failure) return answered(Refusal{0, {}, *failure});
    self->hub_.api.call(self->voice_, std::move(call), std::move(answered));
  };
  switch (kind_) {
    case Kind::account: return send({});
    case Kind::ghost: return hub_.ghosts->ensure(person_, nick_, std::move(send), insist);
    case Kind::bridge: return hub_.ghosts->ensure_own(std::move(send));
  }
}

void Session::delivered(const Conversation& in, const std::string& token, MessageId id) {
  if (token.empty()) return;
  hub_.sink.on_event(*this, {in, {.own = true}, std::move(id), {}, false, Delivered{token}});
}

void Session::failed(const Conversation& in, const std::string& token, Failure why) {
  if (token.empty()) return;
  hub_.sink.on_event(*this, {in, {}, {}, {}, false, Failed{token, std::move(why)}});
}

void Session::tell(Conversation in, What what, Sender sender) {
  hub_.sink.on_event(*this, {std::move(in), std::move(sender), {}, {}, false, std::move(what)});
}

Room* Session::room_of(const Conversation& in) const {
  if (const auto* address = std::get_if<RoomId>(&in)) {
    Room* room = stream_.find(*address, person_);
    return room != nullptr && room->find(voice_user_, *address) != nullptr ? room : nullptr;
  }
  if (const auto* peer = std::get_if<UserId>(&in)) {
    const auto room_id = stream_.direct_room(person_, *peer);
    return room_id ? stream_.find(*room_id) : nullptr;
  }
  return nullptr;
}

Features Session::features(const Conversation& where) const {
  if (kind_ == Kind::ghost && !hub_.may_use(person_)) return {};
  if (const auto* address = std::get_if<RoomId>(&where)) {
    if (Room* room = stream_.find(*address, person_); room != nullptr && room->view().ready()) {
      return room->view().features(voice_user_);
    }
  } else if (Room* room = room_of(where); room != nullptr && room->view().ready()) {
    return room->view().features(voice_user_);
  }
  Features features;  // what every Matrix room can carry
  features.edits = features.replies = features.reactions = features.retractions = true;
  features.typing = features.read_marks = features.threads = features.files = true;
  features.multiline = features.stable_ids = features.history = true;
  features.profiles = features.presence = features.directory = features.mentions = true;
  features.can_set = RoomView::settable;
  features.max_bytes = std::size_t{32} * 1024;
  return features;
}

void Session::reach(const Conversation& in, OnRoom done) {
  if (const auto* peer = std::get_if<UserId>(&in)) return reach_chat(*peer, std::move(done));
  const auto* address = std::get_if<RoomId>(&in);
  const auto room_id = address != nullptr ? stream_.room_id_of(*address, person_) : std::nullopt;
  if (!room_id) return done(Failure{Reason::not_joined, "You are not in this room: join it first."});
  Room& room = stream_.open(*room_id);
  if (kind_ != Kind::account) room.set_spare_reader(voice_user_);
  // Without its state too: what then can't be sent is refused by the homeserver, in its words.
  room.ensure_view([self = shared_from_this(), id = *room_id, done = std::move(done)](const auto&) {
    done(&self->stream_.open(id));
  });
}

void Session::has_left(const Conversation& in, const std::string& room_id) {
  Room* room = stream_.find(room_id);
  const auto* address = std::get_if<RoomId>(&in);
  if (room == nullptr || address == nullptr) return;
  // Where the event of it came first, the view has told it.
  if (room->remove(voice_user_, *address)) tell(*address, Exited{});
}

bool Session::is_idle() const {
  return calls_ == 0 && joining_.empty() && making_.empty() && (!shown_ || shown_for_room_) &&
         std::chrono::steady_clock::now() >= typing_until_;
}

void Session::leave_all(const std::string& reason) {
  std::vector<RoomId> all;
  for (const auto& [id, room] : stream_.rooms()) {
    for (const Room::Occupant& o : room->occupants()) {
      if (o.session.get() == this) all.push_back(o.address);
    }
  }
  for (const auto& [address, joining] : joining_) {
    if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
  }
  for (const RoomId& address : all) perform({address, {}, Leave{reason}});
}

}  // namespace dragoman::matrix
