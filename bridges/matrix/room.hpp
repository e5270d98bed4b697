// One Matrix room as one stream of events has it: its view, the addresses under which it is joined here, who
// of ours is in it, or whose one-to-one chat it is.
//
// Events wait, in order and in the store, while they can't be told: until the view is ready, and from an
// event of our own on whose send is not answered yet (it is known by its id, which the answer tells).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/room_view.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"

namespace dragoman::matrix {

class Session;
class Stream;

class Room final : public ViewOwner {
 public:
  struct Occupant {
    std::string user_id;
    std::shared_ptr<Session> session;
    RoomId address;
    std::string nick;  // that was asked for
  };
  struct Direct {
    PersonId person;
    UserId peer;
  };

  Room(Hub& hub, Stream& stream, std::string room_id);
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;
  ~Room() override;

  const std::string& id() const { return id_; }
  RoomView& view() { return view_; }
  const RoomView& view() const { return view_; }
  // The view, once it is ready; nothing, and why not.
  void ensure_view(std::function<void(const std::optional<Failure>&)> done);

  // Somebody of ours, under one of the room's addresses.
  void add(Occupant occupant);
  bool remove(std::string_view user_id, const RoomId& address);  // false: was not there
  void remove_all(std::string_view user_id);
  Occupant* find(std::string_view user_id, const RoomId& address);
  const Occupant* find(std::string_view user_id, const RoomId& address) const;
  Occupant* find(std::string_view user_id);
  const std::vector<Occupant>& occupants() const { return occupants_; }
  bool anybody_at(const RoomId& address) const;
  void set_direct(std::optional<Direct> direct);
  const std::optional<Direct>& direct() const { return direct_; }

  // Live, in order (application service API, "Pushing events").
  void on_event(const json::object& event);
  // What has come is told: nothing waits.
  bool is_live() const { return view_.ready() && holds_ == 0 && held_.empty(); }
  // While somebody has it, events wait: what was before them is being asked for.
  std::shared_ptr<void> hold();
  // Said before ours came in, oldest first: told before what waits.
  void on_missed(const std::vector<json::object>& events);
  void on_ephemeral(const json::object& event);  // m.typing, m.receipt
  // Asks as this user of ours while no occupant is known: what is sent on after a restart.
  void set_spare_reader(std::string user_id) { spare_reader_ = std::move(user_id); }
  // Sends of ours that are not answered: while there are some, an event of ours waits.
  void sending(std::string_view user_id);
  void answered(std::string_view user_id);
  // What waited is told where it need not wait any more.
  void flush();

  // ViewOwner
  std::vector<Ear> ears(const std::string& room_id) const override;
  dragoman::Session* own_voice(std::string_view user_id) const override;
  bool is_ghost(std::string_view user_id) const override;
  std::string ghost_nick(std::string_view user_id) const override;
  bool is_delivered(const std::string& event_id) const override;
  std::optional<Voice> reader(const std::string& room_id) const override;
  void on_upgraded(const std::string& room_id, const std::string& replacement) override;
  void on_own_departure(const std::string& room_id, const std::string& user_id) override;
  void on_large_file(const std::string& room_id, const std::string& user_id) override;

 private:
  void forget_move(const Occupant& occupant);
  bool must_wait(const json::object& event) const;
  bool is_own(const json::object& event) const;
  bool is_archived(const json::object& event) const;  // under all addresses
  bool is_being_sent(const json::object& event) const;
  void keep(const json::object& event);
  void take_inbox();
  void tell(const json::object& event);
  void loaded(const std::optional<Failure>& failure);
  void try_again_later();
  // Soon, where nobody of ours is in it or on the way into it: the stream forgets it.
  void close_if_idle();
  bool is_idle() const;
  void tell_encrypted();
  // Who of ours says on Matrix what the bridge has to say there; empty: nobody is there.
  std::string spokesman() const;
  // What was said to a peer who had left by then, as their event shows, nobody has read: they are asked in
  // again.
  void on_departure_of_peer(const json::object& event);
  std::string inbox() const;

  Hub& hub_;
  Stream& stream_;
  const std::string id_;
  std::vector<Occupant> occupants_;
  std::optional<Direct> direct_;
  std::string spare_reader_;
  std::int64_t last_sent_ = 0;  // when something of ours last began to be sent, milliseconds since 1970
  std::deque<json::object> held_;
  std::vector<std::pair<std::string, std::size_t>> sending_;  // how many, by user id
  bool loading_ = false, inbox_taken_ = false;
  std::size_t holds_ = 0;
  net::Backoff backoff_{std::chrono::seconds(5), std::chrono::minutes(5)};
  std::unique_ptr<net::Timer> again_;
  std::vector<std::function<void(const std::optional<Failure>&)>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  RoomView view_;
};

}  // namespace dragoman::matrix
