#include "bridges/matrix/sync.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/hub.hpp"
#include "bridges/matrix/places.hpp"
#include "bridges/matrix/session.hpp"
#include "bridges/matrix/stream.hpp"
#include "bridges/net/backoff.hpp"
#include "bridges/net/timer.hpp"
#include "mapping/notes_table.hpp"

namespace dragoman::matrix {
namespace {

using namespace std::chrono_literals;

constexpr auto poll = 30s;                // that the homeserver waits for something to happen
constexpr auto grace = 30s;               // for its answer to arrive
constexpr auto first_patience = 10min;    // the first answer has everything in it
constexpr std::size_t most_in_gap = 500;  // events that are fetched where a timeline has a gap
constexpr int gap_page = 100;
constexpr const char* note = "sync";  // the position, by person

// People of a room only where they have something to do with what happened in it.
std::string filter(bool first) {
  const json::object read{{"types", json::array{"m.fully_read"}}};
  const json::object filter{{"room", json::object{{"state", json::object{{"lazy_load_members", true}}},
                                                  {"timeline", json::object{{"limit", first ? 1 : 50}}},
                                                  {"account_data", read}}},
                            {"account_data", json::object{{"types", json::array{"m.direct"}}}}};
  return json::serialize(filter);
}

const json::array* events_of(const json::object& in, std::string_view section) {
  const auto* part = object_at(in, section);
  return part ? array_at(*part, "events") : nullptr;
}

// An event as the appservice would be told it.
json::object in_room(const json::object& event, const std::string& room_id) {
  json::object whole = event;
  whole["room_id"] = room_id;
  return whole;
}

}  // namespace

struct Sync::Impl : std::enable_shared_from_this<Impl> {
  struct Gap {
    std::string room_id;
    std::string from;                  // where to go on; empty: filled
    std::vector<json::object> events;  // newest first
  };

  Impl(net::HttpClient& client, Stream& s, Session& voice, Account a, std::function<void(const Failure&)> e)
      : http(client),
        hub(s.hub()),
        stream(s),
        session(voice),
        account(std::move(a)),
        ended(std::move(e)),
        places(s, account.user_id),
        timer(hub.loop),
        since(hub.store.notes().get(hub.network, note, s.viewer().value()).value_or(std::string())) {}

  // -- asking

  void ask_next() {
    if (stopped || held) return;
    Api::Call call;
    call.path = "/_matrix/client/v3/sync";
    const bool first = since.empty();
    const bool wait = !first && up;
    call.query = "filter=" + net::url_encoded(filter(first)) +
                 "&timeout=" + std::to_string(wait ? std::chrono::milliseconds(poll).count() : 0) +
                 "&set_presence=offline";
    if (!first) call.query += "&since=" + net::url_encoded(since);
    call.timeout =
        first ? std::chrono::milliseconds(first_patience) : std::chrono::milliseconds(poll + grace);
    request(std::move(call), [this](const Reply& reply) { on_reply(reply); });
  }

  void request(Api::Call call, std::function<void(const Reply&)> then) {
    pending = ask(http, account.homeserver, account.token, std::move(call),
                  [weak = weak_from_this(), then = std::move(then)](const Reply& reply) {
                    auto self = weak.lock();
                    if (!self || self->stopped) return;
                    self->pending.reset();
                    then(reply);
                  });
  }

  void on_reply(const Reply& reply) {
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return on_refusal(*refusal);
    const auto& value = std::get<json::value>(reply);
    if (!value.is_object() || text_at(value.get_object(), "next_batch").empty()) {
      return try_again({Reason::network_error, "The homeserver's answer can't be understood"});
    }
    backoff.reset();
    answer = value.get_object();
    if (!std::exchange(up, true)) session.set_link(Link::up);
    if (stopped) return;
    find_gaps();
    fill_next_gap();
  }

  void on_refusal(const Refusal& refusal) {
    // Client-server API "Using access tokens", "Soft logout", "Account locking" (M_USER_LOCKED passes).
    if (refusal.errcode == "M_UNKNOWN_TOKEN" || refusal.errcode == "M_MISSING_TOKEN" ||
        refusal.errcode == "M_USER_DEACTIVATED") {
      stopped = true;
      ended({Reason::login_failed, refusal.failure.text});
      return;
    }
    // A position that the homeserver knows no longer: from the beginning, then.
    if (refusal.status == 400 && !since.empty()) {
      spdlog::warn(
          "{}: the homeserver of {} does not take our position any more: its rooms are asked for anew",
          hub.network.value(), stream.viewer().value());
      since.clear();
    }
    try_again(refusal.failure);
  }

  void try_again(const Failure& why) {
    up = false;
    session.set_link(Link::lost, why);
    if (stopped) return;
    timer.after(backoff.next(random()), [this] { ask_next(); });
  }

  // -- gaps: where more happened than a timeline holds, what is missing comes before it

  void find_gaps() {
    gaps.clear();
    if (since.empty()) return;
    const auto* rooms = object_at(answer, "rooms");
    const auto* joined = rooms ? object_at(*rooms, "join") : nullptr;
    if (!joined) return;
    for (const auto& [id, room] : *joined) {
      const auto* timeline = room.is_object() ? object_at(room.get_object(), "timeline") : nullptr;
      if (!timeline || !true_at(*timeline, "limited")) continue;
      const std::string room_id(id);
      const std::string from(text_at(*timeline, "prev_batch"));
      if (is_listened_to(room_id) && places.contains(room_id) && !from.empty())
        gaps.push_back({room_id, from, {}});
    }
  }
  bool is_listened_to(const std::string& room_id) const {
    return stream.find(room_id) != nullptr || stream.direct_of(room_id).has_value();
  }

  void fill_next_gap() {
    const auto open =
        std::find_if(gaps.begin(), gaps.end(), [](const Gap& gap) { return !gap.from.empty(); });
    if (open == gaps.end()) return take_over();
    Api::Call call;
    call.path = "/_matrix/client/v3/rooms/" + net::url_encoded(open->room_id) + "/messages";
    call.query = "dir=b&limit=" + std::to_string(gap_page) + "&from=" + net::url_encoded(open->from) +
                 "&to=" + net::url_encoded(since) +
                 "&filter=" + net::url_encoded(R"({"lazy_load_members":true})");
    const auto place = static_cast<std::size_t>(open - gaps.begin());
    request(std::move(call), [this, place](const Reply& reply) { on_gap(gaps.at(place), reply); });
  }

  void on_gap(Gap& gap, const Reply& reply);

  // -- taking over, in one turn of the loop

  void take_over() {
    if (held) {
      waiting = true;
      return;
    }
    waiting = false;
    const bool first = since.empty();
    if (first) places.clear();
    bool changed = false;
    if (const auto* data = events_of(answer, "account_data")) {
      for (const auto& event : *data) {
        if (!event.is_object() || text_at(event.get_object(), "type") != "m.direct") continue;
        if (const auto* content = object_at(event.get_object(), "content"))
          changed = places.on_direct(*content) || changed;
      }
    }
    if (const auto* rooms = object_at(answer, "rooms")) changed = take_rooms(*rooms, first) || changed;
    if (stopped) return;
    if (const auto* presence = events_of(answer, "presence")) {
      for (const auto& event : *presence) {
        if (event.is_object()) stream.on_presence(event.get_object());
        if (stopped) return;
      }
    }
    since = text_at(answer, "next_batch");
    hub.store.notes().put(hub.network, note, stream.viewer().value(), since);
    hub.store.durable();
    answer = {};
    gaps.clear();
    if (changed || !std::exchange(told, true)) {
      hub.sink.on_event(session, {PlaceId{}, {}, {}, {}, false, places.all()});
    }
    ask_next();
  }

  bool take_rooms(const json::object& rooms, bool first) {
    bool changed = false;
    if (const auto* joined = object_at(rooms, "join")) {
      std::set<std::string> fresh;
      for (const auto& [id, room] : *joined) {
        if (!places.contains(std::string(id))) fresh.emplace(id);
      }
      // First who is where: what happens is told by it.
      for (const auto& [id, room] : *joined) {
        if (room.is_object()) changed = places.on_joined(std::string(id), room.get_object()) || changed;
      }
      for (const auto& [id, room] : *joined) {
        if (room.is_object() && is_room_id(std::string_view(id)))
          take_joined(std::string(id), room.get_object(), first, fresh.contains(std::string(id)));
        if (stopped) return changed;
      }
    }
    if (const auto* invited = object_at(rooms, "invite")) {
      for (const auto& [id, room] : *invited) {
        if (room.is_object() && is_room_id(std::string_view(id)))
          take_invited(std::string(id), room.get_object());
        if (stopped) return changed;
      }
    }
    if (const auto* left = object_at(rooms, "leave")) {
      for (const auto& [id, room] : *left) {
        const std::string room_id(id);
        if (!room.is_object() || !is_room_id(room_id)) continue;
        if (stream.find(room_id)) tell(room_id, events_of(room.get_object(), "timeline"));
        if (stopped) return changed;
        changed = places.on_left(room_id) || changed;
      }
    }
    return changed;
  }

  void take_joined(const std::string& room_id, const json::object& section, bool first, bool fresh) {
    Room* room = stream.find(room_id);
    const auto* state = events_of(section, "state");
    if (first) {
      // Not live: what there is before the first position is the past, which is asked for when it is wanted.
      if (!room || !room->view().ready()) return;
      json::array all = state ? *state : json::array{};
      if (const auto* timeline = events_of(section, "timeline")) {
        for (const auto& event : *timeline) {
          if (event.is_object() && event.get_object().contains("state_key")) all.push_back(event);
        }
      }
      room->view().load_from(all, object_at(section, "summary"));
      return;
    }
    if (room && state && !state->empty()) {
      if (room->view().ready()) {
        room->view().load_from(*state, object_at(section, "summary"));
      } else {
        // What waits there is worked off once the view is ready: state takes its place among it.
        tell(room_id, state);
      }
      if (stopped) return;
    }
    for (const Gap& gap : gaps) {
      if (gap.room_id != room_id) continue;
      for (auto event = gap.events.rbegin(); event != gap.events.rend() && !stopped; ++event)
        stream.on_event(*event);
    }
    const auto* timeline = events_of(section, "timeline");
    tell(room_id, timeline, fresh && timeline ? begin_of(*timeline, room_id) : 0);
    if (const auto* ephemeral = events_of(section, "ephemeral")) {
      for (const auto& event : *ephemeral) {
        if (stopped) return;
        if (event.is_object()) stream.on_ephemeral(in_room(event.get_object(), room_id));
      }
    }
    if (const auto* data = events_of(section, "account_data")) {
      for (const auto& event : *data) {
        if (stopped) return;
        if (event.is_object()) take_read_marker(room_id, event.get_object());
      }
    }
  }

  // Client-server API, "Fully read markers": a receipt of one's own that nobody else sees.
  void take_read_marker(const std::string& room_id, const json::object& event) {
    Room* room = stream.find(room_id);
    const auto* content = object_at(event, "content");
    if (!room || !content || text_at(event, "type") != "m.fully_read" || !room->view().ready()) return;
    const json::object receipt{{"m.read", json::object{{account.user_id, json::object{}}}}};
    room->view().on_receipts({{text_at(*content, "event_id"), receipt}});
  }

  void take_invited(const std::string& room_id, const json::object& section) {
    const auto* state = events_of(section, "invite_state");
    if (!state) return;
    for (const auto& event : *state) {
      if (!event.is_object() || text_at(event.get_object(), "type") != "m.room.member" ||
          text_at(event.get_object(), "state_key") != account.user_id)
        continue;
      return stream.on_invite(room_id, event.get_object(), state);
    }
  }

  // What was said before one came in is a room's past, which is asked for by who enters it; in a chat, what
  // was said before one was asked in. The state of then is in that of now.
  std::size_t begin_of(const json::array& timeline, const std::string& room_id) const {
    const std::string_view came = stream.direct_of(room_id) ? "invite" : "join";
    for (std::size_t i = timeline.size(); i-- > 0;) {
      const auto* event = timeline[i].if_object();
      const auto* content = event ? object_at(*event, "content") : nullptr;
      if (content && text_at(*event, "type") == "m.room.member" &&
          text_at(*event, "state_key") == account.user_id && text_at(*content, "membership") == came)
        return i;
    }
    return 0;
  }

  void tell(const std::string& room_id, const json::array* events, std::size_t begin = 0) {
    if (!events) return;
    for (std::size_t i = begin; i < events->size(); ++i) {
      if (stopped) return;
      const auto* event = (*events)[i].if_object();
      if (event) stream.on_event(in_room(*event, room_id));
    }
  }

  net::HttpClient& http;
  Hub& hub;
  Stream& stream;
  Session& session;
  const Account account;
  std::function<void(const Failure&)> ended;
  Places places;
  net::Timer timer;
  net::Backoff backoff{1s, 60s};
  std::random_device random;
  std::string since;
  std::optional<net::HttpClient::Id> pending;
  json::object answer;  // that is being taken over
  std::vector<Gap> gaps;
  bool up = false, held = false, waiting = false, stopped = false, told = false;
};

void Sync::Impl::on_gap(Gap& gap, const Reply& reply) {
  const auto* value = std::get_if<json::value>(&reply);
  const auto* chunk = value && value->is_object() ? array_at(value->get_object(), "chunk") : nullptr;
  if (!chunk) {
    const auto* refusal = std::get_if<Refusal>(&reply);
    // A bad day: the whole answer is asked for again. A homeserver that does not want to tell keeps it.
    if (refusal && (refusal->status == 0 || refusal->status == 429 || refusal->status >= 500))
      return try_again(refusal->failure);
    gap.from.clear();
    return fill_next_gap();
  }
  for (const auto& event : *chunk) {
    if (event.is_object()) gap.events.push_back(in_room(event.get_object(), gap.room_id));
  }
  const std::string next(text_at(value->get_object(), "end"));
  gap.from = chunk->empty() || next == gap.from || gap.events.size() >= most_in_gap ? std::string() : next;
  fill_next_gap();
}

Sync::Sync(net::HttpClient& http, Stream& stream, Session& session, Account account,
           std::function<void(const Failure&)> ended)
    : impl_(std::make_shared<Impl>(http, stream, session, std::move(account), std::move(ended))) {}

Sync::~Sync() {
  impl_->stopped = true;
  impl_->timer.cancel();
  if (impl_->pending) impl_->http.cancel(*impl_->pending);
}

void Sync::start() { impl_->ask_next(); }

void Sync::hold(bool held) {
  if (std::exchange(impl_->held, held) == held || held) return;
  const auto self = impl_;
  if (self->waiting) {
    self->take_over();
  } else if (!self->pending && !self->timer.pending()) {
    self->ask_next();
  }
}

void Sync::forget(Stream& stream) {
  Hub& hub = stream.hub();
  hub.store.notes().erase(hub.network, note, stream.viewer().value());
  Places(stream, {}).clear();
}

}  // namespace dragoman::matrix
