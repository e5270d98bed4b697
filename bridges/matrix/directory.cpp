// What can be found: public rooms of a homeserver, people its directory knows, rooms that a space lists.
#include <algorithm>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "mapping/utf8.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::size_t most_count = 500;

// A room as publicRooms and hierarchy describe it.
std::optional<ListedRoom> listed(const json::value& entry) {
  const json::object* in = entry.if_object();
  if (in == nullptr) return std::nullopt;
  const std::string_view id = text_at(*in, "room_id"), alias = text_at(*in, "canonical_alias");
  if (!is_room_id(id)) return std::nullopt;
  ListedRoom room;
  room.room = RoomId{std::string(is_alias(alias) ? alias : id)};
  room.name = display_clean(text_at(*in, "name").substr(0, 500));
  if (room.name.empty()) room.name = room.room.value();
  room.topic = one_line(xml_clean(text_at(*in, "topic").substr(0, 2000)));
  room.members =
      static_cast<std::size_t>(std::max<std::int64_t>(0, number_at(*in, "num_joined_members").value_or(0)));
  const std::string_view rule = text_at(*in, "join_rule");
  room.open = rule.empty() || rule == "public";
  return room;
}

}  // namespace

void Session::search(const Command& command, const Search& search) {
  if (search.sought == Sought::people) return search_people(command, search);
  if (const auto* address = std::get_if<RoomId>(&command.in)) {
    const auto room_id = stream_.room_id_of(*address);
    if (!room_id) return failed(command.in, command.token, {Reason::not_joined, {}});
    return search_space(command, search, *room_id);
  }
  const auto* place = std::get_if<PlaceId>(&command.in);
  if (place == nullptr) return failed(command.in, command.token, {Reason::unsupported, {}});
  search_rooms(command, search, place->value());
}

void Session::search_rooms(const Command& command, const Search& search, const std::string& server) {
  const DirectoryPages::Page from = stream_.directory_pages().before(server, search.words, search.offset);
  Api::Call ask = request("POST", "/_matrix/client/v3/publicRooms", {});
  if (!server.empty() && server != hub_.server_name()) ask.query = "server=" + net::url_encoded(server);
  const std::size_t wanted = search.offset - from.offset + std::min(search.count, most_count);
  json::object wish{{"limit", std::min(std::max<std::size_t>(wanted, 1), most_count)}};
  if (!from.since.empty()) wish["since"] = from.since;
  if (!search.words.empty()) wish["filter"] = json::object{{"generic_search_term", search.words}};
  ask.body = std::move(wish);
  ask.timeout = hub_.patience.answer;
  call(std::move(ask), [this, command, search, server, from](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      return failed(command.in, command.token, refusal->failure);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    const json::array* chunk = body != nullptr ? array_at(*body, "chunk") : nullptr;
    if (chunk == nullptr) {
      return failed(command.in, command.token,
                    {Reason::network_error, "The homeserver's answer makes no sense."});
    }
    const std::size_t end = from.offset + chunk->size();
    const std::string_view next = text_at(*body, "next_batch");
    if (!next.empty() && !chunk->empty()) {
      stream_.directory_pages().put({server, search.words, std::string(next), end});
      if (end <= search.offset) return search_rooms(command, search, server);  // not there yet
    }
    Listing listing;
    for (std::size_t i = 0; i < chunk->size(); ++i) {
      const std::size_t index = from.offset + i;
      if (index < search.offset || index >= search.offset + search.count) continue;
      if (auto room = listed((*chunk)[i])) listing.rooms.push_back(std::move(*room));
    }
    const auto estimate = number_at(*body, "total_room_count_estimate").value_or(0);
    listing.total = std::max(end + (next.empty() ? 0U : 1U),
                             static_cast<std::size_t>(std::max<std::int64_t>(0, estimate)));
    if (next.empty()) listing.total = end;
    tell(command.in, std::move(listing));
    delivered(command.in, command.token);
  });
}

void Session::search_people(const Command& command, const Search& search) {
  const std::size_t limit = std::min(search.offset + search.count, most_count);
  Api::Call ask = request("POST", "/_matrix/client/v3/user_directory/search",
                          {{"search_term", search.words}, {"limit", limit}});
  ask.timeout = hub_.patience.answer;
  call(std::move(ask), [this, command, search](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      return failed(command.in, command.token, refusal->failure);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    Listing listing;
    if (const json::array* results = body != nullptr ? array_at(*body, "results") : nullptr) {
      std::size_t index = 0;
      for (const json::value& entry : *results) {
        const json::object* person = entry.if_object();
        if (person == nullptr || !is_user_id(text_at(*person, "user_id"))) continue;
        if (stream_.is_ours(text_at(*person, "user_id"))) continue;
        ++listing.total;
        if (index++ < search.offset || listing.people.size() >= search.count) continue;
        listing.people.push_back({UserId{std::string(text_at(*person, "user_id"))},
                                  display_clean(text_at(*person, "display_name").substr(0, 500))});
      }
    }
    tell(command.in, std::move(listing));
    delivered(command.in, command.token);
  });
}

// Client-server API, "Spaces": the rooms a space lists, itself left out.
void Session::search_space(const Command& command, const Search& search, const std::string& room_id) {
  Api::Call ask;
  ask.path = "/_matrix/client/v1/rooms/" + net::url_encoded(room_id) + "/hierarchy";
  ask.query = "max_depth=1&limit=" + std::to_string(std::min(search.offset + search.count + 1, most_count));
  ask.timeout = hub_.patience.answer;
  call(std::move(ask), [this, command, search, room_id](const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) {
      return failed(command.in, command.token, refusal->failure);
    }
    const auto* body = std::get<json::value>(reply).if_object();
    Listing listing;
    const std::string words = ascii_lower(search.words);
    if (const json::array* rooms = body != nullptr ? array_at(*body, "rooms") : nullptr) {
      for (const json::value& entry : *rooms) {
        const json::object* in = entry.if_object();
        if (in == nullptr || text_at(*in, "room_id") == room_id) continue;
        auto room = listed(entry);
        if (!room) continue;
        if (!words.empty() && ascii_lower(room->name + " " + room->topic).find(words) == std::string::npos)
          continue;
        const std::size_t index = listing.total++;
        if (index < search.offset || listing.rooms.size() >= search.count) continue;
        listing.rooms.push_back(std::move(*room));
      }
    }
    tell(command.in, std::move(listing));
    delivered(command.in, command.token);
  });
}

}  // namespace dragoman::matrix
