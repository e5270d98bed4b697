// What a network lists (its directory, the rooms of a space), a page at a time: XEP-0059's ids are positions
// in the list.
#pragma once

#include <cstddef>
#include <optional>

#include "component/gateway.hpp"

namespace dragoman::listing {

inline constexpr std::size_t most_items = 100;

struct Page {
  std::size_t offset = 0, count = most_items;
};
// The page that a query's <set/> asks for; nothing where it is malformed.
std::optional<Page> page_of(const Element& query);
// The <set/> that answers it.
void write_page(XmlWriter& out, const Page& page, std::size_t shown, std::size_t total);

// Asks in the name of `person`, by their own session where it is connected, else by the network's voice where
// it may be asked without one (Features::directory). False where there is neither: connecting for it would
// surprise.
bool ask(Gateway& gateway, const PersonId& person, const Conversation& where, Search search,
         Questions::OnReply done);
// The network's own voice, by which anybody who may use the network may ask it; null where there is none.
Session* public_voice(Gateway& gateway, const PersonId& person);
// Whether `ask` would.
bool can_ask(Gateway& gateway, const PersonId& person, const Conversation& where);

}  // namespace dragoman::listing
