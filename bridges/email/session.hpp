// One registered person's voice: mail from their alias. It is always there; nothing is connected for it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "bridges/email/consent.hpp"
#include "bridges/email/conversations.hpp"
#include "bridges/email/hub.hpp"
#include "bridges/network.hpp"

namespace dragoman::email {

class Accounts;
class Drafts;
class Incoming;

// What sessions share; owned by the Network.
struct Wing {
  Hub& hub;
  Conversations& conversations;
  Consent& consent;
  Drafts* drafts = nullptr;
  Incoming* incoming = nullptr;
  Accounts* accounts = nullptr;
};

class Session final : public dragoman::Session {
 public:
  Session(Wing& wing, PersonId person) : wing_(wing), person_(std::move(person)) {}

  const PersonId& person() const override { return person_; }
  const PlaceId& place() const override { return place_; }
  Link link() const override { return Link::up; }
  std::string nick() const override;
  void perform(Command command) override;
  Features features(const Conversation& where) const override;

  void tell(Conversation in, What what, Sender sender = {}, MessageId id = {}, Time time = {});
  void delivered(const Conversation& in, const std::string& token, MessageId id = {});
  void failed(const Conversation& in, const std::string& token, Failure why);

  bool is_in(const RoomId& room) const { return rooms_.contains(room); }
  void enter(const RoomId& id, const Room& room);  // told as Entered, with the subject
  void leave(const RoomId& id, Departure how, const std::string& reason);
  void leave_all(const std::string& reason);
  std::optional<Failure> may_write() const;  // nothing: they may send mail
  Sender own(const RoomId& room) const { return {nick_in(room), {}, {}, true}; }
  // Somebody of this nick comes in: whoever has it of ourselves goes by another from then on.
  // Whom they have blocked, as it is now: to be told when it changes.
  void tell_blocked();
  void make_way(const RoomId& room, const std::string& nick);

 private:
  friend struct Perform;

  std::string nick_in(const RoomId& room) const;
  std::string free_nick(std::string wanted, const Room& room) const;

  Wing& wing_;
  const PersonId person_;
  const PlaceId place_;
  std::map<RoomId, std::string> rooms_;  // with our nick there
  std::string nick_;                     // chosen last
};

}  // namespace dragoman::email
