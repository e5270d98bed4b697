// A room's past, backwards from what was told (client-server API, GET /rooms/{roomId}/messages).
#include <algorithm>
#include <chrono>
#include <unordered_set>

#include "bridges/matrix/address.hpp"
#include "bridges/matrix/room_view_impl.hpp"
#include "bridges/net/http_client.hpp"
#include "mapping/archive_table.hpp"
#include "mapping/notes_table.hpp"
#include "mapping/rooms_table.hpp"
#include "mapping/store.hpp"

namespace dragoman::matrix {

namespace {

constexpr std::size_t most_at_once = 500, page_size = 100, most_pages = 10;
constexpr std::string_view horizon_kind = "horizon";
// Members are told for the senders alone; what else happened to people is of no account for the past.
constexpr std::string_view filter = R"({"lazy_load_members":true,"not_types":["m.room.member"]})";

Time now() {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool is_state(const json::object& event) {
  const json::value* key = event.if_contains("state_key");
  return key != nullptr && key->is_string();
}

}  // namespace

struct RoomView::Impl::Fetch {
  Ear ear;
  std::shared_ptr<void> life;  // of the session there
  std::size_t count = 0;
  std::string token;
  bool recent = false;             // what is newest, at a join
  std::function<void()> done;      // of `recent`
  std::optional<Horizon> reached;  // so far
  bool kept = false;               // a horizon is kept: what is in the archive has what was before it
  bool connected = false;          // came upon what is in the archive
  std::size_t pages = 0;
  std::size_t messages = 0;
  std::vector<json::object> events;  // the newest first
  std::unordered_set<std::string> ids;
  People senders;        // who may have left since
  Recent messages_told;  // for replies and edits among them
};

// Whose the archive is: that of the session from which all of this room is told, whoever asks now.
PersonId RoomView::Impl::viewer_of(const Ear& asking) const {
  for (const Ear& ear : owner.ears(room_id)) {
    if (ear.in == asking.in && ear.from != nullptr) return ear.from->person();
  }
  return asking.from->person();
}

std::string RoomView::Impl::horizon_key(const Ear& ear) const {
  const std::string where = std::visit([](const auto& id) { return id.value(); }, ear.in);
  return room_id + ' ' + where + ' ' + viewer_of(ear).value();
}

std::optional<RoomView::Impl::Horizon> RoomView::Impl::horizon_of(const Ear& ear) const {
  const auto note = context.store.notes().get(context.network, horizon_kind, horizon_key(ear));
  const std::optional<json::value> value = note ? parse_json(*note) : std::nullopt;
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  return Horizon{std::string(text_at(*object, "token")),
                 Time{std::chrono::milliseconds(number_at(*object, "time").value_or(0))},
                 true_at(*object, "complete")};
}

void RoomView::Impl::keep_horizon(const Ear& ear, const Horizon& horizon) {
  const json::object note{{"token", horizon.token},
                          {"time", horizon.time.time_since_epoch().count()},
                          {"complete", horizon.complete}};
  context.store.notes().put(context.network, horizon_kind, horizon_key(ear), json::serialize(note));
}

bool RoomView::Impl::is_archived(const Ear& ear, const std::string& event_id) const {
  const auto* room = std::get_if<RoomId>(&ear.in);
  if (room == nullptr) return false;
  const RoomKey key = context.store.rooms().find(context.network, *room, viewer_of(ear));
  return key != 0 && context.store.archive().get(key, MessageId(event_id));
}

void RoomView::fetch_history(const ViewOwner::Ear& ear, std::size_t count, const std::string& token,
                             std::shared_ptr<void> life) {
  const auto wanted = std::make_shared<Impl::Fetch>();
  wanted->ear = ear;
  wanted->life = std::move(life);
  wanted->count = std::min(count, most_at_once);
  wanted->token = token;
  impl_->fetch(wanted);
}

void RoomView::fetch_recent(const ViewOwner::Ear& ear, std::size_t at_most, std::function<void()> done) {
  const auto wanted = std::make_shared<Impl::Fetch>();
  wanted->ear = ear;
  wanted->count = std::min(at_most, most_at_once);
  wanted->recent = true;
  wanted->done = std::move(done);
  impl_->fetch(wanted);
}

void RoomView::Impl::fetch(std::shared_ptr<Fetch> wanted) {
  fetches.push_back(std::move(wanted));
  if (fetches.size() == 1) next_fetch();
}

void RoomView::Impl::next_fetch() {
  const auto keep = shared_from_this();
  if (closed || fetches.empty()) return;
  Fetch& fetch = *fetches.front();
  const std::optional<Horizon> kept = horizon_of(fetch.ear);
  if (fetch.recent) {
    fetch.kept = kept.has_value();
  } else {
    fetch.reached = kept;
  }
  const bool at_the_beginning = fetch.reached && fetch.reached->complete;
  if (fetch.count == 0 || at_the_beginning) return end_fetch(std::nullopt);
  ask_page();
}

void RoomView::Impl::ask_page() {
  Fetch& fetch = *fetches.front();
  const std::optional<Voice> as = owner.reader(room_id);
  if (!as) return end_fetch(Failure{Reason::not_joined, {}});
  Api::Call call;
  call.path = path("/messages");
  call.query = "dir=b&limit=" + std::to_string(std::min(fetch.count - fetch.messages, page_size)) +
               "&filter=" + net::url_encoded(filter);
  if (fetch.reached) call.query += "&from=" + net::url_encoded(fetch.reached->token);
  ++fetch.pages;
  context.api.call(*as, std::move(call), [weak = weak_from_this()](const Reply& reply) {
    const auto self = weak.lock();
    if (!self || self->closed) return;
    if (const auto* refusal = std::get_if<Refusal>(&reply)) return self->end_fetch(refusal->failure);
    const json::object* page = std::get<json::value>(reply).if_object();
    if (page == nullptr) return self->end_fetch(Failure{Reason::network_error, {}});
    self->on_page(*page);
  });
}

void RoomView::Impl::on_page(const json::object& page) {
  Fetch& fetch = *fetches.front();
  if (const json::array* members = array_at(page, "state")) {
    for (const json::value& value : *members) {
      const json::object* member = value.if_object();
      const json::object* content = member == nullptr ? nullptr : object_at(*member, "content");
      if (content == nullptr || text_at(*member, "type") != "m.room.member") continue;
      fetch.senders.put(text_at(*member, "state_key"), text_at(*content, "displayname"),
                        text_at(*content, "avatar_url"));
    }
  }
  Horizon reached = fetch.reached.value_or(Horizon{.time = now()});
  const json::array* chunk = array_at(page, "chunk");
  static const json::array nobody;
  for (const json::value& value : chunk == nullptr ? nobody : *chunk) {
    const json::object* event = value.if_object();
    if (event == nullptr || fetch.connected) continue;
    const std::string id(text_at(*event, "event_id"));
    if (fetch.kept && is_archived(fetch.ear, id)) {
      fetch.connected = true;
      continue;
    }
    if (const auto time = number_at(*event, "origin_server_ts"); time && *time > 0)
      reached.time = std::min(reached.time, Time{std::chrono::milliseconds(*time)});
    if (is_state(*event) || !is_event_id(id) || !is_user_id(text_at(*event, "sender")) ||
        !fetch.ids.insert(id).second)
      continue;
    ++fetch.messages;
    fetch.events.push_back(*event);
  }
  const std::string_view end = text_at(page, "end");
  reached.complete = end.empty() || (fetch.reached && end == fetch.reached->token);
  if (!reached.complete) reached.token = end;
  fetch.reached = std::move(reached);
  // Not a page more for the few that are missing.
  if (fetch.reached->complete || fetch.connected || fetch.messages * 5 >= fetch.count * 4 ||
      fetch.pages >= most_pages)
    return end_fetch(std::nullopt);
  ask_page();
}

void RoomView::Impl::end_fetch(const std::optional<Failure>& failure) {
  const auto keep = shared_from_this();
  const std::shared_ptr<Fetch> ended = fetches.front();
  tell_past(*ended);
  if (closed) return;
  // What was there already reaches back to where it did before. A gap: from here on backwards, once more.
  if (ended->reached && ended->pages > 0 && !ended->connected) keep_horizon(ended->ear, *ended->reached);
  if (ended->recent) {
    if (ended->done) ended->done();
  } else if (failure && ended->events.empty()) {
    context.sink.on_event(*ended->ear.from, {.in = ended->ear.in, .what = Failed{ended->token, *failure}});
  } else {
    const Horizon reached = ended->reached.value_or(Horizon{.time = now()});
    context.sink.on_event(
        *ended->ear.from,
        {.in = ended->ear.in, .what = HistoryTold{ended->token, reached.time, reached.complete}});
  }
  if (closed) return;
  fetches.pop_front();
  next_fetch();
}

void RoomView::Impl::tell_past(Fetch& fetch) {
  // Reactions first: each message is told with all of its.
  for (auto it = fetch.events.rbegin(); it != fetch.events.rend(); ++it) {
    const Decoded decoded = decode(*it, reader);
    if (const auto* annotation = std::get_if<Annotation>(&decoded))
      reactions.note(std::string(text_at(*it, "sender")), annotation->target.value(), annotation->key,
                     std::string(text_at(*it, "event_id")));
  }
  for (auto it = fetch.events.rbegin(); it != fetch.events.rend() && !closed; ++it)
    tell_past_event(fetch, *it);
}

void RoomView::Impl::tell_past_event(Fetch& fetch, const json::object& event) {
  Decoded decoded = decode(event, reader);
  if (std::holds_alternative<Nothing>(decoded)) return;
  const std::string user(text_at(event, "sender"));
  Origin origin = origin_of(event, user, &fetch.ear);
  if (people.find(user) == nullptr && fetch.senders.find(user) != nullptr && nicks.of(user) == nullptr) {
    origin.sender.nick = nicks.put(user, fetch.senders.name_of(user));
    nicks.erase(user);
  }
  const auto author_known = [&](const std::string& target) {
    const Recent::Message* original = recent.find(target);
    if (original == nullptr) original = fetch.messages_told.find(target);
    return original != nullptr && original->author.view() == user;
  };
  struct Take {
    Impl& view;
    Fetch& fetch;
    const json::object& event;
    const Origin& origin;
    const std::string& user;
    const decltype(author_known)& wrote;

    void operator()(Nothing&) const {}
    void operator()(Message& message) const {
      view.fill_quote(message, &fetch.messages_told);
      fetch.messages_told.put(origin.id.value(), user, message.text.plain);
      if (fetch.recent) {
        if (view.recent.find(origin.id.value()) == nullptr)
          view.recent.put(origin.id.value(), user, message.text.plain);
        view.spoke(user);
      }
      view.tell(origin, To::all, std::move(message));
      tell_bundled_edit();
      tell_reactions();
    }
    void operator()(Edit& edit) const {
      // Of a message that is not told now: its newest version comes with it.
      if (wrote(edit.target.value())) view.tell_edit(origin, std::move(edit));
    }
    void operator()(Annotation& annotation) const {
      if (!fetch.ids.contains(annotation.target.value()))
        view.tell_reactions(origin, user, annotation.target.value());
    }
    void operator()(Redaction& redaction) const {
      // Also of what came with it, empty by now: it may be in the archive, or a reaction that is known.
      view.on_redaction(origin, user, redaction, false);
    }
    void operator()(Encrypted&) const { view.on_encrypted(origin, user, event); }

    // Client-server API, "Server-side aggregation of m.replace relationships".
    void tell_bundled_edit() const {
      const json::object* around = object_at(event, "unsigned");
      const json::object* relations = around == nullptr ? nullptr : object_at(*around, "m.relations");
      const json::object* newest = relations == nullptr ? nullptr : object_at(*relations, "m.replace");
      if (newest == nullptr || text_at(*newest, "sender") != user) return;
      const std::string id(text_at(*newest, "event_id"));
      if (!is_event_id(id) || fetch.ids.contains(id)) return;
      Decoded decoded = decode(*newest, view.reader);
      auto* edit = std::get_if<Edit>(&decoded);
      if (edit == nullptr || edit->target != origin.id) return;
      Origin then = origin;
      then.id = MessageId(id);
      view.tell_edit(then, std::move(*edit));
    }
    void tell_reactions() const {
      for (const ReactionNotes::Set& set : view.reactions.on(origin.id.value())) {
        if (set.reactions.empty()) continue;
        Origin theirs = origin;
        // The newest says the whole set: by its id the archive knows what it has.
        theirs.id = MessageId(set.reactions.back().second);
        theirs.voice = view.owner.own_voice(set.user);
        theirs.sender = view.sender_of(set.user, theirs.voice != nullptr);
        view.tell_reactions(theirs, set.user, origin.id.value());
        if (view.closed) return;
      }
    }
  };
  std::visit(Take{*this, fetch, event, origin, user, author_known}, decoded);
}

}  // namespace dragoman::matrix
