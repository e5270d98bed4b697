#include "bridges/irc/network.hpp"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "bridges/irc/casemap.hpp"

namespace dragoman::irc {
namespace {

std::string key_of(const PersonId& person, const PlaceId& place) {
  return person.value() + '\n' + place.value();
}

}  // namespace

Network::Network(const NetworkContext& context, Patience patience)
    : hub_{context.loop,
           context.sink,
           context.store,
           context.settings,
           NetworkId(context.settings.domain),
           AddressBook(context.settings.irc.fixed_server),
           nullptr,
           patience,
           std::mt19937(std::random_device{}()),
           {},
           false,
           [this](Session& session) { ended(session); }} {
  load_authorities();
  start_identd();
}

Network::~Network() = default;

// An admin's own file is read at once, so that what is wrong with it is told at the start.
void Network::load_authorities() {
  const auto& file = hub_.settings.irc.ca_file;
  hub_.tls = file.empty() ? nullptr : std::make_shared<net::TlsContext>(file);
  if (hub_.tls && !hub_.tls->trouble().empty()) {
    spdlog::error("irc: {}: {}", hub_.settings.domain, hub_.tls->trouble());
  }
}

void Network::start_identd() {
  identd_.reset();
  if (hub_.settings.irc.identd_port == 0) return;
  identd_ = std::make_unique<net::Identd>(
      hub_.loop, hub_.settings.irc.identd_port,
      [this](std::uint16_t local, std::uint16_t remote,
             const std::string& address) -> std::optional<std::string> {
        for (const auto& [key, session] : sessions_) {
          const auto& connection = session->reached();
          if (connection && connection->local_port == local && connection->remote_port == remote &&
              connection->remote_address == address) {
            return net::short_ident(hub_.settings.secret, session->person().value());
          }
        }
        return std::nullopt;
      });
  if (!identd_->trouble().empty()) spdlog::error("irc: {}: {}", hub_.settings.domain, identd_->trouble());
}

// ------------------------------------------------------------------------------------------------------------
// addresses

std::optional<Conversation> Network::resolve(std::string_view node) const {
  if (node.empty() && !hub_.addresses.fixed()) return PlaceId{};  // the gateway itself
  return hub_.addresses.resolve(node);
}

std::string Network::node_of(const Conversation& what) const { return hub_.addresses.node_of(what); }

UserId Network::user_of(const RoomId& room, std::string_view nick) const {
  return hub_.addresses.user(nick, hub_.addresses.place_of(room));
}

std::string Network::display_name(const Conversation& what) const {
  auto place = hub_.addresses.place_of(what).value();
  if (const auto* room = std::get_if<RoomId>(&what)) return hub_.addresses.channel_of(*room) + " on " + place;
  if (const auto* user = std::get_if<UserId>(&what)) return hub_.addresses.nick_of(*user) + " on " + place;
  return place.empty() ? title() : "IRC server " + place;
}

std::string Network::address_hint() const {
  return hub_.addresses.fixed()
             ? "A nick on " + hub_.addresses.fixed_server() + ", or a channel such as #lobby"
             : "nick%irc.example.org, #channel%irc.example.org, or a server such as irc.example.org";
}

std::optional<std::string> Network::node_from_prompt(std::string_view typed) const {
  while (!typed.empty() && typed.front() == ' ') typed.remove_prefix(1);
  while (!typed.empty() && typed.back() == ' ') typed.remove_suffix(1);
  if (typed.empty()) return std::nullopt;
  auto found = hub_.addresses.resolve(typed);
  if (!found) return std::nullopt;
  return hub_.addresses.node_of(*found);
}

MemberTable::Fold Network::nick_fold() const { return &fold_ascii; }

// -------------------------------------------------------------------------------------------------------------
// sessions

Session* Network::find(const PersonId& person, const PlaceId& place) const {
  auto found = sessions_.find(key_of(person, place));
  return found == sessions_.end() ? nullptr : found->second.get();
}

dragoman::Session& Network::session_for(const PersonId& person, const Conversation& where) {
  auto place = hub_.addresses.place_of(where);
  auto& slot = sessions_[key_of(person, place)];
  if (!slot) slot = std::make_unique<Session>(hub_, person, place);
  return *slot;
}

dragoman::Session* Network::find_session(const PersonId& person, const Conversation& where) {
  return find(person, hub_.addresses.place_of(where));
}

std::vector<dragoman::Session*> Network::sessions() {
  std::vector<dragoman::Session*> all;
  all.reserve(sessions_.size());
  for (const auto& [key, session] : sessions_) all.push_back(session.get());
  return all;
}

void Network::disconnect(dragoman::Session& session, const std::string& message) {
  if (auto* own = find(session.person(), session.place()); own == &session) own->quit(message);
}

void Network::ended(Session& session) {
  auto found = sessions_.find(key_of(session.person(), session.place()));
  if (found == sessions_.end() || found->second.get() != &session) return;
  // While it can still be found: the gateway asks whose rooms these were. It may make sessions from within.
  hub_.sink.on_session_end(session);
  found = sessions_.find(key_of(session.person(), session.place()));
  leaving_->push_back(std::move(found->second));
  sessions_.erase(found);
  net::post(hub_.loop, [leaving = leaving_] { leaving->clear(); });
}

void Network::hold(bool held) {
  hub_.held = held;
  for (const auto& [key, session] : sessions_) session->hold(held);
}

void Network::reload(const config::Bridge& settings) {
  bool other_ident = settings.irc.identd_port != hub_.settings.irc.identd_port;
  bool other_authorities = settings.irc.ca_file != hub_.settings.irc.ca_file;
  hub_.settings = settings;
  if (other_authorities) load_authorities();
  if (other_ident) start_identd();
}

void Network::stop(const std::string& message, std::function<void()> done) {
  auto left = std::make_shared<std::size_t>(sessions_.size());
  if (*left == 0) return net::post(hub_.loop, std::move(done));
  auto shared = std::make_shared<std::function<void()>>(std::move(done));
  std::vector<Session*> all;
  for (const auto& [key, session] : sessions_) all.push_back(session.get());
  for (auto* session : all) {
    session->stop(message, [left, shared] {
      if (--*left == 0 && *shared) (*shared)();
    });
  }
}

std::unique_ptr<dragoman::Network> make_network(const NetworkContext& context) {
  return std::make_unique<Network>(context);
}

NetworkEntry entry() { return {"irc", make_network}; }

}  // namespace dragoman::irc
