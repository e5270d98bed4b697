#include "bridges/matrix/network.hpp"

#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/matrix/account.hpp"
#include "bridges/matrix/address.hpp"
#include "bridges/matrix/doctor.hpp"
#include "bridges/matrix/ghosts.hpp"
#include "bridges/matrix/registration.hpp"
#include "mapping/jid.hpp"

namespace dragoman::matrix {
namespace {

constexpr std::chrono::seconds register_again{30};
constexpr std::size_t presence_parts = 25;  // of all people, one after the other: not all are told at once

}  // namespace

Network::Network(const NetworkContext& context, Patience patience)
    : hub_(std::make_unique<Hub>(context, patience)),
      session_timer_(context.loop),
      registration_timer_(context.loop) {
  hub_->own_session = [this]() -> dragoman::Session& { return *own_; };
  hub_->ghost_session = [this](const PersonId& person) -> Session& { return ghost_session(person); };
  hub_->find_ghost_session = [this](const PersonId& person) { return find_ghost_session(person); };
  stream_ = std::make_unique<Stream>(*hub_, PersonId{});
  own_ = std::make_shared<Session>(*hub_, *stream_, Session::Kind::bridge, PersonId{}, hub_->own_voice());
  accounts_ = std::make_unique<OwnAccounts>(*hub_);
  listen();
  // The house may not be told anything while it is being built.
  net::post(hub_->loop, [this, weak = std::weak_ptr<bool>(alive_)] {
    if (weak.expired()) return;
    stream_->resume();
    if (accounts_) accounts_->end_unwelcome();  // the configuration may have changed meanwhile
    ensure_registered();
    look_after_sessions();
  });
}

Network::~Network() = default;

void Network::listen() {
  appservice_.reset();
  appservice_ = std::make_unique<AppService>(*hub_, *this);
  if (const std::string& trouble = appservice_->trouble(); !trouble.empty()) {
    spdlog::error("matrix: {}: {}", hub_->network.value(), trouble);
  }
}

// The bridge's own user has to be there before anything is asked as it; then the homeserver is told that we
// are up, in case it has given us up (application service API, "Pinging").
void Network::ensure_registered() {
  Api::Call ping = Session::request(
      "POST",
      "/_matrix/client/v1/appservice/" + net::url_encoded(hub_->settings.matrix.appservice.id) + "/ping", {});
  own_->call(std::move(ping), [this](const Reply& reply) {
    const auto* refusal = std::get_if<Refusal>(&reply);
    if (refusal == nullptr) {
      trouble_.clear();
      return spdlog::info("matrix: {}: the homeserver is there", hub_->network.value());
    }
    // Once, however long it lasts.
    const bool news = std::exchange(trouble_, refusal->failure.text) != refusal->failure.text;
    spdlog::log(news ? spdlog::level::warn : spdlog::level::debug,
                "matrix: {}: the homeserver: {} (see dragoman doctor matrix)", hub_->network.value(),
                refusal->failure.text);
    if (refusal->status == 0 || refusal->status >= 500) {
      registration_timer_.after(register_again, [this] { ensure_registered(); });
    }
  });
}

void Network::look_after_sessions() {
  let_idle_go();
  refresh_presence();
  session_timer_.after(hub_->patience.presence / presence_parts, [this] { look_after_sessions(); });
}

void Network::refresh_presence() {
  const std::size_t part = presence_part_++ % presence_parts;
  const auto is_due = [part](const PersonId& person) {
    return std::hash<PersonId>{}(person) % presence_parts == part;
  };
  for (const auto& [person, session] : ghosts_) {
    if (is_due(person)) session->refresh_presence();
  }
  if (accounts_) {
    for (Session* session : accounts_->sessions()) {
      if (is_due(session->person())) session->refresh_presence();
    }
  }
}

// A ghost's session is there while it is in a room, has something under way, or its person wants to be seen.
// Whoever needs it again gets a new one: what must last is in the store.
void Network::let_idle_go() {
  std::vector<std::shared_ptr<Session>> idle;
  for (const auto& [person, session] : ghosts_) {
    if (session.use_count() == 1 && session->is_idle()) idle.push_back(session);
  }
  for (const auto& session : idle) {
    if (session->shown()) session->perform({PlaceId{}, {}, SetAvailability{.online = false}});
    hub_->sink.on_session_end(*session);
    ghosts_.erase(session->person());
  }
}

// ------------------------------------------------------------------------------------------------------------
// addresses

std::optional<Conversation> Network::resolve(std::string_view node) const { return matrix::resolve(node); }
std::string Network::node_of(const Conversation& what) const { return matrix::node_of(what); }

std::optional<std::string> Network::node_from_prompt(std::string_view typed) const {
  return matrix::node_from_prompt(typed);
}

Room* Network::find_room(const RoomId& room) const {
  if (Room* found = stream_->find(room)) return found;
  if (!accounts_) return nullptr;
  for (Session* session : accounts_->sessions()) {
    if (Room* found = session->stream().find(room)) return found;
  }
  return nullptr;
}

UserId Network::user_of(const RoomId& room, std::string_view nick) const {
  if (const Room* found = find_room(room)) {
    if (auto user = found->view().user_of(nick)) return UserId{std::move(*user)};
  }
  return is_user_id(nick) ? UserId{std::string(nick)} : UserId{};
}

// Their id, which every room knows them by, whatever they are called in it.
std::string Network::nick_of(const UserId& user) const { return user.value(); }

std::string Network::display_name(const Conversation& what) const {
  if (const auto* room = std::get_if<RoomId>(&what)) {
    const Room* found = find_room(*room);
    const std::string name = found != nullptr && found->view().ready() ? found->view().name() : std::string();
    return name.empty() ? room->value() : name;
  }
  if (const auto* user = std::get_if<UserId>(&what)) return user->value();
  const std::string& place = std::get<PlaceId>(what).value();
  return place.empty() ? title() : "Matrix server " + place;
}

std::string Network::address_hint() const {
  const std::string& server = hub_->server_name();
  return "alice%" + server + ", #room%" + server + ", or as on Matrix: @alice:" + server +
         ", #room:" + server;
}

PersonId Network::viewer_of(const PersonId& person, const RoomId&) const {
  return accounts_ && !person.empty() && accounts_->session_of(person) != nullptr ? person : PersonId{};
}

// -------------------------------------------------------------------------------------------------------------
// sessions

Session& Network::ghost_session(const PersonId& person) {
  auto& slot = ghosts_[person];
  if (!slot) {
    slot = std::make_shared<Session>(*hub_, *stream_, Session::Kind::ghost, person,
                                     hub_->voice_of(hub_->ghosts->id_of(person).value_or(std::string())));
  }
  return *slot;
}

Session* Network::find_ghost_session(const PersonId& person) const {
  auto found = ghosts_.find(person);
  return found == ghosts_.end() ? nullptr : found->second.get();
}

dragoman::Session& Network::session_for(const PersonId& person, const Conversation&) {
  if (person.empty()) return *own_;
  if (Session* account = accounts_ ? accounts_->session_of(person) : nullptr) return *account;
  return ghost_session(person);
}

dragoman::Session* Network::find_session(const PersonId& person, const Conversation&) {
  if (person.empty()) return own_.get();
  if (Session* account = accounts_ ? accounts_->session_of(person) : nullptr) return account;
  // It may just have been let go: whoever looks for it finds it as it was.
  return &ghost_session(person);
}

std::vector<dragoman::Session*> Network::sessions() {
  std::vector<dragoman::Session*> all{own_.get()};
  for (const auto& [person, session] : ghosts_) all.push_back(session.get());
  if (accounts_) {
    for (Session* session : accounts_->sessions()) all.push_back(session);
  }
  return all;
}

void Network::disconnect(dragoman::Session& session, const std::string& message) {
  const PersonId person = session.person();
  auto found = ghosts_.find(person);
  if (found == ghosts_.end() || found->second.get() != &session) {
    if (accounts_ && accounts_->session_of(person) == &session) accounts_->disconnect(person, message);
    return;
  }
  found->second->leave_all(message);
  for (const auto& [id, room] : stream_->rooms()) room->remove_all(found->second->user_id());
  // While it can still be found: the gateway asks whose rooms these were.
  hub_->sink.on_session_end(session);
  auto gone = ghosts_.extract(person);
  if (gone.empty()) return;
  // It may still be at work further up the stack.
  net::post(hub_->loop, [last = std::move(gone.mapped())] {});
}

RoomPreferences Network::preferences(const PersonId& person, const RoomId& room) {
  RoomPreferences preferences;
  preferences.linger = std::chrono::seconds(hub_->settings.matrix.leave_after_seconds);
  const Room* found = find_room(room);
  // Who leaves a room that only the invited may enter may not come back by themselves; and a room of
  // somebody's own account is theirs to leave.
  preferences.persistent = !viewer_of(person, room).empty() ||
                           (found != nullptr && found->view().ready() && !found->view().anybody_may_join());
  return preferences;
}

std::vector<Procedure> Network::procedures(const Conversation& target) const {
  return accounts_ ? accounts_->procedures(target) : std::vector<Procedure>();
}

Outcome Network::run(const PersonId& person, bool, const Conversation& target, const std::string& node,
                     const Answers& answers, bool submitted) {
  if (!accounts_) return Failure{Reason::unsupported, {}};
  return accounts_->run(person, target, node, answers, submitted);
}

// ------------------------------------------------------------------------------------------------------------
// the program

void Network::hold(bool held) {
  appservice_->hold(held);
  if (accounts_) accounts_->hold(held);
}

void Network::reload(const config::Bridge& settings) {
  const auto before = hub_->settings.matrix;
  hub_->apply(settings);
  if (before.appservice.address != settings.matrix.appservice.address ||
      before.appservice.port != settings.matrix.appservice.port) {
    listen();
  }
  if (before.homeserver.url != settings.matrix.homeserver.url) {
    own_->set_voice(hub_->own_voice(), own_->user_id());
    for (const auto& [person, session] : ghosts_) {
      session->set_voice(hub_->voice_of(session->user_id()), session->user_id());
    }
    if (accounts_) accounts_->reload();
  }
  if (accounts_) accounts_->end_unwelcome();
}

void Network::stop(const std::string&, std::function<void()> done) {
  appservice_->hold(true);
  session_timer_.cancel();
  registration_timer_.cancel();
  if (!accounts_) return stream_->queues().drain(std::move(done));
  const auto left = std::make_shared<int>(2);
  const auto one = [left, done = std::move(done)] {
    if (--*left == 0) done();
  };
  accounts_->stop(one);
  stream_->queues().drain(one);
}

// ------------------------------------------------------------------------------------------------------------
// from the homeserver

void Network::on_event(const json::object& event) { stream_->on_event(event); }
void Network::on_ephemeral(const json::object& edu) { stream_->on_ephemeral(edu); }

void Network::on_user_query(const std::string& user_id, std::function<void(bool)> done) {
  const auto person = hub_->ghosts->person_of(user_id);
  const auto jid = person ? Jid::parse(person->value()) : std::nullopt;
  // Only what is somebody's address as it would be written, so that nobody has two ghosts.
  if (!jid || jid->local.empty() || !jid->resource.empty() || jid->str() != person->value() ||
      !hub_->may_use(*person)) {
    return done(false);
  }
  hub_->ghosts->ensure(*person, {},
                       [done = std::move(done)](const std::optional<Failure>& failure) { done(!failure); });
}

json::value Network::on_protocol(std::string_view protocol) {
  if (protocol != "xmpp") return nullptr;
  return json::object{
      {"user_fields", json::array{"jid"}},
      {"location_fields", json::array{}},
      {"icon", ""},
      {"field_types", json::object{{"jid", json::object{{"regexp", "[^@/]+@[^@/]+"},
                                                        {"placeholder", "juliet@example.org"}}}}},
      {"instances",
       json::array{json::object{{"desc", "XMPP"}, {"network_id", "xmpp"}, {"fields", json::object{}}}}}};
}

json::array Network::on_third_party_users(std::string_view address_or_user_id, bool by_user_id) {
  std::optional<PersonId> person;
  if (by_user_id) {
    person = hub_->ghosts->person_of(address_or_user_id);
  } else if (const auto jid = Jid::parse(address_or_user_id); jid && !jid->local.empty()) {
    person = PersonId{jid->bare().str()};
  }
  const auto id = person ? hub_->ghosts->id_of(*person) : std::nullopt;
  if (!id || !hub_->may_use(*person)) return {};
  return {json::object{
      {"userid", *id}, {"protocol", "xmpp"}, {"fields", json::object{{"jid", person->value()}}}}};
}

std::unique_ptr<dragoman::Network> make_network(const NetworkContext& context) {
  return std::make_unique<Network>(context);
}

NetworkEntry entry() { return {"matrix", make_network, registration, doctor}; }

}  // namespace dragoman::matrix
