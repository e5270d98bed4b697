// A room's state, asked for piece by piece: never the 20,000 member events of it.
#include <chrono>

#include <spdlog/spdlog.h>

#include "bridges/matrix/joined_members.hpp"
#include "bridges/matrix/room_view_impl.hpp"

namespace dragoman::matrix {

namespace {

constexpr auto longest_try = std::chrono::minutes(2);
constexpr std::uint64_t largest_list = 512U << 20;  // bytes of joined_members, which is never kept whole

// An answer to GET …/state/{type}?format=event; a server that does not know `format` sends the content alone.
json::object event_of(const json::object& answer, std::string_view type) {
  json::object event;
  if (object_at(answer, "content") != nullptr && !text_at(answer, "sender").empty()) {
    event = answer;
  } else {
    event["content"] = answer;
  }
  event["type"] = type;
  event["state_key"] = "";
  return event;
}

}  // namespace

struct RoomView::Impl::Loading {
  std::size_t left = 0;
  std::optional<Failure> failure;
  People people;
  std::vector<json::object> state;  // in the order of RoomState::types()
  std::unique_ptr<JoinedMembers> list;
  int list_status = 0;
  std::chrono::steady_clock::time_point until = std::chrono::steady_clock::now() + longest_try;

  Api::Call call(std::string path, std::string query) {
    Api::Call call;
    call.path = std::move(path);
    call.query = std::move(query);
    call.patience = Api::Patience::insist;
    call.still_wanted = [end = until](const Refusal&) { return std::chrono::steady_clock::now() < end; };
    return call;
  }
};

void RoomView::Impl::load(Done done) {
  if (is_ready) return done(std::nullopt);
  waiting.push_back(std::move(done));
  if (loading) return;
  loading = std::make_shared<Loading>();
  const std::shared_ptr<Loading> now = loading;
  const std::optional<Voice> as = owner.reader(room_id);
  if (!as) {
    now->left = 1;
    return on_part(now, Failure{Reason::not_joined, {}});
  }
  reactions.prune();
  now->left = RoomState::types().size() + 1;
  now->state.resize(RoomState::types().size());
  ask_state(now, *as);
  ask_people(now, *as);
}

void RoomView::Impl::ask_state(const std::shared_ptr<Loading>& now, const Voice& as) {
  std::size_t place = 0;
  for (const std::string_view type : RoomState::types()) {
    const auto done = [weak = weak_from_this(), now, place, type](const Reply& reply) {
      const auto self = weak.lock();
      if (!self) return;
      if (const auto* answer = std::get_if<json::value>(&reply)) {
        now->state[place] = event_of(object_of(*answer), type);
        return self->on_part(now, std::nullopt);
      }
      // A room need not have each of them.
      const auto& refusal = std::get<Refusal>(reply);
      const bool lacking = refusal.status == 404 && refusal.errcode != "M_UNRECOGNIZED";
      self->on_part(now, lacking ? std::nullopt : std::optional(refusal.failure));
    };
    context.api.call(as, now->call(path("/state/" + std::string(type)), "format=event"), done);
    ++place;
  }
}

void RoomView::Impl::ask_people(const std::shared_ptr<Loading>& now, const Voice& as) {
  const std::weak_ptr<Loading> into = now;
  now->list = std::make_unique<JoinedMembers>(
      [into](std::string_view user, std::string_view name, std::string_view avatar) {
        if (const auto target = into.lock()) target->people.put(user, name, avatar);
      });
  net::HttpRequest request;
  request.url = as.homeserver + path("/joined_members");
  if (!as.user_id.empty()) request.url += "?user_id=" + net::url_encoded(as.user_id);
  request.headers.emplace_back("Authorization", "Bearer " + as.token);
  request.max_body = largest_list;
  net::HttpClient::Stream stream;
  stream.head = [now](const net::HttpHead& head) { now->list_status = head.status; };
  stream.data = [now](std::string_view piece) {
    if (now->list_status == 200) now->list->feed(piece);
  };
  stream.end = [weak = weak_from_this(), now, as](const std::optional<Failure>& failure) {
    const auto self = weak.lock();
    if (!self) return;
    const bool whole = !failure && now->list_status == 200 && now->list->finish();
    now->list.reset();
    if (whole) return self->on_part(now, std::nullopt);
    now->people.clear();
    self->ask_people_again(now, as);
  };
  context.api.http().stream(std::move(request), std::move(stream));
}

// Once more the patient way, which obeys rate limits, says what was refused, and reads JSON that is not
// quite.
void RoomView::Impl::ask_people_again(const std::shared_ptr<Loading>& now, const Voice& as) {
  const auto done = [weak = weak_from_this(), now](const Reply& reply) {
    const auto self = weak.lock();
    if (!self) return;
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return self->on_part(now, refusal->failure);
    const json::object* joined = object_at(object_of(std::get<json::value>(reply)), "joined");
    if (joined == nullptr) return self->on_part(now, Failure{Reason::network_error, {}});
    for (const auto& [user, person] : *joined) {
      const json::object& profile = object_of(person);
      now->people.put(user, text_at(profile, "display_name"), text_at(profile, "avatar_url"));
    }
    self->on_part(now, std::nullopt);
  };
  context.api.call(as, now->call(path("/joined_members"), {}), done);
}

void RoomView::Impl::on_part(const std::shared_ptr<Loading>& now, std::optional<Failure> failure) {
  if (failure && !now->failure) now->failure = std::move(failure);
  if (--now->left > 0 || loading != now) return;
  const auto keep = shared_from_this();
  loading.reset();
  if (now->failure) {
    queued.clear();
    for (const Done& done : std::exchange(waiting, {})) done(now->failure);
    return;
  }
  if (is_ready) return work_off();  // by load_from in the meantime
  people = std::move(now->people);
  partial = false;
  for (const json::object& event : now->state) state.apply(event);
  become_ready();
}

void RoomView::Impl::load_from(const json::array& state_events, const json::object* summary) {
  const auto keep = shared_from_this();
  if (summary != nullptr) {
    if (const auto joined = number_at(*summary, "m.joined_member_count");
        joined && *joined >= 0 && (partial || !is_ready)) {
      partial = true;
      count = static_cast<std::size_t>(*joined);
    }
    if (const json::array* named = array_at(*summary, "m.heroes")) {
      heroes.clear();
      for (const json::value& hero : *named) {
        if (hero.is_string() && heroes.size() < 5) heroes.emplace_back(hero.get_string());
      }
    }
  }
  for (const json::value& value : state_events) {
    const json::object& event = object_of(value);
    if (is_ready) {
      on_state(event, text_at(event, "sender"));
    } else if (text_at(event, "type") == "m.room.member") {
      on_member(event, text_at(event, "sender"));
    } else {
      state.apply(event);
    }
  }
  if (is_ready) return;
  reactions.prune();
  become_ready();
}

void RoomView::Impl::become_ready() {
  is_ready = true;
  show_everybody();
  told_info = info();
  for (const Done& done : std::exchange(waiting, {})) done(std::nullopt);
  work_off();
  if (!closed && !state.replacement.empty()) owner.on_upgraded(room_id, state.replacement);
}

void RoomView::Impl::work_off() {
  while (!closed && !queued.empty()) {
    const json::object event = std::move(queued.front());
    queued.pop_front();
    handle(event);
  }
}

}  // namespace dragoman::matrix
