// The rooms and contacts that a gateway owns.
#pragma once

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "component/contact.hpp"
#include "component/gateway.hpp"
#include "component/muc.hpp"

namespace dragoman {

// What one person sees of the network; the view of nobody in particular where rooms are shared.
struct Gateway::View {
  std::unordered_map<RoomId, std::unique_ptr<Muc>> rooms;
  std::map<Conversation, std::unique_ptr<Contact>> contacts;
  std::vector<RoomId> shared;  // where the person has, or had, a voice in a shared room
};

// Rooms and contacts that are over, kept until no call is inside them.
struct Gateway::Closed {
  std::vector<std::unique_ptr<Muc>> rooms;
  std::vector<std::unique_ptr<Contact>> contacts;
};

}  // namespace dragoman
