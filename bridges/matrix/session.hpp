// One voice on Matrix: the bridge's own user, a ghost of somebody on XMPP, or somebody's own account. What it
// is asked to do is in perform.cpp and its sisters; what is said leaves by the stream's queues.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridges/matrix/api.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/network.hpp"

namespace dragoman::matrix {

class Room;
class Stream;

class Session final : public dragoman::Session, public std::enable_shared_from_this<Session> {
 public:
  enum class Kind : std::uint8_t { bridge, ghost, account };
  // `voice` is good once the ghost is registered: see with_voice().
  Session(Hub& hub, Stream& stream, Kind kind, PersonId person, Voice voice);
  ~Session() override;

  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return link_; }
  std::string nick() const override;
  void perform(Command command) override;
  Features features(const Conversation& where) const override;

  Kind kind() const { return kind_; }
  const std::string& user_id() const { return user_id_; }
  const Voice& voice() const { return voice_; }
  Hub& hub() { return hub_; }
  Stream& stream() { return stream_; }

  // For an account: what its /sync makes of the connection. Told to the Sink where it changed.
  void set_link(Link link, Failure why = {});
  void set_voice(Voice voice) { voice_ = std::move(voice); }

  // A call as this voice, once it exists (a ghost is registered first). Answers from the loop; never after
  // the session is gone.
  void call(Api::Call call, std::function<void(const Reply&)> done);

  // What became of something; nothing is told for an empty token.
  void delivered(const Conversation& in, const std::string& token, MessageId id = {});
  void failed(const Conversation& in, const std::string& token, Failure why);
  void tell(Conversation in, What what, Sender sender = {});

  // The Matrix room behind a conversation, its view ready: a chat's room is made where there is none, or
  // where its people have left it.
  using OnRoom = std::function<void(const std::variant<Room*, Failure>&)>;
  void reach(const Conversation& in, OnRoom done);

  // Presence: told again before it decays.
  void refresh_presence();
  bool online() const { return shown_ && shown_->online; }

  void join(const RoomId& address, const Join& join, std::string token);
  void leave_all(const std::string& reason);

 private:
  friend struct Perform;

  Hub& hub_;
  Stream& stream_;
  const Kind kind_;
  const PersonId person_;
  const PlaceId place_;
  std::string user_id_;
  Voice voice_;
  Link link_ = Link::up;
  std::string nick_;
  std::optional<SetAvailability> shown_;
  struct Joining;
  std::map<RoomId, std::shared_ptr<Joining>> joining_;
};

}  // namespace dragoman::matrix
